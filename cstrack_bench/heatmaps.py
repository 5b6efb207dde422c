"""Heatmaps of points: how objects are drawn and how peaks are read.

Targets of training, CenterTrack's input of earlier tracks and decoding all rest on
these (docs/rivals.md#heatmaps).
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

#: Overlap with the box that a box moved by the radius should keep; see ``raw_radius``.
LEAST_OVERLAP = 0.7


def raw_radius(height: Tensor, width: Tensor, overlap: float = LEAST_OVERLAP) -> Tensor:
    """CornerNet's radius before it is cut to a whole number (docs/rivals.md#radius).

    The published formula differs from the geometry that it was derived from, and the
    third of its three candidates is always the smallest: that one is computed here.

    Args:
        height: (N,) whole numbers, pixels of the map; width: likewise.
        overlap: least intersection over union.

    Returns:
        (N,) float64.
    """
    height, width = height.double(), width.double()
    b = -2 * overlap * (height + width)
    c = (overlap - 1) * width * height
    return (b + (b * b - 4 * (4 * overlap) * c).sqrt()) / 2


def radius(height: Tensor, width: Tensor) -> Tensor:
    """Radius (N,) int64 of boxes of any height and width (N,) in pixels of the map."""
    return raw_radius(height.ceil(), width.ceil()).clamp(min=0).long()


def draw(
    maps: Tensor,
    image: Tensor,
    x: Tensor,
    y: Tensor,
    radii: Tensor,
    peak: Tensor | None = None,
) -> None:
    """Draw Gaussians into maps, keeping the larger value where they overlap.

    σ = (2 · radius + 1) / 6; a square of side 2 · radius + 1 is drawn, as far as it
    lies in the map. Its centre is exactly ``peak``.

    Args:
        maps: (B, H, W), contiguous; changed.
        image: (N,) int64, which map.
        x: (N,) int64, column of the centre; may lie outside.
        y: (N,) int64, row of the centre; likewise.
        radii: (N,) int64.
        peak: (N,) largest value; 1 by default.
    """
    _, height, width = maps.shape
    side = 2 * radii + 1
    area = side * side
    # All windows one after the other: (M,) values, M the sum of the areas.
    owner = torch.arange(len(area), device=area.device).repeat_interleave(area)
    within = torch.arange(len(owner), device=area.device)
    within = within - (area.cumsum(0) - area)[owner]
    side = side[owner]
    dy = within // side - radii[owner]
    dx = within % side - radii[owner]
    sigma = side.double() / 6
    value = torch.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))
    if peak is not None:
        value = value * peak.double()[owner]
    column, row = x[owner] + dx, y[owner] + dy
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    cell = (image[owner] * height + row) * width + column
    maps.view(-1).scatter_reduce_(
        0, cell[inside], value[inside].to(maps.dtype), reduce="amax"
    )


class Peaks(NamedTuple):
    """The K best local maxima of each heatmap.

    Attributes:
        scores: (B, K), best first.
        cells: (B, K) int64, row · W + column.
    """

    scores: Tensor
    cells: Tensor


def peaks(logits: Tensor, count: int) -> Peaks:
    """Cells that are the largest of their 3×3 neighbours, best first.

    All cells of a plateau are kept; no other suppression is done. Cells that are no
    peak score 0 and fill up the list.

    Args:
        logits: (B, 1, H, W).
        count: K; at most H · W are returned.
    """
    scores = logits.sigmoid()
    kept = scores * (F.max_pool2d(scores, 3, stride=1, padding=1) == scores)
    flat = kept.flatten(1)
    best, cells = flat.topk(min(count, flat.shape[1]), dim=1)
    return Peaks(best, cells)


def gather(maps: Tensor, cells: Tensor) -> Tensor:
    """Values of maps (B, C, H, W) at cells (B, K) -> (B, K, C)."""
    flat = maps.flatten(2)
    index = cells[:, None].expand(-1, flat.shape[1], -1)
    return flat.gather(2, index).transpose(1, 2)
