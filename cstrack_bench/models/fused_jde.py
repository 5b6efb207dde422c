"""JDE rebuilt for inference."""

import copy

import torch
from torch import Tensor, nn

from cstrack_bench.models.cell_embeddings import FusedLevelHeads
from cstrack_bench.models.darknet import Residual
from cstrack_bench.models.fused_layers import fused_conv, replace_layers
from cstrack_bench.models.fused_network import FusedNetwork
from cstrack_bench.models.jde_network import JDE, Prediction


class FusedResidual(nn.Module):
    """DarkNet's ``Residual`` with both layers fused; the input is added in place."""

    def __init__(self, block: Residual, dtype: torch.dtype) -> None:
        super().__init__()
        self.reduce = fused_conv(block.reduce, dtype)
        self.expand = fused_conv(block.expand, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        out: Tensor = self.expand(self.reduce(x))
        return out.add_(x)


class FusedPrediction(nn.Module):
    """One level of JDE: both tasks read the same features."""

    def __init__(self, prediction: Prediction, dtype: torch.dtype) -> None:
        super().__init__()
        self.prediction = prediction
        replace_layers(prediction, dtype)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(1, C, H, W) -> logits (1, 4, H, W, 6) float32, features for re-id."""
        return self.prediction(x), x


def fuse_jde(network: JDE, dtype: torch.dtype) -> FusedNetwork:
    """A network of the same outputs, for inference on single images.

    Args:
        network: left as it is, and no weight is shared.
        dtype: of weights and features.
    """
    own = copy.deepcopy(network).eval().requires_grad_(False)
    reid = FusedLevelHeads(own.reid, dtype)
    levels = [
        FusedPrediction(level, dtype)
        for level in own.detect
        if isinstance(level, Prediction)
    ]
    del own.reid, own.detect
    replace_layers(own, dtype, {Residual: _residual})
    return FusedNetwork(own, levels, reid, dtype)


def _residual(block: nn.Module, dtype: torch.dtype) -> FusedResidual:
    assert isinstance(block, Residual)
    return FusedResidual(block, dtype)
