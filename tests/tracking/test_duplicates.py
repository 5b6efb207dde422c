"""When a tracked and a lost track lie on one spot (REFERENCE 5.7 step 7)."""

import numpy as np
import pytest

from cstrack_bench.structures import Detections
from cstrack_bench.tracking.cascade import CascadeTracker

SPOT = [100.0, 100.0, 140.0, 200.0]
AWAY = [900.0, 100.0, 940.0, 200.0]
LOOKS = np.eye(4, dtype=np.float32)


def frame(*people: tuple[list[float], int]) -> Detections:
    boxes = np.array([box for box, _ in people], np.float32).reshape(-1, 4)
    vectors = LOOKS[[look for _, look in people]].reshape(-1, 4)
    return Detections(boxes, np.full(len(people), 0.9, np.float32), vectors)


@pytest.mark.parametrize("life", [2, 5])
def test_a_newcomer_on_the_spot_of_a_lost_track_is_dropped(life: int) -> None:
    tracker = CascadeTracker()
    for _ in range(life):
        tracker.update(frame((SPOT, 0)))
    tracker.update(frame())
    # It looks different, so it is never the lost one; it is born again every frame.
    for _ in range(3):
        assert len(tracker.update(frame((SPOT, 1)))) == 0
        assert tracker.tracklets.alive == 1
    assert tracker.update(frame((SPOT, 0))).ids.tolist() == [1]


def test_the_longer_life_may_be_the_tracked_ones() -> None:
    tracker = CascadeTracker()
    # Look 0 lives far away for long, look 1 briefly on the spot and is lost there.
    for _ in range(5):
        tracker.update(frame((AWAY, 0)))
    for _ in range(2):
        tracker.update(frame((AWAY, 0), (SPOT, 1)))
    tracker.update(frame((AWAY, 0)))
    assert tracker.tracklets.alive == 2
    # Then it is put on the spot of the lost one.
    row = int(tracker._tracked[0])
    lost = int(tracker._lost[0])
    tracker.tracklets.motion[row] = tracker.tracklets.motion[lost]
    seen = tracker.update(frame((SPOT, 0)))
    assert seen.ids.tolist() == [1]
    assert tracker.tracklets.alive == 1


def test_a_tie_drops_the_tracked_one() -> None:
    tracker = CascadeTracker()
    for _ in range(3):
        tracker.update(frame((AWAY, 0), (SPOT, 1)))
    # Now both are 2 frames old; look 1 is lost, look 0 has lived one frame more.
    tracker.update(frame((AWAY, 0)))
    tracked, lost = int(tracker._tracked[0]), int(tracker._lost[0])
    tracker.tracklets.births[tracked] += 2
    tracker.tracklets.motion[tracked] = tracker.tracklets.motion[lost]
    seen = tracker.update(frame((SPOT, 0)))
    # Last update minus birth is 4 - 2 = 2 on either side.
    assert len(seen) == 0
    assert tracker.tracklets.ids[tracker._lost].tolist() == [2]
