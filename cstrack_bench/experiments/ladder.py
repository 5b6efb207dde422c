"""How many points each of detection, embedding and association costs.

The ladder puts ground truth in the place of one part of a tracker after the other. The
paper stops at its first rung, ground-truth boxes (Table VIII).
"""

import dataclasses
import json
from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cstrack_bench.console import progress
from cstrack_bench.datasets.experiment_data import ExperimentData
from cstrack_bench.detection.oracle import IdentityOracle, Jitter, OracleDetector
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.scores import Scores, SequenceResult
from cstrack_bench.evaluation.trackeval_scores import evaluate
from cstrack_bench.experiments.ledger import provenance
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.settings import TrackConfig
from cstrack_bench.experiments.train_run import find_training, train_run
from cstrack_bench.experiments.upper_bound import Seen, held_out, pedestrians, walk
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.files import write_text
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import (
    Detections,
    Detector,
    Embedder,
    Frame,
    Tracks,
    TrackTable,
)
from cstrack_bench.systems.inference import make_detector_and_embedder
from cstrack_bench.systems.registry import find_system
from cstrack_bench.systems.system import SystemNetwork
from cstrack_bench.tracking.build import make_filter

Row = dict[str, Any]
#: Whose differences to the first row are given.
METRICS = ("MOTA", "IDF1", "IDSW", "HOTA", "AssA", "DetA")
#: Of which detection, embedding and association have their share.
SHARED = ("MOTA", "IDF1", "HOTA")

OWN, TRUE, NONE, OVERLAP = "own", "ground truth", "none", "IoU only"
#: Ground-truth boxes made worse: noise as a share of the box's sides, boxes left out.
JITTERS = {
    f"{TRUE} ± 5 %": Jitter(noise=0.05),
    f"{TRUE} ± 10 %": Jitter(noise=0.1),
    f"{TRUE}, 10 % dropped": Jitter(drop=0.1),
    f"{TRUE}, 30 % dropped": Jitter(drop=0.3),
    f"{TRUE} ± 10 %, 10 % dropped": Jitter(noise=0.1, drop=0.1),
}


@dataclass(frozen=True)
class Rung:
    """What one row is made of.

    Attributes:
        boxes: ``own``, ``ground truth`` or one of ``JITTERS``.
        embeddings: ``own``, ``ground truth`` or ``none``.
        association: ``own``, ``ground truth`` or ``IoU only``.
    """

    boxes: str
    embeddings: str
    association: str


USUAL = Rung(OWN, OWN, OWN)
TRUE_EMBEDDINGS = Rung(OWN, TRUE, OWN)
TRUE_ASSOCIATION = Rung(OWN, NONE, TRUE)
RUNGS = (
    *(USUAL, TRUE_EMBEDDINGS, TRUE_ASSOCIATION),
    *(Rung(boxes, OWN, OWN) for boxes in (TRUE, *JITTERS)),
    *(Rung(TRUE, TRUE, OWN), Rung(TRUE, NONE, OWN), Rung(TRUE, NONE, OVERLAP)),
)


def ladder(
    data: ExperimentData,
    detector: Detector,
    embedder: Embedder,
    track: TrackConfig,
    label: str = "ladder",
) -> list[Row]:
    """Track the test part with ground truth in the place of one part after the other.

    With ground-truth embeddings each person has a random direction; with ground-truth
    association a box has the id of the person it covers by an IoU of at least 0.5, and
    is reported as detected: no birth delay, no Kalman filter. The output filter stays
    the tracker's in every row.

    Args:
        data: its test part is tracked.
        detector: finds the tracker's own boxes, with embeddings.
        embedder: gives boxes of ground truth the tracker's own embeddings.
        track: the tracker.
        label: what the progress display calls it.

    Returns:
        A row for each of ``RUNGS``: ``boxes``, ``embeddings``, ``association``,
        ``scores``, and the ``differences`` of ``METRICS`` to the first row.
    """
    results: dict[Rung, list[SequenceResult]] = {rung: [] for rung in RUNGS}
    with progress() as display:
        total = sum(len(sequence) for sequence in data.val)
        task = display.add_task(f"{label}: ladder", total=total)
        for sequence in data.val:
            truth = IdentityOracle(pedestrians(sequence))
            oracles = _oracles(sequence)
            boxes: dict[str, dict[int, Detections]]
            boxes = {name: {} for name in (OWN, *oracles)}
            for frame in sequence:
                boxes[OWN][frame.index] = detector.detect(frame)
                for name, seen in _embed(frame, oracles, embedder).items():
                    boxes[name][frame.index] = seen
                display.advance(task)
            for rung, found in results.items():
                table = _climb(rung, sequence, boxes[rung.boxes], truth, track)
                found.append(SequenceResult.of(sequence, table))
    scores = {
        rung: evaluate(found, data.benchmark).overall for rung, found in results.items()
    }
    usual = scores[USUAL]
    return [
        {
            **dataclasses.asdict(rung),
            "scores": found,
            "differences": {key: found[key] - usual[key] for key in METRICS},
        }
        for rung, found in scores.items()
    ]


