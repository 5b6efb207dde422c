"""Simulated rows with a known truth, to test intervals and verdicts on.

Two kinds. ``gaussian`` draws tables of seeds × sequences from the model that the
statistics assume. ``counted`` draws what trackers leave: sequences of unequal length,
skewed counts of misses, false boxes and switches, from which scores are computed as
from a run. The mixtures differ in how much of a cell's variance is the seed's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.verdicts.contributions import contributions
from cstrack_bench.verdicts.statistics import Components

Floats = NDArray[np.float64]

SEEDS = (2, 3, 5, 7)
SEQUENCES = (4, 8, 16, 32)
#: Variances of a cell: of the seed, the sequence, and the rest. Differences of two rows
#: of the twin's Table II (three seeds, four sequences) have about 0.10 : 0 : 1 for MOTA
#: and 0.15 : 0.37 : 1 for IDF1; small is a third of that, large three times.
MIXTURES = {
    "small": Components(0.05, 0.30, 1.0),
    "medium": Components(0.15, 0.30, 1.0),
    "large": Components(0.50, 0.30, 1.0),
}
#: MOTA of two rows of the twin, in squared points: pooled over its Tables II and III,
#: whose estimates of seed and sequence are about zero, with something for both.
TWIN = Components(0.6, 1.5, 19.0)


def gaussian(
    generator: np.random.Generator,
    trials: int,
    seeds: int,
    sequences: int,
    parts: Components,
) -> Floats:
    """Tables (trials, seeds, sequences) of differences around zero."""
    seed = generator.standard_normal((trials, seeds, 1)) * parts.seed**0.5
    sequence = generator.standard_normal((trials, 1, sequences)) * parts.sequence**0.5
    rest = generator.standard_normal((trials, seeds, sequences)) * parts.rest**0.5
    return seed + sequence + rest


@dataclass(frozen=True)
class Row:
    """A simulated row.

    Attributes:
        missed: logit of the share of boxes that are missed.
        false: false boxes a ground-truth box; switches: likewise.
    """

    missed: float = -0.3
    false: float = 0.06
    switches: float = 0.02


def counted(
    generator: np.random.Generator,
    trials: int,
    seeds: int,
    sequences: int,
    parts: Components,
    rows: tuple[Row, Row],
) -> tuple[Floats, Floats]:
    """Counts of two rows, (trials, seeds, sequences, 7) each, in the order of COUNTS.

    Lengths are log-normal: of eight sequences the longest is about four times the
    shortest. Sequences are hard or easy for both rows alike. What differs by seed and
    sequence is split as ``parts`` says, for misses, false boxes and switches each: a
    standard deviation of about two points of misses, a quarter of the false boxes and
    half of the switches, whose counts thus have a long tail.
    """
    shape = (trials, seeds, sequences)
    lengths = generator.lognormal(7.0, 0.45, (trials, 1, sequences)).round()
    hard = 0.35 * generator.standard_normal((trials, 1, sequences))
    scale = 1 / sum(parts) ** 0.5
    found = []
    for row in rows:
        own = [
            scale * gaussian(generator, trials, seeds, sequences, parts)
            for _ in range(3)
        ]
        share = 1 / (1 + np.exp(-(row.missed + hard + 0.08 * own[0])))
        misses = 1.0 * generator.binomial(lengths.astype(int), share)
        false = 1.0 * generator.poisson(row.false * lengths * np.exp(0.25 * own[1]))
        rate = row.switches * np.exp(0.5 * own[2])
        switches = 1.0 * generator.poisson(rate * lengths)
        matched = lengths - misses
        kept = np.floor(matched * np.clip(0.95 - 4 * rate, 0.2, 1.0))
        found.append(
            np.stack(
                [
                    np.broadcast_to(lengths, shape),
                    false,
                    misses,
                    switches,
                    kept,
                    matched + false - kept,
                    lengths - kept,
                ],
                axis=-1,
            )
        )
    return found[0], found[1]


def tables(pair: tuple[Floats, Floats], metric: str) -> Floats:
    """Tables (trials, seeds, sequences) of differences of simulated counts."""
    first, second = (contributions(counts, metric) for counts in pair)
    return first - second
