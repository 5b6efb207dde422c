"""CenterTrack's association, case by case."""

import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections
from cstrack_bench.track_hints import PointDetections
from cstrack_bench.tracking.greedy import GreedyConfig, GreedyTracker

SIDE = 10.0


def seen(
    *centres: float, scores: list[float] | None = None, moved: float = 0.0
) -> PointDetections:
    """Squares of side 10 at these columns, having come ``moved`` pixels."""
    points = np.array([[x, 50.0] for x in centres], np.float32).reshape(-1, 2)
    half = np.float32(SIDE / 2)
    given = [0.9] * len(points) if scores is None else scores
    return PointDetections(
        np.concatenate([points - half, points + half], axis=1),
        np.array(given, np.float32),
        centres=points,
        displacements=np.full_like(points, [-moved, 0.0]),
    )


def test_ids_start_at_1_and_follow_the_nearest() -> None:
    tracker = GreedyTracker()
    assert tracker.update(seen(50, 100)).ids.tolist() == [1, 2]
    assert tracker.update(seen(103, 52)).ids.tolist() == [2, 1]
    assert tracker.tracks.active.tolist() == [2, 2]


def test_the_displacement_decides_not_the_position() -> None:
    tracker = GreedyTracker()
    tracker.update(seen(50, 90))
    # Twenty pixels to the right: beyond reach, but for the displacement.
    assert tracker.update(seen(70, 110)).ids.tolist() == [3, 4]
    tracker = GreedyTracker()
    tracker.update(seen(50, 90))
    assert tracker.update(seen(70, 110, moved=20)).ids.tolist() == [1, 2]


def test_a_pair_may_be_as_far_apart_as_the_smaller_box_is_large() -> None:
    tracker = GreedyTracker()
    tracker.update(seen(50))
    assert tracker.update(seen(60)).ids.tolist() == [1]  # 10² = the area
    assert tracker.update(seen(70.1)).ids.tolist() == [2]


def test_the_better_detection_chooses_first() -> None:
    tracker = GreedyTracker()
    tracker.update(seen(50))
    tracks = tracker.update(seen(51, 53, scores=[0.5, 0.8]))
    assert dict(zip(tracks.ids.tolist(), tracks.scores.tolist(), strict=True)) == {
        1: pytest.approx(0.8),
        2: pytest.approx(0.5),
    }


def test_the_optimal_assignment_minds_the_sum() -> None:
    given = seen(50, 58), seen(55, 62, scores=[0.9, 0.8])
    for assignment, ids in (("greedy", [2, 3]), ("optimal", [1, 2])):
        tracker = GreedyTracker(GreedyConfig(assignment=assignment))
        tracker.update(given[0])
        # Greedily 55 takes the track at 58, and 62 is too far from the one at 50.
        assert tracker.update(given[1]).ids.tolist() == ids


def test_a_new_track_needs_more_than_the_threshold() -> None:
    tracker = GreedyTracker()
    assert len(tracker.update(seen(50, scores=[0.4]))) == 0
    assert tracker.update(seen(50, scores=[0.41])).ids.tolist() == [1]


def test_a_track_missed_once_is_gone() -> None:
    tracker = GreedyTracker()
    tracker.update(seen(50))
    assert len(tracker.update(seen())) == 0
    assert tracker.update(seen(50)).ids.tolist() == [2]


def test_rebirth_keeps_a_track_for_so_many_frames() -> None:
    for missed, ids in ((3, [1]), (4, [2])):
        tracker = GreedyTracker(GreedyConfig(max_age=4))
        tracker.update(seen(50))
        for frame in range(missed):
            assert len(tracker.update(seen())) == 0
            assert len(tracker.hints()) == 0
            kept = tracker.tracks
            assert kept.active.tolist() == [0] * len(kept)
            assert kept.age.tolist() == ([frame + 2] if frame < 3 else [])
        assert tracker.update(seen(50)).ids.tolist() == ids


def test_hints_are_the_tracks_of_the_last_frame() -> None:
    tracker = GreedyTracker(GreedyConfig(max_age=4))
    assert len(tracker.hints()) == 0
    tracker.update(seen(50, 90))
    tracker.update(seen(91, scores=[0.7]))
    hints = tracker.hints()
    assert hints.scores == pytest.approx([0.7])
    assert hints.boxes == pytest.approx(np.array([[86, 45, 96, 55]]))


def test_public_boxes_alone_start_tracks() -> None:
    public = [seen(50).boxes, seen(150).boxes]
    tracker = GreedyTracker(public=public)
    assert tracker.hints().scores.tolist() == [1.0]
    # Frame 1: the public box is a track already, and nothing claims 100.
    assert tracker.update(seen(51, 100)).ids.tolist() == [1]
    # Frame 2: the public box claims the detection at 152, not the one at 100.
    assert tracker.update(seen(52, 100, 152)).ids.tolist() == [1, 2]
    # Frame 3: there are no public boxes any more.
    assert tracker.update(seen(52, 100, 152)).ids.tolist() == [1, 2]


def test_detections_of_another_detector_are_unmoved_middles() -> None:
    tracker = GreedyTracker()
    plain = Detections(seen(50).boxes, seen(50).scores)
    assert tracker.update(plain).ids.tolist() == [1]
    assert tracker.update(plain).ids.tolist() == [1]


def test_detections_that_are_no_numbers_are_left_out() -> None:
    given = seen(50, 70)
    given.displacements[0, 0] = np.nan
    assert GreedyTracker().update(given).boxes[:, 0].tolist() == [65.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"assignment": "gredy"}, "'greedy'"), ({"max_age": -2}, "max_age is -2")],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        GreedyConfig(**options)
