"""Intervals and p-values from seeds × sequences, on plain arrays.

Every row is trained with several seeds and measured on several sequences. Both are
samples: another seed gives another network, another sequence other people. The
difference of two rows is a table of seeds × sequences with a crossed random model,

    difference(r, s) = mean + seed(r) + sequence(s) + rest(r, s),

whose mean has the variance σ²(seed)/R + σ²(sequence)/S + σ²(rest)/(R·S). It is
estimated from mean squares, with Satterthwaite's degrees of freedom (Satterthwaite
1946; Searle, Casella and McCulloch, *Variance Components*, 1992, section 5.3).
``docs/verdicts.md`` explains it with an example and shows the measured coverage.

Arrays may have leading axes (trials of a simulation); seeds and sequences are the last
two. Nothing here knows records or tables of the paper.
"""

import collections.abc as abc
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Attributes:
        mean: the mean.
        half_width: of the 95 % Student interval; None with one seed.
        n: number of seeds.
    """

    mean: float
    half_width: float | None
    n: int


def over_seeds(values: abc.Sequence[float]) -> Estimate:
    """Mean and 95 % Student interval over seeds, on the sequences as they are.

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("a mean over seeds needs at least one value")
    n = len(values)
    mean = float(np.mean(values))
    if n == 1:
        return Estimate(mean, None, 1)
    error = float(np.std(values, ddof=1)) / n**0.5
    return Estimate(mean, float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2)) * error, n)


class MeanSquares(NamedTuple):
    """The two-way analysis of variance of tables of seeds × sequences.

    Attributes:
        seed: mean squares between seeds, R − 1 degrees of freedom.
        sequence: between sequences, S − 1.
        rest: what neither explains, (R − 1)(S − 1).
        seeds: R.
        sequences: S.
    """

    seed: Floats
    sequence: Floats
    rest: Floats
    seeds: int
    sequences: int


class Components(NamedTuple):
    """Variances of one cell of a table of seeds × sequences, in squared points."""

    seed: float
    sequence: float
    rest: float


def mean_squares(table: Floats) -> MeanSquares:
    """Mean squares of tables.

    Args:
        table: (..., R, S).

    Raises:
        ValueError: one seed or one sequence, which has no spread.
    """
    *_, seeds, sequences = table.shape
    if seeds < 2 or sequences < 2:
        raise ValueError("an analysis of variance needs two seeds and two sequences")
    mean = table.mean(axis=(-2, -1), keepdims=True)
    by_seed = table.mean(axis=-1, keepdims=True) - mean  # (..., R, 1)
    by_sequence = table.mean(axis=-2, keepdims=True) - mean  # (..., 1, S)
    rest = table - mean - by_seed - by_sequence  # (..., R, S)

    def squares(part: Floats) -> Floats:
        return np.asarray((part**2).sum(axis=(-2, -1)))

    return MeanSquares(
        sequences * squares(by_seed) / (seeds - 1),
        seeds * squares(by_sequence) / (sequences - 1),
        squares(rest) / ((seeds - 1) * (sequences - 1)),
        seeds,
        sequences,
    )


class Error(NamedTuple):
    """How sure the mean of a table is.

    Attributes:
        variance: of the mean.
        freedom: degrees of freedom for the 95 % interval.
        tail_freedom: fewer, for p-values far below 5 %.
    """

    variance: Floats
    freedom: Floats
    tail_freedom: Floats


def error_of_mean(found: MeanSquares) -> Error:
    """Estimated variance of a table's mean, and its degrees of freedom.

    Expected are MS(seed) = S·σ²(seed) + σ²(rest), MS(sequence) = R·σ²(sequence) +
    σ²(rest), MS(rest) = σ²(rest), so (MS(seed) + MS(sequence) − MS(rest)) / (R·S) is
    the variance of the mean. A factor whose mean square is below the residual one
    (a negative component) is taken to add nothing: its sum of squares joins the
    residual ones, first the seeds', then the sequences'.

    That a factor is absent by luck makes 95 % intervals a little too narrow, and levels
    of a tenth of a percent far too easy to reach. Tail p-values therefore have the
    degrees of freedom of the factor with the fewest, whatever the mean squares are.

    Args:
        found: of ``mean_squares``.

    Returns:
        Arrays of the shape of the mean squares.
    """
    freedom = found.seeds - 1, found.sequences - 1
    pooled_freedom = np.full_like(found.rest, freedom[0] * freedom[1])
    pooled = found.rest * pooled_freedom
    rest = found.rest
    absent = []
    for square, own in zip((found.seed, found.sequence), freedom, strict=True):
        below = square <= rest
        pooled = pooled + np.where(below, own * square, 0.0)
        pooled_freedom = pooled_freedom + np.where(below, own, 0)
        rest = pooled / pooled_freedom
        absent.append(below)
    seed = np.where(absent[0], rest, found.seed)
    sequence = np.where(absent[1], rest, found.sequence)
    total = seed + sequence - rest
    degrees = _satterthwaite(
        total,
        (np.where(absent[0], 0.0, seed), _worth(freedom[0])),
        (np.where(absent[1], 0.0, sequence), _worth(freedom[1])),
        (rest, _worth(pooled_freedom)),
    )
    if found.seeds == 2:
        agree = found.seed < two_seeds_agree(found.sequences) * found.rest
        degrees = np.where(agree, degrees, 1.0)
    fewest = np.full_like(degrees, min(freedom))
    return Error(total / (found.seeds * found.sequences), degrees, fewest)


