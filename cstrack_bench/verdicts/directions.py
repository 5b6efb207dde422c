"""Argued comparisons: the difference of two rows in print and here, and its verdict."""

import collections.abc as abc
from dataclasses import dataclass, replace

from cstrack_bench.paper.claims import Argument, Metric, PaperTable
from cstrack_bench.verdicts.contributions import contributions, counts_by_sequence
from cstrack_bench.verdicts.design import Design, Reasons
from cstrack_bench.verdicts.pairs import Pair, Rows, find_pair, unfit
from cstrack_bench.verdicts.power import (
    POWER,
    Components,
    Cost,
    Requirement,
    cheapest,
    detectable_effect,
    pooled_components,
    power,
)
from cstrack_bench.verdicts.rules import (
    LEVEL,
    MARGIN_SHARES,
    OPEN,
    Verdict,
    decide,
    direction_of,
    margin_of,
)
from cstrack_bench.verdicts.statistics import Difference, crossed_difference

#: The columns that the text argues from; each follows from summed counts. An argument
#: is judged in those that its own sentence speaks of.
ARGUED = ("MOTA", "IDF1", "IDSW")
#: How many times longer a test may be made; only where sequences are made on the spot.
LENGTHENED = {"twin": (1, 2, 4, 8), "smoke": (1, 2, 4, 8)}


@dataclass(frozen=True)
class Direction:
    """One comparison the paper argues from, in print and here.

    Attributes:
        argument: which rows, and why.
        metric: the column.
        printed: first − second in print.
        verdict: what is said of it.
        reason: why there is no plain verdict; else empty.
        ours: the mean difference over the seeds that both rows have; None without both
            rows.
        low: lower end of its 95 % interval, as if it were the only comparison; None
            with one seed or one sequence.
        high: upper end.
        seeds: how many seeds both rows have.
        sequences: how many were measured.
        margin: a smaller difference is negligible.
        target: the size of the printed difference in our unit, at least the margin:
            what runs are planned for.
        family: for how many comparisons of the table the verdict is corrected.
        repeats: an earlier argument over the same runs, with the same verdict.
        parts: variances of the difference; None where they cannot be estimated.
        detectable: the smallest effect that such runs show in 80 % of repetitions.
        cost: of one seed of both rows.
        need: what would decide an undecided one beside the others that are undecided;
            None: nothing affordable.
    """

    argument: Argument
    metric: Metric
    printed: float
    verdict: Verdict
    reason: str = ""
    ours: float | None = None
    low: float | None = None
    high: float | None = None
    seeds: int = 0
    sequences: int = 0
    margin: float | None = None
    target: float | None = None
    family: int = 0
    repeats: Argument | None = None
    parts: Components | None = None
    detectable: float | None = None
    cost: Cost | None = None
    need: Requirement | None = None


@dataclass(frozen=True)
class _Question:
    """One column of one argued pair."""

    pair: Pair
    metric: Metric
    printed: float
    second_printed: float

    @property
    def key(self) -> tuple[tuple[str, ...], str]:
        """The same for the same runs and column."""
        return self.pair.runs, self.metric.key

    @property
    def margin(self) -> float:
        """Of the column, in our unit."""
        key = self.metric.key
        return margin_of(key, self.pair.reference(key)) or 0.0

    @property
    def target(self) -> float:
        """The printed effect in our unit, at least the margin."""
        size = abs(self.printed)
        if self.metric.key in MARGIN_SHARES:  # counts of a test of another length
            reference = self.pair.reference(self.metric.key)
            size *= reference / max(self.second_printed, 1.0)
        return max(size, self.margin)

    @property
    def found(self) -> Difference | None:
        """The estimate with its error; None with one seed or one sequence."""
        if min(self.pair.seeds, self.pair.sequences) < 2:
            return None
        return crossed_difference(self.pair.table(self.metric.key))


def directions(
    paper: PaperTable,
    rows: Rows,
    reasons: Reasons,
    design: Design | None = None,
) -> tuple[Direction, ...]:
    """Every argued comparison in every column that its sentence speaks of.

    Args:
        paper: the printed table.
        rows: row number -> its runs, one a seed; rows without runs are absent.
        reasons: row number -> why it has no runs.
        design: which rows no verdict leans on, and the level of verdicts.

    Raises:
        InputError: two rows may not be compared.
    """
    design = design or Design()
    undertrained = design.undertrained
    plain: list[Direction | _Question] = []
    for argument in paper.arguments:
        pair = find_pair(argument, rows, reasons)
        for metric in paper.metrics:
            claims = [
                paper.row(number).claims.get(metric.key)
                for number in (argument.first, argument.second)
            ]
            spoken_of = metric.key in (argument.metrics or ARGUED)
            if metric.key not in ARGUED or not spoken_of or None in claims:
                continue
            assert claims[0] is not None
            assert claims[1] is not None
            printed = round(claims[0].value - claims[1].value, metric.decimals)
            if isinstance(pair, str):
                plain.append(
                    Direction(argument, metric, printed, Verdict.NOT_ATTEMPTED, pair)
                )
            else:
                plain.append(_Question(pair, metric, printed, claims[1].value))
    questions = [one for one in plain if isinstance(one, _Question)]
    excluded = {one.key: _excluded(one.pair, undertrained) for one in questions}
    codes = _codes([one for one in questions if excluded[one.key] is None], design)
    undecided = sum(code == OPEN for code in codes.values())
    parts = _components(paper, rows, undertrained)
    asked: dict[tuple[tuple[str, ...], str], Argument] = {}
    found = []
    for one in plain:
        if isinstance(one, Direction):
            found.append(one)
            continue
        group = paper.row(one.pair.argument.first).group
        direction = _direction(one, parts[group, one.metric.key], len(codes))
        level = design.level(direction.seeds)
        direction = _judged(direction, excluded[one.key], codes.get(one.key), level)
        earlier = asked.setdefault(one.key, one.pair.argument)
        if earlier != one.pair.argument:
            direction = replace(direction, repeats=earlier)
        profile = one.pair.first[0].run.profile
        found.append(_planned(direction, profile, LEVEL / max(1, undecided)))
    return tuple(found)


