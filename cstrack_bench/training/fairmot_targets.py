"""What FairMOT's heads should say, from the labels of a batch."""

from typing import NamedTuple

import torch
from torch import Tensor

from cstrack_bench import heatmaps
from cstrack_bench.models.dla_config import BoxValues

#: Objects of an image that are trained; labels beyond are left out
#: (docs/rivals.md#fairmot-targets).
MAX_OBJECTS = 500


class FairMotTargets(NamedTuple):
    """Targets of P objects, images in order, each in the order of its labels.

    Attributes:
        heatmap: (B, 1, H, W), 1 at the centres.
        image: (P,) int64.
        cell: (P,) int64, row · W + column of the centre.
        offset: (P, 2), x and y of the centre in its cell.
        box: (P, 4), distances in cells from the centre to the sides of the box,
            negative where the centre was moved into the map; or (P, 2), its size.
        identity: (P,) int64, from 1; 0 where the person has none.
        label: (P,) int64, row of the labels that the object comes from.
    """

    heatmap: Tensor
    image: Tensor
    cell: Tensor
    offset: Tensor
    box: Tensor
    identity: Tensor
    label: Tensor


def fairmot_targets(
    labels: Tensor,
    batch: int,
    grid: tuple[int, int],
    box: BoxValues = "sides",
    max_objects: int = MAX_OBJECTS,
) -> FairMotTargets:
    """Targets of a batch (docs/rivals.md#fairmot-targets).

    Args:
        labels: (T, 6) image, identity, cx, cy, w, h; normalised, not clipped.
        batch: images.
        grid: rows and columns of the heads' maps.
        box: how a box is described.
        max_objects: labels of an image that are considered.
    """
    rows, columns = grid
    size = labels.new_tensor([columns, rows])
    middle, sides = labels[:, 2:4] * size, labels[:, 4:6] * size
    image = labels[:, 0].long()
    used = (_rank(image, batch) < max_objects) & (sides > 0).all(dim=1)
    chosen = used.nonzero()[:, 0]
    image, middle, sides = image[chosen], middle[chosen], sides[chosen]
    centre = middle.clamp(min=0).minimum(size - 1)
    x, y = centre.long().unbind(1)
    heatmap = labels.new_zeros(batch, rows, columns)
    heatmaps.draw(heatmap, image, x, y, heatmaps.radius(sides[:, 1], sides[:, 0]))
    wanted = sides
    if box == "sides":
        upper_left = middle - sides / 2
        wanted = torch.cat((centre - upper_left, upper_left + sides - centre), dim=1)
    return FairMotTargets(
        heatmap[:, None],
        image,
        y * columns + x,
        centre - centre.floor(),
        wanted,
        labels[chosen, 1].long(),
        chosen,
    )


def _rank(image: Tensor, batch: int) -> Tensor:
    """How many labels of the same image come before each one, (T,)."""
    number = torch.arange(batch, device=image.device)
    same = image[:, None] == number
    return (same.cumsum(0) - 1).gather(1, image[:, None])[:, 0]
