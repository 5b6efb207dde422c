"""DeepSORT: motion gates, embeddings decide, tracks matched last come first.

Wojke, Bewley and Paulus, "Simple Online and Realtime Tracking with a Deep Association
Metric" (2017), section 2; the values are those of docs/reference.md#deepsort-settings.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.boxes import iou_matrix
from cstrack_bench.components import Component
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.tracking import filters, kalman
from cstrack_bench.tracking.definition import TrackerDefinition
from cstrack_bench.tracking.detection_checks import usable_detections
from cstrack_bench.tracking.matching import assign, normalise
from cstrack_bench.tracking.tracklets import Tracklets

COMPONENT = Component("tracker deepsort", 2)

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

REPORTS = ("posterior", "detection")


@dataclass(frozen=True)
class DeepSortConfig:
    """Every threshold of the tracker.

    Attributes:
        appearance_limit: largest cosine distance between a detection and the nearest
            embedding in a track's gallery (eq. 2 and 3).
        gate: largest squared Mahalanobis distance, chi² 0.95 of 4 degrees of freedom
            (eq. 1; section 2.2).
        overlap_limit: largest 1 - IoU, for unconfirmed tracks and those seen in the
            frame before; without embeddings for every track.
        gallery: embeddings kept of a track, the latest ones.
        max_age: a confirmed track is found again at most this many frames after its
            last match, whatever the frame rate (A_max of Listing 1).
        confirmations: matches in a row, birth counted, that confirm a track.
        min_confidence: detections that score less are left out.
        report: the box of a reported track, ``posterior`` = the Kalman filter's or
            ``detection`` = the one it was matched with.
        report_unconfirmed: tracks are reported from their birth on. Neither this nor
            ``report`` changes a match.
    """

    appearance_limit: float = 0.2
    gate: float = 9.4877
    overlap_limit: float = 0.7
    gallery: int = 100
    max_age: int = 30
    confirmations: int = 3
    min_confidence: float = 0.3
    report: Literal["posterior", "detection"] = "posterior"
    report_unconfirmed: bool = False

    def __post_init__(self) -> None:
        if self.report not in REPORTS:
            raise InputError(
                f"Unknown report {self.report!r} of the tracker: "
                f"{nearest(self.report, REPORTS)}."
            )
        for name in ("appearance_limit", "overlap_limit"):
            # At 1 a track without appearance or overlap would match any detection.
            if not 0.0 <= getattr(self, name) < 1.0:
                raise InputError(f"DeepSORT's {name} must lie in [0, 1).")
        for name in ("gallery", "max_age", "confirmations"):
            if getattr(self, name) < 1:
                raise InputError(f"DeepSORT's {name} must be at least 1.")


class Galleries(Tracklets):
    """Tracklets that keep their latest embeddings, each one apart.

    Attributes:
        streak: (R,) int64, matches so far, birth counted.
        stored: (R,) int64, embeddings ever stored.
        gallery: (R, G, D) float32 unit rows, 0 where nothing is stored yet; None while
            no embedding has been seen.

    Args:
        size: G, embeddings kept of a track.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self.streak = np.zeros(len(self), np.int64)
        self.stored = np.zeros(len(self), np.int64)
        self.gallery: Vectors | None = None

    def start(self, rows: Indices) -> None:
        """Empty the galleries of new tracks."""
        self.streak[rows] = 1
        self.stored[rows] = 0
        if self.gallery is not None:
            self.gallery[rows] = 0.0

    def store(self, rows: Indices, vectors: Vectors) -> None:
        """Add one unit vector (N, D) to each gallery, over the oldest.

        Raises:
            InputError: earlier embeddings had another width.
        """
        width = vectors.shape[1]
        if self.gallery is None:
            self.gallery = np.zeros((len(self), self._size, width), np.float32)
        elif self.gallery.shape[2] != width:
            raise InputError(
                f"Embeddings are {width} wide, but those of earlier frames were "
                f"{self.gallery.shape[2]}: use one detector for a sequence."
            )
        # A box outside the picture has no appearance to keep.
        sound = vectors.any(axis=1)
        rows, vectors = rows[sound], vectors[sound]
        self.gallery[rows, self.stored[rows] % self._size] = vectors
        self.stored[rows] += 1

    def distances(self, rows: Indices, vectors: Vectors) -> Vectors:
        """Least 1 - cosine to anything in the gallery, (N, M); 1 where it is empty.

        Args:
            rows: (N,) tracks; vectors: (M, D) unit rows.
        """
        if self.gallery is None or not len(rows) or not len(vectors):
            return np.ones((len(rows), len(vectors)), np.float32)
        filled = min(int(self.stored[rows].max()), self._size)
        # Rows in use lie close together: all of them cost less than gathering some.
        memory = self.gallery[: self.top, : max(filled, 1)]  # (T, F, D)
        cosines: Vectors = (memory @ vectors.T).max(axis=1)  # (T, F, M) -> (T, M)
        return np.subtract(np.float32(1.0), cosines[rows])


