"""The joint loss of detection and identity (docs/reference.md#losses, #total-loss)."""

import math
from collections import abc

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cstrack_bench.models.layers import full_precision
from cstrack_bench.models.network_base import Output
from cstrack_bench.training.distributed import Counted, over_processes
from cstrack_bench.training.loss_items import LossItems
from cstrack_bench.training.targets import LevelTargets, assign_level, to_device
from cstrack_bench.training.train_config import LossConfig


class CSTrackLoss(nn.Module):
    """Box, objectness and identity losses over the outputs of a batch.

    The identity classifier lives here, not in the network: it is needed for training
    alone and its width is the number of identities of the training data.

    Targets may stay on the host while the network computes elsewhere: which cell
    answers for which box is then decided there, and nothing waits for the device.

    Args:
        anchors: (L, A, 2) width, height in pixels.
        strides: pixels a cell, one a level.
        embedding: width of the embeddings.
        identities: classes of the classifier; class 0 is "no identity" and ignored.
        config: weights and rules.
    """

    #: The training loop leaves its targets where they were read.
    targets_on_host = True

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
        # No buffer: it stays on the host wherever the loss goes.
        self._host_anchors = self.anchors.detach().cpu().clone()
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
        device = output.raw[0].device
        on_host = targets.device.type == "cpu"
        known_anchors = self._host_anchors if on_host else self.anchors
        levels = [
            assign_level(
                targets,
                own_anchors,
                raw.shape[2],
                raw.shape[3],
                self.config.anchor_ratio,
                self.config.neighbours,
            )
            for raw, own_anchors in zip(output.raw, known_anchors, strict=True)
        ]
        cells, labels = self._labelled(output.embeddings, targets, levels)
        images, rows, labelled, *positives = over_processes(
            output.raw[0].shape[0],
            len(targets),
            sum(map(len, labels)),
            *(len(level.image) for level in levels),
        )
        box_loss = torch.zeros((), device=device)
        objectness_loss = torch.zeros((), device=device)
        for raw, anchors, balance, level, positive in zip(
            output.raw,
            self.anchors,
            self.config.level_balance,
            levels,
            positives,
            strict=True,
        ):
            raw = raw.float()  # (B, A, H, W, 6)
            slots, last = _last_of_each_slot(raw.shape, level)
            box, overlap = self._boxes(raw, anchors, level.to(device))
            box_loss = box_loss + box * positive.weight
            wanted = raw.new_zeros(raw.shape[:4])
            wanted.view(-1)[to_device(slots, device)] = overlap[
                to_device(last, device)
            ].clamp(min=0)
            objectness = self._binary(raw[..., 4], wanted)
            objectness_loss = objectness_loss + balance * objectness * images.weight
        box_loss = box_loss * self.config.box
        objectness_loss = objectness_loss * self.config.objectness
        identity_loss = torch.zeros((), device=device)
        if self._judges_identities(rows, labelled, positives[0]) and labelled.here:
            found = self._identities(output.embeddings, cells, torch.cat(labels))
            identity_loss = found * labelled.weight
        total = box_loss + objectness_loss + self.config.identity * identity_loss
        return LossItems(total * images.total, box_loss, identity_loss, objectness_loss)

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

    def _judges_identities(
        self, rows: Counted, labelled: Counted, at_first_level: Counted
    ) -> bool:
        """Whether the batch has identities to tell apart; else their loss is 0."""
        if rows.total < 2 or self.identities < 2:
            return False
        if self.config.identity_needs_p3 and at_first_level.total == 0:
            return False
        return labelled.total > 0

    @staticmethod
    def _labelled(
        maps: abc.Sequence[Tensor], targets: Tensor, levels: list[LevelTargets]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Cells (3, N) image, row, column and identities (N,) of the people, a map."""
        cells, labels = [], []
        for number, embedding_map in enumerate(maps):
            # A single map serves every box; one map a level serves the boxes whose
            # shape fits that level's anchors (docs/reference.md#basic-reid-head, basic
            # re-id head).
            own = targets if len(maps) == 1 else targets[levels[number].target.unique()]
            own = own[own[:, 1].long() > 0]
            height, width = embedding_map.shape[1:3]
            rows = (own[:, 3] * height).long().clamp(0, height - 1)
            columns = (own[:, 2] * width).long().clamp(0, width - 1)
            cells.append(torch.stack([own[:, 0].long(), rows, columns]))
            labels.append(own[:, 1].long())
        return cells, labels

    def _identities(
        self, maps: abc.Sequence[Tensor], cells: list[Tensor], label: Tensor
    ) -> Tensor:
        """Cross-entropy over the identities at cells of the maps."""
        device = maps[0].device
        vectors = [
            embedding_map[tuple(to_device(at, device))].float()
            for embedding_map, at in zip(maps, cells, strict=True)
        ]
        scale = math.sqrt(2) * math.log(self.identities - 1)
        vector = F.normalize(torch.cat(vectors)) * scale
        # Outside autocast: at half precision the logits of thousands of identities
        # lose the digits by which look-alikes differ.
        with full_precision(vector):
            return F.cross_entropy(self.classifier(vector), to_device(label, device))


def _last_of_each_slot(
    shape: abc.Sequence[int], level: LevelTargets
) -> tuple[Tensor, Tensor]:
    """Which slots have a positive, and which positive is the last of each.

    Several positives may claim one slot; the official code keeps the last one written.
    Which that is, is computed here, since an indexed write leaves it open on a GPU.

    Args:
        shape: B, A, H, W, … of the level's logits.
        level: its positives.

    Returns:
        (S,) indices into the flattened (B, A, H, W), and (S,) indices of positives.
    """
    _, anchors, height, width = shape[:4]
    slot = ((level.image * anchors + level.anchor) * height + level.row) * width
    slots, inverse = (slot + level.column).unique(return_inverse=True)
    order = torch.arange(len(inverse), device=slots.device)
    last = order.new_zeros(len(slots)).scatter_reduce_(0, inverse, order, reduce="amax")
    return slots, last


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
