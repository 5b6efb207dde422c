"""Hints, sentences for what the system refuses, and atomic writing."""

import errno
import os
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import cv2
import pytest

from cstrack_bench.errors import CstrackError, InputError, explained, nearest
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


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "d/cam-1"), 2, "d/cam-1"),
        (FileNotFoundError(errno.ENOENT, "No such file", "gone"), 2, "gone"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 1, "free some space"),
        (OSError(errno.EROFS, "Read-only file system", "r/x.json"), 1, "Read-only"),
        (OSError(errno.EMFILE, "Too many open files"), 1, "ulimit"),
        (OSError("the cable is gone"), 1, "cable"),
        (MemoryError(), 1, "memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: x"), 1, "memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), 1, "memory"),
        (RuntimeError("CUDA error: an illegal access"), 1, "GPU"),
        (
            RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "),
            1,
            "signal Killed",
        ),
        (
            RuntimeError("DataLoader worker (pid(s) 7) exited unexpectedly"),
            1,
            "train.workers",
        ),
        (RuntimeError("DataLoader timed out after 900 seconds"), 1, "900"),
        (cv2.error("OpenCV(4) Insufficient memory in function"), 1, "memory"),
        (cv2.error("OpenCV(4) (-215:Assertion failed)"), 1, "OpenCV"),
        (BrokenProcessPool("terminated abruptly"), 1, "ended from outside"),
    ],
)
def test_what_the_system_or_a_library_refuses_is_a_sentence(
    error: Exception, code: int, word: str
) -> None:
    sentence = explained(error)
    assert sentence is not None
    assert sentence.exit_code == code
    assert word in str(sentence)
    assert str(sentence).endswith(".")
    assert "\n" not in str(sentence)


@pytest.mark.parametrize(
    "error", [ValueError("ours"), KeyError("x"), RuntimeError("mat1 and mat2 shapes")]
)
def test_a_fault_of_ours_is_none(error: Exception) -> None:
    assert explained(error) is None


def test_a_library_that_hides_why_it_cannot_write(tmp_path: Path) -> None:
    def save() -> None:
        with replacing(tmp_path / "x.ckpt") as temporary:
            temporary.write_bytes(b"half")
            try:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                raise RuntimeError("unexpected pos 64 vs 0") from None

    with pytest.raises(CstrackError, match=r"x\.ckpt: No space left on device"):
        save()
    assert list(tmp_path.iterdir()) == []
