"""Tracking a sequence, frame by frame and with its stages at once."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.pipeline import WAITING, track_sequence
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detections, Frame, Tracks, TrackTable
from cstrack_bench.tracking.filters import OutputFilter

Hook = Callable[[int], None]


def nothing(_: int) -> None:
    pass


class Stages:
    """A detector in two steps and a tracker whose results depend on what came before.

    Hooks are called with the frame's number in each step.
    """

    def __init__(
        self, prepare: Hook = nothing, detect: Hook = nothing, update: Hook = nothing
    ) -> None:
        self._hooks = prepare, detect, update
        self.prepared: list[int] = []
        self.detected: list[int] = []
        self.updates = 0
        self._state = 1.0

    def prepare(self, frame: Frame) -> tuple[int, float]:
        self._hooks[0](frame.index)
        value = float(frame.image.mean())
        self.prepared.append(frame.index)
        return frame.index, value

    def detect_prepared(self, prepared: tuple[int, float]) -> Detections:
        index, value = prepared
        self._hooks[1](index)
        self.detected.append(index)
        boxes = np.array([[value, 0, value + 20, 50], [0, value, 30, value + 80]])
        return Detections(boxes.astype(np.float32), np.full(2, 0.9, np.float32))

    def detect(self, frame: Frame) -> Detections:
        return self.detect_prepared(self.prepare(frame))

    def update(self, detections: Detections) -> Tracks:
        self._hooks[2](self.updates)
        self.updates += 1
        self._state = 0.5 * self._state + float(detections.boxes.sum())
        boxes = detections.boxes.astype(np.float64)
        boxes[0, 2] += self._state % 7
        return Tracks(np.arange(1, 3), boxes, np.full(2, self._state))


class Pictures(Sequence):
    """A sequence whose pictures are computed."""

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.start, self.stop):
            picture = np.full((4, 4, 3), index % 251, np.uint8)
            yield Frame(index, lambda picture=picture: picture)  # type: ignore[misc]


def pictures(length: int, start: int = 0) -> Sequence:
    return Pictures("made", 30.0, 4, 4, start + length, Path("made"), start=start)


def equal(one: TrackTable, two: TrackTable) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(two, name))
        for name in ("frames", "ids", "boxes", "scores")
    )


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


@given(
    length=st.integers(0, 12),
    start=st.integers(0, 3),
    slow=st.sampled_from([0, 1, 2]),
)
def test_overlapped_equals_serial_bit_for_bit(
    length: int, start: int, slow: int
) -> None:
    def wait(index: int) -> None:
        time.sleep(1e-3 * (index % 3))

    hooks = [nothing, nothing, nothing]
    hooks[slow] = wait
    before = threads()
    tables, watches, filters = [], [], []
    for overlap in (False, True):
        stages, watch, keep = Stages(*hooks), Stopwatch(), OutputFilter()
        seen: list[Detections] = []
        table = track_sequence(
            pictures(length, start),
            stages,
            stages,
            keep,
            watch,
            overlap,
            seen.append,
        )
        assert stages.prepared == stages.detected == list(range(start, start + length))
        assert len(seen) == length
        tables.append(table)
        watches.append([sorted(frame) for frame in watch.frames])
        filters.append(keep.dropped)
    assert equal(*tables)
    assert watches[0] == watches[1] == [["associate", "decode"]] * length
    assert filters[0] == filters[1]
    assert threads() == before


def test_a_second_sequence_is_timed_behind_the_first() -> None:
    watch = Stopwatch()
    for length, overlap in ((3, True), (2, False), (4, True)):
        stages = Stages()
        track_sequence(
            pictures(length), stages, stages, stopwatch=watch, overlap=overlap
        )
    assert len(watch.frames) == 9
    assert all(sorted(frame) == ["associate", "decode"] for frame in watch.frames)


def test_memory_is_bounded_when_a_stage_is_slow() -> None:
    ahead: list[int] = []

    def measure(index: int) -> None:
        time.sleep(2e-3)
        ahead.append(len(stages.prepared) - index)

    stages = Stages(detect=measure)
    track_sequence(pictures(30), stages, stages, overlap=True)
    # Those that wait, the one in hand and the one that was just made ready.
    assert 2 < max(ahead) <= WAITING + 2

    behind: list[int] = []

    def lag(index: int) -> None:
        time.sleep(2e-3)
        behind.append(len(late.detected) - index)

    late = Stages(update=lag)
    track_sequence(pictures(30), late, late, overlap=True)
    assert 2 < max(behind) <= WAITING + 2


@pytest.mark.parametrize("step", ["prepare", "detect", "update"])
@pytest.mark.parametrize("error", [ValueError("frame 5"), KeyboardInterrupt()])
def test_an_error_or_an_interruption_ends_every_stage(
    step: str, error: BaseException
) -> None:
    def fail(index: int) -> None:
        if index == 5:
            raise error

    before = threads()
    stages = Stages(**{step: fail})  # type: ignore[arg-type]
    with pytest.raises(type(error)):
        track_sequence(pictures(50), stages, stages, overlap=True)
    assert threads() == before
    assert len(stages.detected) <= 6 + WAITING + 2
    if step == "prepare":
        # As without threads: what lies before a broken frame is looked at first.
        assert stages.detected == [0, 1, 2, 3, 4]


def test_a_detector_in_one_step_goes_frame_by_frame() -> None:
    """Such as one that is shown the tracks of the frame before."""

    class Whole:
        def detect(self, frame: Frame) -> Detections:
            assert threading.current_thread() is threading.main_thread()
            assert tracker.updates == frame.index
            return inner.detect(frame)

    inner, tracker, other = Stages(), Stages(), Stages()
    table = track_sequence(pictures(8), Whole(), tracker, overlap=True)
    assert equal(table, track_sequence(pictures(8), other, other))
