"""Seeds added row by row until every argued pair has a verdict, within a budget.

The numbers of seeds at which verdicts are looked at are fixed (``sequential``); between
them nothing is judged, so that stopping early costs no wrong verdicts. What is asked
for is written beside the runs (``DesignRecord``), because every later view of them has
to judge by the same levels.
"""

import collections.abc as abc
import time
from collections import defaultdict
from dataclasses import dataclass

from cstrack_bench.documents import write_document
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.plan import Plan, default_jobs
from cstrack_bench.experiments.plan import reproduce as measure
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.experiments.run import RunResult
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.paper.claims import load_table
from cstrack_bench.verdicts.design import DESIGN_FILE, Design, DesignRecord, read_design
from cstrack_bench.verdicts.directions import directions
from cstrack_bench.verdicts.pairs import recorded_cost
from cstrack_bench.verdicts.rules import Verdict
from cstrack_bench.verdicts.sequential import ANALYSES

#: Verdicts that more seeds may change.
OPEN = (Verdict.UNDECIDED, Verdict.NONE, Verdict.NOT_ATTEMPTED)


@dataclass(frozen=True)
class Series:
    """What came of adding seeds.

    Attributes:
        outcomes: for each plan its runs, by row and seed.
        analyses: seeds at which verdicts were looked at.
        undecided: argued comparisons that are left open.
        reason: why no more seeds were added, in a clause.
    """

    outcomes: list[list[RunResult]]
    analyses: tuple[int, ...]
    undecided: int
    reason: str


def until_decided(
    plans: abc.Sequence[Plan],
    workspace: Workspace,
    budget: float | None = None,
    jobs: int | None = None,
    on_result: abc.Callable[[RunResult], None] | None = None,
    remark: abc.Callable[[str], None] | None = None,
    clock: abc.Callable[[], float] = time.monotonic,
) -> Series:
    """Measure 5, 7, 10 and 15 seeds, from look to look of the rows still undecided.

    Args:
        plans: one a table, with its rows; their numbers of seeds do not matter.
        workspace: data, ledger and device.
        budget: seconds. A look that the measured times of these rows say would end
            later is not begun, and within a look no further seed is.
        jobs: runs at a time; by default ``experiments.plan.default_jobs``.
        on_result: called once for each run, whether measured now or before.
        remark: told what is done next.
        clock: seconds, of any origin.

    Returns:
        Every run that there is of these plans, and where the series ended.

    Raises:
        InputError: a table of which nothing is argued, or no argued pair of rows.
    """
    for plan in plans:
        _check_argued(plan)
    end = None if budget is None else clock() + budget
    jobs = jobs or default_jobs(workspace)
    say = remark or (lambda _: None)
    designs = [_design(plan, workspace) for plan in plans]
    found: list[dict[tuple[int, int], RunResult]] = [{} for _ in plans]
    done: list[int] = []
    reason = f"{ANALYSES[-1]} seeds are the most that are planned for"
    before = 0
    for seeds in ANALYSES:
        rows = [
            open_rows(plan, [one.record for one in own.values()], design)
            for plan, own, design in zip(plans, found, designs, strict=True)
        ]
        if not any(rows):
            reason = "every argued comparison has a verdict"
            break
        needed = _expected(plans, found, rows, seeds, workspace) / jobs
        if end is not None and clock() + needed > end:
            reason = (
                f"the look at {seeds} seeds needs about {needed / 60:.0f} min, more "
                "than the budget leaves"
            )
            break
        say(f"{seeds} seeds of {sum(map(len, rows))} rows, about {needed / 60:.0f} min")
        for count in range(before + 1, seeds + 1):
            if end is not None and clock() > end:
                break
            _measure(plans, rows, count, workspace, jobs, found, on_result)
        else:
            done.append(seeds)
            before = seeds
            continue
        reason = "the budget is spent"
        break
    outcomes = [[own[key] for key in sorted(own)] for own in found]
    undecided = sum(
        len(_open_comparisons(plan, [one.record for one in own], design))
        for plan, own, design in zip(plans, outcomes, designs, strict=True)
    )
    if not undecided:
        reason = "every argued comparison has a verdict"
    return Series(outcomes, tuple(done), undecided, reason)


