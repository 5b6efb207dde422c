"""The order of trainings and measurements."""

from types import SimpleNamespace

import pytest
import torch

from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.recipe_files import list_tables
from cstrack_bench.experiments.recipes import Run, load_recipe
from cstrack_bench.experiments.schedule import (
    Measurement,
    Planned,
    Training,
    _by_urgency,
    plan_steps,
    work,
)
from cstrack_bench.experiments.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("steps")
    return Workspace(folder / "data", Ledger(folder / "results"), torch.device("cpu"))


def smoke(table: str, *rows: int) -> list[Run]:
    return load_recipe(table).runs("smoke", rows or None)


def trainings(steps: dict[str, Planned]) -> list[Run]:
    return [p.step.run for p in steps.values() if isinstance(p.step, Training)]


def test_rows_of_several_tables_share_what_is_the_same(workspace: Workspace) -> None:
    runs = smoke("table2", 4) + smoke("table3", 6) + smoke("table5", 8)
    steps = plan_steps(runs, workspace, fresh=False)
    # The detector that they start from, and one training for the three rows.
    assert [run.table for run in trainings(steps)] == ["detector", "table2"]
    measured = [p.step for p in steps.values() if isinstance(p.step, Measurement)]
    assert [step.equal for step in measured] == [False, True, True]
    assert "0" in steps["1"].after
    assert "0" in steps["2"].after


def test_rows_of_a_table_start_from_one_detector(workspace: Workspace) -> None:
    for table in ("table2", "table3", "table5"):
        steps = plan_steps(smoke(table), workspace, fresh=False)
        found = [run for run in trainings(steps) if run.table == "detector"]
        assert len(found) == 1, table


def test_every_step_comes_after_what_it_needs(workspace: Workspace) -> None:
    runs = [run for table in list_tables() for run in smoke(table)]
    steps = plan_steps(runs, workspace, fresh=False)
    for planned in steps.values():
        assert set(planned.after) <= set(steps)
    first = {workspace.training_identity(run): run for run in runs}
    assert set(first) <= set(steps)
    for run in runs:
        name = workspace.training_identity(run)
        if run.start is not None:
            assert workspace.training_identity(run.start) in steps[name].after
    # Fewer trainings than rows: rows that are one run in print are one here.
    assert len(trainings(steps)) < len(runs)


class Noted:
    """A step that writes down when it was done."""

    def __init__(self, name: str, done: list[str], work: float = 1.0) -> None:
        self.name, self.done, self.work = name, done, work
        self.run = SimpleNamespace(title=name)

    def __call__(self) -> None:
        self.done.append(self.name)


def test_work_waits_for_what_comes_before() -> None:
    done: list[str] = []
    after = {"c": ("b",), "a": (), "d": ("a", "c"), "b": ("a",)}
    steps = {n: Planned(Noted(n, done), needs) for n, needs in after.items()}  # type: ignore[arg-type]
    assert [name for name, _ in work(steps, jobs=1, threads=1)] == done
    assert sorted(done) == ["a", "b", "c", "d"]
    for name, needs in after.items():
        assert all(done.index(need) < done.index(name) for need in needs)


def test_what_the_longest_way_waits_for_comes_first() -> None:
    after = {"short": (), "start": (), "long": ("start",), "end": ("long", "short")}
    work = {"short": 5.0, "start": 1.0, "long": 9.0, "end": 1.0}
    steps = {n: Planned(Noted(n, [], work[n]), needs) for n, needs in after.items()}  # type: ignore[arg-type]
    assert _by_urgency(steps) == ["start", "long", "short", "end"]
