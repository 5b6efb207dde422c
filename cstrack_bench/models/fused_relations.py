"""REN for inference: two convolutions and five products fewer a level."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cstrack_bench.models.fused_layers import FusedConv, plain_conv
from cstrack_bench.models.reciprocal import BRANCH_SLOPE, POOLED, Reciprocal


class FusedReciprocal(nn.Module):
    """``Reciprocal`` and the detecting convolution behind it.

    One convolution computes both branches, and one product all four relations: A Aᵀ,
    A Bᵀ, B Aᵀ and B Bᵀ are its blocks. The logits are linear in the features for
    detection, F + W F, so that W is multiplied with the few rows of the detecting
    convolution instead of with every cell.

    Args:
        level: the trained module.
        detect: the 1×1 convolution to the logits of this level.
        dtype: of branches and products; relations and logits are float32.
    """

    shares: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(
        self, level: Reciprocal, detect: nn.Conv2d, dtype: torch.dtype
    ) -> None:
        super().__init__()
        branches = level.detection.convolution, level.reid.convolution
        self.branches = FusedConv(
            torch.cat([branch.weight for branch in branches]),
            torch.cat([_bias(branch) for branch in branches]),
            branches[0],
            nn.Identity(),
            dtype,
        )
        self.eps = level.detection.norm.eps
        projection = level.projection
        self.projection = None if projection is None else plain_conv(projection, dtype)
        own, other = level.detection_weight.detach(), level.reid_weight.detach()
        # Row: the task; column: the branch that its own is compared with.
        shares = torch.stack([torch.cat([own, 1 - own]), torch.cat([1 - other, other])])
        self.register_buffer("shares", shares.float())
        self.register_buffer("weight", detect.weight.detach().flatten(1).clone())
        self.register_buffer("bias", _bias(detect).detach().clone())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(1, C, H, W) -> logits (1, O, H, W) float32, features for re-id like x."""
        _, channels, height, width = x.shape
        first, second = self._relations(x)
        source = x if self.projection is None else self.projection(x)
        features = x[0].permute(1, 2, 0).reshape(-1, channels)  # (HW, C)
        if self.projection is None:
            weight = self.weight + self.weight @ first
            logits = torch.addmm(self.bias, features.float(), weight.t())
            projected = features
        else:
            projected = source[0].permute(1, 2, 0).reshape(-1, channels)
            logits = torch.addmm(self.bias, features.float(), self.weight.t())
            logits.addmm_(projected.float(), (self.weight @ first).t())
        reid = torch.addmm(features, projected, second.to(x.dtype).t())
        maps = (one.view(1, height, width, -1) for one in (logits, reid))
        logits, reid = (one.permute(0, 3, 1, 2) for one in maps)
        return logits, reid

    def _relations(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(1, C, H, W) -> W of detection, W of re-id: (C, C) float32."""
        channels = x.shape[1]
        pooled = F.adaptive_avg_pool2d(x, POOLED)
        maps = F.instance_norm(self.branches(pooled).float(), eps=self.eps)
        both = F.leaky_relu_(maps, BRANCH_SLOPE).flatten(2)[0]  # (2C, 60)
        scores = (both @ both.t()).view(2, channels, 2, channels).softmax(-1)
        shares = self.shares
        first = (scores[0, :, 0] * shares[0, 0]).addcmul_(scores[0, :, 1], shares[0, 1])
        second = (scores[1, :, 0] * shares[1, 0]).addcmul_(
            scores[1, :, 1], shares[1, 1]
        )
        return first, second


def _bias(convolution: nn.Conv2d) -> Tensor:
    assert convolution.bias is not None, "this convolution has a bias"
    return convolution.bias
