"""The Typer app: every verb."""

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
from cstrack_bench.program import run_program

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
    run_program(app)
