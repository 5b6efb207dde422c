"""Locks among processes: one download of an item at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cstrack_bench.errors import CstrackError


@contextmanager
def one_at_a_time(
    file: Path, on_wait: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold a lock among all processes; the system frees it if this one dies.

    Args:
        file: stands for what is locked.
        on_wait: called once where another process holds it.

    Raises:
        CstrackError: the file system refused.
    """
    lock = FileLock(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            on_wait()
            lock.acquire(poll_interval=0.1)
    except OSError as error:
        raise CstrackError(f"Cannot lock {file}: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()
