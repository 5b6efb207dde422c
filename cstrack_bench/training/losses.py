"""The joint loss of detection and identity (docs/reference.md#losses, #total-loss)."""

import math
from collections import abc

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cstrack_bench.models.network_base import Output
from cstrack_bench.training.loss_items import LossItems
from cstrack_bench.training.targets import LevelTargets, assign_level
from cstrack_bench.training.train_config import LossConfig


class CSTrackLoss(nn.Module):
    """Box, objectness and identity losses over the outputs of a batch.

    The identity classifier lives here, not in the network: it is needed for training
    alone and its width is the number of identities of the training data.

    Args:
        anchors: (L, A, 2) width, height in pixels.
        strides: pixels a cell, one a level.
        embedding: width of the embeddings.
        identities: classes of the classifier; class 0 is "no identity" and ignored.
        config: weights and rules.
    """

    def __init__(
        self,
        anchors: Tensor,
        strides: abc.Sequence[int],
        embedding: int,
        identities: int,
        config: LossConfig,
    ) -> None:
        super().__init__()
        self.config = config
        self.identities = identities
        cells = torch.tensor(list(strides), dtype=torch.float32).view(-1, 1, 1)
        self.anchors: Tensor
        self.register_buffer("anchors", anchors.float() / cells.to(anchors.device))
        self.classifier = nn.Linear(embedding, max(identities, 1), bias=False)

    def forward(self, output: Output, targets: Tensor) -> LossItems:
        """The loss of a batch.

        Args:
            output: the network's raw maps and embedding maps.
            targets: (T, 6) image, identity, cx, cy, w, h; normalised; identity 0 where
                the person has none.

        Returns:
            The total, batch size × (box + objectness + η · identity); weighted 1 − CIoU
            and objectness by level; cross-entropy of the identities before η.
        """
        levels = []
        box_loss = targets.new_zeros(())
        objectness_loss = targets.new_zeros(())
        for raw, anchors, balance in zip(
            output.raw, self.anchors, self.config.level_balance, strict=True
        ):
            raw = raw.float()  # (B, A, H, W, 6)
            level = assign_level(
                targets,
                anchors,
                raw.shape[2],
                raw.shape[3],
                self.config.anchor_ratio,
                self.config.neighbours,
            )
            box, overlap = self._boxes(raw, anchors, level)
            box_loss = box_loss + box
            wanted = _objectness_target(raw, level, overlap)
            objectness_loss = objectness_loss + balance * self._binary(
                raw[..., 4], wanted
            )
            levels.append(level)
        box_loss = box_loss * self.config.box
        objectness_loss = objectness_loss * self.config.objectness
        identity_loss = self._identities(output.embeddings, targets, levels)
        batch = output.raw[0].shape[0]
        total = box_loss + objectness_loss + self.config.identity * identity_loss
        return LossItems(total * batch, box_loss, identity_loss, objectness_loss)

    def _boxes(
        self, raw: Tensor, anchors: Tensor, level: LevelTargets
    ) -> tuple[Tensor, Tensor]:
        """Mean 1 − CIoU over the positives of a level, and their CIoU (P,)."""
        if len(level.image) == 0:
            return raw.sum() * 0, raw.new_zeros(0)
        picked = raw[level.image, level.anchor, level.row, level.column, :4]
        centre = picked[:, :2].sigmoid() * 2 - 0.5
        size = (picked[:, 2:].sigmoid() * 2) ** 2 * anchors[level.anchor]
        overlap = complete_iou(torch.cat([centre, size], 1), level.box)
        return (1 - overlap).mean(), overlap.detach()

    def _binary(self, logits: Tensor, wanted: Tensor) -> Tensor:
        loss = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        if self.config.focal_alpha is not None:
            probability = logits.sigmoid()
            hit = wanted * probability + (1 - wanted) * (1 - probability)
            alpha = self.config.focal_alpha
            weight = wanted * alpha + (1 - wanted) * (1 - alpha)
            loss = loss * weight * (1 - hit) ** self.config.focal_gamma
        return loss.mean()

    def _identities(
        self, maps: abc.Sequence[Tensor], targets: Tensor, levels: list[LevelTargets]
    ) -> Tensor:
        """Cross-entropy over the identities of the batch; 0, not NaN, without any."""
        nothing = targets.new_zeros(())
        if len(targets) < 2 or self.identities < 2:
            return nothing
        if self.config.identity_needs_p3 and len(levels[0].image) == 0:
            return nothing
        vectors, labels = [], []
        for number, embedding_map in enumerate(maps):
            # A single map serves every box; one map a level serves the boxes whose
            # shape fits that level's anchors (docs/reference.md#basic-reid-head, basic
            # re-id head).
            chosen = (
                torch.arange(len(targets), device=targets.device)
                if len(maps) == 1
                else levels[number].target.unique()
            )
            height, width = embedding_map.shape[1:3]
            rows = (targets[chosen, 3] * height).long().clamp(0, height - 1)
            columns = (targets[chosen, 2] * width).long().clamp(0, width - 1)
            image = targets[chosen, 0].long()
            vectors.append(embedding_map[image, rows, columns].float())
            labels.append(targets[chosen, 1].long())
        label = torch.cat(labels)
        known = label > 0
        if not bool(known.any()):
            return nothing
        scale = math.sqrt(2) * math.log(self.identities - 1)
        vector = F.normalize(torch.cat(vectors)[known]) * scale
        # Outside autocast: at half precision the logits of thousands of identities
        # lose the digits by which look-alikes differ.
        with torch.autocast(vector.device.type, enabled=False):
            return F.cross_entropy(self.classifier(vector), label[known])


