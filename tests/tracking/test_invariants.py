"""What holds of every tracker, whatever it is shown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.tracking.tracker_registry import (
    built_in_trackers,
    find_tracker,
    make_tracker,
)

NAMES = sorted(built_in_trackers())
WIDTH = 8


def stream(seed: int, frames: int = 12, people: int = 5) -> list[Detections]:
    """Moving people that are missed now and then, among wrong boxes.

    No two boxes, scores or embeddings are equal, so that no assignment is a tie.
    """
    random = np.random.default_rng(seed)
    centres = random.uniform(0, 400, (people, 2))
    speeds = random.normal(0, 6, (people, 2))
    appearance = random.normal(0, 1, (people, WIDTH))
    shown = []
    for _ in range(frames):
        centres += speeds + random.normal(0, 1, centres.shape)
        seen = random.random(people) < 0.85
        wrong = random.uniform(0, 400, (random.poisson(0.7), 2))
        middle = np.concatenate([centres[seen], wrong])
        half = np.array([15, 40]) * random.uniform(0.9, 1.1, middle.shape)
        boxes = np.concatenate([middle - half, middle + half], 1)
        scores = random.uniform(0.3, 1, len(boxes))
        described = np.concatenate(
            [appearance[seen], random.normal(0, 1, (len(wrong), WIDTH))]
        )
        described = described + random.normal(0, 0.1, described.shape)
        described /= np.linalg.norm(described, axis=1, keepdims=True)
        shown.append(
            Detections(
                boxes.astype(np.float32),
                scores.astype(np.float32),
                described.astype(np.float32),
            )
        )
    return shown


def adapted(name: str, detections: Detections) -> Detections:
    """Without embeddings for a tracker that compares none."""
    if find_tracker(name).uses_embeddings:
        return detections
    return Detections(detections.boxes, detections.scores)


def run(name: str, shown: list[Detections]) -> list[Tracks]:
    tracker = make_tracker(name, 25.0)
    return [tracker.update(adapted(name, detections)) for detections in shown]


def same(one: Tracks, other: Tracks) -> bool:
    return (
        np.array_equal(one.ids, other.ids)
        and np.array_equal(one.boxes, other.boxes)
        and np.array_equal(one.scores, other.scores)
    )


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_ids_are_unique_in_a_frame_and_numbers_finite(name: str, seed: int) -> None:
    for tracks in run(name, stream(seed)):
        assert len(np.unique(tracks.ids)) == len(tracks.ids)
        assert (tracks.ids >= 1).all()
        assert np.isfinite(tracks.boxes).all()
        assert np.isfinite(tracks.scores).all()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_same_detections_give_the_same_tracks(name: str, seed: int) -> None:
    shown = stream(seed)
    for one, other in zip(run(name, shown), run(name, shown), strict=True):
        assert same(one, other)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_two_trackers_do_not_touch(name: str, seed: int) -> None:
    first, second = stream(seed), stream(seed + 1)
    one, two = make_tracker(name, 25.0), make_tracker(name, 25.0)
    mixed = [
        (one.update(adapted(name, a)), two.update(adapted(name, b)))
        for a, b in zip(first, second, strict=True)
    ]
    alone = zip(run(name, first), run(name, second), strict=True)
    for (a, b), (c, d) in zip(mixed, alone, strict=True):
        assert same(a, c)
        assert same(b, d)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_detections_changes_no_track(name: str, seed: int) -> None:
    """Ids are given in the order of the rows; who shares one is the same."""
    shown = stream(seed)
    random = np.random.default_rng(seed)
    shuffled = []
    for detections in shown:
        order = random.permutation(len(detections.scores))
        assert detections.embeddings is not None
        shuffled.append(
            Detections(
                detections.boxes[order],
                detections.scores[order],
                detections.embeddings[order],
            )
        )
    renamed: dict[int, int] = {}
    for one, other in zip(run(name, shown), run(name, shuffled), strict=True):
        assert len(one.ids) == len(other.ids)
        left, right = np.lexsort(one.boxes.T), np.lexsort(other.boxes.T)
        np.testing.assert_allclose(one.boxes[left], other.boxes[right], rtol=1e-6)
        pairs = zip(one.ids[left].tolist(), other.ids[right].tolist(), strict=True)
        for a, b in pairs:
            assert renamed.setdefault(a, b) == b
    assert len(set(renamed.values())) == len(renamed)


@pytest.mark.parametrize("name", NAMES)
def test_equal_detections_are_no_matter_of_luck(name: str) -> None:
    """Twins in one frame: whatever is made of them, swapped rows give the same."""
    shown = []
    for detections in stream(7):
        twice = np.repeat(np.arange(len(detections.scores)), 2)
        assert detections.embeddings is not None
        shown.append(
            Detections(
                detections.boxes[twice],
                detections.scores[twice],
                detections.embeddings[twice],
            )
        )
    for tracks in run(name, shown):
        assert len(np.unique(tracks.ids)) == len(tracks.ids)
        assert np.isfinite(tracks.boxes).all()
