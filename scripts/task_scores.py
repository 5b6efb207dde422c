#!/usr/bin/env python
"""Detection and identity of the networks of a table, each by itself.

    python scripts/task_scores.py table2 table3 --profile twin --seeds 7 --data data

MOTA and IDF1 mix what the paper says compete. For each finished run of the tables this
measures the average precision of the boxes and rank-1 of the identities over true
boxes, on the sequences of the run, and writes results/<profile>/tasks/<table>/. The
weights that `cstrack reproduce` left under results/weights are needed; runs that have
none are named. `cstrack report` then shows both beside the table, with differences of
the pairs that the paper argues from.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from cstrack_bench.console import err
from cstrack_bench.documents import write_document
from cstrack_bench.experiments.evaluate_run import make_detectors
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.plan import make_plan
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.run import find_result
from cstrack_bench.experiments.task_scores import (
    FOLDER,
    LEAST_SCORE,
    TaskScores,
    measure_tasks,
    read_task_scores,
    task_file,
)
from cstrack_bench.experiments.train_run import find_training
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.program import run_program
from cstrack_bench.stopwatch import Stopwatch


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is not there yet, and say what cannot be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+")
    parser.add_argument("--profile", default="twin")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--set", action="append", default=[], dest="given")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    workspace = Workspace(options.data, Ledger(options.results), torch.device("cpu"))
    rows = [int(row) for row in options.rows.split(",")] if options.rows else None
    absent: list[str] = []
    for table in options.tables:
        plan = make_plan(
            table, options.data, options.profile, rows, options.seeds, options.given
        )
        for run in plan.runs:
            scores = measure(run, workspace)
            if scores is None:
                absent.append(f"{table} row {run.row} seed {run.seed}")
                continue
            folder = workspace.ledger.path(run).parents[1]
            write_document(task_file(folder, run.row, run.seed), scores)
    if absent:
        err.print(f"no finished run or no weights of: {', '.join(absent)}")


def measure(run: Run, workspace: Workspace) -> TaskScores | None:
    """The scores of one run, from an equal one where there is; None without a network.

    A network that does one of the tasks alone has none either.
    """
    result = find_result(run, workspace)
    trained = result and find_training(run, workspace)
    if result is None or trained is None:
        return None
    named = {"table": run.table, "row": run.row, "seed": run.seed}
    for file in workspace.ledger.path(run).parents[2].glob(f"{FOLDER}/*/row*.json"):
        known = read_task_scores(file)
        if known.run == result.record.run.hash:
            return known.model_copy(update=named)
    settings = run.settings
    low = replace(settings, nms=replace(settings.nms, confidence=LEAST_SCORE))
    device = workspace.device
    finder, embedder = make_detectors(low, trained.network, None, device, Stopwatch())
    if finder is None or embedder is None:
        return None
    data = workspace.open(settings.test_data)
    sequences = data.own if settings.measure.part == "train" else data.val
    label = f"{run.table} row {run.row} seed {run.seed}"
    found = measure_tasks(finder, embedder, sequences, data.rules, label)
    made = provenance(str(device))
    fixed = {"run": result.record.run.hash, "provenance": made}
    return TaskScores.model_validate({**found, **named, **fixed})


if __name__ == "__main__":
    run_program(main)