def climb(runs: Many[Run], workspace: Workspace) -> dict[str, Any]:
    """Climb the ladder with the network of each run, and write ``ladder.json``.

    A network that finds no boxes gets those of a run of the same seed that does, the
    last of them in ``runs``. A training whose weights are not here
    any more is done again.

    Args:
        runs: of one table, measured before.
        workspace: data, ledger and device.

    Returns:
        What was written: ``data`` with ``held_out``, ``systems`` (``row``, ``name``,
        ``seed``, ``run``, ``boxes_of``, ``rows`` and ``costs`` of each run), and
        ``provenance``.

    Raises:
        InputError: no run finds boxes for one that does not.
    """
    systems = []
    tested: dict[str, Any] = {}
    for run in runs:
        finder = _finder(run, runs)
        settings = run.settings
        detector, embedder = make_detector_and_embedder(
            _model(run, workspace),
            None if finder is run else _model(finder, workspace),
            settings.data.size,
            settings.nms,
            str(workspace.device),
            Stopwatch(),
        )
        assert detector is not None, "a finder finds"
        data = workspace.open(settings.test_data)
        tested = {**data.describe(), "held_out": held_out(data)}
        rows = ladder(data, detector, embedder, settings.track, run.title)
        systems.append(
            {
                "row": run.row,
                "name": run.name,
                "seed": run.seed,
                "run": workspace.identity(run),
                "boxes_of": finder.name,
                "rows": rows,
                "costs": costs(rows),
            }
        )
    document = {
        "table": runs[0].table,
        "profile": runs[0].profile,
        "label": runs[0].label,
        "data": tested,
        "systems": systems,
        "provenance": provenance(str(workspace.device)),
    }
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    write_text(ladder_path(runs[0], workspace), text)
    return document


def ladder_path(run: Run, workspace: Workspace) -> Path:
    """Where the ladder of a run's table lies."""
    return workspace.ledger.path(run).parents[1] / "ladder.json"


def _finder(run: Run, runs: Many[Run]) -> Run:
    """The run whose network finds the boxes for this one: itself, if it can."""
    if find_system(run.settings.system).finds_boxes:
        return run
    able = [
        other
        for other in runs
        if other.seed == run.seed and find_system(other.settings.system).finds_boxes
    ]
    if not able:
        raise InputError(
            f"{run.title} finds no boxes of its own: name a row that does beside it, "
            "as --rows 2,3 does in Table VIII."
        )
    return able[-1]


def _model(run: Run, workspace: Workspace) -> SystemNetwork:
    return (find_training(run, workspace) or train_run(run, workspace)).model


def costs(rows: Many[Row]) -> dict[str, dict[str, float]]:
    """How the points that a tracker lacks divide among its three parts.

    Over the tracker's own boxes, its embeddings are replaced by the truth, then its
    association: what each step gains was the cost of the part that it replaced (below
    0 where the truth did worse). What is then left of 100 points is detection's.

    Args:
        rows: of ``ladder``.

    Returns:
        ``embedding``, ``association`` and ``detection``, each with points of
        ``SHARED``; the three add up to 100 less the usual score.
    """
    scores = {
        Rung(row["boxes"], row["embeddings"], row["association"]): row["scores"]
        for row in rows
    }
    steps: list[Scores] = [
        *(scores[rung] for rung in (USUAL, TRUE_EMBEDDINGS, TRUE_ASSOCIATION)),
        dict.fromkeys(SHARED, 100.0),
    ]
    names = ("embedding", "association", "detection")
    return {
        name: {key: after[key] - before[key] for key in SHARED}
        for name, before, after in zip(names, steps, steps[1:], strict=False)
    }


def _oracles(sequence: Sequence) -> dict[str, OracleDetector]:
    """The kinds of ground-truth boxes."""
    truth = pedestrians(sequence)
    kinds: Mapping[str, Jitter | None] = {TRUE: None, **JITTERS}
    return {name: OracleDetector(truth, None, kind) for name, kind in kinds.items()}


def _embed(
    frame: Frame, oracles: Mapping[str, OracleDetector], embedder: Embedder
) -> dict[str, Detections]:
    """Every kind's boxes with their embeddings, from one look at the picture."""
    seen = [oracle.detect(frame) for oracle in oracles.values()]
    vectors = embedder.embed(frame, np.concatenate([one.boxes for one in seen]))
    pieces = np.split(vectors, np.cumsum([len(one) for one in seen])[:-1])
    return {
        name: Detections(one.boxes, one.scores, piece)
        for name, one, piece in zip(oracles, seen, pieces, strict=True)
    }


def _climb(
    rung: Rung,
    sequence: Sequence,
    seen: Seen,
    truth: IdentityOracle,
    track: TrackConfig,
) -> TrackTable:
    """The tracks of one sequence with what a row replaces."""
    if rung.association == TRUE:
        return _true_tracks(sequence, seen, truth, track)
    if rung.association == OVERLAP:
        limits = make_filter(track.name, **track.filter).config
        track = TrackConfig("iou", {}, dataclasses.asdict(limits))
    if rung.embeddings != OWN:
        seen = {
            frame.index: Detections(
                found.boxes,
                found.scores,
                truth.embed(frame, found.boxes) if rung.embeddings == TRUE else None,
            )
            for frame in sequence
            for found in [seen[frame.index]]
        }
    return walk(sequence, seen, track)[0]


def _true_tracks(
    sequence: Sequence, seen: Seen, truth: IdentityOracle, track: TrackConfig
) -> TrackTable:
    """Boxes under the ids of the people they cover.

    Boxes of nobody stay, as detection's errors: the first in each frame under one id,
    the second under the next.
    """
    keep = make_filter(track.name, **track.filter)
    first = 1 + int(pedestrians(sequence).ids.max(initial=0))
    reported = []
    for frame in sequence:
        found = seen[frame.index]
        ids = truth.identities(frame, found.boxes)
        nobody = ids < 0
        ids[nobody] = first + np.arange(np.count_nonzero(nobody))
        tracks = Tracks(
            ids, found.boxes.astype(np.float64), found.scores.astype(np.float64)
        )
        reported.append((frame.index, keep.apply(tracks)))
    return TrackTable.from_frames(reported)
