"""Costs of every pair of track and detection, kept while the cascade matches them.

``RecordedCascade`` tracks exactly as ``CascadeTracker`` does; figures of failures say
from its records why a pair was not matched.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.tracking import kalman
from cstrack_bench.tracking.cascade import CascadeTracker, Indices
from cstrack_bench.tracking.detection_checks import usable_detections
from cstrack_bench.tracking.matching import cosine_costs, fuse_motion, iou_costs


@dataclass(frozen=True)
class FrameCosts:
    """What was compared in one frame.

    Attributes:
        tracks: (N,) ids of confirmed and lost tracks.
        lost: (N,) bool, not matched in the frame before.
        boxes: (M, 4) detections, x1 y1 x2 y2 in pixels.
        scores: (M,) theirs.
        cosines: (N, M) 1 - cosine of template and embedding; None without embeddings.
        distances: (N, M) squared Mahalanobis distances.
        fused: (N, M) cost of the first stage, infinite beyond the gate; None without
            embeddings.
        overlaps: (N, M) 1 - IoU with the predicted box.
        taken_by: (M,) id of the track that got each detection, -1 for none.
        born: (M,) bool, whether that track began with it.
    """

    tracks: NDArray[np.int64]
    lost: NDArray[np.bool_]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    cosines: NDArray[np.float64] | None
    distances: NDArray[np.float64]
    fused: NDArray[np.float64] | None
    overlaps: NDArray[np.float64]
    taken_by: NDArray[np.int64]
    born: NDArray[np.bool_]


@dataclass(frozen=True)
class _Compared:
    """The first half of a frame's record, before the outcome is known."""

    ids: NDArray[np.int64]
    lost: NDArray[np.bool_]
    seen: NDArray[np.float64]
    cosines: NDArray[np.float64] | None
    distances: NDArray[np.float64]
    fused: NDArray[np.float64] | None
    overlaps: NDArray[np.float64]


class RecordedCascade(CascadeTracker):
    """A cascade that keeps what it compared.

    Attributes:
        costs: one entry a frame, from the first.
    """

    costs: list[FrameCosts]
    _compared: _Compared

    def update(self, detections: Detections) -> Tracks:
        """As ``CascadeTracker.update``; adds an entry to ``costs``."""
        if self.frame == 0:
            self.costs = []
        tracks = super().update(detections)
        boxes, scores, _ = usable_detections(detections)
        self.costs.append(self._outcome(boxes, scores))
        return tracks

    def _match_appearance(
        self,
        pool: Indices,
        states: NDArray[np.float64],
        seen: NDArray[np.float64],
        embeddings: NDArray[np.float32] | None,
    ) -> tuple[Indices, Indices]:
        templates = self.tracklets.templates
        distances = np.zeros((len(pool), len(seen)))
        overlaps = np.ones((len(pool), len(seen)))
        if len(pool) and len(seen):
            distances = kalman.squared_mahalanobis(states, seen)
            boxes = kalman.boxes(seen[:, None])
            overlaps = iou_costs(kalman.boxes(states), boxes)
        cosines = fused = None
        if embeddings is not None and templates is not None:
            cosines = cosine_costs(templates[pool], embeddings)
            config = self.config
            fused = fuse_motion(
                cosines.copy(), distances.copy(), config.gate, config.appearance_weight
            )
        self._compared = _Compared(
            self.tracklets.ids[pool].copy(),
            self.tracklets.last[pool] < self.frame - 1,
            seen.copy(),
            cosines,
            distances,
            fused,
            overlaps,
        )
        return super()._match_appearance(pool, states, seen, embeddings)

    def _outcome(
        self, boxes: NDArray[np.float64], scores: NDArray[np.floating]
    ) -> FrameCosts:
        """The record of the frame that was just matched."""
        found, tracklets = self._compared, self.tracklets
        taken = np.full(len(boxes), -1, np.int64)
        born = np.zeros(len(boxes), np.bool_)
        for row in self._tracked[tracklets.last[self._tracked] == self.frame].tolist():
            same = np.all(found.seen == tracklets.measured[row], axis=1)
            taken[same] = tracklets.ids[row]
            born[same] = tracklets.births[row] == self.frame
        return FrameCosts(
            found.ids,
            found.lost,
            boxes,
            scores.astype(np.float64),
            found.cosines,
            found.distances,
            found.fused,
            found.overlaps,
            taken,
            born,
        )
