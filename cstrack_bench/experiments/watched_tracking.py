"""Tracking of a sequence that keeps what figures of it show.

Detections, tracks, and of a cascade the costs of every pair that it compared.
"""

import collections.abc as abc
from dataclasses import dataclass

import numpy as np

from cstrack_bench.console import progress
from cstrack_bench.detection.file_detector import FileDetector
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.pipeline import Recorder, track_sequence
from cstrack_bench.structures import Detections, Detector, Frame, Tracker, TrackTable
from cstrack_bench.tracking.cascade import CascadeConfig, CascadeTracker
from cstrack_bench.tracking.matching_costs import FrameCosts, RecordedCascade
from cstrack_bench.tracking.tracker_registry import (
    find_tracker,
    make_filter,
    make_tracker,
)


@dataclass(frozen=True)
class WatchedSequence:
    """One tracked sequence.

    Attributes:
        sequence: what was tracked.
        table: its tracks.
        detections: frame -> what the tracker was given.
        costs: frame -> what a cascade compared in it; empty for other trackers.
        config: thresholds of the cascade; None for other trackers.
    """

    sequence: Sequence
    table: TrackTable
    detections: dict[int, Detections]
    costs: dict[int, FrameCosts]
    config: CascadeConfig | None


class _Advancing:
    """A detector that moves a progress bar by one frame each time."""

    def __init__(self, detector: Detector, advance: abc.Callable[[], None]) -> None:
        self._detector = detector
        self._advance = advance

    def detect(self, frame: Frame) -> Detections:
        detections = self._detector.detect(frame)
        self._advance()
        return detections


def watch_tracking(
    sequence: Sequence, detector: Detector, tracker: str
) -> WatchedSequence:
    """Track a sequence as ``cstrack track`` does, and keep what happened.

    Args:
        sequence: its frames.
        detector: finds the boxes.
        tracker: name of a tracker.

    Raises:
        InputError: no such tracker.
    """
    definition = find_tracker(tracker)
    config = definition.config
    mot: Tracker = definition.make(config, sequence.frame_rate)
    cascade = isinstance(mot, CascadeTracker)
    if cascade and isinstance(config, CascadeConfig):
        mot = RecordedCascade(config, sequence.frame_rate)
    with progress() as display:
        task = display.add_task(f"tracking {sequence.name}", total=len(sequence))
        recorder = Recorder(_Advancing(detector, lambda: display.advance(task)))
        table = track_sequence(sequence, recorder, mot, make_filter(tracker))
    costs: dict[int, FrameCosts] = {}
    if isinstance(mot, RecordedCascade):
        frames = sorted(recorder.detections)
        costs = dict(zip(frames, mot.costs, strict=True))
    kept = config if isinstance(config, CascadeConfig) else None
    return WatchedSequence(sequence, table, recorder.detections, costs, kept)


def unconfirmed_tracks(
    sequence: Sequence,
    found: dict[int, Detections],
    tracker: str,
    options: abc.Mapping[str, object],
    reported: TrackTable,
) -> TrackTable:
    """What a tracker followed before it reported it.

    Args:
        sequence: what was tracked.
        found: frame -> the detections that were tracked.
        tracker: its name; options: fields of its config.
        reported: its tracks.

    Raises:
        InputError: the tracker has no option ``report_unconfirmed``.
    """
    early = {**options, "report_unconfirmed": True}
    mot = make_tracker(tracker, sequence.frame_rate, **early)
    every = track_sequence(sequence, FileDetector(found), mot, make_filter(tracker))
    known = set(zip(reported.frames.tolist(), reported.ids.tolist(), strict=True))
    pairs = zip(every.frames.tolist(), every.ids.tolist(), strict=True)
    added = np.array([pair not in known for pair in pairs], np.bool_)
    return TrackTable(
        every.frames[added], every.ids[added], every.boxes[added], every.scores[added]
    )
