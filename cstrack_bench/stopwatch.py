"""Wall and CPU time of the named stages of a frame."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

STAGES = (
    "decode",
    "preprocess",
    "upload",
    "forward",
    "nms",
    "embed",
    "associate",
    "write",
)


def percentile(values: list[float], percent: float) -> float:
    """Linear-interpolated percentile of a non-empty list, as NumPy computes it."""
    ordered = sorted(values)
    rank = (len(ordered) - 1) * percent / 100.0
    low = int(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


class Stopwatch:
    """Collects the seconds each stage takes in each frame.

    A stage entered twice in one frame is summed. CPU seconds are those of the whole
    process, so the work of a library's own threads counts. Where stages of several
    frames run at once, each thread has a lane, with the CPU seconds of that thread.

    Example:
        >>> watch = Stopwatch()
        >>> with watch("forward"):
        ...     pass
        >>> watch.next_frame()
        >>> sorted(watch.summary()["forward"])
        ['cpu_ms_p50', 'wall_ms_p50', 'wall_ms_p95']
    """

    enabled = True

    def __init__(self) -> None:
        self.frames: list[dict[str, tuple[float, float]]] = []
        self._lane = threading.local()
        self._lock = threading.Lock()

    def __call__(self, stage: str) -> AbstractContextManager[None]:
        """Time the body of a ``with`` block under the name ``stage``."""
        return self._time(stage)

    @property
    def _current(self) -> dict[str, tuple[float, float]]:
        """What this thread has timed of its frame."""
        found: dict[str, tuple[float, float]] | None
        found = getattr(self._lane, "current", None)
        if found is None:
            found = self._lane.current = {}
        return found

    @contextmanager
    def _time(self, stage: str) -> Iterator[None]:
        clock = getattr(self._lane, "clock", time.process_time)
        wall, cpu = time.perf_counter(), clock()
        try:
            yield
        finally:
            current = self._current
            past_wall, past_cpu = current.get(stage, (0.0, 0.0))
            current[stage] = (
                past_wall + time.perf_counter() - wall,
                past_cpu + clock() - cpu,
            )

    def open_lane(self, first: int) -> None:
        """From here on, this thread times frames of its own, one after the other.

        Args:
            first: index of the first of them in ``frames``.
        """
        self._lane.current = {}
        self._lane.index = first
        self._lane.clock = time.thread_time

    def close_lane(self) -> None:
        """This thread times as it did before ``open_lane``."""
        self._lane.__dict__.clear()

    def next_frame(self) -> None:
        """Close the frame: what is timed from here on belongs to the next one."""
        done, self._lane.current = self._current, {}
        index: int | None = getattr(self._lane, "index", None)
        if index is None:
            self.frames.append(done)
            return
        self._lane.index = index + 1
        with self._lock:
            while len(self.frames) <= index:
                self.frames.append({})
            self.frames[index].update(done)

    def summary(self, drop: int = 0) -> dict[str, dict[str, float]]:
        """Milliseconds a frame by stage: wall p50 and p95, CPU p50.

        Args:
            drop: first frames left out (warm-up); kept all the same where nothing
                would be left.

        Returns:
            stage -> ``wall_ms_p50``, ``wall_ms_p95``, ``cpu_ms_p50``, over the frames
            in which the stage ran; stages in the order of ``STAGES``, then by name.
        """
        frames = self.frames[drop:] or self.frames
        names = {name for frame in frames for name in frame}
        known = [name for name in STAGES if name in names]
        summary = {}
        for name in known + sorted(names - set(known)):
            times = [frame[name] for frame in frames if name in frame]
            wall = [1e3 * w for w, _ in times]
            summary[name] = {
                "wall_ms_p50": percentile(wall, 50),
                "wall_ms_p95": percentile(wall, 95),
                "cpu_ms_p50": percentile([1e3 * c for _, c in times], 50),
            }
        return summary


class _NullStopwatch(Stopwatch):
    """Measures nothing and keeps nothing."""

    enabled = False
    _nothing: AbstractContextManager[None] = nullcontext()

    def __call__(self, stage: str) -> AbstractContextManager[None]:
        return self._nothing

    def next_frame(self) -> None:
        pass

    def open_lane(self, first: int) -> None:
        pass

    def close_lane(self) -> None:
        pass


NULL: Stopwatch = _NullStopwatch()
