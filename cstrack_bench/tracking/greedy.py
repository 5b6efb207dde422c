"""CenterTrack's association: points that said where they were find the nearest track.

There is no motion model and no appearance: a detection is displaced to where the
network says that it was, and takes the nearest track whose box is not too small for
that distance (docs/rivals.md#greedy).
"""

from collections import abc
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.track_hints import PointDetections, TrackHints, with_points

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
Assignment = Literal["greedy", "optimal"]

#: Cost of a pair that is not allowed, in square pixels. More would swallow the digits
#: of the others: at the published 1e18 no solver is exact (docs/rivals.md#optimal).
FORBIDDEN = 1e9


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


def _empty(*shape: int) -> Floats:
    return np.zeros(shape, np.float32)


@dataclass(frozen=True)
class PointTracks:
    """Every track that is kept, seen in the last frame or not.

    Attributes:
        ids: (N,) int64.
        boxes: (N, 4) float32, of the detection that it was last seen by.
        centres: (N, 2) float32, likewise.
        scores: (N,) float32, likewise.
        age: (N,) int64, 1 when seen in the last frame, 2 when in the one before ….
        active: (N,) int64, frames in a row in which it was seen; 0 when not in the
            last one.
    """

    ids: Indices = field(default_factory=lambda: np.zeros(0, np.int64))
    boxes: Floats = field(default_factory=lambda: _empty(0, 4))
    centres: Floats = field(default_factory=lambda: _empty(0, 2))
    scores: Floats = field(default_factory=lambda: _empty(0))
    age: Indices = field(default_factory=lambda: np.zeros(0, np.int64))
    active: Indices = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.ids)


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
        distances = _squared_distances(before, earlier.centres)
        areas = _areas(points.boxes)
        distances[_forbidden(distances, areas, _areas(earlier.boxes))] = np.inf
        assign = _greedy if self.config.assignment == "greedy" else _optimal
        rows, columns, free, missing = assign(distances)
        if self._public is not None:
            free = self._claimed(before, areas, free)
        born = free[points.scores[free] > np.float32(self.config.birth_confidence)]
        kept = missing[earlier.age[missing] < self.config.max_age]
        self.tracks = _joined(
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

    def _claimed(self, before: Floats, areas: Floats, free: Indices) -> Indices:
        """Free detections that a public box of this frame claims, in the boxes' order.

        Each box in turn takes the nearest, if that is nearer than the detection is
        large; nearness is to where the detection was, as in the published code.
        """
        if self._public is None or self._frame >= len(self._public):
            return free[:0]
        boxes = np.asarray(self._public[self._frame], np.float32).reshape(-1, 4)
        centres = (boxes[:, :2] + boxes[:, 2:]) / np.float32(2)
        distances = _squared_distances(centres, before[free])
        claimed = []
        for row in distances:
            if not len(row):
                break
            nearest_one = int(row.argmin())
            if row[nearest_one] < areas[free[nearest_one]]:
                distances[:, nearest_one] = np.inf
                claimed.append(free[nearest_one])
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


def _areas(boxes: Floats) -> Floats:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _squared_distances(a: Floats, b: Floats) -> Floats:
    """(N, M) float32, as in the published code, of points (N, 2) and (M, 2)."""
    return ((a[:, None] - b[None]) ** 2).sum(axis=2)


def _forbidden(distances: Floats, areas: Floats, other: Floats) -> NDArray[np.bool_]:
    """(N, M): squared distance beyond the area of either box."""
    return (distances > areas[:, None]) | (distances > other[None])


def _greedy(distances: Floats) -> tuple[Indices, Indices, Indices, Indices]:
    """Rows choose in their order.

    Returns:
        Rows and columns of pairs; rows and columns left over.
    """
    distances = distances.copy()
    rows, columns, free = [], [], []
    for row, candidates in enumerate(distances):
        column = int(candidates.argmin()) if len(candidates) else -1
        if column >= 0 and np.isfinite(candidates[column]):
            distances[:, column] = np.inf
            rows.append(row)
            columns.append(column)
        else:
            free.append(row)
    missing = np.setdiff1d(np.arange(distances.shape[1]), columns)
    return _whole(rows), _whole(columns), _whole(free), missing


def _optimal(distances: Floats) -> tuple[Indices, Indices, Indices, Indices]:
    """As ``_greedy``, with the least sum of squared distances.

    What the solver left out comes first among the rows and columns left over, then what
    it gave a forbidden partner. In the published code new ids follow that order, and
    the tracks that are kept do, which decides between tracks of one distance.
    """
    costs = np.where(np.isfinite(distances), distances, FORBIDDEN).astype(np.float64)
    rows, columns = linear_sum_assignment(costs)
    allowed = np.isfinite(distances[rows, columns])
    free, missing = (
        np.concatenate([np.setdiff1d(np.arange(count), taken), taken[~allowed]])
        for count, taken in zip(distances.shape, (rows, columns), strict=True)
    )
    return rows[allowed], columns[allowed], free, missing


def _whole(numbers: list[int]) -> Indices:
    return np.array(numbers, np.int64)


def _joined(
    points: PointDetections,
    earlier: PointTracks,
    rows: Indices,
    columns: Indices,
    born: Indices,
    born_ids: Indices,
    kept: Indices,
) -> PointTracks:
    """Matched tracks in the order of their detections, then new ones, then kept ones."""
    seen = np.concatenate([rows, born])
    ones = np.ones(len(seen), np.int64)
    return PointTracks(
        np.concatenate([earlier.ids[columns], born_ids, earlier.ids[kept]]),
        np.concatenate([points.boxes[seen], earlier.boxes[kept]]),
        np.concatenate([points.centres[seen], earlier.centres[kept]]),
        np.concatenate([points.scores[seen], earlier.scores[kept]]),
        np.concatenate([ones, earlier.age[kept] + 1]),
        np.concatenate(
            [
                earlier.active[columns] + 1,
                np.ones(len(born), np.int64),
                np.zeros(len(kept), np.int64),
            ]
        ),
    )
