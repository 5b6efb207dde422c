"""Nearest points: distances between detections and tracks, and their assignment."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

#: Cost of a pair that is not allowed, in square pixels. More would swallow the digits
#: of the others: at the published 1e18 no solver is exact (docs/rivals.md#optimal).
FORBIDDEN = 1e9


def areas(boxes: Floats) -> Floats:
    """(N,) of boxes (N, 4) x1 y1 x2 y2."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def squared_distances(a: Floats, b: Floats) -> Floats:
    """(N, M) float32, as in the published code, of points (N, 2) and (M, 2)."""
    return ((a[:, None] - b[None]) ** 2).sum(axis=2)


def forbidden(distances: Floats, rows: Floats, columns: Floats) -> NDArray[np.bool_]:
    """(N, M): squared distance beyond the area of either box, (N,) and (M,)."""
    return (distances > rows[:, None]) | (distances > columns[None])


def assign_greedily(distances: Floats) -> tuple[Indices, Indices, Indices, Indices]:
    """Each row in turn takes its nearest free column.

    Args:
        distances: (N, M), infinite where a pair is not allowed.

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


def assign_optimally(distances: Floats) -> tuple[Indices, Indices, Indices, Indices]:
    """As ``assign_greedily``, with the least sum of squared distances.

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
