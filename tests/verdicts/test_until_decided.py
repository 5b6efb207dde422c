"""Seeds are added where verdicts are open, at the fixed looks, within the budget."""

import collections.abc as abc
from pathlib import Path

import pytest
import torch

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.plan import Plan, make_plan
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.experiments.run import RunResult
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.paper.claims import load_table
from cstrack_bench.report.tables import table_from
from cstrack_bench.report.views import find_tables
from cstrack_bench.verdicts import until_decided as module
from cstrack_bench.verdicts.design import DESIGN_FILE, read_design
from cstrack_bench.verdicts.rules import Verdict
from cstrack_bench.verdicts.until_decided import Series, until_decided
from tests.report.fakes import planted_records, write_fakes

#: Boxes missed of a thousand: ④ stands far above ⑤, ⑥ hardly below it.
MISSED = {4: 200.0, 5: 320.0, 6: 206.0}
SEQUENCES = 8


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(
        tmp_path / "data", Ledger(tmp_path / "results"), torch.device("cpu")
    )


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Row and seed of every run that is asked for and was not before, in order."""
    done: list[tuple[int, int]] = []
    known = {
        row: planted_records(row, m, 15, SEQUENCES, 20) for row, m in MISSED.items()
    }

    def measure(
        plans: abc.Sequence[Plan],
        workspace: Workspace,
        jobs: int,
        on_result: abc.Callable[[RunResult], None],
    ) -> list[list[RunResult]]:
        found = []
        for plan in plans:
            outcomes = []
            for run in plan.runs:
                key = run.row, run.seed
                result = RunResult(run, known[run.row][run.seed], key in done)
                if key not in done:
                    done.append(key)
                    write_fakes(workspace.ledger.root, [result.record])
                on_result(result)
                outcomes.append(result)
            found.append(outcomes)
        return found

    monkeypatch.setattr(module, "measure", measure)
    return done


def planted(row: int, seeds: int) -> list[RunRecord]:
    return planted_records(row, MISSED[row], seeds, SEQUENCES, 20)


def plan_of(workspace: Workspace, rows: abc.Iterable[int]) -> Plan:
    return make_plan("table2", workspace.data_root, "twin", rows)


def records_of(series: Series) -> list[RunRecord]:
    return [one.record for one in series.outcomes[0]]


def test_a_clear_difference_ends_at_the_first_look(
    workspace: Workspace, measured: list[tuple[int, int]]
) -> None:
    told: list[tuple[int, int]] = []
    series = until_decided(
        [plan_of(workspace, [4, 5])],
        workspace,
        on_result=lambda one: told.append((one.run.row, one.run.seed)),
    )
    assert series.reason == "every argued comparison has a verdict"
    assert (series.analyses, series.undecided) == ((5,), 0)
    assert sorted(measured) == [(row, seed) for row in (4, 5) for seed in range(5)]
    assert sorted(told) == sorted(measured), "each run is told once"


def test_only_rows_of_open_pairs_get_more_seeds(
    workspace: Workspace, measured: list[tuple[int, int]]
) -> None:
    series = until_decided([plan_of(workspace, [4, 5, 6])], workspace)
    seeds = {row: sum(one == row for one, _ in measured) for row in MISSED}
    # ④ − ⑤ has its verdict at five; ④ − ⑥ is followed to the end.
    assert seeds == {4: 15, 5: 5, 6: 15}
    assert series.analyses == (5, 7, 10, 15)
    assert "15 seeds are the most" in series.reason
    design = read_design(workspace.ledger.root / "twin" / "table2")
    table = table_from(records_of(series), load_table("table2"), design=design)
    verdicts = {(d.argument.second, d.seeds): d.verdict for d in table.directions}
    assert verdicts[5, 5] is Verdict.SAME
    assert series.undecided == sum(
        d.verdict is Verdict.UNDECIDED for d in table.directions
    )


def test_every_later_view_judges_by_the_looks(
    workspace: Workspace, measured: list[tuple[int, int]]
) -> None:
    series = until_decided([plan_of(workspace, [4, 5])], workspace)
    results = workspace.ledger.root
    write_fakes(results, records_of(series))
    assert (results / "twin" / "table2" / DESIGN_FILE).is_file()
    ((table, _),) = find_tables(results)
    assert table.directions[0].verdict is Verdict.SAME
    # A sixth seed stands between two looks: no verdict is due there.
    write_fakes(results, [planted(row, 6)[5] for row in (4, 5)])
    ((table, _),) = find_tables(results)
    assert table.directions[0].seeds == 6
    assert table.directions[0].verdict is Verdict.UNDECIDED
    assert "no verdict is due at 6 seeds" in table.directions[0].reason


def test_a_look_that_the_budget_cannot_pay_is_not_begun(
    workspace: Workspace, measured: list[tuple[int, int]]
) -> None:
    """A training of these runs takes 120 s and a bit for tracking."""
    series = until_decided(
        [plan_of(workspace, [4, 6])], workspace, 600.0, 1, clock=lambda: 0.0
    )
    assert series.analyses == (5, 7)
    assert max(seed for _, seed in measured) == 6
    assert "the look at 10 seeds needs about 12 min" in series.reason
    assert series.undecided > 0


def test_the_clock_ends_a_look_between_two_seeds(
    workspace: Workspace, measured: list[tuple[int, int]]
) -> None:
    def clock() -> float:
        return 100.0 * len({seed for _, seed in measured})

    plans = [plan_of(workspace, [4, 6])]
    series = until_decided(plans, workspace, 250.0, 1, clock=clock)
    assert (series.analyses, series.reason) == ((), "the budget is spent")
    assert max(seed for _, seed in measured) == 2
    # The same call with a larger budget goes on.
    again = until_decided([plan_of(workspace, [4, 6])], workspace, jobs=1)
    assert again.analyses == (5, 7, 10, 15)
    assert len(measured) == len(set(measured)) == 30


def test_rows_without_an_argued_pair_are_refused(
    workspace: Workspace, measured: list[tuple[int, int]]
) -> None:
    with pytest.raises(InputError, match=r"No two of the rows 5, 6 of table2"):
        until_decided([plan_of(workspace, [5, 6])], workspace)
    assert measured == []
    assert not workspace.ledger.root.exists()


def test_nothing_is_argued_from_a_recipe_of_ones_own(
    workspace: Workspace, tmp_path: Path
) -> None:
    recipe = "extends: table2\nrows:\n  7: {name: mine, model: {ren: full}}\n"
    (tmp_path / "mine.yaml").write_text(recipe, encoding="utf-8")
    plan = make_plan("mine", workspace.data_root, "twin", recipes=tmp_path)
    with pytest.raises(InputError, match="mine is no table of the paper"):
        until_decided([plan], workspace)


def test_seeds_that_are_there_cost_nothing(
    workspace: Workspace, measured: list[tuple[int, int]]
) -> None:
    """After an interruption the budget pays for what is missing alone."""
    there = [record for row in (4, 6) for record in planted(row, 7)]
    write_fakes(workspace.ledger.root, there)
    plans = [plan_of(workspace, [4, 6])]
    series = until_decided(plans, workspace, 1.0, 1, clock=lambda: 0.0)
    assert series.analyses == (5, 7)
    assert "the look at 10 seeds needs about 12 min" in series.reason


def test_another_design_is_refused(tmp_path: Path) -> None:
    path = tmp_path / DESIGN_FILE
    for text, said in (
        ('{"schema": 1, "analyses": [3, 4]}', "looks at other seeds than 5, 7, 10, 15"),
        ('{"schema": 1}', "not a table's design"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=said):
            read_design(tmp_path)
