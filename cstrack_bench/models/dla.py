"""DLA-34, the backbone of FairMOT and CenterTrack (docs/rivals.md#backbone).

Modules are named as in published weights, which therefore load without translation.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEM_KERNEL = 7


def stem(inputs: int, outputs: int) -> nn.Sequential:
    """7×7 convolution at full resolution, normalisation, ReLU."""
    return _convolution(inputs, outputs, STEM_KERNEL, 1)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _projection(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
    )


class Block(nn.Module):
    """Two 3×3 convolutions around which a shortcut is added."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor, shortcut: Tensor) -> Tensor:
        """(B, inputs, H, W) and (B, outputs, H', W') -> (B, outputs, H', W')."""
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(x)) + shortcut, inplace=True)


class Root(nn.Module):
    """1×1 convolution over the concatenated maps of a tree."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, *maps: Tensor) -> Tensor:
        """Maps of one height and width -> (B, outputs, H, W)."""
        return F.relu(self.bn(self.conv(torch.cat(maps, dim=1))), inplace=True)


class Tree(nn.Module):
    """Two blocks and their root: a tree of one level.

    Args:
        inputs: channels in.
        outputs: channels out.
        stride: of the first block.
        feeds_input: the root also reads the pooled input.
        extra: channels of further maps that the root reads.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        feeds_input: bool = False,
        extra: int = 0,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.feeds_input = feeds_input
        if feeds_input:
            extra += inputs
        self.tree1 = Block(inputs, outputs, stride)
        self.tree2 = Block(outputs, outputs)
        self.root = Root(2 * outputs + extra, outputs)
        self.project = _projection(inputs, outputs) if inputs != outputs else None

    def forward(self, x: Tensor, *extra: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        pooled = F.max_pool2d(x, self.stride) if self.stride > 1 else x
        shortcut = pooled if self.project is None else self.project(pooled)
        first = self.tree1(x, shortcut)
        second = self.tree2(first, first)
        if self.feeds_input:
            extra = (*extra, pooled)
        return self.root(second, first, *extra)


class DeepTree(nn.Module):
    """Two trees in a row, the second one's root reading the first's result too.

    Published weights hold a ``project`` here that nothing uses, as the first tree has
    a shortcut of its own. It is kept so that names and counts agree, is not computed
    and has no gradient (docs/rivals.md#unused-projections).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.tree1 = Tree(inputs, outputs, 2)
        self.tree2 = Tree(outputs, outputs, 1, extra=inputs + outputs)
        self.project = _projection(inputs, outputs).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / 2, W / 2)."""
        pooled = F.max_pool2d(x, 2)
        first = self.tree1(x)
        return self.tree2(first, pooled, first)


class Dla(nn.Module):
    """DLA-34 without its classifier.

    Args:
        channels: of levels 0 to 5.
        previous: adds stems for the previous image and for the heatmap of its tracks.
    """

    def __init__(self, channels: tuple[int, ...], previous: bool = False) -> None:
        super().__init__()
        c0, c1, c2, c3, c4, c5 = channels
        self.base_layer = stem(3, c0)
        if previous:
            self.pre_img_layer = stem(3, c0)
            self.pre_hm_layer = stem(1, c0)
        self.level0 = _convolution(c0, c0, 3, 1)
        self.level1 = _convolution(c0, c1, 3, 2)
        self.level2 = Tree(c1, c2, 2)
        self.level3 = DeepTree(c2, c3)
        self.level4 = DeepTree(c3, c4)
        self.level5 = Tree(c4, c5, 2, feeds_input=True)

    def forward(
        self,
        image: Tensor,
        previous: Tensor | None = None,
        heatmap: Tensor | None = None,
    ) -> list[Tensor]:
        """Run the backbone.

        Args:
            image: (B, 3, H, W).
            previous: (B, 3, H, W), the previous image; without it its stem adds
                nothing.
            heatmap: (B, 1, H, W), the tracks in it; likewise.

        Returns:
            Six maps (B, C_l, H / 2^l, W / 2^l), l from 0.
        """
        x = self.base_layer(image)
        if previous is not None:
            x = x + self.pre_img_layer(previous)
        if heatmap is not None:
            x = x + self.pre_hm_layer(heatmap)
        maps = []
        for level in (
            self.level0,
            self.level1,
            self.level2,
            self.level3,
            self.level4,
            self.level5,
        ):
            x = level(x)
            maps.append(x)
        return maps
