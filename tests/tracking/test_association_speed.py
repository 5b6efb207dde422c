"""The benchmark's scene is fixed, and its figures are of the right kind."""

import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.tracking.association_speed import (
    machine,
    moving_pedestrians,
    time_association,
)
from cstrack_bench.tracking.tracker_registry import make_tracker


def test_the_scene_is_the_same_each_time() -> None:
    one, two = moving_pedestrians(5, 8, 4, seed=3), moving_pedestrians(5, 8, 4, seed=3)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.boxes, b.boxes)
        np.testing.assert_array_equal(a.embeddings, b.embeddings)


def test_the_scene_is_one_a_tracker_can_follow_and_misses_a_tenth() -> None:
    scene = moving_pedestrians(30, 64, 100)
    share = sum(len(frame) for frame in scene) / (30 * 100)
    assert share == pytest.approx(0.9, abs=0.02)
    tracker = make_tracker("cstrack", 30)
    ids = {i for frame in scene for i in tracker.update(frame).ids.tolist()}
    assert 30 <= len(ids) <= 40


def test_figures_are_positive_and_ordered() -> None:
    run = time_association(3, 4, frames=5, repeats=2)
    assert run.as_dict().keys() >= {"cpu_ms_p50", "wall_ms_p50", "wall_ms_p95"}
    assert 0 < run.wall_ms_p50 <= run.wall_ms_p95
    assert run.cpu_ms_p50 > 0
    assert (run.boxes, run.embedding, run.frames) == (3, 4, 5)


def test_nothing_to_time_is_refused() -> None:
    with pytest.raises(InputError, match="--frames is 0"):
        time_association(3, frames=0)


def test_the_machine_is_named() -> None:
    assert machine()["cpu"]
    assert machine()["threads"] == 1
