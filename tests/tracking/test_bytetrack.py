"""ByteTrack: every box counts, the confident ones first."""

import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.tracking import kalman
from cstrack_bench.tracking.association_speed import moving_pedestrians
from cstrack_bench.tracking.bytetrack import STEADY, ByteTrackConfig, ByteTracker
from cstrack_bench.tracking.tracker_registry import (
    confidence_options,
    make_tracker,
    needed_confidence,
)

SURE, UNSURE, NOISE = 0.9, 0.3, 0.05


def see(*people: tuple[float, float]) -> Detections:
    """Boxes by their left edge and score."""
    boxes = np.array([[x, 0, x + 40, 100] for x, _ in people], np.float32)
    return Detections(
        boxes.reshape(-1, 4), np.array([score for _, score in people], np.float32)
    )


def ids_of(tracker: ByteTracker, frames: list[Detections]) -> list[list[int]]:
    return [sorted(tracker.update(frame).ids.tolist()) for frame in frames]


HERE = see((0, SURE))
NOBODY = see()


def test_births_of_the_first_frame_are_reported_at_once_later_ones_when_matched():
    tracker = ByteTracker()
    both = see((0, SURE), (300, SURE))
    assert ids_of(tracker, [HERE, both, both]) == [[1], [1], [1, 2]]


def test_an_unsure_box_carries_a_track_on() -> None:
    frames = [HERE, HERE, see((2, UNSURE)), see((4, UNSURE)), HERE]
    assert ids_of(ByteTracker(), frames) == [[1]] * 5
    strict = ByteTracker(ByteTrackConfig(low_confidence=0.6))
    assert ids_of(strict, frames) == [[1], [1], [], [], [1]]


def test_an_unsure_box_neither_starts_a_track_nor_finds_a_lost_one() -> None:
    assert ids_of(ByteTracker(), [see((0, UNSURE))] * 3) == [[]] * 3
    frames = [HERE, HERE, NOBODY, see((0, UNSURE)), HERE]
    assert ids_of(ByteTracker(), frames) == [[1], [1], [], [], [1]]


def test_boxes_below_both_thresholds_are_left_out() -> None:
    frames = [HERE, HERE, see((0, NOISE))]
    assert ids_of(ByteTracker(), frames)[-1] == []


def test_a_sure_box_is_taken_before_an_unsure_one_that_lies_better() -> None:
    tracker = ByteTracker()
    ids_of(tracker, [HERE] * 3)
    tracks = tracker.update(see((0, UNSURE), (10, SURE)))
    assert tracks.ids.tolist() == [1]
    assert tracks.scores == pytest.approx([SURE])


def test_between_the_thresholds_a_box_is_matched_but_starts_nothing() -> None:
    middling = see((0, 0.65))
    assert ids_of(ByteTracker(), [middling] * 3) == [[]] * 3
    assert ids_of(ByteTracker(), [HERE, middling, middling]) == [[1]] * 3


def test_the_score_weighs_the_overlap() -> None:
    # IoU .48 is .29 with a score of .6; the limit is .2, then .35.
    frames = [see((0, 0.9)), see((14, 0.6))]
    assert ids_of(ByteTracker(), frames)[-1] == [1]
    strict = ByteTrackConfig(overlap_limit=0.65)
    assert ids_of(ByteTracker(strict), frames)[-1] == []
    plain = ByteTrackConfig(overlap_limit=0.65, fuse_scores=False)
    assert ids_of(ByteTracker(plain), frames)[-1] == [1]


def test_a_track_seen_once_is_gone_after_a_miss() -> None:
    other = see((0, SURE), (300, SURE))
    frames = [HERE, other, HERE, other, other]
    assert ids_of(ByteTracker(), frames)[-1] == [1, 3]


@pytest.mark.parametrize(
    ("rate", "gap", "same"), [(30, 29, 1), (30, 31, 0), (15, 20, 0)]
)
def test_a_lost_track_is_kept_for_a_second(rate: float, gap: int, same: int) -> None:
    frames = [HERE] * 3 + [NOBODY] * gap + [HERE] * 2
    found = ids_of(ByteTracker(frame_rate=rate), frames)[-1]
    assert found == ([1] if same else [2])


