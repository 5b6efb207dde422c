"""Consoles and progress displays: tables on stdout, progress and remarks on stderr.

Names of files, sequences and rows are foreign text. What is printed here goes through
``visible``, and nothing in it is taken for markup or an emoji.
"""

from functools import cache
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
from rich.text import Text


def visible(text: str) -> str:
    """Text in which control characters, such as a terminal's codes, are spelt out."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode()
        for c in text
    )


class PlainConsole(Console):
    """A console on which text is text.

    Args:
        stderr: write there, not to stdout.
        width: of a line; that of the terminal by default.
    """

    def __init__(self, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(
            stderr=stderr,
            width=width,
            highlight=False,
            soft_wrap=True,
            markup=False,
            emoji=False,
        )

    def render_str(self, text: str, **options: Any) -> Text:
        """Text with control characters spelt out; every string comes through here."""
        return super().render_str(visible(text), **options)


out = PlainConsole()
err = PlainConsole(stderr=True)


@cache
def remark_once(text: str) -> None:
    """Print a remark on stderr, the first time that it is made."""
    err.print(text)


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
        TextColumn("{task.description}", markup=False),
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
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )
