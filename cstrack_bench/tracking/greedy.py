"""CenterTrack's association: points that said where they were find the nearest track.

There is no motion model and no appearance: a detection is displaced to where the
network says that it was, and takes the nearest track whose box is not too small for
that distance (docs/rivals.md#greedy).
"""

from collections import abc
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.components import Component
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.track_hints import PointDetections, TrackHints, with_points
from cstrack_bench.tracking import filters
from cstrack_bench.tracking.definition import TrackerDefinition
from cstrack_bench.tracking.point_matching import (
    areas,
    assign_greedily,
    assign_optimally,
    forbidden,
    squared_distances,
)
from cstrack_bench.tracking.point_tracks import PointTracks, joined

COMPONENT = Component("tracker greedy", 1)

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
Assignment = Literal["greedy", "optimal"]


@dataclass(frozen=True)
class GreedyConfig:
    """Options of the association; the defaults are those published for MOT17.

    Attributes:
        birth_confidence: a detection starts a track if it scores more than this.
        max_age: frames that a track is kept after it was last seen, in which a
            detection can take it again ("rebirth"); -1 and 0 drop it at once.
        assignment: ``greedy`` = each detection in turn, best first, takes the nearest
            free track; ``optimal`` = least sum of squared distances.
    """

    birth_confidence: float = 0.4
    max_age: int = -1
    assignment: Assignment = "greedy"

    def __post_init__(self) -> None:
        if self.assignment not in get_args(Assignment):
            hint = nearest(str(self.assignment), get_args(Assignment))
            raise InputError(f"Unknown assignment {self.assignment!r}: {hint}.")
        if self.max_age < -1:
            raise InputError(
                f"The tracker's max_age is {self.max_age}: give frames, or -1."
            )


CENTERTRACK = GreedyConfig()
#: Of the published MOT17 test entry, as far as is known (docs/rivals.md#rebirth).
CENTERTRACK_REBIRTH = GreedyConfig(max_age=32)


class GreedyTracker:
    """CenterTrack's tracker; ids start at 1.

    Args:
        config: options.
        public: boxes (N, 4) of a public detector, frame by frame from the tracker's
            first one. Where given, tracks are born from these alone: its first frame's
            are tracks before any detection, and later a detection starts a track only
            if one of them claims it (docs/rivals.md#public). Frames beyond the list
            have none.

    Attributes:
        tracks: after the last frame.
    """

    def __init__(
        self,
        config: GreedyConfig = CENTERTRACK,
        public: abc.Sequence[NDArray[np.floating]] | None = None,
    ) -> None:
        self.config = config
        self.tracks = PointTracks()
        self._public = public
        self._frame = 0
        self._next_id = 1
        if public:
            self._start_from(public[0])

    def hints(self) -> TrackHints:
        """The tracks seen in the last frame; before it, those of the public boxes."""
        seen = self.tracks.active > 0
        return TrackHints(self.tracks.boxes[seen], self.tracks.scores[seen])

    def update(self, detections: Detections) -> Tracks:
        """Take the next frame's detections; report the tracks seen in it.

        Detections of another detector count as unmoved middles of their boxes.
        """
        points = _usable(with_points(detections))
        earlier = self.tracks
        before = points.centres + points.displacements
        distances = squared_distances(before, earlier.centres)
        sizes = areas(points.boxes)
        distances[forbidden(distances, sizes, areas(earlier.boxes))] = np.inf
        greedy = self.config.assignment == "greedy"
        assign = assign_greedily if greedy else assign_optimally
        rows, columns, free, missing = assign(distances)
        if self._public is not None:
            free = self._claimed(before, sizes, free)
        born = free[points.scores[free] > np.float32(self.config.birth_confidence)]
        kept = missing[earlier.age[missing] < self.config.max_age]
        self.tracks = joined(
            points,
            earlier,
            rows,
            columns,
            born,
            np.arange(self._next_id, self._next_id + len(born)),
            kept,
        )
        self._next_id += len(born)
        self._frame += 1
        seen = self.tracks.active > 0
        return Tracks(
            self.tracks.ids[seen],
            self.tracks.boxes[seen].astype(np.float64),
            self.tracks.scores[seen].astype(np.float64),
        )

    def _start_from(self, boxes: NDArray[np.floating]) -> None:
        count = len(boxes)
        points = with_points(
            Detections(np.asarray(boxes, np.float32), np.ones(count, np.float32))
        )
        ones = np.ones(count, np.int64)
        self.tracks = PointTracks(
            np.arange(1, count + 1),
            points.boxes,
            points.centres,
            points.scores,
            ones,
            ones,
        )
        self._next_id += count

    def _claimed(self, before: Floats, sizes: Floats, free: Indices) -> Indices:
        """Free detections that a public box of this frame claims, in the boxes' order.

        Each box in turn takes the nearest, if that is nearer than the detection is
        large; nearness is to where the detection was, as in the published code.
        """
        if self._public is None or self._frame >= len(self._public):
            return free[:0]
        boxes = np.asarray(self._public[self._frame], np.float32).reshape(-1, 4)
        centres = (boxes[:, :2] + boxes[:, 2:]) / np.float32(2)
        distances = squared_distances(centres, before[free])
        claimed = []
        for row in distances:
            if not len(row):
                break
            closest = int(row.argmin())
            if row[closest] < sizes[free[closest]]:
                distances[:, closest] = np.inf
                claimed.append(free[closest])
        return np.array(claimed, np.int64)


def _usable(points: PointDetections) -> PointDetections:
    """Without detections that hold anything but finite numbers, best first."""
    values = np.column_stack(
        [points.boxes, points.centres, points.displacements, points.scores]
    )
    sound = np.flatnonzero(np.isfinite(values).all(axis=1))
    order = sound[np.argsort(-points.scores[sound], kind="stable")]
    return PointDetections(
        points.boxes[order],
        points.scores[order],
        centres=points.centres[order],
        displacements=points.displacements[order],
    )


def _make(config: GreedyConfig, _frame_rate: float) -> GreedyTracker:
    return GreedyTracker(config)


def _births(_config: GreedyConfig, least: float) -> dict[str, float]:
    return {"birth_confidence": least}


TRACKERS = tuple(
    TrackerDefinition(
        name=name,
        config=config,
        make=_make,
        summary=summary,
        component=COMPONENT,
        filter=filters.CENTERTRACK,
        confidence_options=_births,
        make_public=GreedyTracker,
    )
    for name, config, summary in (
        ("centertrack", CENTERTRACK, "displaced points take the nearest track"),
        (
            "centertrack-rebirth",
            CENTERTRACK_REBIRTH,
            "as centertrack; a track is kept for 32 frames without a detection",
        ),
    )
)
