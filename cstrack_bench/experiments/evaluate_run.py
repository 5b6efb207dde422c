"""Measuring a trained network: detect, track, score."""

import collections.abc as abc
from dataclasses import dataclass, replace

import torch

from cstrack_bench.components import Component
from cstrack_bench.console import progress
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.datasets.experiment_data import ExperimentData
from cstrack_bench.detection.crops import TwoStage
from cstrack_bench.detection.file_detector import FileDetector
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.detection.oracle import OracleDetector
from cstrack_bench.evaluation.fast_scores import evaluate, evaluate_with_blocks
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.experiments.records import (
    Block,
    Measured,
    Speed,
    StageTimes,
    Tracking,
)
from cstrack_bench.experiments.settings import Settings
from cstrack_bench.experiments.upper_bound import measure_bound, pedestrians
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.models.network_base import Network
from cstrack_bench.pipeline import Recorder, track_sequence
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Embedder, Tracker, TrackTable
from cstrack_bench.systems.system import DetectionOptions
from cstrack_bench.systems.system_registry import find_system
from cstrack_bench.track_hints import AnyDetector, link
from cstrack_bench.tracking.tracker_registry import (
    confidence_options,
    make_filter,
    make_tracker,
)

COMPONENT = Component("measurement", 2)
#: The tracker that gets the same detections, by overlap alone.
BASELINE = "iou"
WARM_UP_FRAMES = 5
# The timer of the official code starts behind decoding and letterboxing and stops
# before anything is written (docs/reference.md#speed-scope).
PAPER_SCOPE = ("upload", "forward", "nms", "embed", "associate")


@dataclass(frozen=True)
class BoxNetwork:
    """A network that finds the boxes for another.

    Attributes:
        system: its name.
        network: with its weights.
    """

    system: str
    network: Network


@dataclass(frozen=True)
class MeasuredRun:
    """What measuring a trained network gives, for its record and beside it.

    Attributes:
        measured: for the record.
        tables: the tracks of each sequence, ``SYN-test-01``, and those of the baselines
            over the same detections, ``baselines/iou/SYN-test-01``.
    """

    measured: Measured
    tables: abc.Mapping[str, TrackTable]


def measure(
    settings: Settings,
    network: Network,
    detector: BoxNetwork | None,
    data: ExperimentData,
    device: torch.device,
    label: str,
) -> MeasuredRun:
    """Track what is to be measured and score it.

    Args:
        settings: thresholds, tracker, and what is measured.
        network: the trained network.
        detector: the network that finds the boxes where ``network`` cannot.
        data: whose test (or training) part is tracked.
        device: where to compute.
        label: what the progress display calls the run.

    Returns:
        Scores, blocks, baselines, tracking and speed; with ground-truth boxes
        variants and losses too (Table VIII). The tracks that were scored.
    """
    watch = Stopwatch()
    finder, embedder = make_detectors(settings, network, detector, device, watch)
    of_ground_truth = settings.measure.boxes == "ground_truth"
    sequences = data.own if settings.measure.part == "train" else data.val

    def detector_of(sequence: Sequence) -> AnyDetector:
        if of_ground_truth:
            return OracleDetector(pedestrians(sequence), embedder)
        assert finder is not None, "a network without boxes was given a detector"
        return finder

    found = _track(settings, detector_of, sequences, data.rules, watch, label)
    if of_ground_truth:
        bound = measure_bound(data, embedder, settings.track)
        update = {"variants": bound.variants, "losses": bound.losses}
        found = replace(found, measured=found.measured.model_copy(update=update))
    return found


