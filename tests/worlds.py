"""Small worlds of ground truth alone, on disk as MOTChallenge has them."""

from pathlib import Path

import numpy as np

from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.datasets.experiment_data import ExperimentData
from cstrack_bench.formats.sequences import Sequence, open_sequence

Boxes = dict[int, list[list[float]]]


def write_world(folder: Path, people: Boxes, frame_rate: int = 30) -> Sequence:
    """A sequence without pictures.

    Args:
        folder: where to write it.
        people: id -> a box (left, top, width, height) for each frame.
        frame_rate: frames a second.
    """
    length = max(len(boxes) for boxes in people.values())
    (folder / "gt").mkdir(parents=True)
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={folder.name}\nimDir=img1\nframeRate={frame_rate}\n"
        f"seqLength={length}\nimWidth=960\nimHeight=540\nimExt=.jpg\n",
        encoding="utf-8",
    )
    rows = [
        f"{frame + 1},{number},{','.join(map(str, box))},1,1,1\n"
        for number, boxes in people.items()
        for frame, box in enumerate(boxes)
    ]
    (folder / "gt" / "gt.txt").write_text("".join(rows), encoding="utf-8")
    return open_sequence(folder)


def halves(sequence: Sequence) -> ExperimentData:
    """First half to train on, second to test on."""
    cut = len(sequence) // 2
    own, val = [sequence.part(0, cut)], [sequence.part(cut, len(sequence))]
    return ExperimentData("world", MOT17, "half/official", own, val)


def walkers(people: int, frames: int, seed: int = 0) -> Boxes:
    """People who walk to and fro and cross, id 1 and up."""
    random = np.random.default_rng(seed)
    heights = random.uniform(60, 140, people)
    phases = random.uniform(0, 2 * np.pi, people)
    places = random.uniform(150, 700, people)
    reach = random.uniform(40, 140, people)
    result: Boxes = {}
    for index in range(people):
        x = places[index] + reach[index] * np.sin(np.arange(frames) / 9 + phases[index])
        height = float(heights[index])
        result[index + 1] = [
            [float(left), 180.0 - height / 4, 0.4 * height, height] for left in x
        ]
    return result
