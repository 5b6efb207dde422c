"""SAAN for inference: whole maps up to its last attention, cells behind it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cstrack_bench.models.attention import Attention, ChannelGate, SpatialGate
from cstrack_bench.models.cell_embeddings import CellLayers, CellSource, cells_first
from cstrack_bench.models.fused_layers import fused_conv, plain_conv
from cstrack_bench.models.layers import Conv, DepthwiseUpsample
from cstrack_bench.models.scale_aware import ScaleAware, ScaleLevel


class FusedSpatialGate(nn.Module):
    """``SpatialGate`` with its convolutions fused."""

    def __init__(self, gate: SpatialGate, dtype: torch.dtype) -> None:
        super().__init__()
        reduce = gate.reduce
        self.reduce = fused_conv(reduce, dtype) if isinstance(reduce, Conv) else reduce
        self.convolution = plain_conv(gate.convolution, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 1, H, W) in (0, 1)."""
        x = self.reduce(x)
        pooled = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), dim=1)
        gate: Tensor = self.convolution(pooled)
        return gate.sigmoid_()


def pooled_gate(gate: ChannelGate, maps: Sequence[Tensor]) -> Tensor:
    """``ChannelGate`` of maps that are concatenated in their channels only.

    Args:
        gate: the trained module, in float32.
        maps: each (B, C_i, H, W).

    Returns:
        (B, C) float32 in (0, 1).
    """
    means = torch.cat([one.mean((2, 3), dtype=torch.float32) for one in maps], dim=1)
    peaks = torch.cat([one.amax((2, 3)).float() for one in maps], dim=1)
    pooled = torch.stack((means, peaks))  # (2, B, C)
    vectors = gate.convolution(pooled.flatten(0, 1).unsqueeze(1))
    vectors = gate.activation(gate.layer_norm(vectors))
    both: Tensor = gate.linear(vectors).view(pooled.shape).sum(0)
    return both.sigmoid()


class FusedAttention(nn.Module):
    """``Attention``; the input is overwritten."""

    def __init__(self, attention: Attention, dtype: torch.dtype) -> None:
        super().__init__()
        self.serial = attention.serial
        self.channel = attention.channel
        spatial = attention.spatial
        self.spatial = None if spatial is None else FusedSpatialGate(spatial, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> x × (1 + gate), the same shape."""
        if self.channel is not None and self.spatial is not None and not self.serial:
            return x.mul_(1 + self.spatial(x) * self._channels(x, self.channel))
        if self.channel is not None:
            x = x.mul_(1 + self._channels(x, self.channel))
        return x if self.spatial is None else x.mul_(self.spatial(x).add_(1))

    @staticmethod
    def _channels(x: Tensor, gate: ChannelGate) -> Tensor:
        return pooled_gate(gate, [x])[:, :, None, None].to(x.dtype)


class FusedScaleLevel(nn.Module):
    """``ScaleLevel`` with its convolutions fused."""

    def __init__(self, level: ScaleLevel, dtype: torch.dtype) -> None:
        super().__init__()
        self.official = level.official
        self.encode = fused_conv(level.encode, dtype)
        self.upsample = level.upsample
        self.attention = FusedAttention(level.attention, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, width, factor × H, factor × W)."""
        if self.official:
            x = self._upsampled(self.encode(x))
        else:
            x = self.encode(self._upsampled(x))
        out: Tensor = self.attention(x)
        return out

    def _upsampled(self, x: Tensor) -> Tensor:
        layer = self.upsample
        if x.device.type == "cpu" or not isinstance(layer, DepthwiseUpsample):
            # Of the learned one, weights and products are float32 on a CPU.
            same: Tensor = layer(x)
            return same
        return F.conv_transpose2d(
            x,
            layer.weight.to(x.dtype),
            None,
            (layer.stride[0], layer.stride[1]),
            layer.padding,  # type: ignore[arg-type]
            groups=layer.groups,
        )


class FusedScaleAware(nn.Module):
    """``ScaleAware`` up to its last attention; the rest at cells."""

    def __init__(self, head: ScaleAware, dtype: torch.dtype) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            FusedScaleLevel(level, dtype)
            for level in head.levels
            if isinstance(level, ScaleLevel)
        )
        # The channels' gate alone needs no map of all levels, only their means and
        # maxima, and weighs what is gathered.
        attention = head.attention
        alone = attention.spatial is None
        self.channel = attention.channel if alone else None
        self.attention = None if alone else FusedAttention(attention, dtype)
        layers = head.embed
        inner = list(layers) if isinstance(layers, nn.Sequential) else [layers]
        self.embed = CellLayers(inner, dtype)

    def forward(self, features: tuple[Tensor, ...]) -> CellSource:
        """Re-id features of P3, P4, P5, one image -> where embeddings come from."""
        maps = [
            level(feature) for level, feature in zip(self.levels, features, strict=True)
        ]
        scale = None
        if self.attention is not None:
            maps = [self.attention(torch.cat(maps, dim=1))]
        elif self.channel is not None:
            scale = 1 + pooled_gate(self.channel, maps)[0]
        return CellSource([self.embed], [cells_first(maps)], scale)
