"""DeepSORT: the cascade, the galleries, and tracking without appearance."""

import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.tracking.association_speed import moving_pedestrians
from cstrack_bench.tracking.deepsort_tracker import (
    DeepSortConfig,
    DeepSortTracker,
    Galleries,
)
from cstrack_bench.tracking.tracker_registry import make_filter, make_tracker

RED, GREEN, BLUE = np.eye(3, dtype=np.float32)


def see(
    *people: tuple[float, np.ndarray], score: float = 0.9, y: float = 0
) -> Detections:
    """People 40 × 100 px, each a left edge and an embedding."""
    lefts = np.array([x for x, _ in people], np.float32)
    boxes = np.stack([lefts, 0 * lefts + y, lefts + 40, 0 * lefts + y + 100], 1)
    vectors = np.array([vector for _, vector in people], np.float32).reshape(-1, 3)
    return Detections(boxes, np.full(len(boxes), score, np.float32), vectors)


def boxes_only(*lefts: float, score: float = 0.9) -> Detections:
    found = see(*((x, RED) for x in lefts), score=score)
    return Detections(found.boxes, found.scores)


def follow(tracker: DeepSortTracker, *frames: Detections) -> Tracks:
    return [tracker.update(frame) for frame in frames][-1]


def ids_at(tracks: Tracks) -> dict[int, int]:
    """Id by the left edge, to the nearest 10 px."""
    return {
        round(float(box[0]) / 10) * 10: int(i)
        for i, box in zip(tracks.ids, tracks.boxes, strict=True)
    }


def test_a_track_is_reported_from_its_third_match_on() -> None:
    tracker = DeepSortTracker()
    counts = [len(tracker.update(see((0, RED)))) for _ in range(4)]
    assert counts == [0, 0, 1, 1]
    assert tracker.update(see((0, RED))).ids.tolist() == [1]


def test_one_match_can_be_enough() -> None:
    tracker = DeepSortTracker(DeepSortConfig(confirmations=1))
    assert tracker.update(see((0, RED), (90, BLUE))).ids.tolist() == [1, 2]


def test_an_unconfirmed_track_ends_at_its_first_miss() -> None:
    tracker = DeepSortTracker()
    tracks = follow(tracker, see((0, RED)), see((0, RED)), see(), *[see((0, RED))] * 3)
    assert tracks.ids.tolist() == [2]


def test_only_what_is_matched_in_the_frame_is_reported() -> None:
    tracker = DeepSortTracker()
    follow(tracker, *[see((0, RED), (200, BLUE))] * 3)
    assert ids_at(tracker.update(see((0, RED)))) == {0: 1}


def test_people_are_found_again_by_appearance_after_an_occlusion() -> None:
    tracker = DeepSortTracker()
    follow(tracker, *[see((0, RED), (60, BLUE))] * 5)
    follow(tracker, *[see()] * 10)
    # They changed positions while occluded, well within what motion allows.
    assert ids_at(tracker.update(see((0, BLUE), (60, RED)))) == {0: 2, 60: 1}


def test_another_appearance_is_another_track() -> None:
    tracker = DeepSortTracker()
    follow(tracker, *[see((0, RED))] * 5, *[see()] * 5)
    assert len(tracker.update(see((0, BLUE)))) == 0
    assert follow(tracker, *[see((0, BLUE))] * 2).ids.tolist() == [2]


def test_the_gate_forbids_what_motion_cannot_explain() -> None:
    tracker = DeepSortTracker()
    follow(tracker, *[see((0, RED))] * 5)
    assert len(tracker.update(see((500, RED)))) == 0
    far = DeepSortTracker(DeepSortConfig(gate=1e9))
    follow(far, *[see((0, RED))] * 5)
    assert far.update(see((500, RED))).ids.tolist() == [1]


def test_the_cascade_prefers_the_track_matched_last() -> None:
    tracker = DeepSortTracker()
    between = np.array([0.95, 0.31, 0], np.float32)
    follow(tracker, *[see((0, RED), (60, between))] * 5)
    # The first is hidden for some frames; then one person stands where both could be,
    # with the appearance of the first.
    follow(tracker, *[see((60, between))] * 4)
    assert tracker.update(see((50, RED))).ids.tolist() == [2]
    # Of two matched equally long ago the nearer embedding counts.
    even = DeepSortTracker()
    follow(even, *[see((0, RED), (60, between))] * 5, *[see()] * 4)
    assert even.update(see((50, RED))).ids.tolist() == [1]


@pytest.mark.parametrize(("gap", "same"), [(4, True), (5, False)])
def test_a_track_is_found_up_to_its_greatest_age(gap: int, same: bool) -> None:
    tracker = DeepSortTracker(DeepSortConfig(max_age=5))
    follow(tracker, *[see((0, RED))] * 3, *[see()] * gap)
    assert (tracker.update(see((0, RED))).ids.tolist() == [1]) == same
    assert tracker.tracklets.count == 1


@pytest.mark.parametrize(("gallery", "same"), [(100, True), (3, False)])
def test_a_gallery_keeps_so_many_embeddings(gallery: int, same: bool) -> None:
    tracker = DeepSortTracker(DeepSortConfig(gallery=gallery))
    # Somebody turns round once, then is hidden, then shows the old side.
    follow(tracker, *[see((0, RED))] * 4, *[see((0, BLUE))] * 3, *[see()] * 3)
    assert (tracker.update(see((0, RED))).ids.tolist() == [1]) == same


