"""Taking each box's embedding from the network's own grid
(docs/reference.md#embedding-lookup)."""

from collections import abc

import numpy as np
import torch
from numpy.typing import NDArray


def cells(
    boxes: NDArray[np.floating], stride: int, grid: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cell under each box's centre, clamped to the grid.

    The official code caps columns and rows at 135 and 75 whatever the input size and
    lets a centre left of or above the picture wrap to the far side; here both ends are
    clamped, at the network's own size.

    Args:
        boxes: (N, 4) x1 y1 x2 y2 in network pixels.
        stride: pixels a cell.
        grid: (rows, columns).

    Returns:
        columns, rows: (N,) int64 each.
    """
    rows, columns = grid
    double = boxes.dtype.type(2 * stride)
    x = np.floor((boxes[:, 0] + boxes[:, 2]) / double)
    y = np.floor((boxes[:, 1] + boxes[:, 3]) / double)
    return (
        np.clip(x, 0, columns - 1).astype(np.int64),
        np.clip(y, 0, rows - 1).astype(np.int64),
    )


def source_cells(
    sources: NDArray[np.int64], grids: abc.Sequence[tuple[int, int]], anchors: int = 3
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Level, column and row of the candidates that produced the boxes.

    Args:
        sources: (N,) rows of the decoded prediction: levels one after the other,
            each by (anchor, row, column).
        grids: (rows, columns) of each level.
        anchors: of each level.

    Returns:
        levels, columns, rows: (N,) int64 each.
    """
    sizes = np.array([rows * columns for rows, columns in grids], np.int64)
    starts = np.concatenate([[0], np.cumsum(anchors * sizes)])
    levels = np.searchsorted(starts, sources, side="right") - 1
    within = (sources - starts[levels]) % sizes[levels]
    widths = np.array([columns for _, columns in grids], np.int64)[levels]
    return levels.astype(np.int64), within % widths, within // widths


def best_levels(
    boxes: NDArray[np.floating], anchors: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Level with the anchor of largest IoU when centres coincide, (N,) int64.

    Args:
        boxes: (N, 4) x1 y1 x2 y2 in network pixels.
        anchors: (levels, A, 2) widths and heights in pixels.
    """
    sides = (boxes[:, 2:] - boxes[:, :2])[:, None, None]  # (N, 1, 1, 2)
    common = np.minimum(sides, anchors).clip(0).prod(axis=-1)
    union = sides.prod(axis=-1) + anchors.prod(axis=-1) - common
    return (common / union).max(axis=2).argmax(axis=1)


def pick(
    maps: abc.Sequence[torch.Tensor],
    levels: NDArray[np.int64],
    columns: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> NDArray[np.float32]:
    """The vectors at the given cells.

    Args:
        maps: one (H, W, D) tensor a level, any device, not normalised.
        levels: (N,) which map; columns, rows: (N,) which cell.

    Returns:
        (N, D) float32.
    """
    result = np.zeros((len(levels), maps[0].shape[-1]), np.float32)
    for level in np.unique(levels):
        mine = levels == level
        index_rows = torch.from_numpy(rows[mine]).to(maps[level].device)
        index_columns = torch.from_numpy(columns[mine]).to(maps[level].device)
        vectors = maps[level][index_rows, index_columns]
        result[mine] = vectors.float().cpu().numpy()
    return result
