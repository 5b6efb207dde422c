#!/usr/bin/env python
"""Make the cached detections of the gate from ``detections.yaml`` beside them.

    python scripts/gate_detections.py results/gate

Writes ``detections.npz`` (boxes, scores, embeddings), ``truth/`` (ground truth of each
sequence) and ``tracks.zip`` (tracks that the rules of evaluation are checked on).
SynthMOT is painted in a temporary folder, pictures are not kept. Afterwards `cstrack
check --update --reason "…"` measures the baseline anew.
"""

import argparse
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from cstrack_bench.documents import Document
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.settings import TrackConfig
from cstrack_bench.experiments.upper_bound import track_again
from cstrack_bench.files import write_text
from cstrack_bench.formats.mot_files import PEDESTRIAN, Annotations
from cstrack_bench.formats.sequences import Sequence, open_sequence
from cstrack_bench.formats.track_archives import write_track_archive
from cstrack_bench.gate.cached_detections import (
    DETECTIONS,
    TRACKS,
    TRUTH,
    read_cached_detections,
    write_cached_detections,
)
from cstrack_bench.program import run_program
from cstrack_bench.structures import Detections
from cstrack_bench.synthmot.generate import SynthConfig, make_sequence

CONFIG = "detections.yaml"


class World(Document):
    """One sequence of SynthMOT."""

    seed: int
    config: SynthConfig


class Simulation(Document):
    """How boxes come from ground truth; the fields are explained in the file."""

    seed: int
    noise: float
    least_visibility: float
    miss: float
    object: float
    double: float
    false_boxes: float
    false_frames: int = Field(ge=1)
    score_noise: float


class Grid(Document):
    """Cells of a box whose mean colours describe it."""

    rows: int = Field(ge=1)
    columns: int = Field(ge=1)


class GateConfig(Document):
    """``detections.yaml``."""

    sequences: dict[str, World] = Field(min_length=1)
    classes: list[Literal[2, 6, 7, 8, 12]] = Field(min_length=1)
    detector: Simulation
    embedding: Grid
    tracks: str


def read_config(path: Path) -> GateConfig:
    """The committed file.

    Raises:
        InputError: it is not there, or something else.
    """
    try:
        return GateConfig.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read: {reason}.") from error


def relabelled(text: str, turn: Iterator[int]) -> str:
    """A SynthMOT gt.txt whose objects have the next classes in turn, by id."""
    rows = [line.split(",") for line in text.splitlines()]
    objects = sorted({int(r[1]) for r in rows if int(r[7]) != PEDESTRIAN})
    classes = dict(zip(objects, turn, strict=False))
    for row in rows:
        row[7] = str(classes.get(int(row[1]), PEDESTRIAN))
    return "".join(",".join(row) + "\n" for row in rows)


def detect(
    sequence: Sequence, truth: Annotations, options: Simulation, grid: Grid
) -> Iterator[tuple[int, Detections]]:
    """Simulated boxes of every frame with what they look like, not yet centred."""
    number = int(sequence.name.rsplit("-", 1)[1])
    for index in range(sequence.length):
        random = np.random.default_rng([options.seed, number, index])
        rows = truth.between(index, index + 1)
        boxes, scores = _found(rows, options, random)
        steady = [options.seed, number, index // options.false_frames, 1]
        false, low = _false(sequence, options, np.random.default_rng(steady))
        boxes, scores = np.concatenate([boxes, false]), np.concatenate([scores, low])
        image = sequence.frame(index).image
        vectors = np.array([_describe(image, box, grid) for box in boxes], np.float32)
        width = 3 * grid.rows * grid.columns
        # What the file keeps: eighths of a pixel and three decimals.
        yield (
            index,
            Detections(
                (np.round(boxes * 8) / 8).astype(np.float32),
                np.round(scores, 3).astype(np.float32),
                vectors.reshape(-1, width),
            ),
        )


def _found(
    rows: Annotations, options: Simulation, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = len(rows)
    sides = np.tile(rows.boxes[:, 2:] - rows.boxes[:, :2], 2)
    boxes = rows.boxes + options.noise * sides * random.standard_normal((count, 4))
    scores = 0.95 * rows.visibility**0.5
    scores = scores + options.score_noise * random.standard_normal(count)
    chance = np.where(rows.is_pedestrian, 1 - options.miss, options.object)
    kept = random.random(count) < chance
    kept &= rows.visibility >= options.least_visibility
    again = kept & (random.random(count) < options.double)
    beside = boxes[again] + 0.25 * sides[again] * np.array([1, 0, 1, 0])
    boxes = np.concatenate([boxes[kept], beside])
    return boxes, np.clip([*scores[kept], *(0.8 * scores[again])], 0.05, 0.99)


def _false(
    sequence: Sequence, options: Simulation, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = int(random.poisson(options.false_boxes))
    height = random.uniform(0.1, 0.3, count) * sequence.height
    left = random.uniform(0, 0.9, count) * sequence.width
    top = random.uniform(0.2, 0.7, count) * sequence.height
    boxes = np.stack([left, top, left + 0.4 * height, top + height], axis=1)
    return boxes, random.uniform(0.1, 0.8, count)


def _describe(
    image: NDArray[np.uint8], box: NDArray[np.float64], grid: Grid
) -> NDArray[np.float32]:
    """Mean colours of the cells of a box, those of the picture's edge beyond it."""
    height, width = image.shape[:2]
    left, top, right, bottom = np.round(box).astype(int)
    left, top = min(max(left, 0), width - 2), min(max(top, 0), height - 2)
    right, bottom = max(left + 2, right), max(top + 2, bottom)
    crop = image[top:bottom, left:right]
    size = (grid.columns, grid.rows)
    return cv2.resize(crop, size, interpolation=cv2.INTER_AREA).reshape(-1) / 255.0


def make(folder: Path) -> None:
    """Write everything below the folder anew.

    Raises:
        CstrackError: the file system refused.
        InputError: the configuration is wrong.
    """
    config = read_config(folder / CONFIG)
    found: dict[str, dict[int, Detections]] = {}
    turn = itertools.cycle(config.classes)
    shutil.rmtree(folder / TRUTH, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        for sequence_name, world in config.sequences.items():
            painted = make_sequence(Path(name), sequence_name, world.config, world.seed)
            truth = folder / TRUTH / sequence_name
            labels = (painted / "gt" / "gt.txt").read_text("utf-8")
            write_text(truth / "gt" / "gt.txt", relabelled(labels, turn))
            info = (painted / "seqinfo.ini").read_text("utf-8")
            write_text(truth / "seqinfo.ini", info)
            annotations = open_sequence(truth).annotations()
            assert annotations is not None
            sequence = open_sequence(painted)
            boxes = detect(sequence, annotations, config.detector, config.embedding)
            found[sequence_name] = dict(boxes)
    write_cached_detections(folder / DETECTIONS, found)
    cached = read_cached_detections(folder)
    tracks = TrackConfig(config.tracks)
    write_track_archive(
        folder / TRACKS,
        {
            sequence.name: track_again(sequence, cached.boxes[sequence.name], tracks)[0]
            for sequence in cached.sequences
        },
    )


def main() -> None:
    """Make both files, and say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help=f"holds {CONFIG}")
    folder = parser.parse_args().folder
    make(folder)
    for name in (DETECTIONS, TRACKS):
        print(f"written: {folder / name} ({(folder / name).stat().st_size} bytes)")


if __name__ == "__main__":
    run_program(main, "interrupted.")
