"""The cascade: the official tracks, and what must hold whatever it is shown."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections, Tracker, Tracks
from cstrack_bench.tracking.association_speed import moving_pedestrians
from cstrack_bench.tracking.cascade import CascadeConfig, CascadeTracker
from cstrack_bench.tracking.tracker_registry import make_tracker

STREAMS = ["sparse", "street", "crowd", "drift", "low_rate"]
HERE = [100.0, 100.0, 140.0, 200.0]


def see(
    *boxes: list[float], score: float = 0.9, embedding: list[float] | None = None
) -> Detections:
    """A frame with these boxes, all with one embedding by default."""
    count = len(boxes)
    vector = [1.0, 0.0, 0.0] if embedding is None else embedding
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(count, score, np.float32),
        np.tile(np.array(vector, np.float32), (count, 1)),
    )


def without_embeddings(detections: Detections) -> Detections:
    return Detections(detections.boxes, detections.scores)


def run(tracker: Tracker, frames: list[Detections]) -> list[Tracks]:
    return [tracker.update(frame) for frame in frames]


@pytest.mark.parametrize("stream", STREAMS)
def test_ids_and_boxes_are_the_official_ones(golden: Path, stream: str) -> None:
    with np.load(golden / "official_tracker.npz") as file:
        counts = file[f"{stream}_counts"]
        boxes, scores, embeddings = (
            np.split(file[f"{stream}_{name}"], np.cumsum(counts)[:-1])
            for name in ("boxes", "scores", "embeddings")
        )
        expected = file[f"{stream}_tracks"]
        rate = int(file[f"{stream}_frame_rate"])
    tracker = make_tracker("cstrack", rate)
    rows = []
    for index in range(len(counts)):
        tracks = tracker.update(
            Detections(boxes[index], scores[index], embeddings[index])
        )
        sides = tracks.boxes[:, 2:] - tracks.boxes[:, :2]
        frame = np.full(len(tracks), index + 1)
        rows.append(
            np.column_stack(
                [frame, tracks.ids, tracks.boxes[:, :2], sides, tracks.scores]
            )
        )
    found = np.concatenate(rows)
    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    expected = expected[np.lexsort((expected[:, 1], expected[:, 0]))]
    assert found[:, :2].tolist() == expected[:, :2].tolist()
    np.testing.assert_allclose(found[:, 2:], expected[:, 2:], atol=1e-6)


def test_a_track_is_reported_from_its_second_match_even_in_the_first_frame() -> None:
    first, second = run(CascadeTracker(), [see(HERE), see(HERE)])
    assert len(first) == 0
    assert second.ids.tolist() == [1]
    at_once = CascadeTracker(CascadeConfig(activate_first_frame=True))
    assert at_once.update(see(HERE)).ids.tolist() == [1]


def test_reporting_at_birth_adds_births_and_changes_no_match() -> None:
    frames = moving_pedestrians(12, 8, 40)
    usual = run(make_tracker("cstrack", 10), frames)
    at_birth = run(make_tracker("cstrack", 10, report_unconfirmed=True), frames)
    seen: set[int] = set()
    for one, two in zip(usual, at_birth, strict=True):
        older = np.isin(two.ids, one.ids)
        assert two.ids[older].tolist() == one.ids.tolist()
        np.testing.assert_array_equal(two.boxes[older], one.boxes)
        assert not seen & set(two.ids[~older].tolist())
        seen |= set(two.ids.tolist())
    first = CascadeTracker(CascadeConfig(report_unconfirmed=True)).update(see(HERE))
    np.testing.assert_allclose(first.boxes, [HERE])


def test_the_detections_box_may_be_reported_instead_of_the_posterior() -> None:
    frames = [see([x, 100, x + 40, 200]) for x in (100, 108, 102)] + [see()]
    frames += [see([105, 100, 145, 200])]  # found again after a miss
    usual = run(CascadeTracker(), frames)
    raw = run(CascadeTracker(CascadeConfig(report="detection")), frames)
    assert [t.ids.tolist() for t in raw] == [t.ids.tolist() for t in usual]
    for index in (1, 2, 4):
        np.testing.assert_allclose(raw[index].boxes, frames[index].boxes)
        assert abs(usual[index].boxes - frames[index].boxes).max() > 0.1


def test_a_track_that_ends_unconfirmed_has_used_an_id() -> None:
    empty = see()
    results = run(CascadeTracker(), [see(HERE), empty, see(HERE), see(HERE)])
    assert results[-1].ids.tolist() == [2]


@pytest.mark.parametrize(("score", "born"), [(0.5, True), (0.499, False)])
def test_the_threshold_itself_starts_a_track(score: float, born: bool) -> None:
    frames = [see(HERE, score=score)] * 2
    assert (len(run(CascadeTracker(), frames)[-1]) == 1) == born


@pytest.mark.parametrize(
    ("removal", "gap", "same"),
    [
        ("official", 16, True),
        ("official", 17, False),
        ("immediate", 15, True),
        ("immediate", 16, False),
    ],
)
def test_how_long_a_lost_track_waits_at_14_frames_a_second(
    removal: str, gap: int, same: bool
) -> None:
    tracker = make_tracker("cstrack", 14, removal=removal)
    # Last seen in frame 2, so found again in frame 2 + gap.
    frames = [see(HERE)] * 2 + [see()] * (gap - 1) + [see(HERE)] * 2
    assert (run(tracker, frames)[-1].ids.tolist() == [1]) == same


def test_a_track_found_again_too_late_vanishes_when_next_unmatched() -> None:
    def last(gap: int) -> list[int]:
        frames = [see(HERE)] * 2 + [see()] * (gap - 1)
        frames += [see(HERE), see(), see(HERE), see(HERE)]
        return run(make_tracker("cstrack", 14), frames)[-1].ids.tolist()

    assert last(15) == [1]
    assert last(16) != [1]


def test_the_buffer_is_cut_off_not_rounded() -> None:
    assert [CascadeTracker(frame_rate=r).max_lost for r in (14, 25, 29, 30, 60)] == [
        int(r / 30.0 * 30) for r in (14, 25, 29, 30, 60)
    ]


def test_a_track_found_again_keeps_its_old_score() -> None:
    tracker = CascadeTracker()
    run(tracker, [see(HERE)] * 2 + [see()] * 2)
    assert tracker.update(see(HERE, score=0.6)).scores.tolist() == pytest.approx([0.9])
    assert tracker.update(see(HERE, score=0.7)).scores.tolist() == pytest.approx([0.7])


def test_lost_tracks_have_no_second_stage_unless_asked() -> None:
    other = [0.0, 1.0, 0.0]
    frames = [see(HERE)] * 2 + [see()] + [see(HERE, embedding=other)] * 2
    assert run(make_tracker("cstrack", 30), frames)[3].ids.tolist() == []
    paper = make_tracker("cstrack", 30, second_chance="all")
    assert run(paper, frames)[3].ids.tolist() == [1]


def test_without_embeddings_overlap_alone_decides() -> None:
    frames = [without_embeddings(see(HERE))] * 3
    results = run(CascadeTracker(), frames)
    assert [r.ids.tolist() for r in results] == [[], [1], [1]]


def test_embeddings_may_come_late_but_not_change_their_width() -> None:
    tracker = CascadeTracker()
    run(
        tracker,
        [without_embeddings(see(HERE)), without_embeddings(see(HERE)), see(HERE)],
    )
    tracker.update(see())
    assert tracker.update(see(HERE)).ids.tolist() == [1]
    with pytest.raises(InputError, match="wide"):
        tracker.update(see(HERE, embedding=[1.0, 0.0]))


def test_arrays_of_different_lengths_are_refused() -> None:
    broken = Detections(np.zeros((2, 4), np.float32), np.zeros(1, np.float32))
    with pytest.raises(InputError, match="2 boxes, 1 scores"):
        CascadeTracker().update(broken)


def test_jde_accepts_what_cstrack_finds_too_far_away() -> None:
    # Cosine cost 0.5, and lost, so that only the first stage can find it again.
    turned = [0.5, 0.75**0.5, 0.0]
    frames = [see(HERE)] * 2 + [see()] + [see(HERE, embedding=turned)]
    assert run(make_tracker("jde", 30), frames)[3].ids.tolist() == [1]
    assert run(make_tracker("cstrack", 30), frames)[3].ids.tolist() == []


COORDINATE = st.floats(-300, 300, width=32, allow_subnormal=False) | st.sampled_from(
    [0.0, 1e30, -1e38, float("nan"), float("inf"), 1e-30]
)
FRAME = st.lists(
    st.tuples(st.tuples(*[COORDINATE] * 4), st.sampled_from([0.3, 0.5, 0.9])),
    max_size=6,
)


def noisy(frame: list[tuple[tuple[float, ...], float]], embedding: bool) -> Detections:
    boxes = np.array([box for box, _ in frame], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in frame], np.float32)
    vectors = boxes[:, :3].copy() if embedding else None
    return Detections(boxes, scores, vectors)


@pytest.mark.parametrize("name", ["cstrack", "jde", "iou"])
@given(st.lists(FRAME, max_size=12), st.booleans())
@settings(max_examples=40, deadline=None)
def test_nothing_it_is_shown_breaks_it(
    name: str, frames: list[list[tuple[tuple[float, ...], float]]], embedding: bool
) -> None:
    shown = [noisy(frame, embedding) for frame in frames]
    first = run(make_tracker(name, 10), shown)
    second = run(make_tracker(name, 10), shown)
    for one, two in zip(first, second, strict=True):
        assert np.isfinite(one.boxes).all()
        assert np.isfinite(one.scores).all()
        assert len(set(one.ids.tolist())) == len(one)
        assert one.ids.tolist() == two.ids.tolist()
        np.testing.assert_array_equal(one.boxes, two.boxes)


@pytest.mark.parametrize("name", ["cstrack", "iou"])
@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_ids_start_at_1_and_never_come_back(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    tracker = make_tracker(name, 8)
    last_seen: dict[int, int] = {}
    for index, frame in enumerate(moving_pedestrians(12, 8, 60, seed)):
        mask = rng.random(len(frame)) < (0.15 if index % 20 > 12 else 0.9)
        assert frame.embeddings is not None
        tracks = tracker.update(
            Detections(frame.boxes[mask], frame.scores[mask], frame.embeddings[mask])
        )
        for number in tracks.ids.tolist():
            # 8 frames a second: B = 8, so no track returns after B + 2 frames.
            assert index - last_seen.get(number, index) <= 10
            last_seen[number] = index
    assert min(last_seen) >= 1


def test_thousands_of_frames_leave_the_arrays_as_small_as_before() -> None:
    tracker = CascadeTracker(frame_rate=10)
    rng = np.random.default_rng(0)
    sizes = []
    for _ in range(1500):
        # New people all the time: every frame's tracks end with it.
        corner = rng.uniform(0, 1800, (12, 2))
        boxes = np.concatenate([corner, corner + np.array([30, 70])], 1).astype(
            np.float32
        )
        vectors = rng.standard_normal((12, 8)).astype(np.float32)
        tracker.update(Detections(boxes, np.full(12, 0.9, np.float32), vectors))
        sizes.append(len(tracker.tracklets))
    assert tracker._next_id > 10_000
    assert max(sizes) <= 128
    assert tracker.tracklets.count <= 64


@pytest.mark.parametrize(
    "wrong",
    [
        {"removal": "late"},
        {"second_chance": "none"},
        {"appearance_weight": 2},
        {"report": "prior"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(InputError):
        CascadeConfig(**wrong)
    with pytest.raises(InputError, match="Frame rate"):
        CascadeTracker(frame_rate=0)
