"""Where two evaluators disagree, and why.

trackeval is the reference. It and motmetrics get the same boxes and the same overlap
matrices and differ by three definitions; a difference that none of them covers is
reported as unexplained, which is a bug in one of the three of us.
"""

from dataclasses import dataclass

from cstrack_bench.evaluation.scores import Evaluation, Scores

_CARRIED = (
    "motmetrics keeps a pair of boxes that was matched in any earlier frame, "
    "trackeval only a pair of the previous frame that had boxes on both sides"
)
_COVERED = (
    "a trajectory covered to exactly 80 % is mostly tracked in motmetrics (≥ 0.8), "
    "not in trackeval (> 0.8)"
)
_ABSENT = (
    "trackeval also counts a track going on after the ground truth itself was absent"
)
_UNEXPLAINED = "unexplained: both define it alike, so please report it"

#: Metric -> the definitions that bear on it and differ.
REASONS = {
    **dict.fromkeys(("MOTA", "TP", "FP", "FN", "IDSW", "ML"), _CARRIED),
    **dict.fromkeys(("MT", "PT"), f"{_COVERED}; {_CARRIED}"),
    "Frag": f"{_CARRIED}; {_ABSENT}",
}
# Percentages may differ in their last bits.
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Difference:
    """One score on which the evaluators disagree.

    Attributes:
        sequence: its name, or OVERALL.
        metric: such as IDSW.
        trackeval: the reference's value.
        motmetrics: the other's value.
        reason: the definitions that differ, or that none does.
    """

    sequence: str
    metric: str
    trackeval: float
    motmetrics: float
    reason: str

    @property
    def explained(self) -> bool:
        """Whether a definition that differs bears on it."""
        return self.reason != _UNEXPLAINED


def compare(trackeval: Evaluation, motmetrics: Evaluation) -> list[Difference]:
    """Every disagreement, the overall row first, then by sequence.

    Args:
        trackeval: the reference.
        motmetrics: the cross-check of the same results.
    """
    found = _differences("OVERALL", trackeval.overall, motmetrics.overall)
    for name, row in trackeval.sequences.items():
        found += _differences(name, row, motmetrics.sequences[name])
    return found


def _differences(name: str, ours: Scores, other: Scores) -> list[Difference]:
    # Another matching pairs boxes otherwise; it makes none and loses none.
    same_boxes = all(
        ours["TP"] + ours[rest] == other["TP"] + other[rest] for rest in ("FP", "FN")
    )
    return [
        Difference(
            name,
            key,
            ours[key],
            other[key],
            REASONS.get(key, _UNEXPLAINED) if same_boxes else _UNEXPLAINED,
        )
        for key in ours
        if key in other and abs(ours[key] - other[key]) > _TOLERANCE
    ]
