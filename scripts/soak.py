#!/usr/bin/env python
"""Long runs: whether memory stays flat over very many frames, steps and identities.

    python scripts/soak.py                     # all of it, some 10 minutes a core
    python scripts/soak.py --part trackers --frames 100000

Each part runs in a process of its own and prints a row of a markdown table: memory
after the first tenth, at the end, and whether it grew. Exit 1 where it grew by more
than ``--slack`` MB, or where too many identities end in something else than a sentence.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

PAGE = os.sysconf("SC_PAGE_SIZE")
TENTH = 10


def resident() -> float:
    """Memory of this process now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * PAGE / 2**20


def track(name: str, frames: int) -> dict[str, object]:
    """A tracker over many frames of people who come and go."""
    from cstrack_bench.structures import Detections
    from cstrack_bench.tracking.tracker_registry import find_tracker, make_tracker

    random = np.random.default_rng(0)
    embeds = find_tracker(name).uses_embeddings
    tracker = make_tracker(name, 25.0)
    centres = random.uniform(0, 1000, (8, 2))
    speeds = random.normal(0, 4, (8, 2))
    own = random.normal(0, 1, (8, 32))
    half = np.array([15.0, 40.0])
    first = resident()
    ids: set[int] = set()
    for frame in range(frames):
        centres += speeds
        gone = (np.abs(centres - 500) > 600).any(1)
        centres[gone] = random.uniform(0, 1000, (int(gone.sum()), 2))
        own[gone] = random.normal(0, 1, (int(gone.sum()), 32))
        boxes = np.concatenate([centres - half, centres + half], 1)
        described = own / np.linalg.norm(own, axis=1, keepdims=True)
        tracks = tracker.update(
            Detections(
                boxes.astype(np.float32),
                np.full(8, 0.9, np.float32),
                described.astype(np.float32) if embeds else None,
            )
        )
        ids = {max([*ids, *tracks.ids.tolist()], default=0)}
        if frame == frames // TENTH:
            first = resident()
    return {"first": first, "last": resident(), "note": f"{max(ids)} ids"}


def train(steps: int) -> dict[str, object]:
    """The smoke profile's network over many steps."""
    import torch

    from cstrack_bench.formats.sequences import list_sequences
    from cstrack_bench.models.cstrack_config import make_config
    from cstrack_bench.models.cstrack_network import CSTrack
    from cstrack_bench.synthmot.generate import SynthSpec, make_synthmot
    from cstrack_bench.synthmot.world_config import SynthConfig
    from cstrack_bench.systems.system_registry import find_system
    from cstrack_bench.training.checkpoint import Position
    from cstrack_bench.training.loop import seed_everything
    from cstrack_bench.training.loop import train as train_network
    from cstrack_bench.training.train_config import LossConfig, TrainConfig
    from cstrack_bench.training_data.loading import AugmentConfig, TrainingSet

    torch.set_num_threads(1)
    measured: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        world = SynthConfig(width=128, height=96, frames=20, people=4)
        spec = SynthSpec(config=world, train_sequences=1)
        root = make_synthmot(Path(folder), spec, ("train",), processes=1)
        images = list_sequences(root, "train")
        dataset = TrainingSet(images, (64, 64), AugmentConfig(), 0)
        epochs = -(-steps * 2 // len(dataset))
        config = TrainConfig(
            epochs=epochs, batch=2, nominal_batch=2, warmup_iterations=0, workers=1
        )
        seed_everything(0)
        model = CSTrack(make_config("n"))

        def note(_: Position) -> None:
            measured.append(resident())

        _, summary = train_network(
            model,
            find_system("cstrack").loss(model, dataset.identities, LossConfig()),
            dataset,
            config,
            Path(folder) / "state.ckpt",
            "soak",
            0,
            torch.device("cpu"),
            on_epoch=note,
        )
    first = measured[len(measured) // TENTH]
    return {"first": first, "last": measured[-1], "note": f"{summary.steps} steps"}


def evaluate(name: str, identities: int) -> dict[str, object]:
    """A result in which every box has an id of its own."""
    from cstrack_bench.datasets.evaluation_rules import MOT17
    from cstrack_bench.errors import CstrackError
    from cstrack_bench.evaluation import (
        fast_scores,
        trackeval_scores,
    )
    from cstrack_bench.evaluation.scores import SequenceResult
    from cstrack_bench.formats.mot_files import read_annotations
    from cstrack_bench.structures import TrackTable

    people, frames = 50, 600
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            f"{frame + 1},{person + 1},{20 * person},{frame % 90},18,45,1,1,1\n"
            for person in range(people)
            for frame in range(frames)
        ]
        file = Path(folder) / "gt.txt"
        file.write_text("".join(rows), encoding="ascii")
        truth = read_annotations(file)
    each = identities // frames
    numbers = np.repeat(np.arange(frames), each)
    left = np.tile(20.0 * np.arange(each), frames)
    top = (numbers % 90).astype(float)
    boxes = np.stack([left, top, left + 18, top + 45], 1)
    ids = np.arange(1, len(numbers) + 1)
    table = TrackTable(numbers, ids, boxes, np.ones(len(numbers)))
    result = SequenceResult("SOAK-01", truth, table, 0, frames)
    first = resident()
    try:
        if name == "trackeval":
            found = trackeval_scores.evaluate([result], MOT17).overall
        else:
            found = fast_scores.evaluate([result], MOT17).overall
        note = f"{len(ids)} ids: HOTA {found['HOTA']:.2f}, ID Sw. {found['IDSW']}"
    except CstrackError as error:
        note = f"{len(ids)} ids: one sentence: {error}"
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"first": first, "last": resident(), "note": f"{note} (peak {peak:.0f} MB)"}


def _one(kind: str, name: str, amount: int) -> None:
    kinds: dict[str, Callable[[], dict[str, object]]] = {
        "trackers": lambda: track(name, amount),
        "training": lambda: train(amount),
        "evaluation": lambda: evaluate(name, amount),
    }
    print(json.dumps(kinds[kind]()))


def main() -> int:
    """Run the parts; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=["trackers", "training", "evaluation"])
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--identities", type=int, default=30_000)
    parser.add_argument("--slack", type=float, default=30.0, help="MB")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        kind, name, amount = arguments.one
        _one(kind, name, int(amount))
        return 0
    from cstrack_bench.tracking.tracker_registry import built_in_trackers

    parts = [("trackers", name, arguments.frames) for name in built_in_trackers()]
    parts += [
        ("training", "cstrack nano", arguments.steps),
        ("evaluation", "trackeval", arguments.identities),
        ("evaluation", "fast evaluator", arguments.identities),
    ]
    grew = False
    print("| what | how many | MB after a tenth | MB at the end | s | |")
    print("|---|---|---|---|---|---|")
    for kind, name, amount in parts:
        if arguments.part not in (None, kind):
            continue
        begun = time.monotonic()
        command = [sys.executable, __file__, "--one", kind, name, str(amount)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        row = json.loads(done.stdout.splitlines()[-1])
        seconds = time.monotonic() - begun
        more = row["last"] - row["first"]
        # What the evaluation allocates it needs: there the peak and the sentence count.
        grown = kind != "evaluation" and more > arguments.slack
        grew |= grown
        print(
            f"| {kind}: {name} | {amount:,} | {row['first']:.0f} | {row['last']:.0f} "
            f"| {seconds:.0f} | {row['note']}{' GREW' if grown else ''} |",
            flush=True,
        )
    return 1 if grew else 0


if __name__ == "__main__":
    sys.exit(main())
