"""The attention modules that SAAN arranges (docs/reference.md#sam, #cam, #table3-rows,
Table III)."""

import torch
from torch import Tensor, nn

from cstrack_bench.models.layers import Conv

CHANNEL_SLOPE = 0.3


class SpatialGate(nn.Module):
    """SAM, spatial attention: one value a cell.

    Args:
        channels: C of the input.
        reduce: pool a 1×1 reduction to C/4 (official code) instead of the input.
    """

    def __init__(self, channels: int, reduce: bool) -> None:
        super().__init__()
        self.reduce = Conv(channels, channels // 4) if reduce else nn.Identity()
        self.convolution = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 1, H, W) in (0, 1)."""
        x = self.reduce(x)
        pooled = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), dim=1)
        return self.convolution(pooled).sigmoid()


class ChannelGate(nn.Module):
    """CAM, channel attention: one value a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(1, 1, 3, padding=1, bias=False)
        self.layer_norm = nn.LayerNorm((1, channels))
        self.activation = nn.LeakyReLU(CHANNEL_SLOPE)
        self.linear = nn.Linear(channels, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 1, 1) in (0, 1)."""
        # Both pooled vectors go through one small network, so as one batch of 2B.
        pooled = torch.stack((x.mean((2, 3)), x.amax((2, 3))))  # (2, B, C)
        vectors = pooled.flatten(0, 1).unsqueeze(1)  # (2B, 1, C)
        vectors = self.activation(self.layer_norm(self.convolution(vectors)))
        both = self.linear(vectors).view(pooled.shape).sum(0)  # (B, C)
        return both.sigmoid()[:, :, None, None]


class Attention(nn.Module):
    """SAM, CAM, both or neither, at one of the points where SAAN may have them.

    Args:
        channels: C of the input.
        kind: ``none``, ``spatial``, ``channel`` or ``both``.
        order: with both: ``parallel`` multiplies the gates and adds one residual;
            ``serial`` is CAM, then SAM, each with its own (CBAM's order).
        reduce: see ``SpatialGate``.
    """

    def __init__(self, channels: int, kind: str, order: str, reduce: bool) -> None:
        super().__init__()
        self.serial = order == "serial"
        spatial, channel = kind in ("spatial", "both"), kind in ("channel", "both")
        self.channel = ChannelGate(channels) if channel else None
        self.spatial = SpatialGate(channels, reduce) if spatial else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> x × gate + x, as x × (1 + gate), the same shape."""
        if self.channel is not None and self.spatial is not None and not self.serial:
            return x * (1 + self.spatial(x) * self.channel(x))
        for gate in (self.channel, self.spatial):
            if gate is not None:
                x = x * (1 + gate(x))
        return x
