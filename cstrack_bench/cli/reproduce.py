"""``cstrack reproduce``: measure a table of the paper and print it beside the paper."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cstrack_bench import console
from cstrack_bench.cli.options import (
    DATA_ROOT,
    RESULTS_ROOT,
    Data,
    Device,
    Json,
    Profile,
    Recipes,
    Results,
    Settings,
    print_json,
)
from cstrack_bench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cstrack_bench.experiments.cluster import Cluster
    from cstrack_bench.experiments.plan import Plan
    from cstrack_bench.experiments.records import RunRecord
    from cstrack_bench.experiments.run import RunResult
    from cstrack_bench.experiments.workspace import Workspace


class Launcher(StrEnum):
    """Who does the steps of a schedule."""

    LOCAL = "local"
    SLURM = "slurm"


def reproduce(
    tables: Annotated[
        list[str],
        typer.Argument(help="table2, …, all of the paper's, or one of --recipes."),
    ],
    rows: Annotated[str | None, typer.Option(help="Rows, such as 1,4.")] = None,
    seeds: Annotated[int, typer.Option(help="Seeds a row.")] = 1,
    profile: Profile = None,
    settings: Settings = None,
    recipes: Recipes = None,
    data: Data = DATA_ROOT,
    results: Results = RESULTS_ROOT,
    device: Device = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Measure finished runs again.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(help="Runs at a time; default one a core.", min=1)
    ] = None,
    decide: Annotated[
        bool,
        typer.Option(
            "--until-decided",
            help="Add seeds, row by row, until every argued pair has a verdict.",
        ),
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option(help="Time for --until-decided, such as 3h.", metavar="TIME"),
    ] = None,
    launcher: Annotated[
        Launcher,
        typer.Option(
            "--launcher",
            help="local does everything here; slurm makes each run a job (extra "
            "cluster).",
        ),
    ] = Launcher.LOCAL,
    job: Annotated[
        list[str] | None,
        typer.Option(
            "--job",
            help="key=value of the jobs, such as slurm_partition=gpu; repeatable.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure the rows of a table, or take them from the ledger, and print it."""
    from cstrack_bench.experiments.cluster import Cluster
    from cstrack_bench.experiments.ledger import Ledger
    from cstrack_bench.experiments.plan import describe_plan, make_plan
    from cstrack_bench.experiments.recipe_files import list_tables
    from cstrack_bench.experiments.workspace import Workspace
    from cstrack_bench.report.budget import parse_budget
    from cstrack_bench.training.distributed import pick_device

    if decide and (seeds != 1 or fresh):
        raise InputError(
            "--until-decided adds seeds by itself: leave out --seeds and --fresh."
        )
    if budget is not None and not decide:
        raise InputError("--budget belongs to --until-decided.")
    on_slurm = launcher is Launcher.SLURM
    if job and not on_slurm:
        raise InputError("--job is of jobs of a cluster: give --launcher slurm.")
    if on_slurm and decide:
        raise InputError("--until-decided measures here: leave out --launcher slurm.")
    cluster = Cluster("slurm", tuple(job or ()), device) if on_slurm else None
    minutes = None if budget is None else parse_budget(budget)
    chosen = list_tables() if "all" in tables else list(dict.fromkeys(tables))
    # A job finds its own device on the node that it runs on.
    where = pick_device("cpu" if on_slurm else device)
    workspace = Workspace(data, Ledger(results), where)
    plans = [
        make_plan(table, data, profile, numbers(rows), seeds, settings or (), recipes)
        for table in chosen
    ]
    for plan in plans:
        console.err.print(
            f"{plan.recipe.table}: {plan.recipe.title} · profile {plan.profile} "
            f"({plan.reason})"
        )
    documents: list[object] = []
    if dry_run:
        planned = [describe_plan(plan, workspace) for plan in plans]
        documents += planned
        for document in [] if as_json else planned:
            _print_plan(document)
    else:
        if decide:
            measured = _decide(plans, workspace, minutes, jobs)
        else:
            measured = _measure(plans, workspace, fresh, jobs, cluster)
        publish(plans, measured, workspace, as_json)
        for records in measured:
            documents.append([record.plain() for record in records])
    if as_json:
        print_json(documents[0] if len(documents) == 1 else documents)


