"""Wall and CPU time of the named stages of a frame."""

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
    process, so the work of a library's own threads counts.

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
        self._current: dict[str, tuple[float, float]] = {}

    def __call__(self, stage: str) -> AbstractContextManager[None]:
        """Time the body of a ``with`` block under the name ``stage``."""
        return self._time(stage)

    @contextmanager
    def _time(self, stage: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            past_wall, past_cpu = self._current.get(stage, (0.0, 0.0))
            self._current[stage] = (
                past_wall + time.perf_counter() - wall,
                past_cpu + time.process_time() - cpu,
            )

    def next_frame(self) -> None:
        """Close the frame: what is timed from here on belongs to the next one."""
        self.frames.append(self._current)
        self._current = {}

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


NULL: Stopwatch = _NullStopwatch()
