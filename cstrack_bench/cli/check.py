"""``cstrack check``: the gate of metrics."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench.cli.options import RESULTS_ROOT, Json, Results, print_json
from cstrack_bench.errors import CstrackError, InputError

if TYPE_CHECKING:
    from cstrack_bench.gate.metrics_gate import Gate

# Where GitHub takes the summary of a job from.
_SUMMARY = "GITHUB_STEP_SUMMARY"


class Format(StrEnum):
    """How the report is printed."""

    TEXT = "text"
    GITHUB = "github"
    JSON = "json"


def check(
    results: Results = RESULTS_ROOT,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="DIR",
            help="Results to hold these against, such as those of the main branch; by "
            "default the same folder.",
        ),
    ] = None,
    golden: Annotated[
        Path | None,
        typer.Option(
            "--golden",
            metavar="DIR",
            help="Recorded outputs of other implementations; checks parity too.",
        ),
    ] = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="text; github: annotations, and a table in the summary of the job; "
            "json.",
        ),
    ] = Format.TEXT,
    update: Annotated[
        bool,
        typer.Option(
            "--update", help="Write a new baseline from what is found; needs --reason."
        ),
    ] = False,
    reason: Annotated[
        str | None,
        typer.Option("--reason", help="Why numbers moved; goes into the changelog."),
    ] = None,
    changelog: Annotated[
        Path | None,
        typer.Option(
            "--changelog", help="By default CHANGELOG.md beside the results folder."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Are the numbers still those of the baseline? Fails and names each that moved.

    Every tracker over the cached detections and every evaluator over cached tracks are
    computed here and compared exactly; runs are compared by interval; records whose run
    would be another today are stale.
    """
    from cstrack_bench.gate import gate_output
    from cstrack_bench.gate.baseline_update import update_baseline
    from cstrack_bench.gate.metrics_gate import check_metrics

    if update and not (reason or "").strip():
        raise InputError("--update needs --reason, a sentence that the changelog gets.")
    if reason is not None and not update:
        raise InputError("--reason says why a baseline is written: give --update too.")
    gate = check_metrics(results, against or results, golden, first=update)
    if json or form is Format.JSON:
        print_json(gate_output.document(gate))
    elif form is Format.GITHUB:
        _print_github(gate)
    else:
        _print_text(gate)
    if update:
        beside = changelog or results.resolve().parent / "CHANGELOG.md"
        _say_written(update_baseline(gate, reason or "", beside), beside)
    elif not gate.passed:
        count = len(gate.failing)
        noun = "number or record has" if count == 1 else "numbers and records have"
        raise CstrackError(
            f"{count} {noun} moved: mend the code, or accept it with `cstrack check "
            '--update --reason "…"`.'
        )


def _print_text(gate: "Gate") -> None:
    from cstrack_bench.console import out
    from cstrack_bench.gate.gate_output import text_lines

    for line in text_lines(gate):
        out.print(line, markup=False, emoji=False)


def _print_github(gate: "Gate") -> None:
    from cstrack_bench.gate.gate_output import annotations, summary_table

    for line in annotations(gate):
        typer.echo(line)
    table = summary_table(gate)
    target = os.environ.get(_SUMMARY)
    if target:
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(table)
    typer.echo(table)


def _say_written(path: Path | None, changelog: Path) -> None:
    from cstrack_bench.console import err

    if path is None:
        err.print("The baseline says this already: nothing was written.")
    else:
        err.print(f"written: {path} · {changelog}", markup=False)
