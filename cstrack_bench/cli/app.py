"""The Typer app: every verb, and how errors leave the program."""

import os
import signal
import sys

import typer

from cstrack_bench.cli import (
    audit,
    bench,
    check,
    doctor,
    download,
    evaluate,
    export,
    models,
    plan,
    report,
    reproduce,
    submit,
    track,
    train,
    upper_bound,
    why,
)
from cstrack_bench.cli import verify as verify_verb
from cstrack_bench.console import visible
from cstrack_bench.errors import explained
from cstrack_bench.interruption import Interruptions

app = typer.Typer(
    name="cstrack",
    help="Benchmark and reproduction suite for the CSTrack multi-object tracker.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("download")(download.download)
app.command("reproduce")(reproduce.reproduce)
app.command("upper-bound")(upper_bound.upper_bound)
app.command("train")(train.train)
app.command("track")(track.track)
app.command("evaluate")(evaluate.evaluate)
app.command("export")(export.export)
app.command("models")(models.models)
app.command("plan")(plan.plan)
app.command("audit")(audit.audit)
app.command("check")(check.check)
app.command("why")(why.why)
app.command("report")(report.report)
app.add_typer(bench.app, name="bench")
app.add_typer(submit.app, name="submit")
app.command("verify")(verify_verb.verify)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line; an error is one sentence on stderr and an exit code."""
    interruptions = Interruptions()
    interruptions.listen()
    try:
        app()
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        # Typer ends silently, and compiled libraries turn an interruption into errors
        # of their own.
        signum = interruptions.received
        if signum is None and isinstance(error, KeyboardInterrupt):
            signum = signal.SIGINT
        interruptions.stop_listening()
        if signum is not None:
            typer.echo("interrupted: the same command goes on from here.", err=True)
            sys.exit(128 + signum)
        told = explained(error)
        if told is None or os.environ.get("CSTRACK_DEBUG"):
            raise
        typer.echo(f"error: {visible(str(told))}", err=True)
        sys.exit(told.exit_code)