def measure_tables(
    plans: "list[Plan]",
    workspace: "Workspace",
    fresh: bool,
    jobs: int | None,
    as_json: bool,
) -> "list[list[RunRecord]]":
    """Run plans, write tables and RESULTS.md, print; returns each plan's records.

    Args:
        plans: one a table.
        workspace: data, ledger and device.
        fresh: measure finished runs again.
        jobs: runs at a time.
        as_json: print no table.
    """
    measured = _measure(plans, workspace, fresh, jobs)
    publish(plans, measured, workspace, as_json)
    return measured


def _measure(
    plans: "list[Plan]",
    workspace: "Workspace",
    fresh: bool,
    jobs: int | None,
    cluster: "Cluster | None" = None,
) -> "list[list[RunRecord]]":
    from cstrack_bench.experiments.plan import reproduce as measure

    found = measure(plans, workspace, fresh, jobs, _remark(len(plans) > 1), cluster)
    return [[outcome.record for outcome in outcomes] for outcomes in found]


def _decide(
    plans: "list[Plan]",
    workspace: "Workspace",
    minutes: float | None,
    jobs: int | None,
) -> "list[list[RunRecord]]":
    from cstrack_bench.verdicts.until_decided import until_decided

    series = until_decided(
        plans,
        workspace,
        None if minutes is None else 60 * minutes,
        jobs,
        _remark(len(plans) > 1),
        lambda text: console.err.print(f"next: {text}"),
    )
    noun = "comparison is" if series.undecided == 1 else "comparisons are"
    console.err.print(f"stopped: {series.reason}; {series.undecided} {noun} undecided")
    return [[outcome.record for outcome in found] for found in series.outcomes]


def _remark(several: bool) -> "Callable[[RunResult], None]":
    """Says on stderr what a run gave.

    Args:
        several: whether runs of more than one table are measured.
    """

    def remark(outcome: "RunResult") -> None:
        scores = outcome.record.scores.overall
        how = "measured before" if outcome.reused else "measured"
        run = outcome.run
        table = f"{run.table} " if several else ""
        console.err.print(
            f"{table}row {run.row} seed {run.seed} {how}: "
            f"MOTA {scores['MOTA']:.1f} IDF1 {scores['IDF1']:.1f} "
            f"ID Sw. {scores['IDSW']}"
        )

    return remark


def publish(
    plans: "list[Plan]",
    measured: "list[list[RunRecord]]",
    workspace: "Workspace",
    as_json: bool,
) -> None:
    """Write tables and RESULTS.md from the ledger, and print the tables of plans.

    Args:
        plans: one a table.
        measured: the records of each.
        workspace: with the ledger.
        as_json: print no table.
    """
    from cstrack_bench.report.own_rows import printed_table
    from cstrack_bench.report.tables import print_table, table_from
    from cstrack_bench.report.views import write_views
    from cstrack_bench.verdicts.design import read_design

    ledger = workspace.ledger
    written = write_views(ledger.root, ledger.root.resolve().parent / "RESULTS.md")
    for plan, records in zip(plans, measured, strict=True):
        if not records:
            continue
        folder = ledger.path(plan.runs[0]).parent.parent
        if not as_json:
            paper, design = printed_table(records), read_design(folder)
            print_table(table_from(records, paper, design=design), console.out)
        console.err.print(f"written: {folder}/row*/seed*.json")
    console.err.print("written: " + " · ".join(path.name for path in written))


def numbers(text: str | None) -> list[int] | None:
    """The rows that ``--rows`` names; None where it does not.

    Raises:
        InputError: not numbers.
    """
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--rows takes numbers such as 1,4, not {text!r}.") from None


def _print_plan(document: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("row", "seed", "what", "state", "expected", box=None)
    for run in document["runs"]:
        table.add_row(
            str(run["row"]),
            str(run["seed"]),
            run["name"],
            run["state"],
            "" if run["minutes"] is None else f"≈ {run['minutes']:.0f} min",
        )
    console.out.print(table)
    for line in document["missing"]:
        console.out.print(f"missing: {line}")
    console.out.print(
        f"expected in all: ≈ {document['minutes']:.0f} min on this machine, "
        f"{document['disk_mb']:.0f} MB of weights and training state"
    )
