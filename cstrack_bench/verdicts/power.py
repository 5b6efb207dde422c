"""How small an effect runs can show, and how many runs show a given one.

Pure functions of variance components. An effect is detectable where it is told from
zero in 80 % of repetitions: alone, by its 95 % interval; in a table of M undecided
comparisons, at the level 5 % / M.
"""

import collections.abc as abc
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, stdtrit

from cstrack_bench.verdicts.rules import LEVEL
from cstrack_bench.verdicts.statistics import (
    Components,
    Floats,
    MeanSquares,
    error_of_mean,
    mean_squares,
)

POWER = 0.8
#: Fewer seeds than this are not planned for, nor more than that.
FEWEST_SEEDS = 3
MOST_SEEDS = 50
_DRAWS = 4000


@dataclass(frozen=True)
class Cost:
    """Measured seconds of a pair of rows.

    Attributes:
        training: of both rows' networks, one seed.
        tracking: of both rows on one sequence, one seed.
    """

    training: float
    tracking: float


@dataclass(frozen=True)
class Requirement:
    """What would show an effect.

    Attributes:
        seeds: of both rows, in all.
        sequences: measured on, in all.
        minutes: that this takes beyond what is there.
    """

    seeds: int
    sequences: int
    minutes: float


def pooled_components(rows: abc.Sequence[Floats]) -> Components | None:
    """Variances of the difference of two rows, from all rows of a table.

    Three seeds of one pair leave two degrees of freedom, too few to plan with; the rows
    of a table are small changes of one system and share their noise. Rows are trained
    independently, so that seed and rest count twice in a difference.

    Args:
        rows: (R, S) contributions of each row with two seeds or more; same S.

    Returns:
        The components, none below zero; None where nothing can be estimated.
    """
    usable = [row for row in rows if row.shape[0] > 1 and row.shape[1] > 1]
    if not usable:
        return None
    sequences = usable[0].shape[1]
    found = [mean_squares(row) for row in usable]
    rest = float(np.mean([one.rest for one in found]))
    seed = float(np.mean([one.seed for one in found]) - rest) / sequences
    interaction = 0.0
    if len(usable) > 1:
        # Rows × sequences: what the sequence adds to a difference of two rows.
        means = np.stack([row.mean(axis=0) for row in usable])  # (rows, S)
        between = float(mean_squares(means).rest)
        interaction = between - rest * float(np.mean([1 / len(row) for row in usable]))
    return Components(max(0.0, 2 * seed), max(0.0, 2 * interaction), 2 * rest)


def power(
    effect: float,
    parts: Components,
    seeds: int,
    sequences: int,
    level: float = LEVEL,
) -> float:
    """How often the interval leaves out zero on the side of the effect, or the other.

    The mean squares of independent normal effects are independent of the mean, with a
    χ² each; the average over a fixed set of draws of them is what trials would show.

    Args:
        effect: the true difference.
        parts: variances of a cell of the difference.
        seeds: two or more.
        sequences: two or more.
        level: of the two-sided test.

    Returns:
        A share of repetitions.
    """
    seed, sequence, rest = _draws(seeds, sequences)
    drawn = MeanSquares(
        (sequences * parts.seed + parts.rest) * seed,
        (seeds * parts.sequence + parts.rest) * sequence,
        parts.rest * rest,
        seeds,
        sequences,
    )
    true = parts.seed / seeds + parts.sequence / sequences
    true = (true + parts.rest / (seeds * sequences)) ** 0.5
    if true == 0:
        return float(effect != 0)
    variance, freedom, tail_freedom = error_of_mean(drawn)
    if level != LEVEL:  # as in verdicts.decide
        freedom = tail_freedom
    half = stdtrit(freedom, 1 - level / 2) * variance**0.5
    shown = ndtr((effect - half) / true) + ndtr((-effect - half) / true)
    return float(shown.mean())


@cache
def _draws(seeds: int, sequences: int) -> tuple[Floats, Floats, Floats]:
    """Mean squares of unit variance: of seeds, sequences and rest, (DRAWS,) each."""
    generator = np.random.default_rng(0)
    first, second = seeds - 1, sequences - 1
    seed, sequence, rest = (
        generator.chisquare(freedom, _DRAWS) / freedom
        for freedom in (first, second, first * second)
    )
    return seed, sequence, rest


def detectable_effect(
    parts: Components, seeds: int, sequences: int, level: float = LEVEL
) -> float:
    """The smallest difference that is shown in 80 % of repetitions.

    Args:
        parts: variances of a cell of the difference.
        seeds: two or more.
        sequences: two or more.
        level: of the two-sided test.

    Returns:
        In the unit of the score.
    """
    scale = sum(parts) ** 0.5
    if scale == 0:
        return 0.0

    def lacking(effect: float) -> float:
        return power(effect, parts, seeds, sequences, level) - POWER

    high = scale
    while lacking(high) < 0:
        high *= 2
    return float(brentq(lacking, 0.0, high, xtol=1e-3 * scale))


def seeds_needed(
    effect: float, parts: Components, sequences: int, level: float = LEVEL
) -> int | None:
    """Seeds that show an effect on so many sequences; None: more than ``MOST_SEEDS``.

    Args:
        effect: not zero, in the unit of the score.
        parts: variances of a cell of the difference.
        sequences: two or more.
        level: of the two-sided test.
    """
    counts = range(FEWEST_SEEDS, MOST_SEEDS + 1)
    lacking = bisect_left(
        counts, True, key=lambda n: power(effect, parts, n, sequences, level) >= POWER
    )
    return counts[lacking] if lacking < len(counts) else None


def cheapest(
    effect: float,
    parts: Components,
    have: tuple[int, int],
    sequences: abc.Iterable[int],
    cost: Cost,
    level: float = LEVEL,
) -> Requirement | None:
    """The seeds × sequences that show an effect in the least time.

    Args:
        effect: not zero, in the unit of the score.
        parts: variances of a cell of the difference.
        have: seeds and sequences that are there; these cost nothing.
        sequences: numbers of test sequences to choose from.
        cost: of the pair.
        level: of the two-sided test.

    Returns:
        None where no choice shows it with ``MOST_SEEDS`` seeds.
    """
    found = []
    for count in sequences:
        seeds = seeds_needed(effect, parts, count, level)
        if seeds is None:
            continue
        seeds = max(seeds, have[0])
        tracked = seeds * count - have[0] * min(count, have[1])
        seconds = (seeds - have[0]) * cost.training + tracked * cost.tracking
        found.append(Requirement(seeds, count, seconds / 60))
    return min(found, key=lambda one: (one.minutes, one.seeds), default=None)
