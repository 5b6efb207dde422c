"""The IoU tracker, the baseline: overlap with the last box, and nothing else."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.components import Component
from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.tracking import filters
from cstrack_bench.tracking.definition import TrackerDefinition
from cstrack_bench.tracking.detection_checks import usable_detections
from cstrack_bench.tracking.matching import assign, iou_costs

COMPONENT = Component("tracker iou", 2)


@dataclass(frozen=True)
class IoUTrackerConfig:
    """Thresholds of the baseline.

    Birth follows the cascade, so that the two differ in association alone: a detection
    scoring at least ``birth_confidence`` starts a track, which is reported from its
    second consecutive match on and ends where there is none.

    Attributes:
        overlap_limit: largest 1 - IoU of a pair (SORT's least IoU 0.3; also the
            cascade's limit for tracks seen once,
            docs/reference.md#cascade-unconfirmed).
        birth_confidence: as in the cascade (docs/reference.md#cascade-birth).
        max_lost: frames a track may go unmatched and still be found again: few (1, as
            in SORT), as a box without motion soon covers other people.
    """

    overlap_limit: float = 0.7
    birth_confidence: float = 0.5
    max_lost: int = 1

    def __post_init__(self) -> None:
        if not 0.0 <= self.overlap_limit < 1.0:
            raise InputError("The IoU tracker's overlap_limit must lie in [0, 1).")
        if self.max_lost < 0:
            raise InputError("The IoU tracker's max_lost must be at least 0.")


class IoUTracker:
    """Hungarian assignment by IoU with the last box seen; no motion, no appearance.

    Confirmed tracks are matched first, unconfirmed ones with the rest.
    Embeddings are ignored. Ids start at 1 in each tracker.

    Args:
        config: thresholds.
    """

    def __init__(self, config: IoUTrackerConfig | None = None) -> None:
        self.config = config or IoUTrackerConfig()
        self.frame = 0
        self._next_id = 1
        self._boxes = np.zeros((0, 4))
        self._scores = np.zeros(0)
        self._ids = np.zeros(0, np.int64)
        self._last = np.zeros(0, np.int64)
        self._confirmed = np.zeros(0, np.bool_)

    def update(self, detections: Detections) -> Tracks:
        """Take the next frame's detections; report the tracks matched in it.

        Returns:
            Confirmed tracks with the detection's own box and score.
        """
        self.frame += 1
        boxes, scores, _ = usable_detections(detections)
        free = np.ones(len(boxes), np.bool_)
        for group in (self._confirmed.copy(), ~self._confirmed):
            self._match(np.flatnonzero(group), boxes, scores, free)
        unmatched = self.frame - self._last
        limit = np.where(self._confirmed, self.config.max_lost, 0)
        self._keep(unmatched <= limit)
        self._give_birth(boxes, scores, free)
        shown = self._confirmed & (self._last == self.frame)
        return Tracks(self._ids[shown], self._boxes[shown], self._scores[shown])

    def _match(
        self,
        rows: NDArray[np.int64],
        boxes: NDArray[np.float64],
        scores: NDArray[np.floating],
        free: NDArray[np.bool_],
    ) -> None:
        """Match the tracks in ``rows`` with free detections, which are free no more."""
        left = np.flatnonzero(free)
        costs = iou_costs(self._boxes[rows], boxes[left])
        chosen, columns = assign(costs, self.config.overlap_limit)
        tracks, taken = rows[chosen], left[columns]
        free[taken] = False
        self._boxes[tracks] = boxes[taken]
        self._scores[tracks] = scores[taken]
        self._last[tracks] = self.frame
        self._confirmed[tracks] = True

    def _keep(self, mask: NDArray[np.bool_]) -> None:
        self._boxes, self._scores = self._boxes[mask], self._scores[mask]
        self._ids, self._last = self._ids[mask], self._last[mask]
        self._confirmed = self._confirmed[mask]

    def _give_birth(
        self,
        boxes: NDArray[np.float64],
        scores: NDArray[np.floating],
        free: NDArray[np.bool_],
    ) -> None:
        chosen = free & (scores >= self.config.birth_confidence)
        count = int(np.count_nonzero(chosen))
        ids = np.arange(self._next_id, self._next_id + count)
        self._next_id += count
        self._boxes = np.concatenate([self._boxes, boxes[chosen]])
        self._scores = np.concatenate([self._scores, scores[chosen]])
        self._ids = np.concatenate([self._ids, ids])
        self._last = np.concatenate([self._last, np.full(count, self.frame)])
        self._confirmed = np.concatenate([self._confirmed, np.zeros(count, np.bool_)])


TRACKERS = (
    TrackerDefinition(
        name="iou",
        config=IoUTrackerConfig(),
        make=lambda config, frame_rate: IoUTracker(config),
        summary="the baseline: overlap with the last box, and nothing else",
        component=COMPONENT,
        # Filtered as CSTrack is, so that only the association differs.
        filter=filters.CSTRACK,
        confidence_options=lambda config, least: {"birth_confidence": least},
    ),
)
