"""Verdicts by rule: which there are, their margins, and how evidence becomes one.

``docs/verdicts.md`` explains the rules and shows how often each errs.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cstrack_bench.verdicts.statistics import Difference, Floats, holm

#: Chance of a direction where there is none, over all comparisons of a table.
LEVEL = 0.05
#: Differences in points that are too small to matter, fixed before any run.
MARGIN_POINTS = {"MOTA": 1.0, "IDF1": 1.5, "IDP": 1.5, "IDR": 1.5}
#: The same for counts, as a share of the second row's count (or the printed one).
MARGIN_SHARES = {"IDSW": 0.15}
#: A row that finds fewer of the ground-truth boxes has no tracker that works.
LEAST_RECALL = 0.1


class Verdict(StrEnum):
    """What is said of an argued difference."""

    SAME = "same"
    OPPOSITE = "opposite"
    NEGLIGIBLE = "negligible"
    UNDECIDED = "undecided"
    NONE = "no verdict"
    FAILED = "failed"
    UNDERTRAINED = "undertrained"
    NOT_ATTEMPTED = "not attempted"


class PrintedVerdict(StrEnum):
    """What is said of a printed number."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    INCONCLUSIVE = "inconclusive"
    INCONSISTENT = "inconsistent in print"
    NOT_ATTEMPTED = "not attempted"


#: Codes of ``decide``: nothing shown; below zero; above; within the margin.
OPEN, BELOW, ABOVE, WITHIN = 0, -1, 1, 2


def margin_of(metric: str, reference: float) -> float | None:
    """How large a difference has to be to matter.

    Args:
        metric: key of a score.
        reference: the count that a share is taken of.

    Returns:
        Points or counts; None for a score that no margin was fixed for.
    """
    if metric in MARGIN_SHARES:
        return MARGIN_SHARES[metric] * abs(reference)
    return MARGIN_POINTS.get(metric)


def decide(
    found: Difference,
    margins: ArrayLike,
    level: ArrayLike = LEVEL,
    two_sided_margin: bool = False,
) -> NDArray[np.int8]:
    """What a family of differences shows, corrected for their number.

    Two families of tests, each under Holm: "there is no difference" and "the difference
    is as large as the margin". What lies within the margin is said to, even where its
    sign is certain: a difference too small to matter is not a direction.

    Args:
        found: differences (..., M), the family on the last axis.
        margins: (..., M).
        level: chance of an error in a family; smaller for each of several looks.
        two_sided_margin: an interval of 95 % rather than 90 % has to lie within the
            margin.

    Returns:
        (..., M) of ``OPEN``, ``BELOW``, ``ABOVE`` and ``WITHIN``.
    """
    # One comparison at the full level is judged by its interval.
    far = found.mean.shape[-1] > 1 or bool(np.any(np.asarray(level) != LEVEL))
    least = LEVEL / 2 if two_sided_margin else LEVEL
    within = holm(_at_level(found.p_margin(margins, far), level)) <= least
    differs = holm(_at_level(found.p_zero(far), level)) <= LEVEL
    sign = np.where(differs, np.sign(found.mean), OPEN)
    codes: NDArray[np.int8] = np.where(within, WITHIN, sign).astype(np.int8)
    return codes


def decide_printed(found: Difference, margins: ArrayLike) -> NDArray[np.int8]:
    """The same for our prediction minus print, where both decisions are final.

    A difference that is not zero is held against a reproduction only where its mean is
    larger than the margin. Otherwise more seeds could bring the same mean within the
    margin, and what was not reproduced would be.

    Args:
        found: differences (..., M), the family on the last axis.
        margins: (..., M).

    Returns:
        (..., M) of ``OPEN``, ``BELOW``, ``ABOVE`` and ``WITHIN``.
    """
    codes = decide(found, margins, two_sided_margin=True)
    small = (codes != WITHIN) & (np.abs(found.mean) <= margins)
    final: NDArray[np.int8] = np.where(small, OPEN, codes).astype(np.int8)
    return final


def _at_level(p_values: Floats, level: ArrayLike) -> Floats:
    """p-values to be held against ``LEVEL``: under half of it they count twice."""
    levels = np.broadcast_to(np.asarray(level, dtype=np.float64), p_values.shape)
    never = levels <= 0
    scaled = p_values * LEVEL / np.where(never, 1.0, levels)
    return np.where(never, 1.0, np.minimum(scaled, 1.0))


def direction_of(code: int, printed: float) -> Verdict:
    """A code of ``decide`` as a verdict about a printed difference."""
    if code == WITHIN:
        return Verdict.NEGLIGIBLE
    if code == OPEN or printed == 0:
        return Verdict.UNDECIDED
    return Verdict.SAME if (code == ABOVE) == (printed > 0) else Verdict.OPPOSITE
