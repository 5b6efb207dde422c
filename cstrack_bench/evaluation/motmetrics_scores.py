"""The cross-check: CLEAR and identity metrics of py-motmetrics.

It sees exactly the boxes that trackeval scores (one preprocessing, see
``preprocessing``), so whatever differs is a difference of definitions.
"""

import numpy as np

from cstrack_bench import console
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.evaluation.preprocessing import Prepared, preprocess
from cstrack_bench.evaluation.scores import (
    Evaluation,
    Scores,
    SequenceResult,
    check_results,
    ratios,
    sum_counts,
)

# motmetrics' names for our counts.
_COUNTS = {
    "MT": "mostly_tracked",
    "PT": "partially_tracked",
    "ML": "mostly_lost",
    "FP": "num_false_positives",
    "FN": "num_misses",
    "IDSW": "num_switches",
    "Frag": "num_fragmentations",
    "TP": "num_detections",
    "IDTP": "idtp",
    "IDFP": "idfp",
    "IDFN": "idfn",
    "GT": "num_objects",
    "IDs": "num_unique_objects",
}
_RATIOS = {"MOTA": "mota", "IDF1": "idf1", "IDP": "idp", "IDR": "idr"}


def evaluate(results: list[SequenceResult], rules: EvaluationRules) -> Evaluation:
    """Score a tracker's results; the same as trackeval's, without HOTA.

    Args:
        results: one for each sequence; a table without rows scores 0.
        rules: decide the preprocessing.

    Returns:
        MOTA, IDF1, IDP, IDR and ``COUNTS``; the overall row from summed counts.

    Raises:
        InputError: no results, or results that do not fit the ground truth.
    """
    check_results(results)
    rows: dict[str, Scores] = {}
    with console.progress() as bar:
        for result in bar.track(results, description="cross-checking"):
            rows[result.name] = _sequence(preprocess(result, rules))
    counts = sum_counts(rows.values())
    return Evaluation(overall={**ratios(counts), **counts}, sequences=rows)


def _sequence(data: Prepared) -> Scores:
    if not (data["num_gt_dets"] and data["num_tracker_dets"]):
        # motmetrics divides by both and has NaN for what is 0 by any definition.
        return _one_side(data)
    import motmetrics

    accumulator = motmetrics.MOTAccumulator()
    for frame, (truth, track, overlap) in enumerate(
        zip(
            data["gt_ids"],
            data["tracker_ids"],
            data["similarity_scores"],
            strict=True,
        )
    ):
        # The same threshold as trackeval's, rounding included.
        allowed = overlap >= 0.5 - np.finfo(float).eps
        distance = np.where(allowed, 1.0 - overlap, np.nan)
        accumulator.update(truth, track, distance, frameid=frame)
    host = motmetrics.metrics.create()
    names = [*_RATIOS.values(), *_COUNTS.values()]
    found = host.compute(accumulator, metrics=names, return_dataframe=False)
    scores: Scores = {
        ours: 100.0 * float(found[name]) for ours, name in _RATIOS.items()
    }
    return scores | {ours: int(found[name]) for ours, name in _COUNTS.items()}


def _one_side(data: Prepared) -> Scores:
    """The scores where there is no ground truth, or no result, or neither."""
    counts: Scores = dict.fromkeys(_COUNTS, 0)
    counts["GT"] = counts["FN"] = counts["IDFN"] = data["num_gt_dets"]
    counts["IDs"] = counts["ML"] = data["num_gt_ids"]
    counts["FP"] = counts["IDFP"] = data["num_tracker_dets"]
    zero: Scores = dict.fromkeys(_RATIOS, 0.0)
    return zero | counts
