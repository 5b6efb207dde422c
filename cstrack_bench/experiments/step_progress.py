"""Progress of a schedule: what is done, what runs, what is left, when it ends."""

import time
from collections.abc import Callable, Mapping

from cstrack_bench import console

#: Seconds between two lines in a log.
INTERVAL = 60.0


class StepProgress:
    """Adds up the work of steps of unequal length, and says how far it is.

    Where stderr is no terminal it prints a line a minute; it can be told of progress
    (``put``) as ``console.relay_progress`` wants it.

    Args:
        work: of each step, by name, in any unit.
        titles: of each step; progress of a step is reported under its title.
        log: whether to print lines.
        clock: seconds.
    """

    def __init__(
        self,
        work: Mapping[str, float],
        titles: Mapping[str, str],
        log: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work = dict(work)
        self._titles = dict(titles)
        self._log = log
        self._clock = clock
        self._start = self._printed = clock()
        self._running: dict[str, float] = {}
        self._done: list[str] = []

    def start(self, name: str) -> None:
        """A step begins."""
        self._running[name] = 0.0
        self.print_if_due()

    def finish(self, name: str) -> None:
        """A step is done."""
        self._running.pop(name, None)
        self._done.append(name)
        self.print_if_due()

    def put(self, item: tuple[str, float, float | None]) -> None:
        """Take ``(label, completed, total)`` of something inside a running step."""
        label, completed, total = item
        for name in self._running:
            title = self._titles[name]
            if total and (label == title or label.startswith(f"{title}:")):
                self._running[name] = min(completed / total, 1.0)
        self.print_if_due()

    @property
    def fraction(self) -> float:
        """Of all work, what is done; 0 to 1."""
        whole = sum(self._work.values())
        done = sum(self._work[name] for name in self._done)
        done += sum(self._work[name] * part for name, part in self._running.items())
        return done / whole if whole else float(len(self._done) == len(self._work))

    @property
    def remaining_s(self) -> float | None:
        """Seconds still to go at the speed so far; None while there is none."""
        fraction, passed = self.fraction, self._clock() - self._start
        if fraction <= 0 or passed <= 0:
            return None
        return passed * (1 - fraction) / fraction

    def summary(self) -> str:
        """``3 of 13 steps done, 41 % of the work, about 4 min left``."""
        steps = f"{len(self._done)} of {len(self._work)} steps done"
        left = self.remaining_s
        ends = "" if left is None else f", about {_duration(left)} left"
        return f"{steps}, {100 * self.fraction:.0f} % of the work{ends}"

    def line(self) -> str:
        """The summary, and what is running and how far it is."""
        running = ", ".join(
            f"{self._titles[name]} ({100 * part:.0f} %)"
            for name, part in self._running.items()
        )
        return self.summary() + (f" · {running}" if running else "")

    def print_if_due(self) -> None:
        """Print a line where a log is kept and the last one is a minute old."""
        if self._log and self._clock() - self._printed >= INTERVAL:
            self._printed = self._clock()
            console.err.print(self.line(), markup=False)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
