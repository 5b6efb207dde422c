"""A stated time, and a way to stop what would pass it."""

import faulthandler
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# Seconds kept for the last tables and plots, and after those for the exit.
WRITING = 25.0
EXIT = 5.0


class TimeIsUp(BaseException):
    """The budget is spent. Like Ctrl-C, not to be taken for an error on the way."""


class Budget:
    """How much of a stated time is left.

    Args:
        seconds: the stated time.
        reserve: of that, kept for writing.
        clock: tells seconds; monotonic.
    """

    def __init__(
        self,
        seconds: float,
        reserve: float = WRITING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds = seconds
        self._reserve = reserve
        self._clock = clock
        self._start = clock()

    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    def left(self) -> float:
        """Seconds left to work, the reserve kept; negative where there are none."""
        return self.seconds - self._reserve - self.elapsed()

    def part(self, share: float) -> "Budget":
        """A budget that ends after a share of the whole, or with this one."""
        usable = self.elapsed() + self.left()
        end = min(usable, share * self.seconds)
        return Budget(max(end - self.elapsed(), 0.0), 0.0, self._clock)


@contextmanager
def ending(budget: Budget) -> Iterator[None]:
    """End the process when all of the stated time, the reserve too, is nearly spent.

    A signal waits until a library's own code comes back, and a GPU that hangs never
    does. What was done is on disk by then.
    """
    seconds = budget.seconds - EXIT - budget.elapsed()
    faulthandler.dump_traceback_later(max(seconds, 1.0), exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def interrupting(budget: Budget) -> Iterator[None]:
    """Raise ``TimeIsUp`` in the body when the budget is spent.

    Trainings save their state on the way and files are written atomically, so what is
    stopped here goes on later.
    """

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    # Rings again: an exception raised inside a finaliser is lost.
    signal.setitimer(signal.ITIMER_REAL, max(budget.left(), 0.01), 2.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