def _check_argued(plan: Plan) -> None:
    table = plan.recipe.table
    if table != plan.recipe.paper_table:
        raise InputError(
            f"{table} is no table of the paper, so nothing is argued from its rows: "
            "give a number of --seeds."
        )
    if not open_rows(plan, [], Design()):
        listed = ", ".join(map(str, plan.rows))
        raise InputError(
            f"No two of the rows {listed} of {table} are a pair that the paper argues "
            "from: leave out --rows, or give a number of --seeds."
        )


def open_rows(
    plan: Plan, records: abc.Sequence[RunRecord], design: Design
) -> list[int]:
    """The rows of a plan whose argued pairs have no verdict yet, in its order.

    Args:
        plan: a table and the rows that may be run.
        records: what was measured of it.
        design: with the level of each look.
    """
    pairs = _open_comparisons(plan, records, design)
    wanted = {number for pair in pairs for number in pair}
    return [row for row in plan.rows if row in wanted]


def _open_comparisons(
    plan: Plan, records: abc.Sequence[RunRecord], design: Design
) -> list[tuple[int, int]]:
    """First and second row of each comparison that more seeds may decide."""
    rows: dict[int, list[RunRecord]] = defaultdict(list)
    for record in records:
        rows[record.run.row].append(record)
    paper = load_table(plan.recipe.paper_table)
    judged = directions(paper, rows, {}, design)
    here = set(plan.rows)
    found = []
    for one in judged:
        pair = one.argument.first, one.argument.second
        # A pair with both rows that is not attempted is one run under two names.
        lost = one.verdict is Verdict.NOT_ATTEMPTED and all(rows[row] for row in pair)
        if one.verdict in OPEN and not lost and one.repeats is None and here >= {*pair}:
            found.append(pair)
    return found


def _measure(
    plans: abc.Sequence[Plan],
    rows: abc.Sequence[abc.Sequence[int]],
    seeds: int,
    workspace: Workspace,
    jobs: int,
    found: list[dict[tuple[int, int], RunResult]],
    on_result: abc.Callable[[RunResult], None] | None,
) -> None:
    """Have so many seeds of some rows of each plan."""
    chosen = [plan.resized(own, seeds) for plan, own in zip(plans, rows, strict=True)]
    told = {_name(one) for own in found for one in own.values()}

    def tell(outcome: RunResult) -> None:
        if on_result is not None and _name(outcome) not in told:
            on_result(outcome)

    measured = measure(chosen, workspace, jobs=jobs, on_result=tell)
    for own, outcomes in zip(found, measured, strict=True):
        own |= {(one.run.row, one.run.seed): one for one in outcomes}


def _name(outcome: RunResult) -> tuple[str, int, int]:
    return outcome.run.table, outcome.run.row, outcome.run.seed


def _expected(
    plans: abc.Sequence[Plan],
    found: abc.Sequence[abc.Mapping[tuple[int, int], RunResult]],
    rows: abc.Sequence[abc.Sequence[int]],
    seeds: int,
    workspace: Workspace,
) -> float:
    """Seconds of the missing runs up to so many seeds, one after the other.

    Of a row without a run nothing is known: it counts as 0.
    """
    total = 0.0
    for plan, own, numbers in zip(plans, found, rows, strict=True):
        for run in plan.resized(numbers, seeds).runs:
            records = [one.record for (row, _), one in own.items() if row == run.row]
            if records and not workspace.ledger.path(run).is_file():
                cost = recorded_cost(records)
                total += cost.training + records[0].data.val.sequences * cost.tracking
    return total


def _design(plan: Plan, workspace: Workspace) -> Design:
    """Have the looks written beside the runs; the design with them."""
    folder = workspace.ledger.path(plan.runs[0]).parent.parent
    write_document(folder / DESIGN_FILE, DesignRecord(analyses=ANALYSES))
    return read_design(folder)
