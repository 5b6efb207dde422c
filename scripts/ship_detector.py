#!/usr/bin/env python
"""Train the detector that a profile's rows share, and ship it with the package.

    python scripts/ship_detector.py                     # the twin's, for CSTrack
    python scripts/ship_detector.py --recipe table1:1   # and for JDE (YOLOv3)

It takes what its epochs take (48: half an hour on one core) and writes
``cstrack_bench/detectors/HASH.safetensors`` and ``HASH.json``, the hash being the
identity of the training: settings, data, seed, versions of components. Whoever asks for
that training gets the shipped one; whoever changes one of these trains their own.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.plan import make_plan
from cstrack_bench.experiments.shipped_trainings import FOLDER, ship
from cstrack_bench.experiments.train_run import train_run
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.program import run_program
from cstrack_bench.training.distributed import pick_device


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="table2:4", help="TABLE:ROW that starts so")
    parser.add_argument("--profile", default="twin")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    print(build(options))


def build(options: argparse.Namespace) -> Path:
    """Train what the row starts from and ship it; returns the file of its weights."""
    table, _, row = options.recipe.partition(":")
    rows = [int(row)] if row.isdigit() else None
    plan = make_plan(table, options.data, options.profile, rows)
    start = plan.runs[0].start
    if start is None or start.table != "detector":
        raise InputError(f"{options.recipe} starts from no shared detector.")
    settings = start.settings
    # Trained here, whatever is shipped already.
    settings = replace(settings, init=replace(settings.init, shipped=False))
    run = replace(start, settings=settings)
    device = pick_device(options.device)
    workspace = Workspace(options.data, Ledger(options.results), device)
    trained = train_run(run, workspace)
    what = f"scripts/ship_detector.py --recipe {options.recipe}"
    command = f"{what} --profile {options.profile}"
    return ship(
        trained.network, settings.system, trained.summary, command, options.folder
    )


if __name__ == "__main__":
    run_program(main)
