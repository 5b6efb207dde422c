"""Which cells and anchors are responsible for which box
(docs/reference.md#assignment)."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LevelTargets:
    """The positives of one pyramid level, P of them, in the official write order.

    Attributes:
        image: (P,) index in the batch.
        anchor: (P,) anchor of the level.
        row: (P,) cell row.
        column: (P,) cell column.
        box: (P, 4) centre relative to the cell and size, in cells.
        target: (P,) index of the ground-truth box.
    """

    image: Tensor
    anchor: Tensor
    row: Tensor
    column: Tensor
    box: Tensor
    target: Tensor

    def to(self, device: torch.device) -> "LevelTargets":
        """The same on another device, without waiting for it."""
        whole = torch.stack(
            [self.image, self.anchor, self.row, self.column, self.target]
        )
        image, anchor, row, column, target = to_device(whole, device)
        box = to_device(self.box, device)
        return LevelTargets(image, anchor, row, column, box, target)


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device, without waiting for it: from pinned memory to a GPU."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def assign_level(
    targets: Tensor,
    anchors: Tensor,
    height: int,
    width: int,
    ratio: float = 4.0,
    neighbours: bool = True,
) -> LevelTargets:
    """Assign ground truth to the anchors and cells of one level.

    An anchor matches where neither side differs by ``ratio`` or more. The cell of the
    box's centre is positive and, with ``neighbours``, so are the nearer horizontal and
    vertical neighbours, as long as the centre is over a cell away from that border.

    Args:
        targets: (T, 6) image, identity, cx, cy, w, h, normalised to the image.
        anchors: (A, 2) width, height in cells of this level.
        height: rows of the level.
        width: columns of the level.
        ratio: see LossConfig.anchor_ratio.
        neighbours: see LossConfig.neighbours.

    Returns:
        The positives: all centre cells first, then left, top, right and bottom
        neighbours; within each by anchor, then by target.
    """
    gain = targets.new_tensor([width, height, width, height])
    boxes = targets[:, 2:6] * gain  # (T, 4) in cells
    quotient = boxes[None, :, 2:] / anchors[:, None]  # (A, T, 2)
    fits = torch.maximum(quotient, 1 / quotient).amax(2) < ratio  # (A, T)
    anchor, target = fits.nonzero(as_tuple=True)
    centre = boxes[target, :2]
    offsets = [centre.new_zeros(2)]
    chosen = [torch.ones_like(anchor, dtype=torch.bool)]
    if neighbours:
        from_end = gain[:2] - centre
        near_start = (centre % 1 < 0.5) & (centre > 1)  # (P, 2): left, top
        near_end = (from_end % 1 < 0.5) & (from_end > 1)  # (P, 2): right, bottom
        chosen += [near_start[:, 0], near_start[:, 1], near_end[:, 0], near_end[:, 1]]
        offsets += [centre.new_tensor(o) for o in ([-1, 0], [0, -1], [1, 0], [0, 1])]
    index = torch.cat([mask.nonzero()[:, 0] for mask in chosen])
    shift = torch.cat(
        [o.expand(int(m.sum()), 2) for o, m in zip(offsets, chosen, strict=True)]
    )
    anchor, target = anchor[index], target[index]
    cell = boxes[target, :2].floor() + shift
    # A centre on or beyond the image's edge has no cell of its own: the nearest one.
    limit = gain[:2] - 1
    cell = torch.minimum(cell.clamp(min=0), limit)
    offset = boxes[target, :2] - cell
    return LevelTargets(
        image=targets[target, 0].long(),
        anchor=anchor,
        row=cell[:, 1].long(),
        column=cell[:, 0].long(),
        box=torch.cat([offset, boxes[target, 2:]], 1),
        target=target,
    )
