"""``cstrack upper-bound``: association over ground-truth boxes (Table VIII)."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench import console
from cstrack_bench.cli.options import (
    DATA_ROOT,
    RESULTS_ROOT,
    Data,
    Device,
    Json,
    Profile,
    Results,
    Settings,
    print_json,
)
from cstrack_bench.errors import InputError

if TYPE_CHECKING:
    from cstrack_bench.datasets.experiment_data import DataConfig
    from cstrack_bench.experiments.plan import Plan

TABLE = "table8"
#: Its rows, and those of rivals that print does not have.
WITH_RIVALS = "upper-bound"


def upper_bound(
    gt: Annotated[
        bool,
        typer.Option("--gt", help="Ground-truth boxes in the place of detections."),
    ] = False,
    dataset: Annotated[
        str | None,
        typer.Option(help="mot16, …, synthmot; by default the profile's own."),
    ] = None,
    rows: Annotated[str | None, typer.Option(help="Rows, such as 1,3.")] = None,
    seeds: Annotated[int, typer.Option(help="Seeds a row.")] = 1,
    profile: Profile = None,
    settings: Settings = None,
    data: Data = DATA_ROOT,
    results: Results = RESULTS_ROOT,
    device: Device = "auto",
    ladder: Annotated[
        bool,
        typer.Option(
            "--ladder",
            help="What detection, embedding and association cost each, on the test "
            "part.",
        ),
    ] = False,
    rivals: Annotated[
        bool,
        typer.Option(
            "--rivals", help="FairMOT beside Table VIII too, as row 4, which is ours."
        ),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Measure finished runs again.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(help="Runs at a time; default one a core.", min=1)
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure Table VIII: how well boxes are told apart when all of them are given."""
    from cstrack_bench.cli.reproduce import measure_tables, numbers
    from cstrack_bench.cli.wide import print_wide
    from cstrack_bench.experiments.ladder import ladder_path, measure_ladder
    from cstrack_bench.experiments.ledger import Ledger
    from cstrack_bench.experiments.workspace import Workspace
    from cstrack_bench.report import bound_tables as report
    from cstrack_bench.report.own_rows import printed_table
    from cstrack_bench.report.tables import table_from
    from cstrack_bench.training.distributed import pick_device

    if not gt:
        raise InputError(
            "Give --gt: ground-truth boxes in the place of detections are the upper "
            "bound that exists."
        )
    workspace = Workspace(data, Ledger(results), pick_device(device))
    table = WITH_RIVALS if rivals else TABLE
    plan = _plan(table, dataset, data, profile, numbers(rows), seeds, settings or [])
    console.err.print(
        f"{table}: {plan.recipe.title} · profile {plan.profile} ({plan.reason})"
    )
    records = measure_tables([plan], workspace, fresh, jobs, as_json)[0]
    document = measure_ladder(plan.runs, workspace) if ladder else None
    if document is not None:
        console.err.print(f"written: {ladder_path(plan.runs[0], workspace)}")
    if as_json:
        print_json(
            {
                "records": [record.plain() for record in records],
                "ladder": document and document.plain(),
            }
        )
        return
    for grid in report.bound_grids(table_from(records, printed_table(records))):
        console.out.print()
        print_wide(grid)
    if document is not None:
        for grid in report.ladder_grids(document):
            console.out.print()
            print_wide(grid)
        console.out.print()
        for line in report.cost_lines(document):
            console.out.print(line)


def _plan(
    table: str,
    dataset: str | None,
    data: Path,
    profile: str | None,
    rows: list[int] | None,
    seeds: int,
    settings: list[str],
) -> "Plan":
    """The runs; on a data set that was named, under a profile that goes with it."""
    from cstrack_bench.experiments.plan import make_plan

    def planned(chosen: str | None, *more: str) -> "Plan":
        return make_plan(table, data, chosen, rows, seeds, [*settings, *more])

    if dataset is None:
        return planned(profile)
    reason = "asked for"
    if profile is None:
        profile, reason = _profile_for(dataset, planned(None))
    plan = planned(profile)
    usual = plan.runs[0].settings
    config = usual.test_data
    if config.dataset != dataset:
        if not config.resolved.is_generated and _is_all_there_is(dataset, config, data):
            # The profile's own runs; a data set that was named would make others.
            return dataclasses.replace(plan, reason=reason)
        changes = []
        if usual.data.dataset != dataset:
            changes += [f"data.dataset={dataset}", "data.sequences='*'"]
        if usual.measure.data is not None:
            # Not the paper's protocol then: measured on what is trained on.
            changes += ["measure.data=null", "measure.part=train"]
        plan = planned(profile, *changes)
    return dataclasses.replace(plan, reason=reason)


def _is_all_there_is(dataset: str, config: "DataConfig", data: Path) -> bool:
    """Whether a data set's sequences are all that a configuration finds in a folder."""
    from cstrack_bench.datasets.experiment_data import open_data

    found = []
    for name in (dataset, config.dataset):
        try:
            opened = open_data(dataclasses.replace(config, dataset=name), data)
        except InputError:
            return False
        found.append({sequence.folder for sequence in opened.val})
    return found[0] == found[1]


def _profile_for(dataset: str, usual: "Plan") -> tuple[str, str]:
    """A profile for a data set; and why, in a clause."""
    from cstrack_bench.datasets.dataset_registry import find_dataset

    if usual.runs[0].settings.test_data.dataset == dataset:
        return usual.profile, usual.reason
    if find_dataset(dataset).is_generated:
        return "twin", "made on the spot"
    return "real", f"{dataset}, but not the paper's protocol; --profile decides it"
