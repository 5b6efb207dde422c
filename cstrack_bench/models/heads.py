"""What the features become: box logits, and the basic re-identification head."""

import math

import torch
from torch import Tensor, nn

from cstrack_bench.models.anchors import STRIDES, VALUES
from cstrack_bench.models.cstrack_config import ModelConfig
from cstrack_bench.models.layers import full_precision

PRIOR_OBJECTS = 8  # objects expected in an image of PRIOR_SIDE pixels
PRIOR_SIDE = 640
PRIOR_CLASS = 0.6


class Detect(nn.Module):
    """One 1×1 convolution a level (docs/reference.md#detect-head).

    The official head also holds a learnable scalar that never gets a gradient; it is
    left out here and counted in ``systems.summary``.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Conv2d(channels, len(anchors) * VALUES, 1)
            for channels, anchors in zip(
                config.level_channels, config.anchors, strict=True
            )
        )
        with torch.no_grad():
            for level, stride in zip(self.levels, STRIDES, strict=True):
                bias = level.get_parameter("bias").view(-1, VALUES)
                bias[:, 4] += math.log(PRIOR_OBJECTS / (PRIOR_SIDE / stride) ** 2)
                bias[:, 5] += math.log(PRIOR_CLASS / (1 - 0.99))

    def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Detection features of P3, P4, P5 -> logits, each (B, 3, H, W, 6) float32."""
        # Box offsets and a sparse objectness want more than eight bits of mantissa.
        with full_precision(features[0]):
            return tuple(
                self._split(level(x.to(level.get_parameter("weight").dtype)))
                for level, x in zip(self.levels, features, strict=True)
            )

    @staticmethod
    def _split(x: Tensor) -> Tensor:
        """(B, 3 × 6, H, W) -> (B, 3, H, W, 6)."""
        batch, channels, height, width = x.shape
        x = x.reshape(batch, channels // VALUES, VALUES, height, width)
        return x.permute(0, 1, 3, 4, 2)


def decode(raw: tuple[Tensor, ...], anchors: Tensor) -> Tensor:
    """Logits to boxes (docs/reference.md#decoding).

    Args:
        raw: one (B, 3, H, W, 6) a level, P3 first.
        anchors: (levels, 3, 2) widths and heights in pixels.

    Returns:
        (B, N, 6): centre x, centre y, width, height in network pixels, objectness and
        class probability; levels in order, each by anchor, row, column.
    """
    parts = []
    for logits, sizes, stride in zip(raw, anchors, STRIDES, strict=True):
        _, _, height, width, _ = logits.shape
        rows = torch.arange(height, device=logits.device)
        columns = torch.arange(width, device=logits.device)
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        grid = torch.stack((x, y), dim=-1).to(logits.dtype)  # (H, W, 2)
        value = logits.sigmoid()
        centre = (value[..., :2] * 2 - 0.5 + grid) * stride
        size = (value[..., 2:4] * 2) ** 2 * sizes[:, None, None].to(logits.dtype)
        parts.append(torch.cat((centre, size, value[..., 4:]), dim=-1).flatten(1, 3))
    return torch.cat(parts, dim=1)


class BasicReid(nn.Module):
    """One convolution a level to the embedding (Table I rows 2, 3; Table III row 8).

    With ``embed_from = p3`` only the stride-8 convolution exists: the others would
    never be read.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        kernel = config.head_kernel
        levels = len(config.embedding_strides)
        self.levels = nn.ModuleList(
            nn.Conv2d(channels, config.embedding, kernel, padding=kernel // 2)
            for channels in config.level_channels[:levels]
        )

    def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Re-id features of P3, P4, P5 -> maps (B, H, W, D), one or one a level."""
        return tuple(
            level(x).permute(0, 2, 3, 1)
            for level, x in zip(self.levels, features, strict=False)
        )
