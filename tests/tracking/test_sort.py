"""SORT: one motion model a person, overlap, and nothing kept for long."""

import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections
from cstrack_bench.tracking import kalman
from cstrack_bench.tracking.sort import AREA, SortConfig, SortTracker
from cstrack_bench.tracking.tracker_registry import make_tracker


def see(*lefts: float, score: float = 0.9, width: float = 40) -> Detections:
    boxes = [[x, 0, x + width, 100] for x in lefts]
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(array, np.full(len(lefts), score, np.float32))


def ids_of(tracker: SortTracker, frames: list[Detections]) -> list[list[int]]:
    return [tracker.update(frame).ids.tolist() for frame in frames]


def test_the_first_frames_report_all_later_ones_after_three_matches() -> None:
    tracker = SortTracker()
    early = ids_of(tracker, [see(0)] * 4)
    assert early == [[1]] * 4
    assert ids_of(tracker, [see(0, 500)] * 4) == [[1], [1], [1], [1, 2]]


@pytest.mark.parametrize(("gap", "same"), [(1, True), (2, False)])
def test_a_track_may_miss_one_frame(gap: int, same: bool) -> None:
    ids = ids_of(SortTracker(), [see(0)] * 6 + [see()] * gap + [see(0)] * 5)
    assert (ids[-1] == [1]) == same
    # Probation again: matches in a row are counted from the miss on.
    assert ids[6 + gap] == []


def test_it_predicts_where_a_pedestrian_will_be() -> None:
    frames = [see(15.0 * t) for t in range(12)]
    frames[8] = see()
    # Two steps are 30 of 40 pixels: standing still, the box would be another's.
    assert ids_of(SortTracker(), frames)[-1] == [1]


def test_the_largest_sum_wins_and_a_poor_pair_is_then_rejected() -> None:
    tracker = SortTracker()
    ids_of(tracker, [see(0, 60)] * 5)
    # To 0 the IoU is .25 and to 60 it is .14: the best pair is still too poor.
    assert ids_of(tracker, [see(24, 500)]) == [[]]


def test_a_weak_detection_is_left_out() -> None:
    tracker = SortTracker(SortConfig(min_confidence=0.5))
    assert ids_of(tracker, [see(0, score=0.4)] * 3) == [[], [], []]
    tracker = SortTracker(SortConfig(min_confidence=0.5))
    assert ids_of(tracker, [see(0, score=0.5)] * 3) == [[1], [1], [1]]


def test_boxes_survive_the_state_and_back() -> None:
    boxes = np.array([[3.0, 4.0, 33.0, 90.0], [-5.0, 0.0, 205.0, 7.0]])
    states = kalman.start(AREA.measurements(boxes), AREA)
    np.testing.assert_allclose(kalman.boxes(states, AREA), boxes)


def test_a_box_that_shrinks_never_turns_inside_out() -> None:
    tracker = SortTracker(SortConfig(max_age=30))
    sizes = [100, 60, 35, 20, 12, 7, 4]
    for size in sizes:
        boxes = np.array([[50 - size / 2, 0, 50 + size / 2, size]], np.float32)
        tracker.update(Detections(boxes, np.ones(1, np.float32)))
    for _ in range(20):
        tracker.update(see())
    tracks = tracker.update(see(*[0.0] * 3))
    assert np.isfinite(tracks.boxes).all()
    assert (tracks.boxes[:, 2:] > tracks.boxes[:, :2]).all()


def test_nothing_seen_and_broken_boxes_are_survived() -> None:
    tracker = make_tracker("sort", 30)
    assert len(tracker.update(see())) == 0
    broken = Detections(
        np.array([[0, 0, np.nan, 1], [0, 0, 0, 0]], np.float32),
        np.ones(2, np.float32),
    )
    assert len(tracker.update(broken)) == 0


@pytest.mark.parametrize(
    "wrong", [{"least_overlap": 0.0}, {"max_age": -1}, {"min_hits": -1}]
)
def test_wrong_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(InputError):
        SortConfig(**wrong)
