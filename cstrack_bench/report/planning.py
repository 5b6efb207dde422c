"""What is known of every argued comparison, and what it takes to know more."""

import collections.abc as abc
from dataclasses import asdict, dataclass

from cstrack_bench.report.rows import Table
from cstrack_bench.verdicts.directions import Direction, lengths, requirement
from cstrack_bench.verdicts.rules import LEVEL


@dataclass(frozen=True)
class PlannedComparison:
    """One column of one argued pair.

    Attributes:
        table: its name; first, second: rows; metric: key of the score.
        printed: first − second in print.
        ours, low, high: the difference here with its 95 % interval; None: not known.
        verdict: a word of ``verdicts.Verdict``; reason: what belongs to it, or empty.
        seeds, sequences: that are there.
        detectable: the smallest effect that these show in 80 % of repetitions.
        seeds_needed, sequences_needed, minutes: that show the printed effect (at least
            the margin) in 80 % of repetitions, for this comparison alone; minutes
            beyond what is there. None: not known, or more than ``power.MOST_SEEDS``.
        seeds_corrected, sequences_corrected, minutes_corrected: the same at the level
            that Holm's rule asks of the strongest of the table's comparisons.
    """

    table: str
    first: int
    second: int
    metric: str
    printed: float
    ours: float | None
    low: float | None
    high: float | None
    verdict: str
    reason: str
    seeds: int
    sequences: int
    detectable: float | None
    seeds_needed: int | None
    sequences_needed: int | None
    minutes: float | None
    seeds_corrected: int | None
    sequences_corrected: int | None
    minutes_corrected: float | None

    def as_dict(self) -> dict[str, object]:
        """The fields, for JSON."""
        return asdict(self)


def plan(
    table: Table, sequences: abc.Sequence[int] | None = None
) -> list[PlannedComparison]:
    """Every argued comparison of a table.

    Args:
        table: with its runs.
        sequences: numbers of test sequences to choose from; by default the present one
            and, where sequences are made on the spot, its multiples.
    """
    family = max((direction.family for direction in table.directions), default=1)
    return [
        _planned(table, direction, sequences, LEVEL / max(1, family))
        for direction in table.directions
    ]


def _planned(
    table: Table,
    direction: Direction,
    sequences: abc.Sequence[int] | None,
    level: float,
) -> PlannedComparison:
    choice = sequences or lengths(direction, table.profile)
    alone = requirement(direction, choice)
    among = requirement(direction, choice, level)
    return PlannedComparison(
        table=table.paper.name,
        first=direction.argument.first,
        second=direction.argument.second,
        metric=direction.metric.key,
        printed=direction.printed,
        ours=direction.ours,
        low=direction.low,
        high=direction.high,
        verdict=str(direction.verdict),
        reason=direction.reason,
        seeds=direction.seeds,
        sequences=direction.sequences,
        detectable=direction.detectable,
        seeds_needed=alone.seeds if alone else None,
        sequences_needed=alone.sequences if alone else None,
        minutes=alone.minutes if alone else None,
        seeds_corrected=among.seeds if among else None,
        sequences_corrected=among.sequences if among else None,
        minutes_corrected=among.minutes if among else None,
    )
