"""What a tracker and a detector that needs its tracks hand to each other.

CenterTrack's network takes the tracks of the frame before as an input and says where
each of its detections was then. Both directions have one type: ``TrackHints`` from the
tracker to the detector, ``PointDetections`` back. A detector asks for hints itself, so
that frames still go through ``Detector.detect`` and ``Tracker.update`` alone; ``link``
is where the two of a sequence are tied together.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.structures import Detections, Detector, Tracker, Tracks


@dataclass(frozen=True)
class TrackHints:
    """The tracks of the frame before, for the detector of the next one.

    Attributes:
        boxes: (N, 4) x1 y1 x2 y2 in pixels of the frame, of tracks seen in it.
        scores: (N,) in [0, 1].
    """

    boxes: NDArray[np.floating]
    scores: NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def empty(cls) -> "TrackHints":
        """No tracks: what a detector gets before a sequence's first frame."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


@dataclass(frozen=True, kw_only=True)
class PointDetections(Detections):
    """Detections that know their point, and where it was in the frame before.

    Attributes:
        centres: (N, 2) float32, x and y in pixels; not always the middle of the box.
        displacements: (N, 2) float32, to be added to a centre to get the point in the
            frame before.
    """

    centres: NDArray[np.float32]
    displacements: NDArray[np.float32]


def with_points(detections: Detections) -> PointDetections:
    """The same detections; those of another detector are the middles of their boxes.

    Of such points no motion is known: their displacement is 0.
    """
    if isinstance(detections, PointDetections):
        return detections
    boxes = np.asarray(detections.boxes, np.float32).reshape(-1, 4)
    return PointDetections(
        boxes,
        detections.scores,
        detections.embeddings,
        centres=(boxes[:, :2] + boxes[:, 2:]) / np.float32(2),
        displacements=np.zeros((len(boxes), 2), np.float32),
    )


@runtime_checkable
class HintSource(Protocol):
    """A tracker whose tracks a detector can use."""

    def hints(self) -> TrackHints:
        """The tracks after the last frame."""
        ...


class LastTracks:
    """Any tracker as a source of hints: the tracks that it last reported.

    Args:
        tracker: gets the detections.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._hints = TrackHints.empty()

    def update(self, detections: Detections) -> Tracks:
        """The tracks that the tracker reports for the next frame."""
        tracks = self._tracker.update(detections)
        self._hints = TrackHints(tracks.boxes, tracks.scores)
        return tracks

    def hints(self) -> TrackHints:
        """The tracks after the last frame."""
        return self._hints


@runtime_checkable
class SequenceDetector(Protocol):
    """A network that needs the tracks so far: one detector for each sequence."""

    def for_sequence(self, tracks: HintSource) -> Detector:
        """A detector for one sequence, to be given its frames in order.

        Args:
            tracks: asked before each frame; usually the sequence's tracker.
        """
        ...


#: A detector of single frames, or one that needs the tracks so far.
AnyDetector = Detector | SequenceDetector


class Linked(NamedTuple):
    """A detector and a tracker of one sequence.

    Attributes:
        detector: to be given the sequence's frames in order.
        tracker: to be given what it detects.
    """

    detector: Detector
    tracker: Tracker


def link(detector: AnyDetector, tracker: Tracker) -> Linked:
    """Tie a detector that needs tracks to the tracker of a sequence.

    A detector of single frames, or one that is tied already, stays as it is. A tracker
    that has no hints of its own gives the tracks that it last reported.

    Args:
        detector: of any kind.
        tracker: a fresh one.
    """
    if not isinstance(detector, SequenceDetector):
        return Linked(detector, tracker)
    if isinstance(tracker, HintSource):
        return Linked(detector.for_sequence(tracker), tracker)
    followed = LastTracks(tracker)
    return Linked(detector.for_sequence(followed), followed)
