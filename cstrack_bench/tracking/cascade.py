"""The association cascade of JDE and CSTrack: appearance, overlap, unconfirmed tracks.

docs/reference.md#kalman, #cascade.
"""

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
from cstrack_bench.tracking.matching import (
    assign,
    cosine_costs,
    fuse_motion,
    iou_costs,
    normalise,
)
from cstrack_bench.tracking.tracklets import Tracklets, buffer_frames

COMPONENT = Component("tracker cascade", 2)

Indices = NDArray[np.int64]

REMOVALS = ("official", "immediate")
SECOND_CHANCES = ("tracked", "all")
REPORTS = ("posterior", "detection")


@dataclass(frozen=True)
class CascadeConfig:
    """Every threshold of the cascade; the defaults are CSTrack's official code.

    Attributes:
        appearance_limit: largest fused cost of the first stage (CSTrack 0.4, JDE 0.7;
            docs/reference.md#cascade-appearance, #jde-settings).
        overlap_limit: largest 1 - IoU of the second stage (#cascade-overlap).
        unconfirmed_limit: largest 1 - IoU for unconfirmed tracks
            (#cascade-unconfirmed).
        gate: largest squared Mahalanobis distance, chi² 0.95 of 4 degrees of freedom
            (#cascade-appearance).
        appearance_weight: share of the cosine in the fused cost; motion has the rest
            (#cascade-appearance).
        template_momentum: what a template keeps at an update (#kalman).
        birth_confidence: least score with which a detection starts a track
            (#cascade-birth; the detector's own threshold, #thresholds).
        duplicate_limit: a tracked and a lost track with 1 - IoU below this are one
            (#cascade-duplicates).
        track_buffer: frames a lost track is kept, at 30 frames a second (#thresholds).
        removal: ``official`` = one frame late, and a track re-found then vanishes when
            it is next unmatched; ``immediate`` = at once and for good
            (#cascade-removal).
        second_chance: which tracks enter the second stage: ``tracked`` (official code)
            or ``all`` = lost tracks too (the paper's text; #cascade-departures).
        activate_first_frame: tracks born in the first frame are confirmed at once
            (FairMOT; not in JDE and CSTrack, #birth).
        camera_gain: share of the shift common to all tracks (``common_shift``) that is
            added to every prediction; 0 = off, as in the paper.
        report: the box of a reported track, ``posterior`` = the Kalman filter's
            (#output) or ``detection`` = the one it was matched with.
        report_unconfirmed: a track is reported in the frame of its birth too, although
            only a match confirms it (not in the official code, 5.6). Neither this nor
            ``report`` changes a match.
    """

    appearance_limit: float = 0.4
    overlap_limit: float = 0.5
    unconfirmed_limit: float = 0.7
    gate: float = 9.4877
    appearance_weight: float = 0.98
    template_momentum: float = 0.9
    birth_confidence: float = 0.5
    duplicate_limit: float = 0.15
    track_buffer: float = 30
    removal: Literal["official", "immediate"] = "official"
    second_chance: Literal["tracked", "all"] = "tracked"
    activate_first_frame: bool = False
    camera_gain: float = 0.0
    report: Literal["posterior", "detection"] = "posterior"
    report_unconfirmed: bool = False

    def __post_init__(self) -> None:
        for name, known in (
            ("removal", REMOVALS),
            ("second_chance", SECOND_CHANCES),
            ("report", REPORTS),
        ):
            value = getattr(self, name)
            if value not in known:
                raise InputError(
                    f"Unknown {name} {value!r} of the tracker: {nearest(value, known)}."
                )
        for name in ("appearance_weight", "template_momentum", "camera_gain"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"The tracker's {name} must lie between 0 and 1.")


CSTRACK = CascadeConfig()
JDE = CascadeConfig(appearance_limit=0.7)
# docs/rivals.md#fairmot-association.
FAIRMOT = CascadeConfig(activate_first_frame=True, birth_confidence=0.4)


