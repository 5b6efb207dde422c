"""FairMOT's loss: detection and identity, weighed by learned uncertainty."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.models.dla_config import FairMotConfig
from cstrack_bench.models.fairmot_network import FairMotOutput
from cstrack_bench.training.center_loss import at_objects, focal_loss, mean_distance
from cstrack_bench.training.distributed import over_processes
from cstrack_bench.training.fairmot_targets import MAX_OBJECTS, fairmot_targets

Weighting = Literal["learned", "fixed"]

# First logarithms of the variances (docs/rivals.md#fairmot-loss).
DETECTION_LOG_VARIANCE = -1.85
IDENTITY_LOG_VARIANCE = -1.05


@dataclass(frozen=True)
class FairMotLossConfig:
    """Weights of the terms; the defaults are the published ones.

    Attributes:
        box: weight of the box within detection (0.5 in the light model).
        offset: weight of the offset within detection.
        weighting: ``learned`` = ½ · (e^(-s_det) · detection + e^(-s_id) · identity +
            s_det + s_id), or ``fixed`` = detection + ``identity`` · identity (light
            model).
        identity: weight under ``fixed``; under ``learned`` it only matters whether it
            is 0, which trains detection alone.
    """

    box: float = 0.1
    offset: float = 1.0
    weighting: Weighting = "learned"
    identity: float = 0.1

    def __post_init__(self) -> None:
        if self.weighting not in get_args(Weighting):
            hint = nearest(str(self.weighting), get_args(Weighting))
            raise InputError(f"loss.weighting is {self.weighting!r}: {hint}.")


class FairMotItems(NamedTuple):
    """The loss of one batch, scalars.

    Attributes:
        total: what is minimised; may be negative.
        heatmap: focal loss of the centres.
        box: mean distance of the box values, in cells.
        offset: mean distance of the offsets, in cells.
        identity: cross-entropy, exactly 0 where no object of the batch has an identity.
    """

    total: Tensor
    heatmap: Tensor
    box: Tensor
    offset: Tensor
    identity: Tensor


class FairMotLoss(nn.Module):
    """Heatmap, box, offset and identity losses (docs/rivals.md#fairmot-loss).

    Where no object of a batch has an identity, the published identity loss is not a
    number; ours is 0, and the logarithm of its variance is left as it is, since nothing
    would hold it.

    Args:
        network: configuration of the network that is trained.
        identities: classes, "no identity" (0) counted. The classifier has as many: one
            is never used, as in the published count.
        config: weights.

    Attributes:
        classifier: (D) -> logits.
        detection_log_variance: s_det; identity_log_variance: s_id.
    """

    def __init__(
        self,
        network: FairMotConfig,
        identities: int,
        config: FairMotLossConfig | None = None,
    ) -> None:
        super().__init__()
        self.config = config or FairMotLossConfig()
        self.box = network.box
        self.max_objects = MAX_OBJECTS
        self.classifier = nn.Linear(network.embedding, max(identities, 1))
        # ln of one is no scale: two people get that of three.
        self.scale = math.sqrt(2) * math.log(max(identities - 1, 2))
        self.detection_log_variance = nn.Parameter(torch.tensor(DETECTION_LOG_VARIANCE))
        self.identity_log_variance = nn.Parameter(torch.tensor(IDENTITY_LOG_VARIANCE))

    def forward(self, output: FairMotOutput, targets: Tensor) -> FairMotItems:
        """The loss of a batch.

        Args:
            output: raw values of the network.
            targets: (T, 6) image, identity, cx, cy, w, h; normalised, not clipped;
                identity 0 where the person has none.
        """
        batch, _, rows, columns = output.heatmap.shape
        wanted = fairmot_targets(
            targets, batch, (rows, columns), self.box, self.max_objects
        )
        objects = wanted.image, wanted.cell
        heatmap = focal_loss(output.heatmap, wanted.heatmap)
        box = mean_distance(at_objects(output.box, *objects), wanted.box)
        offset = mean_distance(at_objects(output.offset, *objects), wanted.offset)
        detection = heatmap + self.config.box * box + self.config.offset * offset
        known = wanted.identity > 0
        (count,) = over_processes(int(known.sum()))
        labelled = self.config.identity > 0 and count.total > 0
        identity = detection.new_zeros(())
        if labelled and count.here:
            vectors = at_objects(output.embedding, *objects)[known]
            found = self._identity(vectors, wanted.identity[known] - 1)
            identity = found * count.weight
        total = self._weighed(detection, identity, labelled)
        return FairMotItems(total, heatmap, box, offset, identity)

    def _identity(self, vectors: Tensor, label: Tensor) -> Tensor:
        # Outside autocast: at half precision the logits of thousands of identities
        # lose the digits by which look-alikes differ.
        with torch.autocast(vectors.device.type, enabled=False):
            logits = self.classifier(F.normalize(vectors) * self.scale)
            return F.cross_entropy(logits, label)

    def _weighed(self, detection: Tensor, identity: Tensor, labelled: bool) -> Tensor:
        if self.config.weighting == "fixed":
            return detection + self.config.identity * identity
        s_det: Tensor = self.detection_log_variance
        s_id: Tensor = self.identity_log_variance
        if not labelled:
            s_id = s_id.detach()
        weighed = (-s_det).exp() * detection + (-s_id).exp() * identity
        return 0.5 * (weighed + s_det + s_id)
