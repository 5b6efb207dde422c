"""How many points each of detection, embedding and association costs.

The ladder replaces one part of a tracker after the other by ground truth. The
paper stops at its first rung, ground-truth boxes (Table VIII).
"""

import collections.abc as abc
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cstrack_bench.console import progress
from cstrack_bench.datasets.experiment_data import ExperimentData
from cstrack_bench.detection.oracle import IdentityOracle, Jitter, OracleDetector
from cstrack_bench.documents import write_document
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.fast_scores import evaluate
from cstrack_bench.evaluation.scores import Scores, SequenceResult
from cstrack_bench.experiments.comparison_records import (
    LadderRecord,
    LadderRow,
    LadderSystem,
)
from cstrack_bench.experiments.evaluate_run import BASELINE, BoxNetwork, make_detectors
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.records import DataFacts
from cstrack_bench.experiments.settings import TrackConfig
from cstrack_bench.experiments.train_run import find_training, train_run
from cstrack_bench.experiments.upper_bound import (
    ByFrame,
    held_out,
    pedestrians,
    track_again,
)
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.models.network_base import Network
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import (
    Detections,
    Detector,
    Embedder,
    Frame,
    Tracks,
    TrackTable,
)
from cstrack_bench.systems.system_registry import find_system
from cstrack_bench.track_hints import SequenceDetector
from cstrack_bench.tracking.tracker_registry import make_filter

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
) -> list[LadderRow]:
    """Track the test part with one part after the other replaced by ground truth.

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
        A row for each of ``RUNGS``, with the differences of ``METRICS`` to the first.
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
                for name, described in _embed(frame, oracles, embedder).items():
                    boxes[name][frame.index] = described
                display.advance(task)
            for rung, found in results.items():
                table = _track_rung(rung, sequence, boxes[rung.boxes], truth, track)
                found.append(SequenceResult.of(sequence, table))
    scores = {
        rung: evaluate(found, data.rules).overall for rung, found in results.items()
    }
    usual = scores[USUAL]
    return [
        LadderRow(
            **dataclasses.asdict(rung),
            scores=found,
            differences={key: found[key] - usual[key] for key in METRICS},
        )
        for rung, found in scores.items()
    ]


def measure_ladder(runs: abc.Sequence[Run], workspace: Workspace) -> LadderRecord:
    """Measure the ladder with the network of each run, and write ``ladder.json``.

    A network that finds no boxes (DeepSORT's) gets those of a CSTrack or JDE run of
    the same seed, the last of them in ``runs``. A training whose weights are not here
    any more is done again.

    Args:
        runs: of one table, measured before.
        workspace: data, ledger and device.

    Returns:
        What was written.

    Raises:
        InputError: no network finds boxes for a run.
    """
    systems = []
    tested = None
    for run in runs:
        finder = _finder(run, runs)
        settings = run.settings
        detector, embedder = make_detectors(
            settings,
            _network(run, workspace),
            None
            if finder is run
            else BoxNetwork(finder.settings.system, _network(finder, workspace)),
            workspace.device,
            Stopwatch(),
        )
        if embedder is None or isinstance(detector, SequenceDetector):
            raise InputError(
                f"{run.title} describes no boxes, so it has no embeddings to replace: "
                "leave it out with --rows."
            )
        assert detector is not None, "the network of a finder finds boxes"
        data = workspace.open(settings.test_data)
        tested = DataFacts.model_validate(
            {**data.describe(), "held_out": held_out(data)}
        )
        rows = ladder(data, detector, embedder, settings.track, run.title)
        systems.append(
            LadderSystem(
                row=run.row,
                name=run.name,
                seed=run.seed,
                run=workspace.identity(run),
                boxes_of=finder.name,
                rows=rows,
                costs=costs(rows),
            )
        )
    record = LadderRecord.model_validate(
        {
            "table": runs[0].table,
            "profile": runs[0].profile,
            "label": runs[0].label,
            "data": tested,
            "systems": systems,
            "provenance": provenance(str(workspace.device)),
        }
    )
    write_document(ladder_path(runs[0], workspace), record)
    return record


def ladder_path(run: Run, workspace: Workspace) -> Path:
    """Where the ladder of a run's table lies."""
    return workspace.ledger.path(run).parents[1] / "ladder.json"


def _finder(run: Run, runs: abc.Sequence[Run]) -> Run:
    """The run whose network finds the boxes for this one: itself, if it can."""
    if find_system(run.settings.system).finds_boxes:
        return run
    able = [
        other
        for other in runs
        if other.seed == run.seed
        and find_system(other.settings.system).make_finder is not None
    ]
    if not able:
        raise InputError(
            f"{run.title} finds no boxes of its own: name a row that does beside it, "
            "as --rows 2,3 does in Table VIII."
        )
    return able[-1]


def _network(run: Run, workspace: Workspace) -> Network:
    found = find_training(run, workspace) or train_run(run, workspace)
    return found.network


def costs(rows: abc.Sequence[LadderRow]) -> dict[str, dict[str, float]]:
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
        Rung(row.boxes, row.embeddings, row.association): row.scores for row in rows
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
    kinds: abc.Mapping[str, Jitter | None] = {TRUE: None, **JITTERS}
    return {name: OracleDetector(truth, None, kind) for name, kind in kinds.items()}


def _embed(
    frame: Frame, oracles: abc.Mapping[str, OracleDetector], embedder: Embedder
) -> dict[str, Detections]:
    """Every kind's boxes with their embeddings, in one pass of the network."""
    found = [oracle.detect(frame) for oracle in oracles.values()]
    vectors = embedder.embed(frame, np.concatenate([one.boxes for one in found]))
    pieces = np.split(vectors, np.cumsum([len(one) for one in found])[:-1])
    return {
        name: Detections(one.boxes, one.scores, piece)
        for name, one, piece in zip(oracles, found, pieces, strict=True)
    }


def _track_rung(
    rung: Rung,
    sequence: Sequence,
    found: ByFrame,
    truth: IdentityOracle,
    track: TrackConfig,
) -> TrackTable:
    """The tracks of one sequence with what a row replaces."""
    if rung.association == TRUE:
        return _true_tracks(sequence, found, truth, track)
    if rung.association == OVERLAP:
        limits = make_filter(track.name, **track.filter).config
        track = TrackConfig(BASELINE, {}, dataclasses.asdict(limits))
    if rung.embeddings != OWN:
        found = {
            frame.index: Detections(
                own.boxes,
                own.scores,
                truth.embed(frame, own.boxes) if rung.embeddings == TRUE else None,
            )
            for frame in sequence
            for own in [found[frame.index]]
        }
    return track_again(sequence, found, track)[0]


def _true_tracks(
    sequence: Sequence, found: ByFrame, truth: IdentityOracle, track: TrackConfig
) -> TrackTable:
    """Boxes under the ids of the people they cover.

    A box that covers no person stays, as an error of detection: the first of a frame
    under one id, the second under the next.
    """
    keep = make_filter(track.name, **track.filter)
    first = 1 + int(pedestrians(sequence).ids.max(initial=0))
    reported = []
    for frame in sequence:
        own = found[frame.index]
        ids = truth.identities(frame, own.boxes)
        false = ids < 0
        ids[false] = first + np.arange(np.count_nonzero(false))
        tracks = Tracks(
            ids, own.boxes.astype(np.float64), own.scores.astype(np.float64)
        )
        reported.append((frame.index, keep.apply(tracks)))
    return TrackTable.from_frames(reported)
