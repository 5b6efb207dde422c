"""The tracks of a tracker that follows points, as arrays."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.track_hints import PointDetections

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


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


def joined(
    points: PointDetections,
    earlier: PointTracks,
    rows: Indices,
    columns: Indices,
    born: Indices,
    born_ids: Indices,
    kept: Indices,
) -> PointTracks:
    """The tracks after a frame: matched, new, then kept ones.

    Args:
        points: the frame's detections.
        earlier: the tracks before it.
        rows: detections that were matched; columns: the tracks that they took.
        born: detections that start a track; born_ids: its ids.
        kept: tracks that nothing took.
    """
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
