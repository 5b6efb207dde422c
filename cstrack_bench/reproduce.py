"""Recipe → runs → ledger."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cstrack_bench.data.experiment import (
    SYNTHMOT,
    ExperimentData,
    data_is_there,
    open_data,
)
from cstrack_bench.errors import InputError
from cstrack_bench.ledger import Ledger, code_version
from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.summary import gflops, parameters
from cstrack_bench.recipes import Recipe, Run, load_recipe
from cstrack_bench.running import Outcome, find_outcome
from cstrack_bench.side_by_side import Task, prepare_detectors, side_by_side


@dataclass(frozen=True)
class Plan:
    """What a call is going to do.

    Attributes:
        recipe: the table.
        profile: chosen profile.
        reason: why that one.
        runs: rows × seeds.
    """

    recipe: Recipe
    profile: str
    reason: str
    runs: list[Run]


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
) -> Plan:
    """Load a recipe and expand it into runs.

    Raises:
        InputError: an unknown table, profile, row or setting.
    """
    recipe = load_recipe(table)
    if profile is None:
        profile, reason = choose_profile(recipe, data_root, torch.cuda.is_available())
    else:
        reason = "asked for"
    return Plan(
        recipe, profile, reason, recipe.runs(profile, rows, seeds, tuple(overrides))
    )


def describe_plan(plan: Plan, data_root: Path, ledger: Ledger) -> dict[str, Any]:
    """What a plan would do here: runs and their state, what is missing, time, disk.

    Minutes come from equal runs measured on this processor, else from the arithmetic
    of the network at the speed of two ordinary cores (DEPENDENCIES: 210 GFLOP/s).
    """
    missing: dict[str, None] = {}
    runs = []
    disk = 0.0
    speeds = {
        record["run"]["table"] + str(record["run"]["row"]): record
        for record in ledger.records()
        if record["run"]["profile"] == plan.profile
    }
    for run in plan.runs:
        config = run.settings.data
        images = None
        state = "to measure"
        if config.dataset == SYNTHMOT:
            images = config.synth.train_sequences * config.synth.config.frames
            state = "finished" if ledger.path(run).is_file() else state
        else:
            try:
                data = open_data(config, data_root)
            except InputError as error:
                missing[str(error)] = None
                state = "data missing"
            else:
                images = sum(len(s) for s in data.train)
                identity = run.identity(data.manifest_hash(), code_version())
                state = "finished" if ledger.find(run, identity) else state
        with torch.device("meta"):
            model = CSTrack(run.settings.model)
        count = parameters(model)["total"]
        disk += count * 4 * (1 + 4) / 1e6  # weights; state of the one in training
        minutes = None
        if images is not None and state != "finished":
            work = 3 * gflops(model, config.size) * images * run.settings.train.epochs
            minutes = work / 210 / 60
            known = speeds.get(run.table + str(run.row))
            if known is not None and run.label != "custom":
                minutes = known["training"]["wall_s"] / 60
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


def reproduce(
    plan: Plan,
    data_root: Path,
    ledger: Ledger,
    device: torch.device,
    fresh: bool = False,
    jobs: int | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Measure every run of a plan that has not been measured.

    Args:
        plan: the runs.
        data_root: folder of the data sets.
        ledger: where records are found and written.
        device: where to compute.
        fresh: measure again what is there already.
        jobs: runs at a time; by default one a core, and one on a GPU. A small network
            keeps one core busy but not two, so two runs side by side end sooner.
        on_outcome: called after each run.

    Returns:
        The outcomes in the order of the plan.
    """
    opened: dict[Any, ExperimentData] = {}
    outcomes: dict[int, Outcome] = {}
    tasks: list[Task] = []

    def done(number: int, outcome: Outcome) -> None:
        outcomes[number] = outcome
        if on_outcome is not None:
            on_outcome(outcome)

    for number, run in enumerate(plan.runs):
        config = run.settings.data
        if config not in opened:
            opened[config] = open_data(config, data_root)
        found = None if fresh else find_outcome(run, opened[config], ledger)
        if found is not None:
            done(number, found)
        else:
            tasks.append(Task(number, run, opened[config], ledger, device, fresh))
    prepare_detectors(tasks)
    cores = os.cpu_count() or 1
    jobs = jobs or (min(len(tasks), cores) if device.type == "cpu" else 1)
    if jobs > 1 and len(tasks) > 1:
        for number, outcome in side_by_side(tasks, jobs, max(1, cores // jobs)):
            done(number, outcome)
    else:
        for task in tasks:
            done(*task())
    return [outcomes[number] for number in range(len(plan.runs))]
