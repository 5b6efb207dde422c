"""Matching: costs of pairs of track and detection, and the assignment of least cost.

Which tracks are matched with which detections first is decided by each tracker.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cstrack_bench.boxes import iou_matrix

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Vectors = NDArray[np.float32]

_NONE = np.zeros(0, np.int64)


def assign(costs: Floats, limit: float) -> tuple[Indices, Indices]:
    """Assignment of least cost in which what stays unmatched costs ``limit`` / 2 each.

    A pair is accepted while its cost is at most ``limit``, and one pair of very low
    cost can displace two of middling cost. That is the extended square problem of the
    official code, solved without its (N + M)² matrix (docs/reference.md#cascade).

    Args:
        costs: (N, M), infinite where a pair is not allowed.
        limit: the largest cost a pair may have, itself included.

    Returns:
        rows, columns: of the accepted pairs, by row.
    """
    if costs.size == 0:
        return _NONE, _NONE
    gains = costs - limit
    if gains.min() > 0:
        return _NONE, _NONE
    np.minimum(gains, 0.0, out=gains)
    rows, columns = linear_sum_assignment(gains)
    accepted = costs[rows, columns] <= limit
    return rows[accepted], columns[accepted]


def iou_costs(tracks: Floats, detections: Floats) -> Floats:
    """1 - IoU, (N, M), where the last pixel of a box belongs to it
    (docs/reference.md#cascade-assignment).

    Args:
        tracks: (N, 4) x1 y1 x2 y2; detections: (M, 4).
    """
    costs = iou_matrix(tracks, detections, extra=1.0)
    return np.subtract(1.0, costs, out=costs)


def normalise(vectors: Vectors) -> None:
    """Scale rows (N, D) to length 1 in place; one without a direction becomes 0."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    sound = (lengths > 0) & np.isfinite(lengths)
    if not sound.all():
        vectors[~sound] = 0.0
        lengths[~sound] = 1.0
    vectors /= lengths[:, None]


def cosine_costs(templates: Vectors, embeddings: Vectors) -> Floats:
    """1 - cosine in float64, never below 0, (N, M) of unit rows (N, D) and (M, D)."""
    costs = templates.astype(np.float64) @ embeddings.astype(np.float64).T
    np.subtract(1.0, costs, out=costs)
    return np.maximum(costs, 0.0, out=costs)


def fuse_motion(costs: Floats, distances: Floats, gate: float, weight: float) -> Floats:
    """Forbid pairs beyond the gate, mix the distance into the rest.

    Args:
        costs: (N, M) appearance costs, overwritten.
        distances: (N, M) squared Mahalanobis distances, overwritten.
        gate: largest distance allowed (chi² at 0.95, 4 degrees of freedom: 9.4877).
        weight: share of appearance (0.98); the distance has the rest.
    """
    costs *= weight
    outside = distances > gate
    distances *= 1.0 - weight
    costs += distances
    costs[outside] = np.inf
    return costs