def test_of_two_tracks_in_one_position_the_older_stays() -> None:
    tracker = ByteTracker(ByteTrackConfig(overlap_limit=0.3))
    ids_of(tracker, [HERE] * 5)
    # A sudden step: the old track is lost, a new one starts and moves back onto it.
    ids = ids_of(tracker, [see((20, SURE)), see((13, SURE)), see((6, SURE))])
    ids += ids_of(tracker, [see((1, SURE))] * 4)
    assert 1 in ids[-1]
    assert len(ids[-1]) == 1


def test_a_crowd_keeps_its_ids_and_boxes() -> None:
    scene = moving_pedestrians(30, 4, 120)
    for name in ("bytetrack", "steady"):
        tracker = make_tracker(name, 30)
        tracks = [tracker.update(frame) for frame in scene]
        identities = {i for frame in tracks for i in frame.ids.tolist()}
        assert 30 <= len(identities) <= 36
        errors = [_error(t, d) for t, d in zip(tracks[5:], scene[5:], strict=True)]
        assert max(errors) < 12


def _error(tracks: Tracks, detections: Detections) -> float:
    """Mean distance in pixels from a reported box to the nearest detection."""
    apart = np.abs(tracks.boxes[:, None] - detections.boxes[None]).max(axis=2)
    return float(apart.min(axis=1).mean())


def test_width_and_height_survive_the_state_and_back() -> None:
    boxes = np.array([[3.0, 4.0, 33.0, 90.0], [-5.0, 0.0, 205.0, 7.0]])
    for coordinates in (kalman.ASPECT, kalman.WIDTH):
        states = kalman.start(coordinates.measurements(boxes), coordinates)
        kalman.predict(states, coordinates)
        kalman.update(states, coordinates.measurements(boxes), coordinates)
        np.testing.assert_allclose(kalman.boxes(states, coordinates), boxes)


def test_a_hidden_person_does_not_grow() -> None:
    tracker = ByteTracker(STEADY)
    for t in range(6):
        side = 40 + 4.0 * t
        boxes = np.array([[0, 0, side, 2 * side]], np.float32)
        tracker.update(Detections(boxes, np.full(1, 0.9, np.float32)))
    sizes = []
    for _ in range(5):
        tracker.update(NOBODY)
        sizes.append(tracker.tracklets.motion[0, kalman.VALUE, 2:].tolist())
    # The first miss is known only after the step; from then on the size stays.
    assert sizes[-1] == pytest.approx(sizes[0])


def test_the_same_frames_give_the_same_tracks() -> None:
    scene = moving_pedestrians(20, 4, 40)
    one, two = (make_tracker("steady", 25) for _ in range(2))
    for frame in scene:
        a, b = one.update(frame), two.update(frame)
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_array_equal(a.boxes, b.boxes)


@pytest.mark.parametrize(
    "wrong",
    [{"state": "area"}, {"low_confidence": 0.7}, {"camera_gain": -0.1}],
)
def test_wrong_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(InputError):
        ByteTrackConfig(**wrong)
    with pytest.raises(InputError):
        ByteTracker(frame_rate=0)


@pytest.mark.parametrize(
    "name", ["cstrack", "jde", "deepsort", "sort", "iou", "bytetrack", "steady"]
)
def test_a_box_as_weak_as_told_may_start_a_track(name: str) -> None:
    tracker = make_tracker(name, 30, **confidence_options(name, 0.4))
    tracks = [tracker.update(see((0, 0.4))) for _ in range(5)]
    assert tracks[-1].ids.tolist() == [1]


def test_the_detector_is_asked_for_what_the_tracker_can_use() -> None:
    assert needed_confidence("bytetrack", 0.5) == 0.1
    assert needed_confidence("cstrack", 0.5) == 0.5
    with pytest.raises(InputError):
        needed_confidence("bytetrak", 0.5)
