"""Measuring a trained network: detect, track, score."""

from collections.abc import Callable, Iterable
from collections.abc import Sequence as Many
from typing import Any

import torch

from cstrack_bench.console import progress
from cstrack_bench.datasets.experiment_data import ExperimentData
from cstrack_bench.detection.file_detector import FileDetector
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.detection.oracle import OracleDetector
from cstrack_bench.evaluation.blocks import blocks
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.evaluation.trackeval_scores import evaluate
from cstrack_bench.experiments.ledger import Record
from cstrack_bench.experiments.settings import Settings
from cstrack_bench.experiments.upper_bound import measure_bound
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.pipeline import Recorder, track_sequence
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detector, TrackTable
from cstrack_bench.systems.inference import make_detector_and_embedder
from cstrack_bench.systems.system import SystemNetwork
from cstrack_bench.tracking.build import (
    confidence_options,
    make_filter,
    make_tracker,
)

WARM_UP_FRAMES = 5
# The timer of the official code starts behind decoding and letterboxing (REFERENCE
# 5.10) and stops before anything is written.
PAPER_SCOPE = ("upload", "forward", "nms", "embed", "associate")


def measure(
    settings: Settings,
    model: SystemNetwork,
    finder: SystemNetwork | None,
    data: ExperimentData,
    device: torch.device,
    label: str,
) -> Record:
    """Track what is to be measured and score it.

    Args:
        settings: thresholds, tracker, and what is measured.
        model: the trained network.
        finder: the network that finds the boxes where ``model`` does not.
        data: whose test (or training) part is tracked.
        device: where to compute.
        label: what the progress display calls the run.

    Returns:
        scores, blocks, baselines, tracking and speed; with ground-truth boxes
        variants and losses too (Table VIII).
    """
    watch = Stopwatch()
    source, embedder = make_detector_and_embedder(
        model, finder, settings.data.size, settings.nms, str(device), watch
    )
    truth = settings.measure.boxes == "ground_truth"
    sequences = data.own if settings.measure.part == "train" else data.val

    def look(sequence: Sequence) -> Detector:
        if not truth:
            assert source is not None, "the run has a detector"
            return source
        annotations = sequence.annotations()
        assert annotations is not None, "opened with ground truth"
        return OracleDetector(annotations.pedestrians(), embedder)

    measured = _track(settings, look, sequences, data.benchmark, watch, label)
    if truth:
        measured |= measure_bound(data, embedder, settings.track)
    return measured


def _track(
    settings: Settings,
    look: Callable[[Sequence], Detector],
    sequences: Many[Sequence],
    benchmark: str,
    watch: Stopwatch,
    label: str,
) -> Record:
    """Track sequences and score them; an IoU-only tracker gets the same boxes."""
    own: list[tuple[Sequence, TrackTable]] = []
    plain: list[tuple[Sequence, TrackTable]] = []
    filtered: dict[str, int] = {}
    track = settings.track
    options = {**_threshold(settings), **track.options}

    def walk(
        name: str,
        sequence: Sequence,
        source: Detector,
        options: dict[str, Any],
        watch: Stopwatch,
    ) -> tuple[TrackTable, dict[str, int]]:
        tracker = make_tracker(name, sequence.frame_rate, **options)
        keep = make_filter(track.name, **track.filter)
        return track_sequence(sequence, source, tracker, keep, watch), keep.dropped

    with progress() as display:
        task = display.add_task(f"{label}: tracking", total=len(sequences))
        for sequence in sequences:
            recorder = Recorder(look(sequence))
            table, dropped = walk(track.name, sequence, recorder, options, watch)
            own.append((sequence, table))
            for reason, count in dropped.items():
                filtered[reason] = filtered.get(reason, 0) + count
            replay = FileDetector(recorder.seen)
            plain.append((sequence, walk("iou", sequence, replay, {}, Stopwatch())[0]))
            display.advance(task)
    results = to_results(own)
    return {
        "scores": evaluate(results, benchmark).as_dict(),
        "blocks": blocks(results, benchmark),
        "baselines": {"iou": evaluate(to_results(plain), benchmark).as_dict()},
        "tracking": {
            "frames": sum(len(s) for s, _ in own),
            "filtered": filtered,
            "dropped_first_frames": WARM_UP_FRAMES,
            "stages": {
                stage: {key: round(value, 3) for key, value in times.items()}
                for stage, times in watch.summary(drop=WARM_UP_FRAMES).items()
            },
        },
        "speed": speed(watch),
    }


def _threshold(settings: Settings) -> dict[str, float]:
    """What the detector may report may also start a track, as in the official code.

    The trackers' own thresholds belong to the detector's usual one.
    """
    least = settings.nms.confidence
    if settings.measure.boxes != "network" or least == NmsConfig().confidence:
        return {}
    return confidence_options(settings.track.name, least)


def speed(watch: Stopwatch) -> Record:
    """Frames a second, from the mean frame: in the paper's scope, and end to end."""
    frames = watch.frames[WARM_UP_FRAMES:] or watch.frames

    def rate(stages: Iterable[str] | None) -> float | None:
        total = sum(
            wall
            for frame in frames
            for stage, (wall, _) in frame.items()
            if stages is None or stage in stages
        )
        return round(len(frames) / total, 2) if total else None

    return {"fps_paper_scope": rate(PAPER_SCOPE), "fps_end_to_end": rate(None)}


def to_results(tables: Iterable[tuple[Sequence, TrackTable]]) -> list[SequenceResult]:
    """Pair what was tracked with the ground truth of the same frames."""
    results = []
    for sequence, table in tables:
        annotations = sequence.annotations()
        assert annotations is not None, f"{sequence.name} was opened with ground truth"
        results.append(
            SequenceResult(
                sequence.name, annotations, table, sequence.start, sequence.stop
            )
        )
    return results
