"""The building blocks of YOLOv5 v2.0 (docs/reference.md#building-blocks) and of its v6
generation."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn

NORM_EPS = 1e-3
NORM_MOMENTUM = 0.03
LEAKY_SLOPE = 0.1

Activation = Callable[[], nn.Module]
LEAKY: Activation = partial(nn.LeakyReLU, LEAKY_SLOPE, inplace=True)
SILU: Activation = partial(nn.SiLU, inplace=True)


def full_precision(x: Tensor) -> AbstractContextManager[None]:
    """Switch autocast off where ``x`` lives (the meta device has none to switch)."""
    if not torch.amp.is_autocast_available(x.device.type):
        return nullcontext()
    return torch.autocast(x.device.type, enabled=False)


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """Batch normalisation with the constants of YOLOv5."""
    return nn.BatchNorm2d(channels, eps=NORM_EPS, momentum=NORM_MOMENTUM)


class Conv(nn.Module):
    """Convolution without bias, batch normalisation, activation."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        activation: Activation = LEAKY,
    ) -> None:
        super().__init__()
        # Also right for the one even kernel, v6's 6×6 stem at stride 2.
        padding = (kernel - 1) // 2
        self.convolution = nn.Conv2d(
            inputs, outputs, kernel, stride, padding, bias=False
        )
        self.norm = batch_norm(outputs)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        return self.activation(self.norm(self.convolution(x)))


class Focus(nn.Module):
    """Four pixel phases side by side in the channels, then a 3×3 convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = Conv(4 * inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / 2, W / 2)."""
        phases = [x[..., row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.conv(torch.cat(phases, dim=1))  # (B, 4 inputs, H/2, W/2)


class Bottleneck(nn.Module):
    """1×1 then 3×3 convolution, with the input added where ``shortcut``."""

    def __init__(
        self, channels: int, shortcut: bool, activation: Activation = LEAKY
    ) -> None:
        super().__init__()
        self.reduce = Conv(channels, channels, activation=activation)
        self.expand = Conv(channels, channels, 3, activation=activation)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        out = self.expand(self.reduce(x))
        return x + out if self.shortcut else out


class BottleneckCSP(nn.Module):
    """Half of the channels through bottlenecks, half past them."""

    def __init__(self, inputs: int, outputs: int, repeats: int, shortcut: bool) -> None:
        super().__init__()
        half = outputs // 2
        self.enter = Conv(inputs, half)
        self.blocks = nn.Sequential(
            *(Bottleneck(half, shortcut) for _ in range(repeats))
        )
        self.leave = nn.Conv2d(half, half, 1, bias=False)
        self.bypass = nn.Conv2d(inputs, half, 1, bias=False)
        self.norm = batch_norm(2 * half)
        self.activation = LEAKY()
        self.merge = Conv(2 * half, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        through = self.leave(self.blocks(self.enter(x)))
        both = torch.cat((through, self.bypass(x)), dim=1)
        return self.merge(self.activation(self.norm(both)))


class C3(nn.Module):
    """What v6 has for ``BottleneckCSP``: three convolutions, each with its norm."""

    def __init__(self, inputs: int, outputs: int, repeats: int, shortcut: bool) -> None:
        super().__init__()
        half = outputs // 2
        self.enter = Conv(inputs, half, activation=SILU)
        self.bypass = Conv(inputs, half, activation=SILU)
        self.blocks = nn.Sequential(
            *(Bottleneck(half, shortcut, SILU) for _ in range(repeats))
        )
        self.merge = Conv(2 * half, outputs, activation=SILU)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        through = self.blocks(self.enter(x))
        return self.merge(torch.cat((through, self.bypass(x)), dim=1))


class SPP(nn.Module):
    """Maxima over 5×5, 9×9 and 13×13 windows beside the input; v6 calls it SPPF."""

    def __init__(
        self, inputs: int, outputs: int, activation: Activation = LEAKY
    ) -> None:
        super().__init__()
        self.reduce = Conv(inputs, inputs // 2, activation=activation)
        self.pool = nn.MaxPool2d(5, stride=1, padding=2)
        self.merge = Conv(4 * (inputs // 2), outputs, activation=activation)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        x = self.reduce(x)
        # Two 5×5 maxima in a row are the 9×9 one, three the 13×13 one, and cheaper.
        five = self.pool(x)
        nine = self.pool(five)
        return self.merge(torch.cat((x, five, nine, self.pool(nine)), dim=1))


class DepthwiseUpsample(nn.ConvTranspose2d):
    """Learned up-sampling, one kernel a channel, no bias."""

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__(
            channels,
            channels,
            2 * factor,
            stride=factor,
            padding=factor // 2,
            groups=channels,
            bias=False,
        )

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(B, C, H, W) -> (B, C, factor × H, factor × W)."""
        if x.device.type != "cpu":
            return super().forward(x, output_size)
        # bfloat16 has no fast grouped kernel on a CPU: 3 to 8 times slower there.
        with full_precision(x):
            return super().forward(x.to(self.weight.dtype), output_size).to(x.dtype)
