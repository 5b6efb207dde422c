"""Interruptions: INT, TERM and HUP end the program alike, where it can go on later."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

#: What a terminal, a scheduler and the end of a session send (Windows has no HUP).
SIGNALS = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if name in signal.Signals.__members__
)


class Interruptions:
    """Raises ``KeyboardInterrupt`` for each signal that ends a program.

    Signals that the parent process has this one ignore (nohup) stay ignored.

    Attributes:
        received: the first of them that came, if any.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._heard: list[signal.Signals] = []

    def listen(self) -> None:
        """From here on, signals are interruptions."""
        for number in SIGNALS:
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, self._receive)
                self._heard.append(number)

    def stop_listening(self) -> None:
        """From here on, signals end the process without a word."""
        for number in self._heard:
            signal.signal(number, signal.SIG_DFL)

    def _receive(self, number: int, _: FrameType | None) -> None:
        self.received = self.received or signal.Signals(number)
        raise KeyboardInterrupt


@contextmanager
def held_back(enabled: bool = True) -> Iterator[Callable[[], bool]]:
    """Let work come to a point where it can be stopped.

    Within the block the first interruption is only noted; the work asks for it and then
    raises ``KeyboardInterrupt``. A second one interrupts at once. Signals that do not
    raise anyway (ignored, or the system's default) are left alone.

    Args:
        enabled: False holds nothing back.

    Yields:
        Tells whether an interruption waits.
    """
    if not enabled or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    waiting: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        waiting.append(number)
        handler = before[signal.Signals(number)]
        if len(waiting) > 1 and callable(handler):
            handler(number, frame)

    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, note)
    try:
        yield lambda: bool(waiting)
    except KeyboardInterrupt:
        _restore(before)
        if waiting:  # whoever decides the exit code must learn which signal it was
            signal.raise_signal(waiting[0])
        raise
    finally:
        _restore(before)
    if waiting:
        signal.raise_signal(waiting[0])


_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


def _restore(handlers: dict[signal.Signals, _Handler]) -> None:
    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, handler)