class CascadeTracker:
    """Appearance and motion first, then overlap, then unconfirmed tracks by overlap.

    Ids start at 1 in each tracker, and a track that ends unconfirmed has used one.

    Args:
        config: thresholds.
        frame_rate: of the sequence, frames a second; scales the life of lost tracks.
    """

    def __init__(
        self, config: CascadeConfig = CSTRACK, frame_rate: float = 30.0
    ) -> None:
        self.config = config
        self.max_lost = buffer_frames(config.track_buffer, frame_rate)
        self.frame = 0
        self.tracklets = Tracklets()
        self._tracked = np.zeros(0, np.int64)
        self._lost = np.zeros(0, np.int64)
        self._next_id = 1

    def update(self, detections: Detections) -> Tracks:
        """Take the next frame's detections; report the tracks matched in it.

        Malformed boxes are left out. Without embeddings the first stage is skipped.

        Returns:
            Confirmed tracks with their Kalman posterior box (not the detection's),
            unless ``report`` and ``report_unconfirmed`` say otherwise.
        """
        self.frame += 1
        boxes, scores, raw = usable_detections(detections)
        seen = kalman.measurements(boxes)
        embeddings = self._normalised(raw)

        confirmed = self.tracklets.confirmed[self._tracked]
        active, unconfirmed = self._tracked[confirmed], self._tracked[~confirmed]
        pool = np.concatenate([active, self._lost])
        states = self._predict(pool, len(active))
        if self.config.camera_gain:
            confident = boxes[scores >= self.config.birth_confidence]
            self._add_camera_shift(pool, unconfirmed, states, len(active), confident)

        rows, columns = self._match_appearance(pool, states, seen, embeddings)
        free = np.ones(len(boxes), np.bool_)
        free[columns] = False
        waiting = np.ones(len(pool), np.bool_)
        waiting[rows] = False
        matched, used = [pool[rows]], [columns]

        candidates = waiting.copy()
        if self.config.second_chance == "tracked":
            candidates[len(active) :] = False
        left = np.flatnonzero(candidates)
        rows, columns = self._match_overlap(
            states[left], boxes, free, self.config.overlap_limit
        )
        waiting[left[rows]] = False
        matched.append(pool[left[rows]])
        used.append(columns)

        rows, columns = self._match_overlap(
            self.tracklets.motion[unconfirmed],
            boxes,
            free,
            self.config.unconfirmed_limit,
        )
        matched.append(unconfirmed[rows])
        used.append(columns)

        ended = np.ones(len(unconfirmed), np.bool_)
        ended[rows] = False
        self.tracklets.free(unconfirmed[ended])
        refound = self._lost[~waiting[len(active) :]]
        newly_lost = active[waiting[: len(active)]]
        missing = self._lost[waiting[len(active) :]]
        pairs = np.concatenate(matched), np.concatenate(used)
        self._take(*pairs, seen, scores, embeddings, refound)
        # Before births: they may take the rows of tracks that have just ended.
        staying = self._tracked[self.tracklets.last[self._tracked] == self.frame]
        born = self._give_birth(free, seen, scores, embeddings)
        self._tracked = np.concatenate([staying, born, refound])
        self._remove(missing, newly_lost)
        self._tracked, self._lost = drop_duplicates(
            self.tracklets, self._tracked, self._lost, self.config.duplicate_limit
        )
        return self._report()

    def _normalised(
        self, embeddings: NDArray[np.floating] | None
    ) -> NDArray[np.float32] | None:
        if embeddings is None:
            return None
        self.tracklets.expect_width(embeddings.shape[1])
        unit = embeddings.astype(np.float32)
        normalise(unit)
        return unit

    def _predict(self, pool: Indices, active: int) -> NDArray[np.float64]:
        """Predict the pool; tracks from index ``active`` on are lost."""
        states = self.tracklets.motion[pool]
        states[active:, kalman.VELOCITY, kalman.HEIGHT] = 0.0
        kalman.predict(states)
        self.tracklets.motion[pool] = states
        return states

    def _add_camera_shift(
        self,
        pool: Indices,
        unconfirmed: Indices,
        states: NDArray[np.float64],
        active: int,
        confident: NDArray[np.float64],
    ) -> None:
        """Add the camera's shift to every prediction; ``states`` are the pool's."""
        shift = common_shift(kalman.boxes(states[:active]), confident)
        step = self.config.camera_gain * shift
        states[:, kalman.VALUE, :2] += step
        self.tracklets.motion[pool] = states
        self.tracklets.motion[unconfirmed, kalman.VALUE, :2] += step

    def _match_appearance(
        self,
        pool: Indices,
        states: NDArray[np.float64],
        seen: NDArray[np.float64],
        embeddings: NDArray[np.float32] | None,
    ) -> tuple[Indices, Indices]:
        """Indices into the pool and of the detections they match."""
        templates = self.tracklets.templates
        if embeddings is None or templates is None or not len(pool) or not len(seen):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        # Rows in use lie close together: all of them cost less than gathering some.
        costs = cosine_costs(templates[: self.tracklets.top], embeddings)[pool]
        distances = kalman.squared_mahalanobis(states, seen)
        fuse_motion(costs, distances, self.config.gate, self.config.appearance_weight)
        return assign(costs, self.config.appearance_limit)

    def _match_overlap(
        self,
        states: NDArray[np.float64],
        boxes: NDArray[np.float64],
        free: NDArray[np.bool_],
        limit: float,
    ) -> tuple[Indices, Indices]:
        """Indices into ``states`` and of the free detections they match.

        Those detections are free no more.
        """
        left = np.flatnonzero(free)
        if not len(states) or not len(left):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        costs = iou_costs(kalman.boxes(states), boxes[left])
        rows, columns = assign(costs, limit)
        columns = left[columns]
        free[columns] = False
        return rows, columns

    def _take(
        self,
        tracks: Indices,
        columns: Indices,
        seen: NDArray[np.float64],
        scores: NDArray[np.floating],
        embeddings: NDArray[np.float32] | None,
        refound: Indices,
    ) -> None:
        """Correct every matched track by its detection."""
        tracklets = self.tracklets
        states = tracklets.motion[tracks]
        kalman.update(states, seen[columns])
        tracklets.motion[tracks] = states
        tracklets.measured[tracks] = seen[columns]
        if embeddings is not None and tracklets.templates is not None:
            mixed, fresh = tracklets.templates[tracks], embeddings[columns]
            mixed *= self.config.template_momentum
            fresh *= 1.0 - self.config.template_momentum
            mixed += fresh
            normalise(mixed)
            tracklets.templates[tracks] = mixed
        # A track found again keeps the score it was lost with
        # (docs/reference.md#refound-score).
        old = tracklets.scores[refound]
        tracklets.scores[tracks] = scores[columns]
        tracklets.scores[refound] = old
        tracklets.last[tracks] = self.frame
        tracklets.confirmed[tracks] = True

    def _give_birth(
        self,
        free: NDArray[np.bool_],
        seen: NDArray[np.float64],
        scores: NDArray[np.floating],
        embeddings: NDArray[np.float32] | None,
    ) -> Indices:
        """Start a track at every confident detection that is left."""
        chosen = np.flatnonzero(free & (scores >= self.config.birth_confidence))
        if not len(chosen):
            return chosen
        vectors = None if embeddings is None else embeddings[chosen]
        born = self.tracklets.add(
            seen[chosen], scores[chosen], vectors, self._next_id, self.frame
        )
        self._next_id += len(chosen)
        if self.config.activate_first_frame and self.frame == 1:
            self.tracklets.confirmed[born] = True
        return born

    def _remove(self, missing: Indices, newly_lost: Indices) -> None:
        """End tracks that have been lost for too long.

        Args:
            missing: lost before this frame and not found in it.
            newly_lost: not found for the first time.
        """
        overdue = self.tracklets.overdue
        lost = np.concatenate([missing, newly_lost])
        if not len(lost):
            self._lost = lost
            return
        late = missing[self.frame - self.tracklets.last[missing] > self.max_lost]
        if self.config.removal == "immediate":
            overdue[late] = True
        # The official code purges by the list of earlier frames, then extends it.
        ended = overdue[lost]
        self.tracklets.free(lost[ended])
        self._lost = lost[~ended]
        overdue[late] = True

    def _report(self) -> Tracks:
        tracklets, rows = self.tracklets, self._tracked
        if not self.config.report_unconfirmed:
            rows = rows[tracklets.confirmed[rows]]
        if self.config.report == "posterior":
            states = tracklets.motion[rows]
        else:
            states = tracklets.measured[rows, None]
        return Tracks(tracklets.ids[rows], kalman.boxes(states), tracklets.scores[rows])


TRACKERS = tuple(
    TrackerDefinition(
        name=name,
        config=config,
        make=CascadeTracker,
        summary=summary,
        component=COMPONENT,
        filter=kept,
        confidence_options=lambda config, least: {"birth_confidence": least},
        uses_embeddings=True,
    )
    for name, config, kept, summary in (
        ("cstrack", CSTRACK, filters.CSTRACK, "appearance and motion, then overlap"),
        ("jde", JDE, filters.JDE, "as cstrack, with JDE's limits"),
        (
            "fairmot",
            FAIRMOT,
            filters.FAIRMOT,
            "as cstrack; people of the first frame are tracks at once",
        ),
    )
)