def _excluded(pair: Pair, undertrained: Reasons) -> tuple[Verdict, str] | None:
    """Why no verdict may lean on a pair; that a row failed goes first."""
    sides = ((pair.argument.first, pair.first), (pair.argument.second, pair.second))
    found = [
        reason
        for number, records in sides
        if (reason := unfit(number, records, undertrained)) is not None
    ]
    return min(found, key=lambda one: one[0] is not Verdict.FAILED, default=None)


def _codes(
    questions: abc.Iterable[_Question], design: Design
) -> dict[tuple[tuple[str, ...], str], int]:
    """What the family of distinct comparisons shows."""
    distinct = {one.key: one for one in questions}
    family = {key: found for key, one in distinct.items() if (found := one.found)}
    if not family:
        return {}
    margins = [distinct[key].margin for key in family]
    levels = [design.level(distinct[key].pair.seeds) for key in family]
    codes = decide(Difference.family(list(family.values())), margins, levels)
    return {key: int(code) for key, code in zip(family, codes, strict=True)}


def _components(
    paper: PaperTable, rows: Rows, undertrained: Reasons
) -> dict[tuple[str, str], Components | None]:
    """(print group, column) -> variances of a difference, from the rows that work."""
    found = {}
    for group in paper.groups:
        counts = [
            counts_by_sequence(records)
            for number, records in rows.items()
            if records
            and paper.row(number).group == group
            and unfit(number, records, undertrained) is None
        ]
        for key in ARGUED:
            tables = [contributions(c, key) for c in counts if min(c.shape[:2]) > 1]
            found[group, key] = pooled_components(tables)
    return found


def _direction(question: _Question, parts: Components | None, family: int) -> Direction:
    """The numbers of a comparison, not yet judged."""
    pair, found = question.pair, question.found
    low = high = detectable = None
    if found is not None:
        low, high = map(float, found.interval())
        if parts is not None:
            detectable = detectable_effect(parts, pair.seeds, pair.sequences)
    return Direction(
        pair.argument,
        question.metric,
        question.printed,
        Verdict.NONE,
        ours=pair.difference(question.metric.key),
        low=low,
        high=high,
        seeds=pair.seeds,
        sequences=pair.sequences,
        margin=question.margin,
        target=question.target,
        family=family,
        parts=parts,
        detectable=detectable,
        cost=pair.cost,
    )


def _judged(
    direction: Direction,
    excluded: tuple[Verdict, str] | None,
    code: int | None,
    level: float,
) -> Direction:
    if excluded is not None:
        verdict, reason = excluded
        return replace(direction, verdict=verdict, reason=reason, family=0)
    if code is None:
        reason = "one seed" if direction.seeds == 1 else "one sequence"
        return replace(direction, reason=reason, family=0)
    verdict = direction_of(code, direction.printed)
    reason = ""
    if level == 0:
        reason = f"no verdict is due at {direction.seeds} seeds, between two looks"
    if verdict is Verdict.UNDECIDED and code != OPEN:
        reason = "print has no direction"
    return replace(direction, verdict=verdict, reason=reason)


def _planned(direction: Direction, profile: str, level: float) -> Direction:
    """With what would decide it, where it is undecided."""
    if direction.verdict is not Verdict.UNDECIDED:
        return direction
    need = requirement(direction, lengths(direction, profile), level)
    return replace(direction, need=need)


def lengths(direction: Direction, profile: str) -> list[int]:
    """Numbers of test sequences that the profile can have."""
    times = LENGTHENED.get(profile, (1,))
    return [direction.sequences * factor for factor in times if direction.sequences]


def requirement(
    direction: Direction, sequences: abc.Iterable[int], level: float = LEVEL
) -> Requirement | None:
    """The seeds × sequences that show the printed effect in the least time.

    Where the present runs would have shown that already, the effect is the margin:
    what tells a difference that matters from a negligible one.

    Args:
        direction: with both rows.
        sequences: numbers of test sequences to choose from.
        level: of the test: ``LEVEL`` for the comparison alone, less among many.

    Returns:
        None without an estimate of the noise, or where too many seeds are needed.
    """
    if not direction.parts or not direction.cost or not direction.target:
        return None
    effect, have = direction.target, (direction.seeds, direction.sequences)
    if direction.margin and min(have) > 1:
        shown = power(effect, direction.parts, *have, level) >= POWER
        effect = direction.margin if shown else effect
    return cheapest(effect, direction.parts, have, sequences, direction.cost, level)
