"""DarkNet-53 and the feature pyramid of YOLOv3 (Redmon and Farhadi, 2018)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cstrack_bench.models.jde_config import JdeConfig
from cstrack_bench.models.layers import Conv

# (channels, residual blocks) of each stage behind its halving convolution.
STAGES = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))


class DarkConv(Conv):
    """The same layers as YOLOv5's, normalised with PyTorch's own constants."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride)
        self.norm = nn.BatchNorm2d(outputs)


class Residual(nn.Module):
    """1×1 to half of the channels, 3×3 back, and the input added."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.reduce = DarkConv(channels, inner)
        self.expand = DarkConv(inner, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        return x + self.expand(self.reduce(x))


class Darknet53(nn.Module):
    """52 convolutions: image -> features at strides 8, 16 and 32."""

    def __init__(self, config: JdeConfig) -> None:
        super().__init__()
        channels = config.channels
        self.stem = DarkConv(3, channels(32), 3)
        stages, inputs = [], channels(32)
        for count, blocks in STAGES:
            outputs, inner = channels(count), channels(count // 2)
            residuals = (
                Residual(outputs, inner) for _ in range(config.repeats(blocks))
            )
            stages.append(
                nn.Sequential(DarkConv(inputs, outputs, 3, 2), *residuals),
            )
            inputs = outputs
        self.stages = nn.ModuleList(stages)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, H, W) -> C3, C4, C5 of 256, 512 and 1024 channels at width 1."""
        x, features = self.stem(images), []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features[2], features[3], features[4]


class FeaturePyramid(nn.Module):
    """Five convolutions a level, top down; what they leave is the bottleneck feature.

    ``sets`` and ``laterals`` are ordered by level, P3 first.
    """

    def __init__(self, config: JdeConfig) -> None:
        super().__init__()
        narrow = config.level_channels
        deep = [config.channels(count) for count in (256, 512, 1024)]
        # P4 to P3 and P5 to P4: halved, then doubled in size.
        self.laterals = nn.ModuleList(
            DarkConv(narrow[level + 1], narrow[level]) for level in (0, 1)
        )
        self.sets = nn.ModuleList(
            nn.Sequential(
                DarkConv(deep[level] + (narrow[level] if level < 2 else 0), width),
                DarkConv(width, deep[level], 3),
                DarkConv(deep[level], width),
                DarkConv(width, deep[level], 3),
                DarkConv(deep[level], width),
            )
            for level, width in enumerate(narrow)
        )

    def forward(self, c3: Tensor, c4: Tensor, c5: Tensor) -> tuple[Tensor, ...]:
        """C3, C4, C5 -> P3, P4, P5 of 128, 256 and 512 channels at width 1."""
        p5 = self.sets[2](c5)
        p4 = self.sets[1](torch.cat((_double(self.laterals[1](p5)), c4), dim=1))
        p3 = self.sets[0](torch.cat((_double(self.laterals[0](p4)), c3), dim=1))
        return p3, p4, p5


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
