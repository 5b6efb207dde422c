"""The loss of JDE: three tasks a level, weighed by learned variances."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cstrack_bench.models.jde_network import JDE, anchor_grid, encode_deltas
from cstrack_bench.models.network_base import Output
from cstrack_bench.training.distributed import Counted, over_processes
from cstrack_bench.training.jde_targets import IGNORED, JdeTargets, assign_jde
from cstrack_bench.training.loss_items import LossItems
from cstrack_bench.training.train_config import LossConfig

# First logarithms of the variances (docs/reference.md#jde-loss).
CLASS_LOG_VARIANCE = -4.15
BOX_LOG_VARIANCE = -4.85
IDENTITY_LOG_VARIANCE = -2.3


class _Cells(NamedTuple):
    """The cells of a level that have a positive anchor and a person with an identity.

    Attributes:
        cell: (C,) indices into the flattened (B, H, W).
        label: (C,) identities, from 1.
    """

    cell: Tensor
    label: Tensor


class JdeLoss(nn.Module):
    """Person or background, box deltas and identity, for each level
    (docs/reference.md#jde-loss).

    The loss of a batch is 0.5 · Σ(exp(−s) · L + s) over levels and tasks. The s of a
    level learn from batches with a positive there alone: without one, boxes and
    identities are left out, and background is weighed by s as it stands. The published
    formula always counts every s, which then nothing holds: where a level rarely has
    a person (P5 of a small input), its s falls until the next person's weight, exp(−s),
    destroys the network (within 160 steps at 320×192).

    Args:
        network: whose output is judged.
        identities: classes, counted with class 0, "no identity", which the classifier
            does not have.
        config: only ``identity`` is read: 0 trains detection alone. Its size does not
            matter, as the weight of the task is learned.

    Attributes:
        classifier: (D) -> logits of identities 1 to ``identities`` − 1.
        class_log_variance: (3,) by level; so ``box_log_variance`` and
            ``identity_log_variance``.
    """

    anchors: Tensor

    def __init__(self, network: JDE, identities: int, config: LossConfig) -> None:
        super().__init__()
        self.config = config
        self.people = identities - 1
        strides = torch.tensor(network.strides).view(-1, 1, 1)
        # Not in the state dict: the network's configuration already says them.
        self.register_buffer(
            "anchors", network.anchors / strides.to(network.anchors.device), False
        )
        levels = len(network.strides)
        self.classifier = nn.Linear(network.config.embedding, max(self.people, 1))
        self.class_log_variance = _constant(CLASS_LOG_VARIANCE, levels)
        self.box_log_variance = _constant(BOX_LOG_VARIANCE, levels)
        self.identity_log_variance = _constant(IDENTITY_LOG_VARIANCE, levels)

    def forward(self, output: Output, targets: Tensor) -> LossItems:
        """The loss of a batch.

        Args:
            output: logits and embeddings of the network.
            targets: (T, 6) image, identity, cx, cy, w, h; normalised; identity 0 where
                the person has none.

        Returns:
            The total; and, unweighted, summed over the levels: smooth L1 of the
            deltas, cross-entropy of the identity and of person against background (as
            objectness).
        """
        zero = targets.new_zeros(())
        total, box, identity, person = zero, zero, zero, zero
        raws = [raw.float() for raw in output.raw]  # (B, A, H, W, 6)
        levels = [
            assign_jde(targets, anchors, raw.shape[0], raw.shape[2], raw.shape[3])
            for raw, anchors in zip(raws, self.anchors, strict=True)
        ]
        cells = [
            _known_cells(targets, wanted, raw.shape[2], raw.shape[3])
            for raw, wanted in zip(raws, levels, strict=True)
        ]
        counts = over_processes(
            *(int((wanted.person != IGNORED).sum()) for wanted in levels),
            *(len(wanted.target) for wanted in levels),
            *(len(known.label) for known in cells),
        )
        for level, (raw, wanted, known) in enumerate(
            zip(raws, levels, cells, strict=True)
        ):
            judged, positive, labelled = counts[level :: len(levels)]
            anchors = self.anchors[level]
            terms = (
                (self._person(raw, wanted, judged), self.class_log_variance),
                (
                    self._boxes(raw, targets, anchors, wanted, positive),
                    self.box_log_variance,
                ),
                (
                    self._identities(output.embeddings[level], known, labelled),
                    self.identity_log_variance,
                ),
            )
            for loss, log_variance in terms:
                if loss is not None:
                    s = log_variance[level]
                    s = s if positive.total else s.detach()
                    total = total + 0.5 * ((-s).exp() * loss + s)
            one, two, three = (zero if loss is None else loss for loss, _ in terms)
            person, box, identity = person + one, box + two, identity + three
        return LossItems(total, box, identity, person)

    # Each term is None where it has nothing to judge in the whole batch, and 0 where
    # that is so in this process's part of it alone.

    def _person(
        self, raw: Tensor, wanted: JdeTargets, judged: Counted
    ) -> Tensor | None:
        """Cross-entropy of person and background over the anchors not ignored."""
        if judged.total == 0:
            return None
        if judged.here == 0:
            return raw.new_zeros(())
        counted = wanted.person != IGNORED
        found = F.cross_entropy(raw[..., 4:][counted], wanted.person[counted])
        return found * judged.weight

    def _boxes(
        self,
        raw: Tensor,
        targets: Tensor,
        anchors: Tensor,
        wanted: JdeTargets,
        positive: Counted,
    ) -> Tensor | None:
        """Smooth L1 of the deltas of the positive anchors."""
        if positive.total == 0:
            return None
        if positive.here == 0:
            return raw.new_zeros(())
        height, width = raw.shape[2:4]
        gain = targets.new_tensor([width, height, width, height])
        slot = (wanted.anchor, wanted.row, wanted.column)
        deltas = encode_deltas(
            targets[wanted.target, 2:6] * gain,
            anchor_grid(anchors, height, width)[slot],
        )
        found = F.smooth_l1_loss(raw[(wanted.image, *slot)][:, :4], deltas)
        return found * positive.weight

    def _identities(
        self, embeddings: Tensor, known: _Cells, labelled: Counted
    ) -> Tensor | None:
        """Cross-entropy of the identities of the cells that have a positive anchor."""
        if self.config.identity == 0 or self.people < 2 or labelled.total == 0:
            return None
        if labelled.here == 0:
            return embeddings.new_zeros((), dtype=torch.float32)
        vector = embeddings.reshape(-1, embeddings.shape[-1])[known.cell].float()
        # ln of one is no scale: two people get that of three.
        scale = math.sqrt(2) * math.log(max(self.people - 1, 2))
        # Outside autocast, as in CSTrackLoss.
        with torch.autocast(vector.device.type, enabled=False):
            logits = self.classifier(F.normalize(vector) * scale)
            return F.cross_entropy(logits, known.label - 1) * labelled.weight


def _known_cells(
    targets: Tensor, wanted: JdeTargets, height: int, width: int
) -> _Cells:
    """Whom each cell with a positive anchor stands for, where that has an identity.

    The anchors of a cell share one embedding; it is judged once, by the box that one of
    them overlaps most.
    """
    cell = (wanted.image * height + wanted.row) * width + wanted.column
    order = torch.argsort(wanted.overlap, descending=True, stable=True)
    cell, first = _first_of_each(cell[order])
    label = targets[wanted.target[order][first], 1].long()
    known = label > 0
    return _Cells(cell[known], label[known])


def _constant(value: float, levels: int) -> nn.Parameter:
    return nn.Parameter(torch.full((levels,), value))


def _first_of_each(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """The different numbers (C,), ascending, and where each stands first."""
    unique, inverse = numbers.unique(return_inverse=True)
    order = torch.arange(len(numbers), device=numbers.device)
    first = order.new_full((len(unique),), len(numbers))
    return unique, first.scatter_reduce(0, inverse, order, reduce="amin")
