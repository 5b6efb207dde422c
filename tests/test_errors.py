"""Hints and atomic writing."""

from pathlib import Path

import pytest

from cstrack_bench.errors import CstrackError, InputError, nearest
from cstrack_bench.files import replacing, sha256, write_text


def test_a_misspelt_name_gets_the_nearest() -> None:
    assert nearest("tabel2", ["table2", "hieve"]) == "the nearest is 'table2'"


def test_a_strange_name_gets_all() -> None:
    assert nearest("x", ["b", "a"]) == "choose from a, b"


def test_exit_codes() -> None:
    assert (CstrackError.exit_code, InputError.exit_code) == (1, 2)


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def interrupted() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CstrackError, match="Cannot write"):
        write_text(tmp_path / "file" / "below.txt", "x")


def test_sha256_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert sha256(path).startswith("e3b0c44298fc1c149afbf4c8996fb924")