def test_the_oldest_embedding_is_replaced() -> None:
    tracks = Galleries(2)
    row = tracks.add(np.array([[0, 0, 0.4, 100]]), np.ones(1), None, 1, 0)
    tracks.start(row)
    vectors = np.eye(3, dtype=np.float32)
    for vector in vectors:
        tracks.store(row, vector[None])
    np.testing.assert_allclose(tracks.distances(row, vectors), [[1, 0, 0]])


def test_a_new_track_does_not_inherit_a_gallery() -> None:
    tracker = DeepSortTracker(DeepSortConfig(max_age=1))
    follow(tracker, *[see((0, RED))] * 3, see(), *[see((0, BLUE))] * 3)
    rows = tracker._rows
    vectors = np.stack([RED, BLUE])
    np.testing.assert_allclose(tracker.tracklets.distances(rows, vectors), [[1, 0]])


def test_more_tracks_than_rows() -> None:
    people = [(60.0 * i, RED) for i in range(150)]
    tracks = follow(DeepSortTracker(), *[see(*people)] * 3)
    assert tracks.ids.tolist() == list(range(1, 151))


def test_the_length_of_an_embedding_does_not_matter() -> None:
    tracker = DeepSortTracker()
    follow(tracker, *[see((0, RED * 50))] * 3, *[see()] * 3)
    assert tracker.update(see((0, RED / 50))).ids.tolist() == [1]


def test_without_an_embedding_a_person_is_matched_by_overlap() -> None:
    tracker = DeepSortTracker(DeepSortConfig(gallery=2))
    none = np.zeros(3, np.float32)
    follow(tracker, *[see((0, RED))] * 3, *[see((5, none))] * 2)
    assert tracker.update(see((5, none))).ids.tolist() == [1]
    # That pushed nothing out of the gallery.
    follow(tracker, *[see()] * 3)
    assert tracker.update(see((5, RED))).ids.tolist() == [1]


def test_overlap_serves_only_tracks_matched_a_frame_ago() -> None:
    tracker = DeepSortTracker()
    follow(tracker, *[see((0, RED))] * 4)
    assert tracker.update(see((0, BLUE))).ids.tolist() == [1]
    follow(tracker, see(), see())
    assert len(tracker.update(see((0, GREEN)))) == 0


def test_it_tracks_without_embeddings() -> None:
    tracker = DeepSortTracker()
    follow(tracker, *[boxes_only(5 * t, 300) for t in range(6)])
    follow(tracker, *[boxes_only()] * 3)
    # Motion goes on while nothing is detected.
    assert ids_at(tracker.update(boxes_only(45, 300))) == {40: 1, 300: 2}


def test_without_embeddings_the_fresher_track_chooses_first() -> None:
    tracker = DeepSortTracker()
    follow(tracker, *[boxes_only(0, 30)] * 4, *[boxes_only(30)] * 3)
    # Nearer to where the first was lost, yet within reach of the second.
    assert tracker.update(boxes_only(12)).ids.tolist() == [2]


def test_embeddings_may_be_missing_in_a_frame() -> None:
    tracker = DeepSortTracker()
    follow(tracker, *[see((0, RED))] * 3, boxes_only(2), see(), see())
    assert tracker.update(see((2, RED))).ids.tolist() == [1]


def test_weak_detections_are_left_out() -> None:
    tracker = DeepSortTracker()
    follow(tracker, *[see((0, RED))] * 3)
    assert len(tracker.update(see((0, RED), score=0.29))) == 0
    assert tracker.update(see((0, RED), score=0.31)).ids.tolist() == [1]
    assert tracker.update(see((0, RED))).scores.tolist() == [pytest.approx(0.9)]


def test_empty_frames_and_broken_boxes_do_no_harm() -> None:
    tracker = DeepSortTracker()
    empty = Detections.empty(3)
    assert len(follow(tracker, empty, Detections.empty(), empty)) == 0
    boxes = np.array(
        [[0, 0, 40, 100], [np.nan, 0, 9, 9], [5, 5, 5, 5], [9, 9, 1, 1]], np.float32
    )
    for _ in range(3):
        tracks = tracker.update(Detections(boxes, np.ones(4, np.float32), np.eye(4, 3)))
    assert tracks.ids.tolist() == [1]
    assert np.isfinite(tracks.boxes).all()


def test_another_width_of_embeddings_is_refused() -> None:
    tracker = DeepSortTracker()
    tracker.update(see((0, RED)))
    with pytest.raises(InputError, match="wide"):
        tracker.update(
            Detections(np.ones((1, 4)).cumsum(1), np.ones(1), np.ones((1, 4)))
        )


def test_a_crowd_keeps_its_identities_by_appearance() -> None:
    """People who are missed now and then are found again under the first id."""
    tracker = DeepSortTracker()
    for frame in moving_pedestrians(20, 64, 60):
        tracks = tracker.update(frame)
        assert len(set(tracks.ids.tolist())) == len(tracks)
    # Births at the edges of the gate may cost a number; losing people costs many.
    assert 20 <= tracker._next_id - 1 <= 24


def test_it_is_built_by_name_and_drops_no_wide_box() -> None:
    tracker = make_tracker("deepsort", 30, max_age=7)
    assert isinstance(tracker, DeepSortTracker)
    assert tracker.config.max_age == 7
    wide = Tracks(
        np.array([1, 2]), np.array([[0, 0, 90, 30], [0, 0, 9, 9.0]]), np.ones(2)
    )
    assert make_filter("deepsort").apply(wide).ids.tolist() == [1]


@pytest.mark.parametrize(
    "options",
    [
        {"appearance_limit": 1.0},
        {"overlap_limit": -0.1},
        {"gallery": 0},
        {"max_age": 0},
        {"confirmations": 0},
    ],
)
def test_wrong_settings_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        make_tracker("deepsort", 30, **options)
