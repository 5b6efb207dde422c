"""Options that several verbs share, with one name and one help text each."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

Data = Annotated[
    Path,
    typer.Option("--data", envvar="CSTRACK_DATA", help="Root folder of the data sets."),
]
Results = Annotated[Path, typer.Option("--results", help="Root folder of the results.")]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
Profile = Annotated[
    str | None, typer.Option("--profile", help="paper, twin, smoke, real or real-coco.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="key=value, such as train.epochs=5; repeatable."),
]
Recipes = Annotated[
    Path | None,
    typer.Option(
        "--recipes", envvar="CSTRACK_RECIPES", help="Folder of recipes of your own."
    ),
]

DATA_ROOT = Path("data")
RESULTS_ROOT = Path("results")


def print_json(document: Any) -> None:
    """Write one JSON document to stdout."""
    typer.echo(json.dumps(document, indent=2, allow_nan=False))
