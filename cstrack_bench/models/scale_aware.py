"""SAAN, the scale-aware attention network: one embedding map from three levels."""

import torch
from torch import Tensor, nn

from cstrack_bench.models.attention import Attention
from cstrack_bench.models.cstrack_config import ModelConfig
from cstrack_bench.models.layers import Conv, DepthwiseUpsample


class ScaleLevel(nn.Module):
    """One level brought to stride 8 and to SAAN's width, then attended to."""

    def __init__(self, config: ModelConfig, inputs: int, factor: int) -> None:
        super().__init__()
        width = config.saan_width
        self.official = config.saan_layout == "official"
        self.encode = Conv(inputs, width, 3)
        self.upsample: nn.Module = nn.Identity()
        if factor > 1 and self.official:
            self.upsample = DepthwiseUpsample(width, factor)
        elif factor > 1:
            self.upsample = nn.Upsample(scale_factor=factor, mode="nearest")
        self.attention = Attention(
            width, config.level_attention, config.attention_order, reduce=self.official
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, width, factor × H, factor × W)."""
        if self.official:
            x = self.upsample(self.encode(x))
        else:
            x = self.encode(self.upsample(x))
        return self.attention(x)


class ScaleAware(nn.Module):
    """Fuses the re-id features of all levels at stride 8 (docs/reference.md#saan)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.saan_width
        official = config.saan_layout == "official"
        self.levels = nn.ModuleList(
            ScaleLevel(config, channels, factor)
            for channels, factor in zip(config.level_channels, (1, 2, 4), strict=True)
        )
        self.attention = Attention(
            3 * width, config.fused_attention, config.attention_order, reduce=official
        )
        self.embed: nn.Module
        if official:
            self.embed = nn.Sequential(
                Conv(3 * width, width, 3), nn.Conv2d(width, config.embedding, 1)
            )
        else:
            self.embed = nn.Conv2d(3 * width, config.embedding, 3, padding=1)

    def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor]:
        """Re-id features of P3, P4, P5 -> one map (B, H / 8, W / 8, D)."""
        same = [
            level(feature) for level, feature in zip(self.levels, features, strict=True)
        ]
        fused = self.attention(torch.cat(same, dim=1))
        return (self.embed(fused).permute(0, 2, 3, 1),)
