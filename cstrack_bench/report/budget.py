"""What a budget of time buys: the same seeds and sequences for each argued row."""

import collections.abc as abc
import re
from dataclasses import dataclass

from cstrack_bench.errors import InputError
from cstrack_bench.report.rows import Row, Table
from cstrack_bench.verdicts.directions import Direction, lengths
from cstrack_bench.verdicts.pairs import recorded_cost
from cstrack_bench.verdicts.power import MOST_SEEDS, POWER, power
from cstrack_bench.verdicts.rules import LEVEL

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?")
#: A year: more is a slip of the hand.
_LONGEST = 365 * 24 * 60


@dataclass(frozen=True)
class Purchase:
    """Seeds that a budget pays for.

    Attributes:
        budget: minutes to spend.
        seeds: of every argued row, in all; sequences: measured on.
        minutes: that this takes beyond what is there.
        shown: comparisons whose printed effect such runs show in 80 % of repetitions.
        comparisons: of which the noise is known.
    """

    budget: float
    seeds: int
    sequences: int
    minutes: float
    shown: int
    comparisons: int


def parse_budget(text: str) -> float:
    """Minutes of ``3h``, ``90m`` or ``1h30m``.

    Raises:
        InputError: something else, nothing, or more than a year.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    minutes = 0.0
    if found is not None and any(found.groups()):
        minutes = 60 * float(found[1] or 0) + float(found[2] or 0)
    if not 0 < minutes <= _LONGEST:
        raise InputError(f"--budget takes a time such as 3h or 90m, not {text!r}.")
    return minutes


def purchase(
    table: Table,
    minutes: float,
    jobs: int = 1,
    sequences: abc.Sequence[int] | None = None,
) -> Purchase | None:
    """The seeds × sequences of the table's argued rows that a budget pays for.

    Of the numbers of test sequences that the profile can have, that with the most
    printed effects shown; then the one with more seeds.

    Args:
        table: with its runs.
        minutes: to spend.
        jobs: runs at a time, which share the time.
        sequences: numbers of test sequences to choose from; by default as in
            ``planning.plan``.

    Returns:
        None where no argued pair was run, so that no cost is known.
    """
    known = [one for one in table.directions if one.ours is not None]
    numbers = {n for one in known for n in (one.argument.first, one.argument.second)}
    if not numbers:
        return None
    rows = [row for row in table.rows if row.paper.number in numbers]
    judged = [one for one in known if one.parts is not None]
    usual = {count for one in known for count in lengths(one, table.profile)}
    found = []
    for count in sorted(sequences or usual):
        seeds, price = _most_seeds(rows, count, 60 * minutes * jobs)
        shown = sum(_shows(one, seeds, count) for one in judged)
        spent = price / 60 / jobs
        found.append(Purchase(minutes, seeds, count, spent, shown, len(judged)))
    return max(found, key=lambda one: (one.shown, one.seeds))


def _most_seeds(
    rows: abc.Iterable[Row], sequences: int, seconds: float
) -> tuple[int, float]:
    """Seeds of every row on so many sequences, and what those missing cost.

    Where not even the present seeds can be paid for on so many sequences: none.
    """
    costs = []
    for row in rows:
        cost = recorded_cost(row.records)
        there, measured = len(row.records), row.records[0].data.val.sequences
        spent = there * (cost.training + min(measured, sequences) * cost.tracking)
        costs.append((there, cost.training + sequences * cost.tracking, spent))

    def price(seeds: int) -> float:
        return sum(
            max(0.0, max(seeds, there) * each - spent) for there, each, spent in costs
        )

    if price(0) > seconds:
        return 0, 0.0
    seeds = next((n for n in range(MOST_SEEDS) if price(n + 1) > seconds), MOST_SEEDS)
    return seeds, price(seeds)


def _shows(direction: Direction, seeds: int, sequences: int) -> bool:
    """Whether such runs show the printed effect, were it the only comparison."""
    if direction.parts is None or not direction.target or min(seeds, sequences) < 2:
        return False
    found = power(direction.target, direction.parts, seeds, sequences, LEVEL)
    return found >= POWER
