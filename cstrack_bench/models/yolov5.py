"""YOLOv5: backbone and path-aggregation neck.

Generation v2 is the paper's (docs/reference.md#layer-table), v6 that of today's
published weights. The
comments give a layer's number in the official table.
"""

import torch
from torch import Tensor, nn

from cstrack_bench.models.cstrack_config import ModelConfig
from cstrack_bench.models.layers import (
    C3,
    LEAKY,
    SILU,
    SPP,
    BottleneckCSP,
    Conv,
    Focus,
)


def make_backbone(config: ModelConfig) -> "Backbone | BackboneV6":
    """The backbone of the configuration's generation."""
    return BackboneV6(config) if config.generation == "v6" else Backbone(config)


class Backbone(nn.Module):
    """Image to features at strides 8, 16 and 32, generation v2."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        c64, c128, c256, c512, c1024 = (config.channels(64 << i) for i in range(5))
        three, nine = config.repeats(3), config.repeats(9)
        self.stem = Focus(3, c64)  # 0
        self.down4 = Conv(c64, c128, 3, 2)  # 1
        self.stage4 = BottleneckCSP(c128, c128, three, shortcut=True)  # 2
        self.down8 = Conv(c128, c256, 3, 2)  # 3
        self.stage8 = BottleneckCSP(c256, c256, nine, shortcut=True)  # 4
        self.down16 = Conv(c256, c512, 3, 2)  # 5
        self.stage16 = BottleneckCSP(c512, c512, nine, shortcut=True)  # 6
        self.down32 = Conv(c512, c1024, 3, 2)  # 7
        self.pyramid_pooling = SPP(c1024, c1024)  # 8
        self.stage32 = BottleneckCSP(c1024, c1024, three, shortcut=False)  # 9

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, H, W) -> features at strides 8, 16, 32."""
        x = self.stage4(self.down4(self.stem(images)))
        eight = self.stage8(self.down8(x))
        sixteen = self.stage16(self.down16(eight))
        return eight, sixteen, self.stage32(self.pyramid_pooling(self.down32(sixteen)))


class BackboneV6(nn.Module):
    """Image to features at strides 8, 16 and 32, generation v6.

    Against v2: a strided 6×6 stem, C3 blocks with six repeats at stride 8, SiLU, and
    the pyramid pooling behind the last stage instead of before it.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        c64, c128, c256, c512, c1024 = (config.channels(64 << i) for i in range(5))
        three, six, nine = (config.repeats(count) for count in (3, 6, 9))
        self.stem = Conv(3, c64, 6, 2, SILU)  # 0
        self.down4 = Conv(c64, c128, 3, 2, SILU)  # 1
        self.stage4 = C3(c128, c128, three, shortcut=True)  # 2
        self.down8 = Conv(c128, c256, 3, 2, SILU)  # 3
        self.stage8 = C3(c256, c256, six, shortcut=True)  # 4
        self.down16 = Conv(c256, c512, 3, 2, SILU)  # 5
        self.stage16 = C3(c512, c512, nine, shortcut=True)  # 6
        self.down32 = Conv(c512, c1024, 3, 2, SILU)  # 7
        self.stage32 = C3(c1024, c1024, three, shortcut=True)  # 8
        self.pyramid_pooling = SPP(c1024, c1024, SILU)  # 9

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, H, W) -> features at strides 8, 16, 32."""
        x = self.stage4(self.down4(self.stem(images)))
        eight = self.stage8(self.down8(x))
        sixteen = self.stage16(self.down16(eight))
        return eight, sixteen, self.pyramid_pooling(self.stage32(self.down32(sixteen)))


class PathAggregation(nn.Module):
    """Top-down, then bottom-up: P3, P4 and P5."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        c256, c512, c1024 = config.level_channels
        three = config.repeats(3)
        new = config.generation == "v6"
        stage, act = (C3, SILU) if new else (BottleneckCSP, LEAKY)
        self.lateral32 = Conv(c1024, c512, activation=act)  # 10
        self.top16 = stage(2 * c512, c512, three, shortcut=False)  # 13
        self.lateral16 = Conv(c512, c256, activation=act)  # 14
        self.out8 = stage(2 * c256, c256, three, shortcut=False)  # 17
        self.down16 = Conv(c256, c256, 3, 2, act)  # 18
        self.out16 = stage(2 * c256, c512, three, shortcut=False)  # 20
        self.down32 = Conv(c512, c512, 3, 2, act)  # 21
        self.out32 = stage(2 * c512, c1024, three, shortcut=False)  # 23
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")  # 11, 15

    def forward(
        self, eight: Tensor, sixteen: Tensor, thirty_two: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Backbone features -> P3 (stride 8), P4 (16), P5 (32)."""
        top32 = self.lateral32(thirty_two)
        top16 = self.top16(torch.cat((self.upsample(top32), sixteen), dim=1))
        top16 = self.lateral16(top16)
        p3 = self.out8(torch.cat((self.upsample(top16), eight), dim=1))
        p4 = self.out16(torch.cat((self.down16(p3), top16), dim=1))
        p5 = self.out32(torch.cat((self.down32(p4), top32), dim=1))
        return p3, p4, p5
