"""Worker processes: they end with the process that started them, however it ends."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from types import FrameType

__all__ = ["start_worker", "watch_parent", "worker_pool"]

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
_SECONDS_TO_STOP = 5.0


def start_worker() -> None:
    """Make this process one that ends with its parent; call it first in a worker.

    The parent alone decides what an interruption means: Ctrl-C and the end of a session
    reach every process of a terminal.
    """
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if not (sys.platform == "linux" and _die_with_parent()):
        watch_parent()


def _die_with_parent() -> bool:
    """Ask Linux to kill this process when its parent ends; whether that worked."""
    import ctypes

    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return False
    if prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL) != 0:
        return False
    parent = multiprocessing.parent_process()
    # It may have ended before the request.
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)
    return True


def watch_parent() -> None:
    """End this process as soon as its parent has ended, on any system."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def end() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=end, name="parent watch", daemon=True).start()


@contextmanager
def worker_pool(
    processes: int,
    prepare: Callable[..., None] | None = None,
    arguments: tuple[object, ...] = (),
) -> Iterator[ProcessPoolExecutor]:
    """A pool of freshly started processes that never outlives the block.

    A worker that dies raises ``BrokenProcessPool`` at the next result. Leaving the
    block by an error or an interruption interrupts the calls under way, so that they
    remove what they have half written, and ends workers that do not stop in time.

    Args:
        processes: how many.
        prepare: called once in each of them, with ``arguments``.
        arguments: of ``prepare``; they must pickle.
    """
    earlier = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        processes,
        # spawn: a forked child of a process with running threads may hang.
        multiprocessing.get_context("spawn"),
        _prepare,
        (prepare, arguments),
    )
    try:
        yield pool
    except BaseException:
        started = set(multiprocessing.active_children()) - earlier
        for child in started:
            child.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + _SECONDS_TO_STOP
        for child in started:
            child.join(max(0.0, deadline - time.monotonic()))
            child.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare(
    prepare: Callable[..., None] | None, arguments: tuple[object, ...]
) -> None:
    start_worker()
    if prepare is not None:
        prepare(*arguments)
    # Not before: what interrupts a preparation would be logged with its traceback.
    signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
