"""One download at a time, and what the first one had."""

import threading
from pathlib import Path

import pytest

from cstrack_bench.download.checksums import CHECKSUMS, Checksums
from cstrack_bench.download.locks import one_at_a_time
from cstrack_bench.errors import InputError

ONE, OTHER = "1" * 64, "2" * 64


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        with one_at_a_time(tmp_path / "deep" / "a.lock", waits.set):
            order.append("second")

    with one_at_a_time(tmp_path / "deep" / "a.lock"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


@pytest.fixture
def checksums(tmp_path: Path) -> Checksums:
    return Checksums(tmp_path, tmp_path / "workshop")


def test_the_first_is_remembered_and_a_later_one_compared(
    checksums: Checksums, tmp_path: Path
) -> None:
    assert checksums.note("a/b.zip", "http://one", ONE, 5) is None
    assert checksums.note("a/b.zip", "http://one", ONE, 5) is None
    warning = checksums.note("a/b.zip", "http://one", OTHER, 6)
    assert warning is not None
    assert "222222222222… now, 111111111111… then" in warning
    # A later one does not become the first.
    assert checksums.note("a/b.zip", "http://one", ONE, 5) is None
    assert (tmp_path / CHECKSUMS).is_file()


def test_another_source_may_pack_it_differently(checksums: Checksums) -> None:
    checksums.note("a/b.zip", "http://one", ONE, 5)
    assert checksums.note("a/b.zip", "http://other", OTHER, 6) is None


def test_a_given_file_may_be_from_any_known_source(checksums: Checksums) -> None:
    checksums.note("a/b.zip", "http://one", ONE, 5)
    checksums.note("a/b.zip", "http://other", OTHER, 6)
    assert checksums.note("a/b.zip", None, OTHER, 6) is None
    assert checksums.note("a/b.zip", None, "3" * 64, 6) is not None


def test_a_broken_list_is_said(checksums: Checksums, tmp_path: Path) -> None:
    (tmp_path / CHECKSUMS).write_text("[]")
    with pytest.raises(InputError, match="is not a list of checksums"):
        checksums.note("a/b.zip", "http://one", ONE, 5)
