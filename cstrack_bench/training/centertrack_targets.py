"""What CenterTrack's heads should say, from the labels of a batch."""

from typing import NamedTuple

import torch
from torch import Tensor

from cstrack_bench import heatmaps

#: Objects of an image that are trained (docs/rivals.md#centertrack-targets).
MAX_OBJECTS = 256
#: Columns of a label: image, 1 for a pedestrian or 0 for a region to ignore, x1, y1,
#: x2, y2 and x, y of the centre in the previous image; in cells, not clipped; the
#: centre is NaN for who was not there.
LABEL_WIDTH = 8


class CenterTrackTargets(NamedTuple):
    """Targets of P objects, images in order, each in the order of its labels; in cells.

    Attributes:
        heatmap: (B, 1, H, W), 1 at the centres and in regions to ignore.
        image: (P,) int64.
        cell: (P,) int64, row · W + column of the centre of the visible box.
        offset: (P, 2), x and y of that centre in its cell.
        size: (P, 2), width and height of the visible box.
        displacement: (P, 2), from the cell to the centre in the previous image; NaN
            for who was not there.
        amodal: (P, 4), from the cell to the corners x1, y1, x2, y2 of the whole box.
        label: (P,) int64, row of the labels that the object comes from.
    """

    heatmap: Tensor
    image: Tensor
    cell: Tensor
    offset: Tensor
    size: Tensor
    displacement: Tensor
    amodal: Tensor
    label: Tensor


def centertrack_targets(
    labels: Tensor, batch: int, grid: tuple[int, int]
) -> CenterTrackTargets:
    """Targets of a batch (docs/rivals.md#centertrack-targets).

    Args:
        labels: (T, 8), see ``LABEL_WIDTH``.
        batch: images.
        grid: rows and columns of the heads' maps.
    """
    rows, columns = grid
    last = labels.new_tensor([columns, rows]) - 1
    whole = labels[:, 2:6]
    clipped = whole.clamp(min=0).minimum(last.repeat(2))
    sides = clipped[:, 2:] - clipped[:, :2]
    visible = (sides > 0).all(dim=1)
    pedestrian = labels[:, 1] > 0
    heatmap = labels.new_zeros(batch, rows, columns)
    ignored = (visible & ~pedestrian).nonzero()[:, 0]
    _fill(heatmap, labels[ignored, 0].long(), clipped[ignored].long())
    chosen = (visible & pedestrian).nonzero()[:, 0]
    image, clipped, sides = labels[chosen, 0].long(), clipped[chosen], sides[chosen]
    centre = (clipped[:, :2] + clipped[:, 2:]) / 2
    corner = centre.floor()
    x, y = corner.long().unbind(1)
    heatmaps.draw(heatmap, image, x, y, heatmaps.radius(sides[:, 1], sides[:, 0]))
    return CenterTrackTargets(
        heatmap[:, None],
        image,
        y * columns + x,
        centre - corner,
        sides,
        labels[chosen, 6:8] - corner,
        whole[chosen] - corner.repeat(1, 2),
        chosen,
    )


def _fill(maps: Tensor, image: Tensor, boxes: Tensor) -> None:
    """Set rectangles (N, 4) of whole cells, the last ones included, to 1."""
    _, rows, columns = maps.shape
    row = torch.arange(rows, device=maps.device)
    column = torch.arange(columns, device=maps.device)
    x1, y1, x2, y2 = boxes.T[:, :, None]
    inside = ((row >= y1) & (row <= y2))[:, :, None]
    inside = inside & ((column >= x1) & (column <= x2))[:, None]
    # Regions to ignore are few, so that a map for each of them is affordable.
    for number, region in zip(image.tolist(), inside, strict=True):
        maps[number].masked_fill_(region, 1.0)
