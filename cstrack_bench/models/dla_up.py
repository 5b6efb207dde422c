"""Iterative deep aggregation: from the levels of DLA to one map at stride 4.

Modules are named as in published weights (docs/rivals.md#aggregation).
"""

import math
from collections import abc

import torch
from torch import Tensor, nn

from cstrack_bench.models.deformable import DeformConv
from cstrack_bench.models.layers import DepthwiseUpsample


class DeformBlock(nn.Module):
    """Deformable convolution, normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.actf = nn.Sequential(nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
        self.conv = DeformConv(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        return self.actf(self.conv(x))


def bilinear_kernel(side: int) -> Tensor:
    """(side, side): what up-sampling starts from (docs/rivals.md#initialisation)."""
    factor = math.ceil(side / 2)
    centre = (2 * factor - 1 - factor % 2) / (2 * factor)
    ramp = 1 - (torch.arange(side) / factor - centre).abs()
    return ramp[:, None] * ramp


class IdaUp(nn.Module):
    """Adds deeper maps to a map, one after another.

    Step k: ``node_k(up_k(proj_k(deeper map)) + map)`` replaces the map.

    Args:
        channels: of the map and of every result.
        deeper: channels of the deeper maps.
        factors: by how much each of them is smaller.
    """

    def __init__(
        self, channels: int, deeper: abc.Sequence[int], factors: abc.Sequence[int]
    ) -> None:
        super().__init__()
        self.steps = len(deeper)
        for step, (inputs, factor) in enumerate(zip(deeper, factors, strict=True), 1):
            up = DepthwiseUpsample(channels, factor)
            with torch.no_grad():
                up.weight.copy_(bilinear_kernel(2 * factor).expand_as(up.weight))
            self.add_module(f"proj_{step}", DeformBlock(inputs, channels))
            self.add_module(f"up_{step}", up)
            self.add_module(f"node_{step}", DeformBlock(channels, channels))

    def forward(self, x: Tensor, deeper: abc.Sequence[Tensor]) -> list[Tensor]:
        """(B, channels, H, W) and deeper maps -> the result of each step."""
        results = []
        for step, below in enumerate(deeper, 1):
            project, up, node = (
                self.get_submodule(f"{name}_{step}") for name in ("proj", "up", "node")
            )
            x = node(up(project(below)) + x)
            results.append(x)
        return results


class DlaUp(nn.Module):
    """Aggregates levels 2 to 5 from the deepest up.

    Args:
        channels: of levels 2 to 5.
    """

    def __init__(self, channels: abc.Sequence[int]) -> None:
        super().__init__()
        c2, c3, c4, c5 = channels
        self.ida_0 = IdaUp(c4, [c5], [2])
        self.ida_1 = IdaUp(c3, [c4, c4], [2, 2])
        self.ida_2 = IdaUp(c2, [c3, c3, c3], [2, 2, 2])

    def forward(self, levels: abc.Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Levels 2 to 5 -> the last result of each aggregation, strides 16, 8, 4."""
        x2, x3, x4, x5 = levels
        sixteen = self.ida_0(x4, [x5])
        eight = self.ida_1(x3, [x4, *sixteen])
        four = self.ida_2(x2, [x3, *eight])
        return sixteen[-1], eight[-1], four[-1]
