"""How sure a number is: intervals over seeds and over sequences and time.

Two noises are kept apart. Training twice from another seed gives another model: the
Student interval over seeds. Filming another minute gives other frames: the bootstrap
over sequences and blocks of time, paired between two rows because both were measured
on the same frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.records import RunRecord

COUNTS = ("GT", "FP", "FN", "IDSW", "IDTP", "IDFP", "IDFN")
_RATIOS = ("MOTA", "IDF1", "IDP", "IDR")
CONFIDENCE = 0.95
DRAWS = 4000
# With five blocks or fewer even a difference of the same sign in each of them happens
# by chance more often than once in twenty (2 · 2⁻⁵ > 0.05): no interval is given.
FEWEST_BLOCKS = 6

Floats = NDArray[np.float64]


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


def over_seeds(values: Sequence[float]) -> Estimate:
    """Mean and 95 % interval over seeds.

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
    return Estimate(mean, float(_quantile(n)) * error, n)


def _quantile(n: int) -> float:
    """Student's 97.5 % quantile for n values."""
    return float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2))


@dataclass(frozen=True)
class Blocks:
    """Summable counts of one row: which frames, and what was counted there.

    Attributes:
        places: (sequence, start, stop) of each block.
        counts: (seeds, blocks, 7) in the order of ``COUNTS``.
    """

    places: tuple[tuple[str, int, int], ...]
    counts: Floats

    def __len__(self) -> int:
        return len(self.places)


def stack_blocks(records: Sequence[RunRecord]) -> Blocks:
    """The blocks of one row's runs, one layer a seed.

    Args:
        records: ledger records of the seeds of one row, each with ``blocks``.

    Raises:
        InputError: the seeds were measured on different frames.
    """
    layers = []
    places: tuple[tuple[str, int, int], ...] | None = None
    for record in records:
        blocks = sorted(record.blocks, key=lambda b: (b.sequence, b.start, b.stop))
        here = tuple((b.sequence, b.start, b.stop) for b in blocks)
        if places is not None and here != places:
            raise InputError(
                f"The seeds of {record.run.table} row {record.run.row} were measured "
                "on different frames: run them again with --fresh."
            )
        places = here
        layers.append([[float(getattr(b, name)) for name in COUNTS] for b in blocks])
    counts = np.array(layers, dtype=np.float64).reshape(len(layers), -1, len(COUNTS))
    return Blocks(places or (), counts)


def follows(metric: str) -> bool:
    """Whether a score follows from summed counts, so that it has a bootstrap."""
    return metric in _RATIOS or metric in COUNTS


def score(counts: Floats, metric: str) -> Floats:
    """A percentage or a count of summed counts.

    Args:
        counts: (..., 7) in the order of ``COUNTS``.
        metric: MOTA, IDF1, IDP, IDR or one of ``COUNTS``.

    Raises:
        ValueError: another metric, which does not follow from these counts.
    """
    named = {name: counts[..., i] for i, name in enumerate(COUNTS)}
    if metric == "MOTA":
        wrong = named["FP"] + named["FN"] + named["IDSW"]
        return 100.0 * (1.0 - wrong / np.maximum(named["GT"], 1.0))
    if metric == "IDF1":
        both = 2.0 * named["IDTP"]
        return 100.0 * both / np.maximum(both + named["IDFP"] + named["IDFN"], 1.0)
    if metric in ("IDP", "IDR"):
        rest = named["IDFP" if metric == "IDP" else "IDFN"]
        return 100.0 * named["IDTP"] / np.maximum(named["IDTP"] + rest, 1.0)
    if metric in COUNTS:
        return named[metric]
    raise ValueError(f"{metric} does not follow from summed counts")


def _weights(
    places: Sequence[tuple[str, int, int]], generator: np.random.Generator
) -> Floats:
    """How often each block is drawn, (draws, blocks).

    Sequences are drawn first, then blocks within each drawn sequence: blocks of one
    sequence share camera and people and are not independent.
    """
    names = sorted({place[0] for place in places})
    members = [np.flatnonzero([place[0] == name for place in places]) for name in names]
    weights = np.zeros((DRAWS, len(places)))
    picks = generator.multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=DRAWS
    )
    for column, inside in enumerate(members):
        size = len(inside)
        # A sequence drawn k times gives k times its number of blocks.
        weights[:, inside] = generator.multinomial(
            picks[:, column] * size, np.full(size, 1 / size)
        )
    return weights


def _resampled(blocks: Blocks, metric: str, weights: Floats) -> Floats:
    """The metric, a mean over seeds, in each draw: (draws,)."""
    # (draws, blocks) x (seeds, blocks, 7) -> (draws, seeds, 7)
    sums = np.einsum("db,sbc->dsc", weights, blocks.counts)
    values = score(sums, metric)
    if metric in COUNTS:
        # A count grows with what was drawn: bring each draw to the same ground truth.
        truth = blocks.counts[..., COUNTS.index("GT")].sum(axis=1)
        drawn = sums[..., COUNTS.index("GT")]
        values = values * truth / np.maximum(drawn, 1.0)
    return values.mean(axis=1)


def _bounds(draws: Floats) -> tuple[float, float]:
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(draws, [tail, 100 - tail])
    return float(low), float(high)


def interval_over_time(
    blocks: Blocks, metric: str, seed: int = 0
) -> tuple[float, float] | None:
    """95 % bootstrap interval of one row's metric over sequences and time blocks.

    Args:
        blocks: the row's counts.
        metric: a score that ``follows`` from the counts.
        seed: of the draws; the same seed gives the same interval.

    Returns:
        Low and high, or None with fewer than six blocks.
    """
    if len(blocks) < FEWEST_BLOCKS:
        return None
    weights = _weights(blocks.places, np.random.default_rng(seed))
    return _bounds(_resampled(blocks, metric, weights))


def interval_of_difference(
    first: Blocks,
    second: Blocks,
    metric: str,
    seed_differences: Sequence[float],
    seed: int = 0,
) -> tuple[float, float] | None:
    """95 % interval of ``first − second``, paired over sequences and time blocks.

    With two seeds or more, a Student draw with the spread of the differences between
    seeds is added to each bootstrap draw, so that both noises are in the interval.

    Args:
        first: counts of one row.
        second: counts of the other, on the same frames.
        metric: a score that ``follows`` from the counts.
        seed_differences: the difference for each seed that both rows have.
        seed: of the draws.

    Returns:
        Low and high, or None with fewer than six blocks.

    Raises:
        InputError: the rows were measured on different frames.
    """
    if first.places != second.places:
        raise InputError(
            "The two rows were measured on different frames, so their difference "
            "means nothing: run both again with the same split."
        )
    if len(first) < FEWEST_BLOCKS:
        return None
    generator = np.random.default_rng(seed)
    weights = _weights(first.places, generator)
    draws = _resampled(first, metric, weights) - _resampled(second, metric, weights)
    n = len(seed_differences)
    if n > 1:
        error = float(np.std(seed_differences, ddof=1)) / n**0.5
        draws = draws + error * generator.standard_t(n - 1, size=DRAWS)
    return _bounds(draws)
