"""What a tracker and a detector that needs its tracks hand to each other."""

from pathlib import Path

import numpy as np
import pytest

from cstrack_bench.detection.file_detector import FileDetector
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.pipeline import track_sequence
from cstrack_bench.structures import Detections, Frame, Tracks
from cstrack_bench.track_hints import (
    HintSource,
    LastTracks,
    PointDetections,
    link,
    with_points,
)
from cstrack_bench.tracking.tracker_registry import make_tracker

BOXES = np.array([[10.0, 20, 30, 60]], np.float32)
SCORES = np.array([0.8], np.float32)


def test_points_of_another_detector_are_middles_that_have_not_moved() -> None:
    found = with_points(Detections(BOXES, SCORES))
    assert found.centres.tolist() == [[20.0, 40.0]]
    assert found.displacements.tolist() == [[0.0, 0.0]]
    assert len(with_points(Detections.empty())) == 0


def test_points_that_are_known_stay() -> None:
    one = np.ones((1, 2), np.float32)
    given = PointDetections(BOXES, SCORES, centres=one, displacements=-one)
    assert with_points(given) is given


def test_any_tracker_is_a_source_of_hints() -> None:
    class Reports:
        def update(self, detections: Detections) -> Tracks:
            count = len(detections)
            boxes = detections.boxes.astype(np.float64) + 1
            return Tracks(np.arange(count) + 1, boxes, np.full(count, 0.5))

    tracker = LastTracks(Reports())
    assert len(tracker.hints()) == 0
    tracks = tracker.update(Detections(BOXES, SCORES))
    assert tracks.ids.tolist() == [1]
    assert tracker.hints().boxes == pytest.approx(BOXES + 1)
    assert tracker.hints().scores.tolist() == [0.5]


class Recorded:
    """A detector of one sequence that notes how many tracks it was told of."""

    def __init__(self, tracks: HintSource, told: list[int]) -> None:
        self._tracks, self._told = tracks, told

    def detect(self, frame: Frame) -> Detections:
        self._told.append(len(self._tracks.hints()))
        return Detections(BOXES, SCORES)


class Asks:
    """A network that needs the tracks so far."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def for_sequence(self, tracks: HintSource) -> Recorded:
        return Recorded(tracks, self.told)


@pytest.mark.parametrize("name", ["centertrack", "iou", "cstrack"])
def test_a_detector_that_asks_is_told_of_any_trackers_tracks(name: str) -> None:
    network, sequence = Asks(), frames(4)
    table = track_sequence(sequence, network, make_tracker(name, 30.0))
    assert network.told[0] == 0
    assert network.told[-1] == 1
    assert set(table.ids.tolist()) == {1}


def test_a_detector_of_single_frames_is_linked_as_it_is() -> None:
    detector, tracker = FileDetector({}), make_tracker("iou", 30.0)
    assert link(detector, tracker) == (detector, tracker)


def frames(count: int) -> Sequence:
    """A sequence without pictures."""
    return Sequence("none", 30.0, 100, 100, count, Path("none"))
