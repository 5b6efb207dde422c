"""Which anchors of which cells are responsible for which box in JDE."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cstrack_bench.models.jde_network import anchor_grid

FOREGROUND = 0.5
BACKGROUND = 0.4
IGNORED = -1


@dataclass(frozen=True)
class JdeTargets:
    """What one level of one batch should say.

    Attributes:
        person: (B, A, H, W) int64: 1 person, 0 background, ``IGNORED`` between.
        image: (P,) image of each positive anchor.
        anchor: (P,) anchor of the level.
        row: (P,) cell row.
        column: (P,) cell column.
        target: (P,) index of the ground-truth box.
        overlap: (P,) intersection over union with it.
    """

    person: Tensor
    image: Tensor
    anchor: Tensor
    row: Tensor
    column: Tensor
    target: Tensor
    overlap: Tensor


def assign_jde(
    targets: Tensor, anchors: Tensor, batch: int, height: int, width: int
) -> JdeTargets:
    """Assign ground truth to the anchors of one level by overlap
    (docs/reference.md#jde-loss).

    An anchor, centred on its cell's index, is positive where its intersection over
    union with some box is above 0.5, background where it is below 0.4 with all boxes,
    and ignored between. A positive anchor belongs to the box that it overlaps most. A
    box that no anchor overlaps by more than 0.5 has none.

    Args:
        targets: (T, 6) image, identity, cx, cy, w, h, normalised to the image.
        anchors: (A, 2) width, height in cells of this level.
        batch: images.
        height: rows of the level.
        width: columns of the level.
    """
    gain = targets.new_tensor([width, height, width, height])
    boxes = targets[:, 2:6] * gain  # (T, 4) in cells
    image = targets[:, 0].long()
    shape = (batch, len(anchors), height, width)
    best = targets.new_zeros(shape)
    owner = targets.new_zeros(shape, dtype=torch.long)
    grid = anchor_grid(anchors, height, width)  # (A, H, W, 4)
    for number in range(batch):
        mine = (image == number).nonzero()[:, 0]
        if len(mine):
            overlap, nearest = _overlaps(grid, boxes[mine]).max(-1)  # (A, H, W)
            best[number], owner[number] = overlap, mine[nearest]
    positive = best > FOREGROUND
    person = torch.where(best < BACKGROUND, 0, IGNORED).masked_fill(positive, 1)
    where = positive.nonzero(as_tuple=True)
    images, slots, rows, columns = where
    return JdeTargets(person, images, slots, rows, columns, owner[where], best[where])


def _overlaps(grid: Tensor, boxes: Tensor) -> Tensor:
    """Intersection over union of anchors and boxes, in cells.

    Args:
        grid: (A, H, W, 4) cx, cy, w, h.
        boxes: (T, 4) cx, cy, w, h.

    Returns:
        (A, H, W, T).
    """
    # Width by (A, W, T) and height by (A, H, T): their product is the big one.
    across = _common(grid[:, 0, :, 0], grid[:, 0, :, 2], boxes[:, 0], boxes[:, 2])
    down = _common(grid[:, :, 0, 1], grid[:, :, 0, 3], boxes[:, 1], boxes[:, 3])
    common = down[:, :, None] * across[:, None]  # (A, H, W, T)
    areas = grid[:, 0, 0, 2:].prod(1)[:, None] + boxes[:, 2:].prod(1)  # (A, T)
    return common / (areas[:, None, None] - common)


def _common(
    centre: Tensor, side: Tensor, other_centre: Tensor, other_side: Tensor
) -> Tensor:
    """Common length of the intervals (A, N) and (T,), (A, N, T)."""
    upper = torch.minimum((centre + side / 2)[..., None], other_centre + other_side / 2)
    lower = torch.maximum((centre - side / 2)[..., None], other_centre - other_side / 2)
    return (upper - lower).clamp(min=0)
