"""ByteTrack (Zhang et al., ECCV 2022), and ``steady``, which adds two rules."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.components import Component
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.tracking import filters, kalman
from cstrack_bench.tracking.camera_motion import common_shift
from cstrack_bench.tracking.definition import TrackerDefinition
from cstrack_bench.tracking.detection_checks import usable_detections
from cstrack_bench.tracking.duplicates import drop_duplicates
from cstrack_bench.tracking.matching import assign, iou_costs
from cstrack_bench.tracking.tracklets import Tracklets, buffer_frames

COMPONENT = Component("tracker bytetrack", 2)

Floats = NDArray[np.float64]
Scores = NDArray[np.floating]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

STATES = {"aspect": kalman.ASPECT, "width": kalman.WIDTH}


@dataclass(frozen=True)
class ByteTrackConfig:
    """Every threshold of ByteTrack; the defaults are those published for MOT17.

    Attributes:
        high_confidence: detections scoring at least this are associated first (paper,
            algorithm 1 and section 4.1).
        low_confidence: those between the two are associated second; the rest is left
            out.
        birth_confidence: least score with which a detection starts a track, 0.1 above
            ``high_confidence`` (section 4.1). Only confident detections start tracks,
            so a value below that changes nothing.
        overlap_limit: largest cost of the first association: 1 - IoU × score, or
            1 - IoU (least IoU 0.2, section 4.1).
        low_overlap_limit: largest 1 - IoU of the second one.
        unconfirmed_limit: as the first, for unconfirmed tracks, which are matched last.
        fuse_scores: multiply the IoU by the detection's score where confident
            detections are matched (how ByteTrack is run; the paper's text has the IoU).
        duplicate_limit: a tracked and a lost track with 1 - IoU below this are one,
            and the one that lived longer stays (as in the cascade,
            docs/reference.md#cascade-duplicates).
        track_buffer: frames a lost track is kept, at 30 frames a second (4.1).
        activate_first_frame: tracks born in the first frame are confirmed at once.
        state: what the Kalman filter keeps beside the height: ``aspect`` (ByteTrack)
            or ``width`` (off there).
        camera_gain: share of the shift common to all tracks (``common_shift``) that is
            added to every prediction; 0 = off, as in ByteTrack.
    """

    high_confidence: float = 0.6
    low_confidence: float = 0.1
    birth_confidence: float = 0.7
    overlap_limit: float = 0.8
    low_overlap_limit: float = 0.5
    unconfirmed_limit: float = 0.7
    fuse_scores: bool = True
    duplicate_limit: float = 0.15
    track_buffer: float = 30
    activate_first_frame: bool = True
    state: Literal["aspect", "width"] = "aspect"
    camera_gain: float = 0.0

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise InputError(
                f"Unknown state {self.state!r} of ByteTrack: "
                f"{nearest(self.state, STATES)}."
            )
        if self.low_confidence > self.high_confidence:
            raise InputError("ByteTrack's low_confidence lies above high_confidence.")
        if not 0.0 <= self.camera_gain <= 1.0:
            raise InputError("ByteTrack's camera_gain must lie between 0 and 1.")


BYTETRACK = ByteTrackConfig()
#: Ours: the paper's thresholds, the width as state and camera motion from boxes.
STEADY = ByteTrackConfig(state="width", camera_gain=0.8)


class ByteTracker:
    """Confident detections first, uncertain ones for the tracks that are left.

    Embeddings are ignored. Ids start at 1 in each tracker.

    Args:
        config: thresholds.
        frame_rate: of the sequence, frames a second; scales the life of lost tracks.
    """

    def __init__(
        self, config: ByteTrackConfig = BYTETRACK, frame_rate: float = 30.0
    ) -> None:
        self.config = config
        self.max_lost = buffer_frames(config.track_buffer, frame_rate)
        self.frame = 0
        self.tracklets = Tracklets()
        self._coordinates = STATES[config.state]
        self._tracked = np.zeros(0, np.int64)
        self._lost = np.zeros(0, np.int64)
        self._next_id = 1

    def update(self, detections: Detections) -> Tracks:
        """Take the next frame's detections; report the tracks matched in it.

        Returns:
            Confirmed tracks with their Kalman posterior box.
        """
        self.frame += 1
        config, tracklets = self.config, self.tracklets
        boxes, scores, _ = usable_detections(detections)
        kept = scores >= config.low_confidence
        boxes, scores = boxes[kept], scores[kept]
        high = scores >= config.high_confidence
        free = np.ones(len(boxes), np.bool_)
        self._predict(boxes[high])

        confirmed = tracklets.confirmed[self._tracked]
        active, unconfirmed = self._tracked[confirmed], self._tracked[~confirmed]
        weights = scores if config.fuse_scores else np.ones(len(scores))
        ones = np.ones(len(scores))
        pool = np.concatenate([active, self._lost])
        found = [
            self._match(pool, boxes, weights, high, free, config.overlap_limit),
        ]
        # An uncertain box may continue a track, but no lost track is found by it.
        left = np.setdiff1d(active, found[0][0], assume_unique=True)
        found += [
            self._match(left, boxes, ones, ~high, free, config.low_overlap_limit),
            self._match(
                unconfirmed, boxes, weights, high, free, config.unconfirmed_limit
            ),
        ]
        rows = np.concatenate([pair[0] for pair in found])
        self._take(rows, np.concatenate([pair[1] for pair in found]), boxes, scores)

        seen = tracklets.last == self.frame
        tracklets.free(unconfirmed[~seen[unconfirmed]])
        lost = pool[~seen[pool]]
        expired = self.frame - tracklets.last[lost] > self.max_lost
        tracklets.free(lost[expired])
        self._lost = lost[~expired]
        born = self._give_birth(np.flatnonzero(free & high), boxes, scores)
        self._tracked = np.concatenate([rows, born])
        self._tracked, self._lost = drop_duplicates(
            tracklets,
            self._tracked,
            self._lost,
            config.duplicate_limit,
            self._coordinates,
        )
        return self._report()

    def _boxes(self, rows: Indices) -> Floats:
        return kalman.boxes(self.tracklets.motion[rows], self._coordinates)

    def _predict(self, confident: Floats) -> None:
        """Predict every track; with ``camera_gain``, add the camera's shift."""
        rows = np.concatenate([self._tracked, self._lost])
        states = self.tracklets.motion[rows]
        # The size of a lost track stays (as in the cascade, docs/reference.md#cascade).
        hidden = states[len(self._tracked) :, kalman.VELOCITY]
        hidden[:, 2 if self.config.state == "width" else kalman.HEIGHT :] = 0.0
        kalman.predict(states, self._coordinates)
        if self.config.camera_gain:
            confirmed = self.tracklets.confirmed[self._tracked].nonzero()[0]
            predicted = kalman.boxes(states[confirmed], self._coordinates)
            shift = common_shift(predicted, confident)
            states[:, kalman.VALUE, :2] += self.config.camera_gain * shift
        self.tracklets.motion[rows] = states

    def _match(
        self,
        rows: Indices,
        boxes: Floats,
        weights: Scores,
        kind: Mask,
        free: Mask,
        limit: float,
    ) -> tuple[Indices, Indices]:
        """Tracks of ``rows`` and the free detections of a kind that they match.

        Those detections are free no more.
        """
        left = np.flatnonzero(kind & free)
        if not len(rows) or not len(left):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        costs = 1.0 - (1.0 - iou_costs(self._boxes(rows), boxes[left])) * weights[left]
        chosen, columns = assign(costs, limit)
        columns = left[columns]
        free[columns] = False
        return rows[chosen], columns

    def _take(
        self, rows: Indices, columns: Indices, boxes: Floats, scores: Scores
    ) -> None:
        """Correct every matched track by its detection."""
        tracklets = self.tracklets
        values = self._coordinates.measurements(boxes[columns])
        states = tracklets.motion[rows]
        kalman.update(states, values, self._coordinates)
        tracklets.motion[rows] = states
        tracklets.scores[rows] = scores[columns]
        tracklets.last[rows] = self.frame
        tracklets.confirmed[rows] = True

    def _give_birth(self, free: Indices, boxes: Floats, scores: Scores) -> Indices:
        """Start a track at every confident detection that is left."""
        chosen = free[scores[free] >= self.config.birth_confidence]
        values = self._coordinates.measurements(boxes[chosen])
        tracklets = self.tracklets
        born = tracklets.add(values, scores[chosen], None, self._next_id, self.frame)
        tracklets.motion[born] = kalman.start(values, self._coordinates)
        self._next_id += len(born)
        if self.config.activate_first_frame and self.frame == 1:
            tracklets.confirmed[born] = True
        return born

    def _report(self) -> Tracks:
        tracklets = self.tracklets
        rows = self._tracked[tracklets.confirmed[self._tracked]]
        return Tracks(tracklets.ids[rows], self._boxes(rows), tracklets.scores[rows])


def _confidence_options(config: ByteTrackConfig, least: float) -> dict[str, float]:
    high = min(config.high_confidence, least)
    low = min(config.low_confidence, high)
    return {"birth_confidence": least, "high_confidence": high, "low_confidence": low}


TRACKERS = tuple(
    TrackerDefinition(
        name=name,
        config=config,
        make=ByteTracker,
        summary=summary,
        component=COMPONENT,
        filter=filters.BYTETRACK,
        needed_confidence=lambda config, usual: min(usual, config.low_confidence),
        confidence_options=_confidence_options,
    )
    for name, config, summary in (
        ("bytetrack", BYTETRACK, "ByteTrack: overlap, uncertain detections second"),
        ("steady", STEADY, "ByteTrack with width as state and camera compensation"),
    )
)
