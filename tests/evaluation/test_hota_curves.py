"""HOTA over thresholds."""

from collections.abc import Callable

import pytest

from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.evaluation import trackeval_scores
from cstrack_bench.evaluation.hota_curves import CURVES, hota_curves
from cstrack_bench.evaluation.scores import SequenceResult

Make = Callable[..., SequenceResult]


def test_the_means_of_the_curves_are_the_scores(walk: Make) -> None:
    results = [walk(seed, name=f"S{seed}") for seed in (0, 1)]
    scores = trackeval_scores.evaluate(results, MOT17).overall
    curves = hota_curves(results, MOT17)
    assert curves.thresholds == tuple(round(0.05 * n, 2) for n in range(1, 20))
    assert set(curves.values) == set(CURVES)
    for name in ("HOTA", "DetA", "AssA"):
        values = curves.values[name]
        assert sum(values) / 19 == pytest.approx(scores[name])
    # What overlaps less is matched by fewer thresholds.
    recall = curves.values["DetRe"]
    assert list(recall) == sorted(recall, reverse=True)
    assert recall[0] > recall[-1]


def test_a_perfect_result_is_at_the_top_everywhere(make: Make) -> None:
    truth = [(f, 1, 3.0 * f, 0.0, 1, 1) for f in range(5)]
    curves = hota_curves([make(truth, [row[:4] for row in truth], 5)], MOT17)
    assert {value for values in curves.values.values() for value in values} == {100.0}
