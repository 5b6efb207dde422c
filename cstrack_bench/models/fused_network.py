"""A network rebuilt for inference: fused, channels-last, in any precision.

Which layers it has, the modules of each system say (``fused_cstrack``, ``fused_jde``).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cstrack_bench.models.anchors import VALUES
from cstrack_bench.models.cell_embeddings import EmbeddingSource
from cstrack_bench.models.network_base import DetectionNetwork


class FusedOutput(NamedTuple):
    """What a fused network gives for one image.

    Attributes:
        raw: detection logits, (1, A, H_l, W_l, 6) float32 for strides 8, 16, 32.
        source: where embeddings of cells come from.
    """

    raw: tuple[Tensor, ...]
    source: EmbeddingSource


def split_logits(x: Tensor) -> Tensor:
    """(1, A × 6, H, W) -> (1, A, H, W, 6)."""
    batch, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(batch, height, width, channels // VALUES, -1)
    return rows.permute(0, 3, 1, 2, 4)


class FusedNetwork(nn.Module):
    """A trained network of anchors, rebuilt for inference on single images.

    Args:
        trunk: a copy of the network with fused layers, of which backbone, neck and
            decoding are used.
        levels: of P3, P4, P5: features -> logits, features for re-id.
        reid: features for re-id -> where embeddings come from.
        dtype: of weights and features. Logits, relations and the channels' gate are
            computed in float32 whatever it is.
    """

    def __init__(
        self,
        trunk: DetectionNetwork,
        levels: Sequence[nn.Module],
        reid: nn.Module,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.dtype = dtype
        self.levels = nn.ModuleList(levels)
        self.reid = reid
        self.trunk = trunk

    def forward(self, images: Tensor) -> FusedOutput:
        """(1, 3, H, W) RGB in [0, 1] -> logits, and where embeddings come from."""
        assert len(images) == 1, "a fused network takes one image at a time"
        images = images.to(self.dtype, memory_format=torch.channels_last)
        found = [
            level(x)
            for level, x in zip(self.levels, self.trunk.neck(images), strict=True)
        ]
        raw, features = zip(*found, strict=True)
        return FusedOutput(raw, self.reid(features))

    def decode(self, raw: tuple[Tensor, ...]) -> Tensor:
        """Logits -> (1, N, 6); see ``DetectionNetwork.decode``."""
        return self.trunk.decode(raw)
