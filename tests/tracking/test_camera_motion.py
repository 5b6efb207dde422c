"""The shift that all boxes have in common."""

import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections, Tracker
from cstrack_bench.tracking.camera_motion import common_shift
from cstrack_bench.tracking.tracker_registry import make_tracker

LEFTS = np.arange(6) * 200.0
CROWD = np.stack([LEFTS, np.full(6, 50.0), LEFTS + 40, np.full(6, 150.0)], axis=1)


def test_it_is_the_move_most_boxes_make() -> None:
    moved = CROWD + np.array([12, -5, 12, -5])
    moved[0] += 15  # one moves by itself
    np.testing.assert_allclose(common_shift(CROWD, moved[::-1]), [12, -5])


def test_few_pairs_say_nothing() -> None:
    for predicted, detected in (
        (CROWD[:3], CROWD[:3] + 9),
        (CROWD, CROWD[:3] + 9),
        (CROWD, CROWD + 90),
        (CROWD[:0], CROWD),
    ):
        assert common_shift(predicted, detected).tolist() == [0, 0]


def follow(tracker: Tracker, jolt: float, hidden: int = 0) -> list[list[int]]:
    """Ids while the camera stands, then jolts; the last people are unseen at that."""
    result = []
    for index in range(8):
        boxes = CROWD + np.array([jolt, 0, jolt, 0]) if index >= 4 else CROWD
        boxes = boxes[: 6 - hidden] if index == 4 else boxes
        scores = np.full(len(boxes), 0.9, np.float32)
        result.append(
            sorted(tracker.update(Detections(boxes.astype(np.float32), scores)).ids)
        )
    return result


# 10 of 40 pixels still overlap: enough to vote, not to be matched.
JOLT = 30.0


@pytest.mark.parametrize("name", ["bytetrack", "jde"])
def test_no_track_is_lost_in_a_jolt_where_the_shift_is_added(name: str) -> None:
    every_id = [1, 2, 3, 4, 5, 6]
    assert follow(make_tracker(name, 30, camera_gain=1.0), JOLT)[4] == every_id
    assert follow(make_tracker(name, 30, camera_gain=0.0), JOLT)[4] == []


def test_lost_tracks_move_with_the_others() -> None:
    ids = follow(make_tracker("bytetrack", 30, camera_gain=1.0), JOLT, hidden=1)
    assert ids[4:6] == [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]]


@pytest.mark.parametrize("name", ["bytetrack", "jde"])
def test_without_a_common_shift_the_option_changes_nothing(name: str) -> None:
    usual, option = (make_tracker(name, 30, camera_gain=g) for g in (0.0, 1.0))
    assert follow(usual, 0.0) == follow(option, 0.0)


@pytest.mark.parametrize("name", ["bytetrack", "jde"])
def test_a_gain_is_a_share(name: str) -> None:
    with pytest.raises(InputError):
        make_tracker(name, 30, camera_gain=1.5)
