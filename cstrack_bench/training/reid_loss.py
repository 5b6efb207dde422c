"""The loss of a re-identification network on crops: a cosine softmax classifier.

Wojke and Bewley, "Deep Cosine Metric Learning for Person Re-Identification" (2018),
section 3: embeddings and class weights have length 1, so that a class is a direction,
and one learned scale κ sharpens their cosines before the softmax. What is close on the
sphere in training is then close by the cosine that the tracker measures.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cstrack_bench.errors import InputError
from cstrack_bench.models.wide_resnet import WideResNet
from cstrack_bench.training.distributed import over_processes
from cstrack_bench.training.loss_items import LossItems
from cstrack_bench.training.train_config import LossConfig


class ReidLoss(nn.Module):
    """Cross-entropy of κ times the cosine between crops and identities.

    Its weight is 1 whatever η is: there is no detection loss to weigh it against.

    Args:
        network: what is trained.
        identities: classes, "no identity" (0) counted; it has no direction here.
        config: options of the losses; only an identity weight above 0 is asked of it.

    Raises:
        InputError: no identity to learn, or the identity term switched off.
    """

    def __init__(
        self, network: WideResNet, identities: int, config: LossConfig
    ) -> None:
        super().__init__()
        if identities < 2:
            raise InputError("No identity is annotated, so there is none to learn.")
        if not config.identity > 0:
            raise InputError(
                "DeepSORT's network learns identities alone: loss.identity must be "
                "above 0, and init.detector_epochs 0."
            )
        self.directions = nn.Parameter(
            F.normalize(torch.randn(identities - 1, network.config.embedding))
        )
        # Starts at AdaCos's fixed scale for as many classes (Zhang et al. 2019), as the
        # joint loss has it; a logarithm is learned, so that κ stays positive.
        start = math.sqrt(2) * math.log(max(identities - 2, 2))
        self.log_scale = nn.Parameter(torch.tensor(math.log(start)))

    def forward(self, output: Tensor, targets: Tensor) -> LossItems:
        """The loss of a batch.

        Args:
            output: (B, D) embeddings, one a crop.
            targets: (T, 6) image, identity, cx, cy, w, h; identity 0 is left out.
        """
        nothing = output.new_zeros((), dtype=torch.float32)
        known = targets[targets[:, 1] > 0]
        images, labelled = over_processes(len(output), len(known))
        identity = output.float().sum() * 0  # a gradient, if only of 0
        if len(known):
            # Outside autocast: half precision loses the digits of close cosines.
            with torch.autocast(output.device.type, enabled=False):
                vectors = F.normalize(output[known[:, 0].long()].float())
                cosines = vectors @ F.normalize(self.directions).T  # (T, identities)
                logits = self.log_scale.exp() * cosines
                found = F.cross_entropy(logits, known[:, 1].long() - 1)
                identity = found * labelled.weight
        return LossItems(identity * images.total, nothing, identity, nothing)
