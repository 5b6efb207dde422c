#!/usr/bin/env python
"""Does the gain of REN and of SAAN grow with the difficulty that each is said to cure?

    python scripts/conditions.py --profile twin --seeds 5 --data data

The trained networks of Table II ④ and ⑤ and of Table III ⑥ and ⑧ are measured again on
worlds that differ from the one they were trained in by one setting: how often people
wear another one's clothes, how much they crowd, how many walk to or from the camera.
Needed are the weights that `cstrack reproduce` left under results/weights. Written are
results/<profile>/conditions/, a file a measurement, and conditions.svg; measurements
that are there are not made again. `cstrack report` prints the gains and their trend.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from cstrack_bench.console import err
from cstrack_bench.datasets.experiment_data import DataConfig
from cstrack_bench.documents import write_document
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.evaluate_run import measure
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.plan import make_plan
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.settings import MeasureConfig
from cstrack_bench.experiments.train_run import find_training
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.files import replacing
from cstrack_bench.program import run_program
from cstrack_bench.verdicts.conditions import (
    DIALS,
    FOLDER,
    METRICS,
    ConditionRun,
    Dial,
    Trend,
    condition_file,
    condition_name,
    read_condition,
    read_conditions,
    trends,
)
from cstrack_bench.verdicts.contributions import COUNTS

ROOT = Path(__file__).resolve().parents[1]


def usual_values(data: DataConfig) -> Mapping[str, float]:
    """Settings of the world that networks are trained in."""
    return asdict(data.synth.config)


def under(dial: Dial, value: float, data: DataConfig, sequences: int) -> DataConfig:
    """The same data with another value of one setting, and a test part of so many."""
    config = replace(data.synth.config, **{dial.name: value})
    counts = {"train_sequences": 1, "tune_sequences": 0, "test_sequences": sequences}
    return replace(data, synth=replace(data.synth, config=config, **counts), mix=())


def plan_runs(profile: str, seeds: int, data: Path) -> Iterator[tuple[Dial, Run]]:
    """Every dial with the runs whose networks it needs."""
    for dial in DIALS:
        rows = [dial.first, dial.second]
        plan = make_plan(dial.table, data, profile, rows, seeds)
        yield from ((dial, run) for run in plan.runs)


def measure_run(
    run: Run, condition: str, data: DataConfig, workspace: Workspace
) -> ConditionRun:
    """A trained network under one condition.

    Raises:
        InputError: its weights are not there.
    """
    trained = find_training(run, workspace)
    name = f"{run.table} row {run.row} seed {run.seed}"
    if trained is None:
        raise InputError(
            f"The weights of {name} are not under {workspace.ledger.root}/weights: "
            f"`cstrack reproduce {run.table} --rows {run.row} --seeds {run.seed + 1}` "
            "trains them."
        )
    opened = workspace.open(data)
    measured = measure(
        replace(run.settings, measure=MeasureConfig(data=data)),
        trained.network,
        None,
        opened,
        workspace.device,
        f"{name}, {condition}",
    ).measured
    counts: dict[str, dict[str, int]] = {}
    for block in measured.blocks:
        own = counts.setdefault(block.sequence, dict.fromkeys(COUNTS, 0))
        for key in COUNTS:
            own[key] += int(getattr(block, key))
    return ConditionRun(
        condition=condition,
        table=run.table,
        row=run.row,
        seed=run.seed,
        training=str(trained.summary.hash),
        data=opened.manifest_hash(["val"]),
        sequences=counts,
        provenance=provenance(str(workspace.device)),
    )


def draw(found: Sequence[Trend], path: Path) -> None:
    """A panel a dial: gains over its values, with their intervals."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "conditions"  # equal numbers, equal files
    dials = list(dict.fromkeys(trend.dial for trend in found))
    figure, panels = pyplot.subplots(
        1,
        len(dials),
        figsize=(4 * len(dials), 3.4),
        layout="constrained",
        squeeze=False,
    )
    for dial, axes in zip(dials, panels[0], strict=True):
        axes.axhline(0, color="grey", linewidth=0.8)
        for offset, metric in enumerate(METRICS):
            (trend,) = (t for t in found if t.dial == dial and t.metric == metric)
            middle = [gain.mean for gain in trend.gains]
            low = [gain.mean - gain.low for gain in trend.gains]
            high = [gain.high - gain.mean for gain in trend.gains]
            shift = 0.01 * (2 * offset - 1)
            values = [gain.value + shift for gain in trend.gains]
            axes.errorbar(
                values, middle, yerr=[low, high], marker="o", capsize=3, label=metric
            )
        axes.set_xlabel(f"{dial.name}: {dial.title}", fontsize=8)
        axes.set_title(f"gain of {dial.gain}, points", fontsize=9)
        axes.legend(fontsize=8)
        axes.grid(alpha=0.3)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None})
    pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is not there yet, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="twin")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sequences", type=int, default=16)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    workspace = Workspace(options.data, Ledger(options.results), torch.device("cpu"))
    folder = options.results / options.profile
    usual: Mapping[str, float] = {}
    for dial, run in plan_runs(options.profile, options.seeds, options.data):
        usual = usual_values(run.settings.data)
        for value in dial.values:
            condition = condition_name(dial, value, usual[dial.name])
            row = (run.table, run.row, run.seed)
            file = condition_file(folder, condition, *row)
            # The network may have been trained again since.
            training = workspace.training_identity(run)
            if file.is_file() and read_condition(file).training == training:
                continue
            data = under(dial, value, run.settings.data, options.sequences)
            write_document(file, measure_run(run, condition, data, workspace))
    found = trends(read_conditions(folder), usual)
    if found:
        draw(found, folder / FOLDER / "conditions.svg")
    for trend in found:
        err.print(
            f"{trend.dial.gain} over {trend.dial.name}: {trend.metric} "
            f"{trend.mean:+.1f} [{trend.low:+.1f}, {trend.high:+.1f}], "
            f"{trend.verdict}",
            markup=False,
        )


if __name__ == "__main__":
    run_program(main)