class DeepSortTracker:
    """Matching cascade over galleries of embeddings, then overlap.

    Without embeddings the cascade goes by overlap too, which is DeepSORT without
    appearance. Ids start at 1 in each tracker, and a track that ends unconfirmed has
    used one.

    Args:
        config: thresholds.
    """

    def __init__(self, config: DeepSortConfig | None = None) -> None:
        self.config = config or DeepSortConfig()
        self.frame = 0
        self.tracklets = Galleries(self.config.gallery)
        self._rows = np.zeros(0, np.int64)
        self._next_id = 1

    def update(self, detections: Detections) -> Tracks:
        """Take the next frame's detections; report the tracks matched in it.

        Malformed boxes are left out.

        Returns:
            Confirmed tracks with their Kalman posterior box (not the detection's),
            unless ``report`` and ``report_unconfirmed`` say otherwise.
        """
        self.frame += 1
        boxes, scores, raw = usable_detections(detections)
        confident = scores >= self.config.min_confidence
        boxes, scores = boxes[confident], scores[confident]
        vectors = None
        if raw is not None:
            vectors = raw[confident].astype(np.float32)
            normalise(vectors)
        seen = kalman.measurements(boxes)

        tracklets, rows = self.tracklets, self._rows
        states = tracklets.motion[rows]
        kalman.predict(states)
        tracklets.motion[rows] = states

        partner = np.full(len(rows), -1)
        free = np.ones(len(boxes), np.bool_)
        overlaps = 1.0 - iou_matrix(kalman.boxes(states), boxes)
        self._cascade(partner, free, overlaps, states, seen, vectors)
        fresh = tracklets.last[rows] == self.frame - 1
        self._match(
            np.flatnonzero(fresh & (partner < 0)),
            partner,
            free,
            overlaps,
            self.config.overlap_limit,
        )

        found = partner >= 0
        self._take(rows[found], partner[found], seen, scores, vectors)
        self._end(rows, found)
        self._give_birth(free, seen, scores, vectors)
        return self._report()

    def _cascade(
        self,
        partner: Indices,
        free: NDArray[np.bool_],
        overlaps: Floats,
        states: Floats,
        seen: Floats,
        vectors: Vectors | None,
    ) -> None:
        """Match confirmed tracks, those matched last first (Listing 1)."""
        rows = self._rows
        confirmed = np.flatnonzero(self.tracklets.confirmed[rows])
        if not len(confirmed) or not len(seen):
            return
        costs, limit = overlaps, self.config.overlap_limit
        if vectors is not None:
            costs = np.full(overlaps.shape, np.inf)
            chosen = rows[confirmed]
            costs[confirmed] = self.tracklets.distances(chosen, vectors)
            costs[kalman.squared_mahalanobis(states, seen) > self.config.gate] = np.inf
            limit = self.config.appearance_limit
        ages = self.frame - self.tracklets.last[rows[confirmed]]
        for age in np.unique(ages):
            self._match(confirmed[ages == age], partner, free, costs, limit)

    def _match(
        self,
        tracks: Indices,
        partner: Indices,
        free: NDArray[np.bool_],
        costs: Floats,
        limit: float,
    ) -> None:
        """Match some tracks with free detections, which are free no more.

        Args:
            tracks: indices into ``partner`` and the rows of ``costs``.
            partner: the detection of each track, -1 without; filled in.
            free: detections not matched yet; updated.
            costs: (N, M) of all tracks and detections.
            limit: the largest cost of a pair.
        """
        left = np.flatnonzero(free)
        if not len(tracks) or not len(left):
            return
        chosen, columns = assign(costs[np.ix_(tracks, left)], limit)
        partner[tracks[chosen]] = left[columns]
        free[left[columns]] = False

    def _take(
        self,
        rows: Indices,
        columns: Indices,
        seen: Floats,
        scores: NDArray[np.floating],
        vectors: Vectors | None,
    ) -> None:
        """Correct every matched track by its detection."""
        tracklets = self.tracklets
        states = tracklets.motion[rows]
        kalman.update(states, seen[columns])
        tracklets.motion[rows] = states
        tracklets.measured[rows] = seen[columns]
        tracklets.scores[rows] = scores[columns]
        tracklets.last[rows] = self.frame
        tracklets.streak[rows] += 1
        enough = tracklets.streak[rows] >= self.config.confirmations
        tracklets.confirmed[rows] |= enough
        if vectors is not None:
            tracklets.store(rows, vectors[columns])

    def _end(self, rows: Indices, found: NDArray[np.bool_]) -> None:
        """End unconfirmed tracks at their first miss, others at ``max_age``."""
        missed = self.frame - self.tracklets.last[rows]
        known = self.tracklets.confirmed[rows]
        staying = found | (known & (missed < self.config.max_age))
        self.tracklets.free(rows[~staying])
        self._rows = rows[staying]

    def _give_birth(
        self,
        free: NDArray[np.bool_],
        seen: Floats,
        scores: NDArray[np.floating],
        vectors: Vectors | None,
    ) -> None:
        """Start a track at every detection that is left."""
        chosen = np.flatnonzero(free)
        if not len(chosen):
            return
        born = self.tracklets.add(
            seen[chosen], scores[chosen], None, self._next_id, self.frame
        )
        self.tracklets.start(born)
        self.tracklets.confirmed[born] = self.config.confirmations == 1
        if vectors is not None:
            self.tracklets.store(born, vectors[chosen])
        self._next_id += len(chosen)
        self._rows = np.concatenate([self._rows, born])

    def _report(self) -> Tracks:
        tracklets, rows = self.tracklets, self._rows
        rows = rows[tracklets.last[rows] == self.frame]
        if not self.config.report_unconfirmed:
            rows = rows[tracklets.confirmed[rows]]
        if self.config.report == "posterior":
            states = tracklets.motion[rows]
        else:
            states = tracklets.measured[rows, None]
        return Tracks(tracklets.ids[rows], kalman.boxes(states), tracklets.scores[rows])


TRACKERS = (
    TrackerDefinition(
        name="deepsort",
        config=DeepSortConfig(),
        make=lambda config, frame_rate: DeepSortTracker(config),
        summary="DeepSORT: motion gates, the latest embeddings decide",
        component=COMPONENT,
        filter=filters.DEEPSORT,
        needed_confidence=lambda config, usual: min(usual, config.min_confidence),
        confidence_options=lambda config, least: {"min_confidence": least},
        uses_embeddings=True,
    ),
)