def two_seeds_agree(sequences: int) -> float:
    """Share of the residual mean square below which that of two seeds is believed.

    It has one degree of freedom and is near zero by chance too often; where it is not
    believed, the interval has one degree of freedom as well. Seed noise weighs the more
    the more sequences there are, so the share falls with them. Chosen by simulation of
    4 to 64 sequences, where the interval then holds 93 to 98 % (docs/verdicts.md).
    """
    return min(0.9, 0.25 + 40 / sequences**2)


def _satterthwaite(total: Floats, *squares: tuple[Floats, Floats]) -> Floats:
    """Degrees of freedom of a sum of mean squares, each with its own."""
    uncertainty = sum((square**2 / own for square, own in squares), np.zeros(()))
    exact = uncertainty == 0  # a table without any spread
    return np.where(exact, 1.0, total**2 / np.where(exact, 1.0, uncertainty))


def _worth(freedom: ArrayLike) -> Floats:
    """Degrees of freedom as they count in Satterthwaite's formula.

    The formula puts estimates where true values belong. A mean square of few degrees
    is often small by luck, and the interval then far too narrow; taking a little off
    its degrees evens that out (chosen by simulation: docs/verdicts.md).
    """
    degrees = np.asarray(freedom, dtype=np.float64)
    return degrees / (1 + 1 / (2 * degrees))


@dataclass(frozen=True)
class Difference:
    """An estimated difference with its standard error.

    Attributes:
        mean: the estimate.
        error: its standard error.
        freedom: degrees of freedom of the error.
        tail_freedom: the same for p-values far below 5 % (``error_of_mean``).
    """

    mean: Floats
    error: Floats
    freedom: Floats
    tail_freedom: Floats

    @staticmethod
    def family(members: abc.Sequence["Difference"]) -> "Difference":
        """Several as one, on a new last axis."""
        return Difference(
            np.stack([one.mean for one in members], axis=-1),
            np.stack([one.error for one in members], axis=-1),
            np.stack([one.freedom for one in members], axis=-1),
            np.stack([one.tail_freedom for one in members], axis=-1),
        )

    def interval(self, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
        """Lower and upper end of the Student interval."""
        half = stdtrit(self.freedom, 0.5 + confidence / 2) * self.error
        return self.mean - half, self.mean + half

    def p_zero(self, far: bool = False) -> Floats:
        """Two-sided p-value of "there is no difference".

        Args:
            far: it will be held against levels far below 5 %.
        """
        return 2 * self._tail(np.abs(self.mean), far)

    def p_margin(self, margin: ArrayLike, far: bool = False) -> Floats:
        """p-value of "the difference is as large as the margin, or larger".

        Two one-sided tests (Schuirmann 1987): it is at most 5 % where the 90 % interval
        lies within ± margin.

        Args:
            margin: not negative, of the shape of the mean.
            far: as in ``p_zero``.
        """
        return self._tail(np.asarray(margin) - np.abs(self.mean), far)

    def _tail(self, distance: Floats, far: bool) -> Floats:
        """P(Student's t > distance / error); without error a certainty."""
        exact = self.error == 0
        ratio = distance / np.where(exact, 1.0, self.error)
        certain = np.where(distance > 0, 0.0, np.where(distance < 0, 1.0, 0.5))
        freedom = self.tail_freedom if far else self.freedom
        return np.where(exact, certain, stdtr(freedom, -ratio))


def crossed_difference(table: Floats) -> Difference:
    """The mean of tables of seeds × sequences, as one sample of both.

    Args:
        table: (..., R, S), what each seed and sequence contributes to the difference.

    Raises:
        ValueError: one seed or one sequence.
    """
    variance, freedom, tail_freedom = error_of_mean(mean_squares(table))
    mean = np.asarray(table.mean(axis=(-2, -1)))
    return Difference(mean, np.sqrt(variance), freedom, tail_freedom)


def predicted_difference(values: Floats, printed: ArrayLike) -> Difference:
    """Ours less a printed number that is itself one draw, of one seed.

    On the same sequences only the seed differs; the spread of one further draw around
    the mean of R is s·√(1 + 1/R) with R − 1 degrees of freedom (the prediction
    interval).

    Args:
        values: (..., R) of our seeds.
        printed: the printed number.

    Raises:
        ValueError: one seed.
    """
    seeds = values.shape[-1]
    if seeds < 2:
        raise ValueError("a prediction needs two seeds")
    error = np.asarray(values.std(axis=-1, ddof=1)) * (1 + 1 / seeds) ** 0.5
    mean = np.asarray(values.mean(axis=-1) - printed)
    freedom = np.full_like(mean, seeds - 1)
    return Difference(mean, error, freedom, freedom)


def holm(p_values: Floats) -> Floats:
    """p-values corrected for their number (Holm 1979).

    Args:
        p_values: (..., M) of a family of M tests.

    Returns:
        (..., M); rejecting those of at most 5 % rejects a true hypothesis in at most
        5 % of families.
    """
    order = np.argsort(p_values, axis=-1)
    ranked = np.take_along_axis(p_values, order, axis=-1)
    count = p_values.shape[-1]
    stepped = np.maximum.accumulate(ranked * np.arange(count, 0, -1), axis=-1)
    corrected = np.empty_like(stepped)
    np.put_along_axis(corrected, order, np.minimum(stepped, 1.0), axis=-1)
    return corrected
