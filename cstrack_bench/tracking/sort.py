"""SORT (Bewley et al., "Simple online and realtime tracking", ICIP 2016).

Its Kalman state holds the area; the other states are in ``kalman``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cstrack_bench.boxes import iou_matrix
from cstrack_bench.components import Component
from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.tracking import filters, kalman
from cstrack_bench.tracking.definition import TrackerDefinition
from cstrack_bench.tracking.detection_checks import usable_detections

COMPONENT = Component("tracker sort", 2)

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# The area of a state in AREA; the square of a side may not reach zero.
_AREA, _ASPECT = 2, 3
_LEAST_AREA = 1e-6


def _with_area(boxes: Floats) -> Floats:
    values = kalman.centres(boxes)
    width, height = values[:, 2].copy(), values[:, 3].copy()
    values[:, _AREA], values[:, _ASPECT] = width * height, width / height
    return values


def _sides(values: Floats) -> Floats:
    area = np.maximum(values[:, _AREA], _LEAST_AREA)
    width = np.sqrt(area * np.maximum(values[:, _ASPECT], _LEAST_AREA))
    return np.stack([width, area / width], axis=1)


def _lengths(values: Floats) -> Floats:
    area = np.maximum(values[:, _AREA, None], _LEAST_AREA)
    side = np.sqrt(area)
    return np.concatenate([side, side, area, np.ones_like(side)], axis=1)


# An area errs twice as much as a side, in shares; the aspect has no velocity.
_SHARES = np.array([1.0, 1.0, 4.0, 0.0])
_DRIFT = np.array([0.0, 0.0, 0.0, 1e-2**2])
_NONE = np.zeros(4)
#: Centre, area and aspect w/h, the last of which does not change (section 3.2). The
#: paper gives no noise but "large" for the velocities of a new track: half a side a
#: frame here, the rest in the shares of the cascade's filter.
AREA = kalman.Coordinates(
    lengths=_lengths,
    start=(
        kalman.variances((2 * kalman.POSITION) ** 2 * _SHARES, 0.5**2 * _SHARES),
        kalman.variances(_DRIFT, _NONE),
    ),
    process=(
        kalman.variances(kalman.POSITION**2 * _SHARES, kalman.SPEED**2 * _SHARES),
        kalman.variances(_DRIFT, _NONE),
    ),
    measurement=(kalman.POSITION**2 * _SHARES, np.array([0.0, 0.0, 0.0, 1e-1**2])),
    measurements=_with_area,
    sides=_sides,
)


@dataclass(frozen=True)
class SortConfig:
    """Thresholds of SORT.

    Attributes:
        least_overlap: IoU below which an assignment is rejected (section 3.3).
        max_age: frames a track may go unmatched: T_Lost = 1 (section 3.4).
        min_hits: matches in a row after which a track is reported, which is the
            paper's probation (3.4); in that many first frames of a sequence all are.
        min_confidence: detections that score less are left out; the paper's is 0.5 of
            its own detector (section 3.1).
    """

    least_overlap: float = 0.3
    max_age: int = 1
    min_hits: int = 3
    min_confidence: float = 0.6

    def __post_init__(self) -> None:
        if not 0.0 < self.least_overlap <= 1.0:
            raise InputError("SORT's least_overlap must lie in (0, 1].")
        for name in ("max_age", "min_hits"):
            if getattr(self, name) < 0:
                raise InputError(f"SORT's {name} must be at least 0.")


class SortTracker:
    """A Kalman filter a person, and the Hungarian method on IoU. No appearance.

    Embeddings are ignored. Ids start at 1 in each tracker.

    Args:
        config: thresholds.
    """

    def __init__(self, config: SortConfig | None = None) -> None:
        self.config = config or SortConfig()
        self.frame = 0
        self._next_id = 1
        self._states = np.zeros((0, 5, 4))
        self._ids = np.zeros(0, np.int64)
        self._scores = np.zeros(0)
        self._unmatched = np.zeros(0, np.int64)
        self._streak = np.zeros(0, np.int64)

    def update(self, detections: Detections) -> Tracks:
        """Take the next frame's detections; report the tracks matched in it.

        Returns:
            Tracks past their probation, with their Kalman posterior box.
        """
        self.frame += 1
        boxes, scores, _ = usable_detections(detections)
        kept = scores >= self.config.min_confidence
        boxes, scores = boxes[kept], scores[kept]
        values = AREA.measurements(boxes)
        self._predict()
        rows, columns = self._match(boxes)

        matched = self._states[rows]
        kalman.update(matched, values[columns], AREA)
        self._states[rows] = matched
        self._scores[rows] = scores[columns]
        # A streak is over at the first miss, as probation needs matches in a row.
        self._streak[self._unmatched > 0] = 0
        self._streak[rows] += 1
        self._unmatched += 1
        self._unmatched[rows] = 0
        self._keep(self._unmatched <= self.config.max_age)
        free = np.ones(len(boxes), np.bool_)
        free[columns] = False
        self._give_birth(values[free], scores[free])

        needed = self.config.min_hits if self.frame > self.config.min_hits else 0
        shown = (self._unmatched == 0) & (self._streak >= needed)
        return Tracks(
            self._ids[shown],
            kalman.boxes(self._states[shown], AREA),
            self._scores[shown],
        )

    def _predict(self) -> None:
        speed = self._states[:, kalman.VELOCITY, _AREA]
        # A box may not shrink to nothing while it is not detected.
        speed[self._states[:, kalman.VALUE, _AREA] + speed <= 0] = 0.0
        kalman.predict(self._states, AREA)

    def _match(self, boxes: Floats) -> tuple[Indices, Indices]:
        """Tracks and detections of the largest total IoU, poor pairs then rejected."""
        overlap = iou_matrix(kalman.boxes(self._states, AREA), boxes)
        rows, columns = linear_sum_assignment(overlap, maximize=True)
        good = overlap[rows, columns] >= self.config.least_overlap
        return rows[good], columns[good]

    def _keep(self, mask: NDArray[np.bool_]) -> None:
        self._states, self._ids = self._states[mask], self._ids[mask]
        self._scores, self._streak = self._scores[mask], self._streak[mask]
        self._unmatched = self._unmatched[mask]

    def _give_birth(self, values: Floats, scores: NDArray[np.floating]) -> None:
        count = len(values)
        ids = np.arange(self._next_id, self._next_id + count)
        self._next_id += count
        none = np.zeros(count, np.int64)
        self._states = np.concatenate([self._states, kalman.start(values, AREA)])
        self._ids = np.concatenate([self._ids, ids])
        self._scores = np.concatenate([self._scores, scores])
        self._unmatched = np.concatenate([self._unmatched, none])
        self._streak = np.concatenate([self._streak, none])


TRACKERS = (
    TrackerDefinition(
        name="sort",
        config=SortConfig(),
        make=lambda config, frame_rate: SortTracker(config),
        summary="SORT: motion and overlap, one missed frame at most",
        component=COMPONENT,
        filter=filters.BYTETRACK,
        confidence_options=lambda config, least: {"min_confidence": least},
    ),
)
