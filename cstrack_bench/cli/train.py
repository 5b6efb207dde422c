"""``cstrack train``: the training of one run; under torchrun it is distributed."""

from typing import Annotated

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


def train(
    recipe: Annotated[
        str, typer.Argument(help="TABLE:ROW, such as table2:4, or a row of --recipes.")
    ],
    seed: Annotated[int, typer.Option(help="Of initial weights and order.")] = 0,
    profile: Profile = None,
    settings: Settings = None,
    recipes: Recipes = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Discard an earlier checkpoint.")
    ] = False,
    data: Data = DATA_ROOT,
    results: Results = RESULTS_ROOT,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train one row; ``cstrack reproduce`` measures it from there."""
    from cstrack_bench.experiments.ledger import Ledger
    from cstrack_bench.experiments.plan import make_plan
    from cstrack_bench.experiments.run import link_weights, renewed_classifier
    from cstrack_bench.experiments.train_run import train_run
    from cstrack_bench.experiments.workspace import Workspace
    from cstrack_bench.training.distributed import is_main, pick_device

    table, _, row = recipe.partition(":")
    if row and not (row.isascii() and row.isdigit() and len(row) < 10):
        raise InputError(f"A row is a number, as in table2:4, not {recipe!r}.")
    if resume and fresh:
        raise InputError("--resume goes on and --fresh starts anew: give one of them.")
    if seed < 0:
        raise InputError(f"--seed is 0 or more, not {seed}.")
    where = pick_device(device)
    rows = [int(row)] if row else None
    plan = make_plan(table, data, profile, rows, seed + 1, settings or (), recipes)
    chosen = [run for run in plan.runs if run.seed == seed]
    if len(chosen) > 1:
        known = ", ".join(f"{table}:{run.row}" for run in chosen)
        raise InputError(f"{table} has several rows; name one of {known}.")
    run = chosen[0]
    workspace = Workspace(data, Ledger(results), where)
    workspace.open_all(run)
    identity = workspace.training_identity(run)
    checkpoint = workspace.ledger.training(identity, ".ckpt")
    if checkpoint.exists() and not (resume or fresh):
        raise InputError(
            f"{checkpoint} holds an unfinished training of this run; go on with "
            "--resume or discard it with --fresh."
        )
    weights = workspace.ledger.training(identity, ".safetensors")
    if resume and not checkpoint.exists() and not weights.exists():
        raise InputError(
            f"There is nothing to resume: {checkpoint} does not exist. A training of "
            "these settings, data and seed was not begun, or not under this --results; "
            "leave out --resume to start it."
        )
    if resume and not checkpoint.exists():
        console.err.print("this training is finished: nothing is left to resume")
    console.err.print(f"profile {plan.profile} ({plan.reason})")
    summary = train_run(run, workspace, fresh).summary
    if not is_main():
        return
    weights = link_weights(run, workspace)
    renewed = renewed_classifier(run, workspace, summary)
    if renewed is not None:
        console.err.print(str(renewed))
    if as_json:
        classifier = {"classifier": renewed.model_dump()} if renewed else {}
        document = summary.plain()
        print_json({"weights": str(weights), **classifier, **document})
    else:
        loss = " · ".join(f"{name} {value:.4f}" for name, value in summary.loss.items())
        console.out.print(
            f"{weights}: {summary.steps} steps over {summary.images} images, "
            f"{summary.wall_s:.0f} s; last epoch's loss: {loss}"
        )
