"""Detection and identity apart: which of the two tasks a network does better.

MOTA and IDF1 mix them. Average precision asks for the boxes alone, rank-1 over true
boxes for the identities alone: the competition that the paper infers (sections I and
III) is between these two.
"""

import collections.abc as abc
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.boxes import iou_matrix
from cstrack_bench.console import progress
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.documents import Document, read_document
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.discrimination import describe_frames
from cstrack_bench.experiments.records import Provenance, schema_field
from cstrack_bench.formats.mot_files import Annotations
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.structures import Detections, Detector, Embedder

#: Folder of a profile's task scores, below its results.
FOLDER = "tasks"
#: Boxes below this score are left out; a tracker's own limit is far above it.
LEAST_SCORE = 0.05
#: Least overlap of a found box with a true one, as in MOTA.
LEAST_IOU = 0.5


class Score(Document):
    """A score of all sequences, and of all but each: what intervals are made from.

    Attributes:
        overall: percent.
        without: sequence -> percent of the others together.
    """

    overall: float
    without: dict[str, float]


class TaskScores(Document):
    """``row4-seed0.json``: a network's two tasks, each by itself.

    Attributes:
        run: identity of the run whose network it is.
        table, row, seed: where that run stands.
        frames: that were seen.
        boxes: true boxes to be found; people: true boxes with a template to be matched.
        detection: average precision of the boxes at IoU 0.5, over all recalls.
        identity: true boxes whose own template, updated as the tracker does, is the
            most similar one of its frame (rank-1).
        provenance: of this measurement.
    """

    schema_number: Literal[1] = schema_field(1)
    run: str
    table: str
    row: int
    seed: int
    frames: int
    boxes: int
    people: int
    detection: Score
    identity: Score
    provenance: Provenance


@dataclass(frozen=True)
class FoundBoxes:
    """The boxes that a network found in one sequence, judged.

    Attributes:
        scores: (N,) of those that count.
        hits: (N,) whether each is a true box found first.
        truths: true boxes in the sequence.
    """

    scores: NDArray[np.float64]
    hits: NDArray[np.bool_]
    truths: int


def judge_boxes(
    frames: abc.Iterable[tuple[int, Detections]],
    truth: Annotations,
    rules: EvaluationRules,
) -> FoundBoxes:
    """Which boxes are true ones, best score first, each true box once.

    A box on a distractor, and on no true box, counts neither way, as in MOTA.

    Args:
        frames: number, from 0, and boxes of each.
        truth: of the sequence.
        rules: say which classes are distractors.
    """
    people = truth.pedestrians()
    others = truth.keep(np.isin(truth.classes, sorted(rules.distractors)))
    scores: list[float] = []
    hits: list[bool] = []
    for number, found in frames:
        own = people.boxes[people.frames == number]
        ignored = others.boxes[others.frames == number]
        order = np.argsort(-found.scores, kind="stable")
        boxes = found.boxes[order].astype(np.float64)
        overlaps = iou_matrix(boxes, own)
        covered = iou_matrix(boxes, ignored) >= LEAST_IOU
        free = np.ones(len(own), np.bool_)
        for index, overlap in enumerate(overlaps):
            open_ = np.where(free, overlap, 0.0)
            best = int(open_.argmax()) if len(own) else -1
            hit = best >= 0 and open_[best] >= LEAST_IOU
            if hit:
                free[best] = False
            elif covered[index].any():
                continue
            scores.append(float(found.scores[order[index]]))
            hits.append(bool(hit))
    return FoundBoxes(
        np.array(scores, np.float64), np.array(hits, np.bool_), len(people)
    )


def average_precision(found: abc.Sequence[FoundBoxes]) -> float:
    """Area under precision over recall, in percent, at every recall (VOC 2010).

    Args:
        found: of the sequences, which are taken together.

    Raises:
        InputError: there is no true box.
    """
    truths = sum(one.truths for one in found)
    if not truths:
        raise InputError("There is no true box to be found.")
    scores = np.concatenate([one.scores for one in found])
    hits = np.concatenate([one.hits for one in found])
    hits = hits[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    # Precision at a recall is the best at that recall or a larger one.
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float(100.0 * precision[hits].sum() / truths)


def measure_tasks(
    detector: Detector,
    embedder: Embedder,
    sequences: abc.Sequence[Sequence],
    rules: EvaluationRules,
    label: str,
) -> dict[str, object]:
    """The scores of one network, as fields of ``TaskScores``.

    Args:
        detector: that reports boxes down to ``LEAST_SCORE``.
        embedder: that describes true boxes.
        sequences: with pictures and ground truth, two or more.
        rules: of the data set.
        label: what the progress display calls the network.

    Raises:
        InputError: a single sequence, no ground truth, or no person seen twice.
    """
    names = [sequence.name for sequence in sequences]
    if len(set(names)) < 2:
        raise InputError("Intervals over sequences need two sequences or more.")
    found: dict[str, FoundBoxes] = {}
    with progress() as display:
        task = display.add_task(f"{label}: finding boxes", total=len(sequences))
        for sequence in sequences:
            truth = sequence.annotations()
            if truth is None:
                raise InputError(f"{sequence.name} has no ground truth.")
            boxes = ((frame.index, detector.detect(frame)) for frame in sequence)
            found[sequence.name] = judge_boxes(boxes, truth, rules)
            display.advance(task)
    right = dict.fromkeys(names, 0)
    people = dict.fromkeys(names, 0)
    for described in describe_frames({label: embedder}, sequences):
        name = names[described.sequence]
        matching = described.matrices[label].matching
        right[name] += int((matching.argmax(axis=1) == np.arange(len(matching))).sum())
        people[name] += len(matching)

    def rank1(chosen: abc.Collection[str]) -> float:
        count = sum(people[name] for name in chosen)
        return 100.0 * sum(right[name] for name in chosen) / max(count, 1)

    def precision(chosen: abc.Collection[str]) -> float:
        return average_precision([found[name] for name in chosen])

    def score(of: abc.Callable[[abc.Collection[str]], float]) -> Score:
        others = {name: [one for one in names if one != name] for name in names}
        left = {name: round(of(rest), 4) for name, rest in others.items()}
        return Score(overall=round(of(names), 4), without=left)

    return {
        "frames": sum(len(sequence) for sequence in sequences),
        "boxes": sum(one.truths for one in found.values()),
        "people": sum(people.values()),
        "detection": score(precision),
        "identity": score(rank1),
    }


def task_file(table_folder: Path, row: int, seed: int) -> Path:
    """Where the task scores of a run lie.

    Args:
        table_folder: of the table's runs, ``results/twin/table2``.
        row, seed: of the run.
    """
    return _folder(table_folder) / f"row{row}-seed{seed}.json"


def _folder(table_folder: Path) -> Path:
    return table_folder.parent / FOLDER / table_folder.name


def read_task_scores(file: Path) -> TaskScores:
    """One file of task scores.

    Raises:
        InputError: it holds none.
    """
    return read_document(file, TaskScores, "a file of task scores", "delete it")


def read_tasks(table_folder: Path) -> list[TaskScores]:
    """The task scores of a table, by row and seed.

    Args:
        table_folder: of the table's runs.

    Raises:
        InputError: a file there holds none.
    """
    files = _folder(table_folder).glob("row*-seed*.json")
    found = [read_task_scores(path) for path in files]
    return sorted(found, key=lambda one: (one.row, one.seed))