def _objectness_target(raw: Tensor, level: LevelTargets, overlap: Tensor) -> Tensor:
    """(B, A, H, W) objectness targets: the overlap of the last positive of a slot.

    Several positives may claim one slot; the official code keeps the last one written.
    Which that is, is computed here, since an indexed write leaves it open on a GPU.
    """
    wanted = raw.new_zeros(raw.shape[:4])
    if len(level.image) == 0:
        return wanted
    _, anchors, height, width = wanted.shape
    slot = ((level.image * anchors + level.anchor) * height + level.row) * width
    slot = slot + level.column
    order = torch.arange(len(slot), device=slot.device)
    last = order.new_full((wanted.numel(),), -1)
    last.scatter_reduce_(0, slot, order, reduce="amax")
    final = last[slot] == order
    wanted.view(-1)[slot[final]] = overlap[final].clamp(min=0)
    return wanted


def complete_iou(a: Tensor, b: Tensor, epsilon: float = 1e-16) -> Tensor:
    """CIoU of paired boxes (docs/reference.md#box-loss).

    Args:
        a: (P, 4) cx, cy, w, h.
        b: (P, 4) cx, cy, w, h.
        epsilon: keeps empty boxes finite.

    Returns:
        (P,) IoU − ρ²/c² − α·v, at most 1; α carries no gradient.
    """
    a1, a2 = a[:, :2] - a[:, 2:] / 2, a[:, :2] + a[:, 2:] / 2
    b1, b2 = b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2
    inner = (torch.minimum(a2, b2) - torch.maximum(a1, b1)).clamp(min=0).prod(1)
    union = a[:, 2:].prod(1) + b[:, 2:].prod(1) - inner + epsilon
    iou = inner / union
    outer = torch.maximum(a2, b2) - torch.minimum(a1, b1)
    diagonal = (outer**2).sum(1) + epsilon
    distance = ((a[:, :2] - b[:, :2]) ** 2).sum(1)
    angle_a = torch.atan(a[:, 2] / (a[:, 3] + epsilon))
    angle_b = torch.atan(b[:, 2] / (b[:, 3] + epsilon))
    v = 4 / math.pi**2 * (angle_b - angle_a) ** 2
    with torch.no_grad():
        alpha = v / (1 - iou + v + epsilon)
    return iou - distance / diagonal - alpha * v
