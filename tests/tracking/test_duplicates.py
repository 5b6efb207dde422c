"""A tracked and a lost track in one position (docs/reference.md#cascade-duplicates)."""

import numpy as np
import pytest

from cstrack_bench.structures import Detections
from cstrack_bench.tracking import kalman
from cstrack_bench.tracking.cascade import CascadeTracker
from cstrack_bench.tracking.duplicates import drop_duplicates
from cstrack_bench.tracking.tracklets import Tracklets

POSITION = [100.0, 100.0, 140.0, 200.0]
NEAR = [102.0, 100.0, 142.0, 200.0]
FAR = [900.0, 100.0, 940.0, 200.0]
EMBEDDINGS = np.eye(4, dtype=np.float32)


def frame(*people: tuple[list[float], int]) -> Detections:
    """Detections of people, each a box and which of four embeddings it has."""
    boxes = np.array([box for box, _ in people], np.float32).reshape(-1, 4)
    vectors = EMBEDDINGS[[number for _, number in people]].reshape(-1, 4)
    return Detections(boxes, np.full(len(people), 0.9, np.float32), vectors)


@pytest.mark.parametrize("life", [2, 5])
def test_a_new_track_over_a_lost_one_is_dropped(life: int) -> None:
    tracker = CascadeTracker()
    for _ in range(life):
        tracker.update(frame((POSITION, 0)))
    tracker.update(frame())
    # Its appearance differs, so it is never the lost one; it starts in every frame.
    for _ in range(3):
        assert len(tracker.update(frame((POSITION, 1)))) == 0
        assert tracker.tracklets.count == 1
    assert tracker.update(frame((POSITION, 0))).ids.tolist() == [1]


def kept(tracks: dict[str, tuple[list[float], int, int]]) -> set[str]:
    """Which of some tracks stay.

    Args:
        tracks: name -> box, frame of birth and frame of the last match; names of lost
            tracks begin with ``lost``.
    """
    tracklets = Tracklets()
    boxes = np.array([box for box, _, _ in tracks.values()])
    count = len(tracks)
    rows = tracklets.add(kalman.measurements(boxes), np.ones(count), None, 1, 0)
    tracklets.births[rows] = [birth for _, birth, _ in tracks.values()]
    tracklets.last[rows] = [last for _, _, last in tracks.values()]
    names = dict(zip(rows.tolist(), tracks, strict=True))
    lost = np.array([names[row].startswith("lost") for row in rows.tolist()])
    pair = drop_duplicates(tracklets, rows[~lost], rows[lost], 0.15)
    stay = np.concatenate(pair).tolist()
    assert tracklets.count == len(stay)
    return {names[row] for row in stay}


@pytest.mark.parametrize(
    ("birth", "last", "stays"),
    [(4, 9, "lost"), (3, 9, "tracked"), (2, 9, "tracked"), (9, 9, "lost")],
)
def test_the_track_that_lived_longer_stays(birth: int, last: int, stays: str) -> None:
    found = kept({"tracked": (POSITION, birth, last), "lost": (NEAR, 1, 6)})
    assert found == {stays}


def test_a_tie_drops_the_tracked_one() -> None:
    assert kept({"tracked": (POSITION, 4, 9), "lost": (NEAR, 1, 6)}) == {"lost"}


def test_only_pairs_of_a_tracked_and_a_lost_track_count() -> None:
    tracks = {
        "tracked": (POSITION, 1, 9),
        "tracked too": (NEAR, 1, 9),
        "lost": (FAR, 1, 6),
        "lost too": (FAR, 1, 6),
    }
    assert kept(tracks) == set(tracks)


def test_all_pairs_are_judged_before_any_is_dropped() -> None:
    tracks = {
        "tracked": (POSITION, 4, 9),
        "lost long": (NEAR, 1, 8),
        "lost short": (NEAR, 5, 8),
    }
    # The first lost track ends the tracked one, which all the same ends the second.
    assert kept(tracks) == {"lost long"}
