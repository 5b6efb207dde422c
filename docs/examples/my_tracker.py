"""A tracker of your own in one file; nothing of cstrack_bench is edited.

It gives each box the id of the box of the frame before that it overlaps most. Copy this
file, change ``update``, and name it wherever a tracker is named:

    cstrack track MOT17-09 --detections det.txt --tracker my_tracker.py:TRACKER
    cstrack bench association --tracker my_tracker.py:TRACKER
    cstrack reproduce table2 --set track.name=my_tracker.py:TRACKER
"""

from dataclasses import dataclass

import numpy as np

from cstrack_bench.boxes import iou_matrix
from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.tracking.definition import TrackerDefinition


# 1. Its settings, with defaults. A recipe overrides single ones (track.options).
@dataclass(frozen=True)
class GreedyConfig:
    least_overlap: float = 0.3  # IoU below which two boxes are not the same person
    least_score: float = 0.5  # detections that score less are left out


# 2. The tracker: any class with this one method. A new one is made for each sequence.
class GreedyTracker:
    def __init__(self, config: GreedyConfig) -> None:
        self.config = config
        self.boxes = np.zeros((0, 4))  # of the frame before: x1 y1 x2 y2, in pixels
        self.ids = np.zeros(0, np.int64)
        self.next_id = 1  # ids start at 1 in each sequence

    def update(self, detections: Detections) -> Tracks:
        """Called once a frame, in order; what it returns is reported for that frame."""
        confident = detections.scores >= self.config.least_score
        boxes = detections.boxes[confident].astype(np.float64)  # (N, 4)
        scores = detections.scores[confident].astype(np.float64)  # (N,)
        ids = np.zeros(len(boxes), np.int64)  # 0: nobody yet
        overlaps = iou_matrix(self.boxes, boxes)  # (tracks, detections)
        for _ in range(min(overlaps.shape)):
            track, detection = np.unravel_index(overlaps.argmax(), overlaps.shape)
            if overlaps[track, detection] < self.config.least_overlap:
                break
            ids[detection] = self.ids[track]
            overlaps[track] = overlaps[:, detection] = -1.0  # both are taken
        new = np.flatnonzero(ids == 0)
        ids[new] = self.next_id + np.arange(len(new))
        self.next_id += len(new)
        self.boxes, self.ids = boxes, ids
        return Tracks(ids, boxes, scores)


# 3. What cstrack_bench must know. Name, settings and ``make`` would be enough; the docs
#    of TrackerDefinition list the rest (output filter, embeddings, version ...).
TRACKER = TrackerDefinition(
    name="greedy",
    config=GreedyConfig(),
    # ``frame_rate`` (frames a second) is for trackers that keep lost tracks for a time.
    make=lambda config, frame_rate: GreedyTracker(config),
    summary="greedy overlap with the frame before",
    # ``--conf 0.3`` asks for tracks of boxes from that score on: say what allows them.
    confidence_options=lambda config, least: {"least_score": least},
)