def make_detectors(
    settings: Settings,
    network: Network,
    detector: BoxNetwork | None,
    device: torch.device,
    watch: Stopwatch,
) -> tuple[AnyDetector | None, Embedder | None]:
    """What finds boxes, and what describes given ones.

    Args:
        settings: thresholds and size of the input.
        network: the trained network.
        detector: the network that finds the boxes where ``network`` cannot.
        device: where to compute.
        watch: times the stages.

    Returns:
        The detector, None where neither network is one, and the embedder, None where
        the network describes no boxes.
    """
    options = DetectionOptions(settings.data.size, settings.nms, device, watch)
    system = find_system(settings.system)
    if system.make_finder is not None:
        own = system.make_finder(network, options)
        return own, own
    if system.make_sequence_finder is not None:
        return system.make_sequence_finder(network, options), None
    assert system.make_embedder is not None, f"{system.name} does nothing"
    embedder = system.make_embedder(network, options)
    if detector is None:
        return None, embedder
    found_by = find_system(detector.system)
    assert found_by.make_finder is not None, "a detector finds boxes"
    finder = found_by.make_finder(detector.network, options)
    return TwoStage(finder, embedder), embedder


def _track(
    settings: Settings,
    detector_of: abc.Callable[[Sequence], AnyDetector],
    sequences: abc.Sequence[Sequence],
    rules: EvaluationRules,
    watch: Stopwatch,
    label: str,
) -> MeasuredRun:
    """Track sequences and score them; an IoU-only tracker gets the same boxes."""
    own: list[tuple[Sequence, TrackTable]] = []
    plain: list[tuple[Sequence, TrackTable]] = []
    filtered: dict[str, int] = {}
    track = settings.track
    options = {**_threshold(settings), **track.options}

    def tracked(
        sequence: Sequence, detector: AnyDetector, tracker: Tracker, watch: Stopwatch
    ) -> tuple[TrackTable, dict[str, int]]:
        keep = make_filter(track.name, **track.filter)
        return track_sequence(sequence, detector, tracker, keep, watch), keep.dropped

    with progress() as display:
        task = display.add_task(f"{label}: tracking", total=len(sequences))
        for sequence in sequences:
            tracker = make_tracker(track.name, sequence.frame_rate, **options)
            detector, tracker = link(detector_of(sequence), tracker)
            recorder = Recorder(detector)
            table, dropped = tracked(sequence, recorder, tracker, watch)
            own.append((sequence, table))
            for reason, count in dropped.items():
                filtered[reason] = filtered.get(reason, 0) + count
            replay = FileDetector(recorder.detections)
            overlap = make_tracker(BASELINE, sequence.frame_rate)
            baseline, _ = tracked(sequence, replay, overlap, Stopwatch())
            plain.append((sequence, baseline))
            display.advance(task)
    results = [SequenceResult.of(*pair) for pair in own]
    plain_results = [SequenceResult.of(*pair) for pair in plain]
    stages = watch.summary(drop=WARM_UP_FRAMES)
    scores, blocks = evaluate_with_blocks(results, rules)
    measured = Measured(
        scores=scores,
        blocks=[Block.model_validate(row) for row in blocks],
        baselines={BASELINE: evaluate(plain_results, rules)},
        tracking=Tracking(
            frames=sum(len(s) for s, _ in own),
            filtered=filtered,
            dropped_first_frames=WARM_UP_FRAMES,
            stages={
                stage: StageTimes(**{key: round(ms, 3) for key, ms in times.items()})
                for stage, times in stages.items()
            },
        ),
        speed=speed(watch),
    )
    tables = {sequence.name: table for sequence, table in own}
    tables |= {f"baselines/{BASELINE}/{s.name}": table for s, table in plain}
    return MeasuredRun(measured, tables)


def _threshold(settings: Settings) -> dict[str, float]:
    """What the detector may report may also start a track, as in the official code.

    The trackers' own thresholds belong to the detector's usual one.
    """
    least = settings.nms.confidence
    if settings.measure.boxes != "network" or least == NmsConfig().confidence:
        return {}
    return confidence_options(settings.track.name, least)


def speed(watch: Stopwatch) -> Speed:
    """Frames a second, from the mean frame: in the paper's scope, and end to end."""
    frames = watch.frames[WARM_UP_FRAMES:] or watch.frames

    def rate(stages: abc.Iterable[str] | None) -> float | None:
        total = sum(
            wall
            for frame in frames
            for stage, (wall, _) in frame.items()
            if stages is None or stage in stages
        )
        return round(len(frames) / total, 2) if total else None

    return Speed(fps_paper_scope=rate(PAPER_SCOPE), fps_end_to_end=rate(None))
