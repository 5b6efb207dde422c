"""The reference evaluator: HOTA, CLEAR and identity metrics of trackeval."""

import contextlib
import io

import numpy as np

from cstrack_bench import console
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.preprocessing import Prepared, preprocess
from cstrack_bench.evaluation.scores import (
    Evaluation,
    Scores,
    SequenceResult,
    check_results,
)

# trackeval keeps a count for each pair of identities at each of these thresholds.
_HOTA_THRESHOLDS = 19
# Its peak on MOT20 is under 2 GiB; more means a tracker that makes an id a box.
MEMORY_LIMIT = 6 * 2**30


def evaluate(results: list[SequenceResult], rules: EvaluationRules) -> Evaluation:
    """Score a tracker's results as the MOTChallenge server does.

    Args:
        results: one for each sequence; a table without rows scores 0.
        rules: decide the preprocessing.

    Returns:
        All of ``PERCENTAGES`` and ``COUNTS``; the overall row is computed from the
        counts summed over sequences.

    Raises:
        InputError: no results, results that do not fit the ground truth, or more
            identities than memory allows.
    """
    check_results(results)
    metrics = _metrics()
    raw: dict[str, Prepared] = {}
    with console.progress() as bar:
        for result in bar.track(results, description="evaluating"):
            data = preprocess(result, rules)
            _check_memory(result.name, data)
            raw[result.name] = {
                name: metric.eval_sequence(data) for name, metric in metrics.items()
            }
            raw[result.name]["IDs"] = data["num_gt_ids"]
    combined = {
        name: metric.combine_sequences({key: row[name] for key, row in raw.items()})
        for name, metric in metrics.items()
    }
    combined["IDs"] = sum(row["IDs"] for row in raw.values())
    return Evaluation(
        overall=_scores(combined),
        sequences={name: _scores(row) for name, row in raw.items()},
    )


def _metrics() -> Prepared:
    """trackeval's metrics by name, made without what they print."""
    from trackeval.metrics import CLEAR, HOTA, Identity

    quiet = {"THRESHOLD": 0.5, "PRINT_CONFIG": False}
    with contextlib.redirect_stdout(io.StringIO()):
        return {
            "HOTA": HOTA(),
            "CLEAR": CLEAR(dict(quiet)),
            "ID": Identity(dict(quiet)),
        }


def _check_memory(name: str, data: Prepared) -> None:
    """Stop before trackeval asks for more memory than a machine has."""
    truth, track = data["num_gt_ids"], data["num_tracker_ids"]
    needed = 8 * (_HOTA_THRESHOLDS * truth * track + 3 * (truth + track) ** 2)
    if needed > MEMORY_LIMIT:
        raise InputError(
            f"{name} has {track} predicted and {truth} true identities, for which "
            f"evaluation needs {needed / 2**30:.0f} GiB of memory; drop the tracks "
            "of a few frames from the result."
        )


def _scores(row: Prepared) -> Scores:
    """Our names for trackeval's fields."""
    hota, clear, identity = row["HOTA"], row["CLEAR"], row["ID"]
    # HOTA and its parts are means over the thresholds 0.05 … 0.95.
    percent: Scores = {
        name: 100.0 * float(np.mean(hota[name])) for name in ("HOTA", "DetA", "AssA")
    }
    percent["MOTA"] = 100.0 * float(clear["MOTA"])
    percent |= {name: 100.0 * float(identity[name]) for name in ("IDF1", "IDP", "IDR")}
    counts: Scores = {
        name: int(clear[name]) for name in ("MT", "PT", "ML", "IDSW", "Frag")
    }
    counts |= {name: int(clear[f"CLR_{name}"]) for name in ("FP", "FN", "TP")}
    counts |= {name: int(identity[name]) for name in ("IDTP", "IDFP", "IDFN")}
    counts["GT"] = counts["TP"] + counts["FN"]
    counts["IDs"] = int(row["IDs"])
    return {**percent, **counts}
