"""Duplicates: a tracked and a lost track in one position, of which one is ended."""

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.tracking import kalman
from cstrack_bench.tracking.matching import iou_costs
from cstrack_bench.tracking.tracklets import Tracklets

Indices = NDArray[np.int64]


def drop_duplicates(
    tracklets: Tracklets,
    tracked: Indices,
    lost: Indices,
    limit: float,
    coordinates: kalman.Coordinates = kalman.ASPECT,
) -> tuple[Indices, Indices]:
    """End one of each pair of tracks that overlap too much
    (docs/reference.md#cascade-duplicates).

    The track that lived longer stays, from its birth to its last match. All pairs are
    judged before any track is ended.

    Args:
        tracklets: all tracks; rows of those that end are freed.
        tracked: (N,) rows matched in this frame; lost: (M,) rows that were not.
        limit: tracks with 1 - IoU below it are one.
        coordinates: what the Kalman states hold.

    Returns:
        The rows of ``tracked`` and ``lost`` that stay.
    """
    if not len(tracked) or not len(lost):
        return tracked, lost
    costs = iou_costs(
        kalman.boxes(tracklets.motion[tracked], coordinates),
        kalman.boxes(tracklets.motion[lost], coordinates),
    )
    first, second = np.nonzero(costs < limit)
    if not len(first):
        return tracked, lost
    life = tracklets.last - tracklets.births
    # A tie ends the tracked one.
    older = life[tracked[first]] > life[lost[second]]
    drop_lost, drop_tracked = np.unique(second[older]), np.unique(first[~older])
    tracklets.free(lost[drop_lost])
    tracklets.free(tracked[drop_tracked])
    return np.delete(tracked, drop_tracked), np.delete(lost, drop_lost)
