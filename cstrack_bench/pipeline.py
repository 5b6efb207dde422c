"""One detector and one tracker over one sequence, each stage timed."""

from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.stopwatch import NULL, Stopwatch
from cstrack_bench.structures import Detections, Detector, Frame, Tracker, TrackTable
from cstrack_bench.tracking.filters import OutputFilter


class Recorder:
    """A detector that keeps what another one detects, frame by frame.

    Another tracker can then be given the very same detections.

    Args:
        detector: whose detections are kept.

    Attributes:
        detections: 0-based frame -> what was detected.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.detections: dict[int, Detections] = {}

    def detect(self, frame: Frame) -> Detections:
        """The other detector's detections of a frame."""
        detections = self._detector.detect(frame)
        self.detections[frame.index] = detections
        return detections


def track_sequence(
    sequence: Sequence,
    detector: Detector,
    tracker: Tracker,
    output_filter: OutputFilter | None = None,
    stopwatch: Stopwatch = NULL,
) -> TrackTable:
    """Track a sequence from its frames.

    Args:
        sequence: the frames; only what the detector asks for is decoded.
        detector: turns a frame into boxes.
        tracker: a fresh one; its ids start at 1.
        output_filter: drops reported boxes, and counts them.
        stopwatch: times decode and associate, and what the detector times.

    Returns:
        Every box that was reported and kept; frames numbered as in the whole sequence.
    """
    reported = []
    for frame in sequence:
        detections = detector.detect(_timed(frame, stopwatch))
        with stopwatch("associate"):
            tracks = tracker.update(detections)
            if output_filter is not None:
                tracks = output_filter.apply(tracks)
        stopwatch.next_frame()
        reported.append((frame.index, tracks))
    return TrackTable.from_frames(reported)


def _timed(frame: Frame, stopwatch: Stopwatch) -> Frame:
    """The same frame; reading its picture counts as the stage ``decode``."""

    def read():  # type: ignore[no-untyped-def]
        with stopwatch("decode"):
            return frame.read()

    return Frame(frame.index, read)
