"""The baseline tracker."""

import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections
from cstrack_bench.tracking.iou import IoUTracker, IoUTrackerConfig
from cstrack_bench.tracking.tracker_registry import make_tracker


def see(*lefts: float, score: float = 0.9) -> Detections:
    boxes = np.array([[x, 0, x + 40, 100] for x in lefts], np.float32).reshape(-1, 4)
    return Detections(boxes, np.full(len(lefts), score, np.float32))


def test_it_follows_a_box_and_reports_the_detection_itself() -> None:
    tracker = make_tracker("iou", 30)
    assert len(tracker.update(see(0))) == 0
    tracks = tracker.update(see(10))
    assert tracks.ids.tolist() == [1]
    assert tracks.boxes.tolist() == [[10, 0, 50, 100]]


def test_a_jump_is_a_new_track() -> None:
    tracker = IoUTracker()
    ids = [tracker.update(see(x)).ids.tolist() for x in (0, 0, 30, 30)]
    assert ids == [[], [1], [], [2]]


@pytest.mark.parametrize(("gap", "same"), [(1, True), (2, False)])
def test_it_forgets_soon(gap: int, same: bool) -> None:
    tracker = IoUTracker()
    for frame in [see(0)] * 2 + [see()] * gap:
        tracker.update(frame)
    assert (tracker.update(see(0)).ids.tolist() == [1]) == same


def test_a_track_seen_once_is_gone_when_the_second_match_does_not_come() -> None:
    tracker = IoUTracker()
    ids = [tracker.update(f).ids.tolist() for f in (see(0), see(), see(0), see(0))]
    assert ids == [[], [], [], [2]]


def test_confirmed_tracks_choose_first() -> None:
    tracker = IoUTracker()
    for frame in (see(0), see(0), see(0, 12)):
        tracker.update(frame)
    # The box lies nearer to the newcomer, yet goes to the confirmed track.
    assert tracker.update(see(9)).ids.tolist() == [1]


def test_a_weak_detection_starts_nothing() -> None:
    tracker = IoUTracker()
    assert len([tracker.update(see(0, score=0.4)) for _ in range(3)][-1]) == 0


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(InputError):
        IoUTrackerConfig(max_lost=-1)
    with pytest.raises(InputError):
        IoUTrackerConfig(overlap_limit=1.0)


def test_limits_that_no_pair_can_meet_are_refused_and_the_borders_are_not() -> None:
    for value in (-0.1, 1.0):
        with pytest.raises(InputError, match=r"overlap_limit must lie in \[0, 1\)"):
            IoUTrackerConfig(overlap_limit=value)
    with pytest.raises(InputError, match="max_lost must be at least 0"):
        IoUTrackerConfig(max_lost=-1)
    strict = IoUTracker(IoUTrackerConfig(overlap_limit=0.0, max_lost=0))
    assert [len(strict.update(see(x))) for x in (0, 0, 0, 1)] == [0, 1, 1, 0]
