#!/usr/bin/env python
"""Learning curves over epochs on SynthMOT's tune sequences: is a schedule at its end?

    python scripts/learning_curves.py --systems jde,cstrack --seeds 3 --data data

For each system it trains half, once, twice and four times the epochs of its recipe
(--factors gives others), measures each on tune/ (never on test/, where verdicts are
given) and writes results/<profile>/curves/<system>.json and curves.svg. Finished
trainings are found again in --ledger, so that an interrupted call goes on. `cstrack
reproduce` and RESULTS.md then call rows whose schedule gains a point by twice as many
*undertrained*.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from cstrack_bench.console import err
from cstrack_bench.documents import write_document
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.plan import Plan, make_plan, reproduce
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.experiments.recipe_files import list_tables
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.run import RunResult
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.files import replacing
from cstrack_bench.program import run_program
from cstrack_bench.verdicts.plateaus import (
    FOLDER,
    CurvePoint,
    CurveRecord,
    read_curves,
)

ROOT = Path(__file__).resolve().parents[1]
FACTORS = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Probe:
    """The row that stands for a system's schedule.

    Attributes:
        title: of the system.
        table: of the row; row: its number.
        score: by which its plateau is judged.
    """

    title: str
    table: str
    row: int
    score: Literal["MOTA", "IDF1"] = "MOTA"


# DeepSORT's network finds no boxes: over ground-truth boxes only its embeddings count.
PROBES = {
    "jde-yolov3": Probe("JDE (YOLOv3)", "table1", 1),
    "jde-yolov5": Probe("JDE (YOLOv5)", "table1", 2),
    "cstrack": Probe("CSTrack", "table2", 4),
    "deepsort": Probe("DeepSORT", "table8", 2, "IDF1"),
    "fairmot": Probe("FairMOT", "table6", 24),
    "centertrack": Probe("CenterTrack", "table6", 22),
}


def schedule_key(run: Run) -> tuple[object, ...]:
    """Equal for rows that share a system, a kind of re-id head and a schedule."""
    settings = run.settings
    head = getattr(settings.model, "reid_head", None)
    return settings.system, head == "basic", settings.train, settings.init


def covered(
    probe: Run, profile: str, data: Path, given: Sequence[str]
) -> tuple[str, ...]:
    """The printed rows that are trained by the probe's schedule."""
    return tuple(
        f"{run.table}/{run.row}"
        for table in list_tables()
        for run in make_plan(table, data, profile, overrides=given).runs
        if schedule_key(run) == schedule_key(probe)
    )


def plans_of(
    probe: Probe,
    factors: Sequence[float],
    profile: str,
    seeds: int,
    data: Path,
    given: Sequence[str],
) -> list[tuple[int, Plan]]:
    """Epochs, and the plan that trains so many and measures tune."""
    usual = make_plan(probe.table, data, profile, [probe.row], 1, given).runs[0]
    epochs = usual.settings.train.epochs
    found = []
    for count in sorted({max(1, round(factor * epochs)) for factor in factors}):
        # Table VIII measures the frames that were trained on; a curve never does.
        changes = (
            *given,
            *("data.split=tune", "measure.part=val", f"train.epochs={count}"),
        )
        plan = make_plan(probe.table, data, profile, [probe.row], seeds, changes)
        found.append((count, plan))
    return found


def point(epochs: int, outcome: RunResult) -> CurvePoint:
    """What one training scored."""
    record = outcome.record
    overall = record.scores.overall
    return CurvePoint(
        epochs=epochs,
        seed=record.run.seed,
        run=record.run.hash,
        MOTA=overall["MOTA"],
        IDF1=overall["IDF1"],
        recall=100 * (1 - overall["FN"] / max(1, overall["GT"])),
        minutes=record.training.wall_s / 60,
    )


def measure(
    probe: Probe,
    factors: Sequence[float],
    profile: str,
    seeds: int,
    workspace: Workspace,
    given: Sequence[str],
    jobs: int | None,
) -> CurveRecord:
    """The curve of one system."""
    data = workspace.data_root
    usual = make_plan(probe.table, data, profile, [probe.row], 1, given).runs[0]
    plans = plans_of(probe, factors, profile, seeds, data, given)
    found = reproduce([plan for _, plan in plans], workspace, jobs=jobs)
    points = [
        point(epochs, outcome)
        for (epochs, _), outcomes in zip(plans, found, strict=True)
        for outcome in outcomes
    ]
    last = found[-1][-1].record
    return CurveRecord(
        profile=profile,
        name=probe.title,
        rows=covered(usual, profile, data, given),
        score=probe.score,
        epochs=usual.settings.train.epochs,
        sequences=last.data.val.sequences,
        frames=last.data.val.frames,
        points=tuple(points),
        provenance=provenance(str(workspace.device)),
    )


def draw(curves: Iterable[CurveRecord], path: Path) -> None:
    """Every seed as a dot, the mean as a line; epochs on a logarithmic axis."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "curves"  # equal curves, equal files
    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    for curve in curves:
        counts = sorted({one.epochs for one in curve.points})
        means = [curve.mean(count) for count in counts]
        (line,) = axes.plot(
            [count / curve.epochs for count in counts],
            means,
            marker="o",
            label=f"{curve.name}, {curve.score}",
        )
        axes.scatter(
            [one.epochs / curve.epochs for one in curve.points],
            [getattr(one, curve.score) for one in curve.points],
            s=9,
            alpha=0.5,
            color=line.get_color(),
        )
    axes.set_xscale("log", base=2)
    axes.set_xticks(FACTORS, [f"{factor:g}" for factor in FACTORS])
    axes.set_xlabel("epochs, as a multiple of the recipe's")
    axes.set_ylabel("score on tune")
    axes.grid(alpha=0.3)
    axes.legend()
    with replacing(path) as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None})
    pyplot.close(figure)


def _factors(text: str) -> tuple[float, ...]:
    """Numbers with commas between them, each above 0."""
    found = tuple(float(one) for one in text.split(","))
    if not all(0 < one < float("inf") for one in found):
        raise ValueError(text)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write, draw; says for each system what twice its epochs gain."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", default=",".join(PROBES))
    parser.add_argument("--profile", default="twin")
    parser.add_argument("--factors", type=_factors, default=FACTORS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--ledger", type=Path, default=Path("curves-ledger"))
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--set", action="append", default=[], dest="given")
    options = parser.parse_args(arguments)
    names = options.systems.split(",")
    workspace = Workspace(options.data, Ledger(options.ledger), torch.device("cpu"))
    folder = options.results / options.profile / FOLDER
    for name in names:
        if name not in PROBES:
            raise InputError(f"No system {name!r}; {nearest(name, PROBES)}.")
    for name in names:
        curve = measure(
            PROBES[name],
            options.factors,
            options.profile,
            options.seeds,
            workspace,
            options.given,
            options.jobs,
        )
        write_document(folder / f"{name}.json", curve)
        gain = curve.gain
        said = "was not measured" if gain is None else f"gains {gain:+.1f}"
        err.print(
            f"{curve.name}: twice {curve.epochs} epochs {said} {curve.score} "
            f"({len(curve.rows)} rows)"
        )
    draw(read_curves(folder.parent), folder / "curves.svg")


if __name__ == "__main__":
    run_program(main)
