"""Recipe → runs → ledger."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from cstrack_bench.datasets.experiment_data import data_is_there
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.cluster import Cluster, work_on_cluster
from cstrack_bench.experiments.identity import run_components
from cstrack_bench.experiments.nested import Tree
from cstrack_bench.experiments.recipe_files import RECIPES
from cstrack_bench.experiments.recipes import Recipe, Run, load_recipe
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.experiments.run import RunResult, find_result
from cstrack_bench.experiments.schedule import plan_steps, work
from cstrack_bench.experiments.staleness import setting_changes, version_changes
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.files import check_writable
from cstrack_bench.models.counting import gflops, parameters
from cstrack_bench.paper.claims import table_names
from cstrack_bench.systems.system_registry import build_network, find_system


@dataclass(frozen=True)
class Plan:
    """What a call is going to do.

    Attributes:
        recipe: the table.
        profile: chosen profile.
        reason: why that one.
        runs: rows × seeds.
        overrides: settings that the call gave, ``key.of.setting=value``.
    """

    recipe: Recipe
    profile: str
    reason: str
    runs: list[Run]
    overrides: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[int, ...]:
        """Numbers of its rows, in its order."""
        return tuple(dict.fromkeys(run.row for run in self.runs))

    def resized(self, rows: Iterable[int], seeds: int) -> "Plan":
        """The same table, profile and settings for other rows and seeds.

        Args:
            rows: numbers of rows.
            seeds: how many, from 0.
        """
        runs = self.recipe.runs(self.profile, list(rows), seeds, self.overrides)
        return replace(self, runs=runs)


def choose_profile(recipe: Recipe, data_root: Path, cuda: bool) -> tuple[str, str]:
    """``paper`` where its data and a GPU are, else ``twin``; and why, in a clause."""
    data = recipe.runs("paper")[0].settings.data
    there = data_is_there(data, data_root)
    if there and cuda:
        return "paper", f"{data.dataset} and a GPU are here"
    lacking = [] if there else [f"no {data.dataset} images under {data_root}"]
    lacking += [] if cuda else ["no GPU"]
    return "twin", " and ".join(lacking) + "; --profile paper insists"


def make_plan(
    table: str,
    data_root: Path,
    profile: str | None = None,
    rows: Iterable[int] | None = None,
    seeds: int = 1,
    overrides: Iterable[str] = (),
    recipes: Path | None = None,
) -> Plan:
    """Load a recipe and expand it into runs.

    Args:
        table: name of the recipe.
        data_root: folder of the data sets.
        profile: by default the one whose data is there.
        rows: numbers of the rows; all where None.
        seeds: how many seeds.
        overrides: ``key.of.setting=value``.
        recipes: folder of a user's own recipes.

    Raises:
        InputError: an unknown table, profile, row or setting.
    """
    recipe = load_recipe(table, recipes or RECIPES)
    if recipe.paper_table not in table_names():
        raise InputError(
            f"{recipe.folder / recipe.table}.yaml stands beside no table of the paper: "
            "write `extends: table2`, or another one, into it."
        )
    if profile is None:
        profile, reason = choose_profile(recipe, data_root, torch.cuda.is_available())
    else:
        reason = "asked for"
    given = tuple(overrides)
    runs = recipe.runs(profile, rows, seeds, given)
    return Plan(recipe, profile, reason, runs, given)


def describe_plan(plan: Plan, workspace: Workspace) -> Tree:
    """What a plan would do here: runs and their state, what is missing, time, disk.

    Minutes come from equal runs measured on this processor, else from the arithmetic
    of the network at the speed of two ordinary cores (DEPENDENCIES: 210 GFLOP/s).
    """
    missing: dict[str, None] = {}
    records = tuple(workspace.ledger.records())
    speeds = {
        (record.run.table, record.run.row): record
        for record in records
        if record.run.profile == plan.profile
    }
    runs = []
    disk = 0.0
    for run in plan.runs:
        config = run.settings.data
        images = config.planned_images()
        state = "to measure"
        try:
            state = _state(run, workspace, records)
            if images is None:
                images = sum(len(s) for s in workspace.open(config).train)
        except InputError as error:
            missing[str(error)] = None
            state = "data missing"
        with torch.device("meta"):
            system = find_system(run.settings.system)
            network = build_network(system, run.settings.model)
        disk += parameters(network)["total"] * 4 * (1 + 4) / 1e6  # weights; its state
        minutes = None
        if images is not None and state == "to measure":
            work = 3 * gflops(network, config.size) * images * run.settings.train.epochs
            minutes = work / 210 / 60
            known = speeds.get((run.table, run.row))
            if known is not None and run.label != "custom":
                minutes = known.training.wall_s / 60
        runs.append(
            {
                "row": run.row,
                "seed": run.seed,
                "name": run.name,
                "state": state,
                "minutes": minutes,
            }
        )
    return {
        "table": plan.recipe.table,
        "profile": plan.profile,
        "reason": plan.reason,
        "runs": runs,
        "missing": list(missing),
        "minutes": sum(r["minutes"] or 0 for r in runs),
        "disk_mb": disk,
    }


def _state(run: Run, workspace: Workspace, records: Sequence[RunRecord]) -> str:
    if run.settings.data.resolved.is_generated:  # it is not made to show a plan
        settings, versions = run.settings.as_dict(), run_components(run)
        finished = any(
            record.run.seed == run.seed
            and not setting_changes(record.recipe, settings)
            and not version_changes(record.run.components, versions)
            for record in records
        )
    else:
        finished = find_result(run, workspace) is not None
    return "finished" if finished else "to measure"


def default_jobs(workspace: Workspace) -> int:
    """Runs at a time: one a core, and one on a GPU.

    A small network keeps one core busy but not two: two runs side by side end sooner.
    """
    return (os.cpu_count() or 1) if workspace.device.type == "cpu" else 1


def reproduce(
    plans: Sequence[Plan],
    workspace: Workspace,
    fresh: bool = False,
    jobs: int | None = None,
    on_result: Callable[[RunResult], None] | None = None,
    cluster: Cluster | None = None,
) -> list[list[RunResult]]:
    """Measure every run of some plans that has not been measured.

    Args:
        plans: one a table; a training that several share is done once.
        workspace: data, ledger and device.
        fresh: measure again what is there already.
        jobs: steps at a time; by default ``default_jobs``.
        on_result: called after each run.
        cluster: whose jobs the steps become; None does them here.

    Returns:
        For each plan its outcomes, in its order.
    """
    runs = [run for plan in plans for run in plan.runs]
    for run in runs:
        check_writable(workspace.ledger.path(run))
    outcomes: dict[int, RunResult] = {}

    def done(number: int, outcome: RunResult) -> None:
        outcomes[number] = outcome
        if on_result is not None:
            on_result(outcome)

    waiting: list[int] = []
    for number, run in enumerate(runs):
        workspace.open_all(run)
        found = None if fresh else find_result(run, workspace)
        if found is None:
            waiting.append(number)
        else:
            done(number, found)
    steps = plan_steps([runs[number] for number in waiting], workspace, fresh)
    jobs = min(jobs or default_jobs(workspace), max(1, len(waiting)))
    if cluster is not None:
        folder = workspace.ledger.root / "jobs"
        finished = work_on_cluster(steps, folder, cluster)
    else:
        finished = work(steps, jobs, max(1, (os.cpu_count() or 1) // jobs))
    for name, outcome in finished:
        if outcome is not None:
            done(waiting[int(name)], outcome)
    ordered = iter(range(len(runs)))
    return [[outcomes[next(ordered)] for _ in plan.runs] for plan in plans]
