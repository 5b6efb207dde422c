"""HOTA and its parts at every threshold, from trackeval itself.

``trackeval_scores`` has their means; the curves show where a tracker loses: detection
recall at low thresholds, localisation at high ones (Luiten et al., HOTA, IJCV 2020).
"""

from dataclasses import dataclass

import numpy as np

from cstrack_bench import console
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.evaluation.preprocessing import preprocess
from cstrack_bench.evaluation.scores import SequenceResult, check_results

#: The curves that trackeval's plot shows, in its order.
CURVES = ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA")


@dataclass(frozen=True)
class HotaCurves:
    """Scores of all sequences together at each threshold.

    Attributes:
        thresholds: 19 least overlaps of a match, 0.05 to 0.95.
        values: one of ``CURVES`` -> a percentage at each threshold.
    """

    thresholds: tuple[float, ...]
    values: dict[str, tuple[float, ...]]


def hota_curves(results: list[SequenceResult], rules: EvaluationRules) -> HotaCurves:
    """HOTA, detection, association and localisation accuracy over thresholds.

    Args:
        results: one for each sequence.
        rules: decide the preprocessing.

    Raises:
        InputError: no results, or results that do not fit the ground truth.
    """
    from trackeval.metrics import HOTA

    check_results(results)
    metric = HOTA()
    with console.progress() as bar:
        rows = {
            result.name: metric.eval_sequence(preprocess(result, rules))
            for result in bar.track(results, description="HOTA over thresholds")
        }
    found = metric.combine_sequences(rows)
    return HotaCurves(
        tuple(np.asarray(metric.array_labels, float).round(2).tolist()),
        {name: tuple((100.0 * found[name]).tolist()) for name in CURVES},
    )
