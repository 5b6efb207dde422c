"""The section on learning curves: is each system's schedule at its end?"""

import collections.abc as abc

from cstrack_bench.report import words
from cstrack_bench.report.markdown import markdown_table
from cstrack_bench.report.words import MISSING
from cstrack_bench.verdicts.plateaus import FOLDER, LEAST_GAIN, CurveRecord


def curve_section(curves: abc.Sequence[CurveRecord]) -> list[str]:
    """What more epochs bring to each system; nothing without a curve.

    Args:
        curves: of one profile.
    """
    if not curves:
        return []
    head = ("system", "rows", "epochs", "score there", "twice as many gain", "so it is")
    first = curves[0]
    return [
        "## Is each schedule at its end?",
        "",
        "A rival is compared fairly when more training would not change it: twice the "
        f"epochs gain less than {LEAST_GAIN:g} point. Measured on `tune` "
        f"({first.sequences} sequences, {first.frames} frames), where no verdict is "
        "given (`scripts/learning_curves.py`). Rows of a system that is undertrained "
        "have no verdict; of systems without a curve nothing is known.",
        "",
        *markdown_table(head, [_row(curve) for curve in curves]),
        "",
        f"![Scores on tune over epochs]({FOLDER}/curves.svg)",
        "",
    ]


def _row(curve: CurveRecord) -> list[str]:
    score, gain = curve.mean(curve.epochs), curve.gain
    seeds = len({point.seed for point in curve.points if point.epochs == curve.epochs})
    state = MISSING
    if gain is not None:
        state = "at its plateau" if gain < LEAST_GAIN else "undertrained"
    value = MISSING if score is None else f"{curve.score} {words.number(score, 1)}"
    return [
        curve.name,
        str(len(curve.rows)),
        str(curve.epochs),
        f"{value} (n = {seeds})",
        MISSING if gain is None else words.signed(gain, 1),
        state,
    ]
