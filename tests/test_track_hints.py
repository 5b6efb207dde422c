"""What a tracker and a detector that needs its tracks hand to each other."""

import numpy as np
import pytest

from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.track_hints import LastTracks, PointDetections, with_points

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
