"""The recorded cascade tracks as the plain one, and keeps what decided."""

import numpy as np

from cstrack_bench.structures import Detections
from cstrack_bench.tracking.cascade import CascadeConfig, CascadeTracker
from cstrack_bench.tracking.matching_costs import RecordedCascade


def crossing(frames: int, seed: int = 0) -> list[Detections]:
    """Six people with embeddings of their own who cross, some frames without one."""
    random = np.random.default_rng(seed)
    directions = random.normal(size=(6, 16))
    found = []
    for frame in range(frames):
        seen = np.flatnonzero(random.random(6) > 0.15)
        x = 40.0 + 60 * seen + (frame * 9.0) * (-1) ** seen
        boxes = np.stack([x, 80 + 0 * x, x + 30, 170 + 0 * x], axis=1)
        vectors = directions[seen] + 0.3 * random.normal(size=(len(seen), 16))
        found.append(
            Detections(
                boxes.astype(np.float32),
                np.full(len(seen), 0.9, np.float32),
                vectors.astype(np.float32),
            )
        )
    return found


def test_recording_changes_no_track() -> None:
    config = CascadeConfig(appearance_limit=0.35)
    plain, recorded = CascadeTracker(config), RecordedCascade(config)
    for detections in crossing(40):
        one, other = plain.update(detections), recorded.update(detections)
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.boxes, other.boxes)
    assert len(recorded.costs) == 40


def test_costs_say_who_took_which_box_and_why() -> None:
    config = CascadeConfig()
    tracker = RecordedCascade(config)
    for detections in crossing(40):
        tracker.update(detections)
    first, taken, refused = tracker.costs[0], 0, 0
    assert not len(first.tracks)
    assert first.born.all()
    for costs in tracker.costs[1:]:
        assert costs.fused is not None
        assert costs.cosines is not None
        beyond = costs.distances > config.gate
        assert np.isinf(costs.fused[beyond]).all()
        inside = ~beyond
        weight = config.appearance_weight
        mixed = weight * costs.cosines + (1 - weight) * costs.distances
        np.testing.assert_allclose(costs.fused[inside], mixed[inside])
        for column, track in enumerate(costs.taken_by.tolist()):
            if costs.born[column] or track not in costs.tracks:
                continue
            row = int(np.flatnonzero(costs.tracks == track)[0])
            within = (
                costs.fused[row, column] <= config.appearance_limit
                or costs.overlaps[row, column] <= config.overlap_limit
            )
            assert within
            taken += 1
        refused += int(beyond.sum())
    assert taken > 100
    assert refused > 100


def test_without_embeddings_overlaps_alone_are_kept() -> None:
    tracker = RecordedCascade()
    for detections in crossing(5):
        tracker.update(Detections(detections.boxes, detections.scores))
    last = tracker.costs[-1]
    assert last.cosines is None
    assert last.fused is None
    assert last.overlaps.shape == (len(last.tracks), len(last.boxes))
