"""Axis-aligned boxes as NumPy arrays, x1 y1 x2 y2 in pixels unless said otherwise."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def xywh_to_xyxy(boxes: Floats) -> Floats:
    """(N, 4) left, top, width, height -> (N, 4) x1, y1, x2, y2."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def xyxy_to_xywh(boxes: Floats) -> Floats:
    """(N, 4) x1, y1, x2, y2 -> (N, 4) left, top, width, height."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def iou_matrix(a: Floats, b: Floats, extra: float = 0.0) -> NDArray[np.float64]:
    """Pairwise intersection over union.

    Args:
        a: (N, 4) boxes x1 y1 x2 y2.
        b: (M, 4) boxes x1 y1 x2 y2.
        extra: pixels added to every side length; 1 where the last pixel counts as
            inside, as in the official association
            (docs/reference.md#cascade-assignment).

    Returns:
        (N, M) float64 in [0, 1]; 0 where both boxes are empty.
    """
    a = np.asarray(a, dtype=np.float64).reshape(-1, 4)
    b = np.asarray(b, dtype=np.float64).reshape(-1, 4)
    # One (N, M) array a coordinate: faster than (N, M, 2) at a frame's box counts.
    width = np.minimum(a[:, None, 2], b[None, :, 2])
    width -= np.maximum(a[:, None, 0], b[None, :, 0])
    width += extra
    np.maximum(width, 0.0, out=width)
    height = np.minimum(a[:, None, 3], b[None, :, 3])
    height -= np.maximum(a[:, None, 1], b[None, :, 1])
    height += extra
    np.maximum(height, 0.0, out=height)
    intersection = np.multiply(width, height, out=width)
    area_a = (a[:, 2] - a[:, 0] + extra) * (a[:, 3] - a[:, 1] + extra)
    area_b = (b[:, 2] - b[:, 0] + extra) * (b[:, 3] - b[:, 1] + extra)
    union = area_a[:, None] + area_b[None, :] - intersection
    return np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)
