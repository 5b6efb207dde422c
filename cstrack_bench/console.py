"""Consoles and progress displays: tables on stdout, progress and remarks on stderr."""

from typing import Any, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class ProgressQueue(Protocol):
    """What progress is written to: ``(description, completed, total)``."""

    def put(self, item: tuple[str, float, float | None]) -> None:
        """Add one state of one task."""
        ...


_relay: ProgressQueue | None = None


def relay_progress(queue: ProgressQueue | None) -> None:
    """From here on, this process reports progress to a queue instead of showing it.

    Args:
        queue: gets ``(description, completed, total)``; None shows progress again.
    """
    global _relay
    _relay = queue


class _Relayed(Progress):
    """A progress display that shows nothing and writes to a queue."""

    def __init__(self, queue: ProgressQueue) -> None:
        super().__init__(console=err, disable=True)
        self._queue = queue

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Change a task and write it to the queue."""
        super().update(task_id, **changes)
        self._tell(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Advance a task and write it to the queue."""
        super().advance(task_id, advance)
        self._tell(task_id)

    def _tell(self, task_id: TaskID) -> None:
        task = next(t for t in self.tasks if t.id == task_id)
        self._queue.put((task.description, task.completed, task.total))


def progress() -> Progress:
    """A progress display on stderr, silent when that is not a terminal."""
    if _relay is not None:
        return _Relayed(_relay)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )


def transfers() -> Progress:
    """As ``progress``, for bytes: how many, how fast, and how long still."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )
