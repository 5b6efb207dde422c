#!/usr/bin/env python
"""How fast this code trains beside another revision's, and whether the losses agree.

    python scripts/bench_training.py REVISION

Both sides run ``cstrack train`` of the same row on the same images with the same seed,
in turns, REVISION in a work tree of its own. What counts on a machine that is shared is
images a second of CPU; wall time stands beside it. Losses are those of the last epoch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOSSES = ("box", "objectness", "identity")


def main() -> int:
    """Measure and print; 0 done, 1 a side failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision", help="of the other side, such as a tag")
    parser.add_argument("--recipe", default="table2:4", help="TABLE:ROW")
    parser.add_argument("--profile", default="twin")
    parser.add_argument("--sequences", type=int, default=1, help="to train on")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run(
            [*git, "add", "--detach", "-q", str(other), options.revision], check=True
        )
        try:
            compare({options.revision: other, "here": ROOT}, Path(folder), options)
        except subprocess.CalledProcessError as error:
            print(f"error: {error.stderr}", file=sys.stderr)
            return 1
        finally:
            subprocess.run([*git, "remove", "--force", str(other)], check=True)
    return 0


def compare(sides: dict[str, Path], folder: Path, options: argparse.Namespace) -> None:
    """Train on every side in turns, and print."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for repeat in range(options.repeats):
        for name, tree in sides.items():
            results = folder / f"{repeat}-{tree.name}"
            found[name].append(train(tree, folder / "data", results, options))
    print(f"{options.recipe} · {options.profile} · {options.threads} thread(s)")
    print("side                     images/CPU s  images/wall s  " + "  ".join(LOSSES))
    speeds = {}
    for name, rows in found.items():
        images = rows[0]["images"] * rows[0]["epochs"]
        cpu = statistics.median(images / row["cpu_s"] for row in rows)
        wall = statistics.median(images / row["wall_s"] for row in rows)
        loss = "  ".join(f"{rows[0]['loss'][key]:.5f}" for key in LOSSES)
        print(f"{name:24} {cpu:12.2f}  {wall:13.2f}  {loss}")
        speeds[name] = cpu
    first, second = speeds.values()
    print(f"ratio of images a second of CPU: {second / first:.2f}")


def train(
    tree: Path, data: Path, results: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """One training by the package of a tree; its summary."""
    settings = [
        f"data.synth.train_sequences={options.sequences}",
        *("data.synth.tune_sequences=0", "data.synth.test_sequences=1"),
        *("init.detector_epochs=0", "train.workers=0"),
        f"train.epochs={options.epochs}",
        *options.settings,
    ]
    command = [sys.executable, "-m", "cstrack_bench", "train", options.recipe]
    command += ["--profile", options.profile, "--device", "cpu", "--json"]
    command += ["--data", str(data), "--results", str(results)]
    command += [part for value in settings for part in ("--set", value)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "OMP_NUM_THREADS": str(options.threads),
    }
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
