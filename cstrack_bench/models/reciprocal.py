"""REN, the reciprocal network, and what Table II replaces it with."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from cstrack_bench.models.cstrack_config import ModelConfig
from cstrack_bench.models.layers import Conv, full_precision

POOLED = (6, 10)  # rows, columns (docs/reference.md#ren)
BRANCH_SLOPE = 0.3

Pair = tuple[Tensor, Tensor]


def pool(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, 6, 10), means over cells that cover the map."""
    return functional.adaptive_avg_pool2d(x, POOLED)


class TaskMap(nn.Module):
    """One branch over the pooled features: 3×3 convolution, norm, LeakyReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.InstanceNorm2d(channels)

    def forward(self, pooled: Tensor) -> Tensor:
        """(B, C, 6, 10) -> the same shape."""
        x = self.norm(self.convolution(pooled))
        return functional.leaky_relu(x, BRANCH_SLOPE)


class Reciprocal(nn.Module):
    """Decouples one level's features for detection and re-identification.

    Self relations keep what a task needs for itself, cross relations what the other
    task uses too; λ weighs them (paper section III-B, docs/reference.md#ren).

    Args:
        channels: C of the level.
        mode: ``full`` learns λ, ``fixed`` holds it, ``self`` is λ = 1, ``cross`` 0,
            with the relation that λ silences left out.
        weight: λ at the start, or for good.
        input_projection: 1×1 convolution on the features the relations multiply.
    """

    detection_weight: Tensor
    reid_weight: Tensor
    #: Replaced where a graph of any size is exported.
    pool = staticmethod(pool)

    def __init__(
        self,
        channels: int,
        mode: str = "full",
        weight: float = 0.5,
        input_projection: bool = False,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.detection = TaskMap(channels)
        self.reid = TaskMap(channels)
        self.projection = nn.Conv2d(channels, channels, 1) if input_projection else None
        fixed = {"self": 1.0, "cross": 0.0}.get(mode, weight)
        for name in ("detection_weight", "reid_weight"):
            value = torch.full((1,), fixed)
            if mode == "full":
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)

    def relations(self, x: Tensor) -> Pair:
        """(B, C, H, W) -> W of detection, W of re-id: (B, C, C), rows sum to 1."""
        pooled = self.pool(x)
        # Scores reach 60 and more: half precision would round them by a quarter.
        first = self.detection(pooled).flatten(2).float()  # (B, C, 60)
        second = self.reid(pooled).flatten(2).float()  # (B, C, 60)
        with full_precision(x):
            return (
                self._weigh(first, second, self.detection_weight),
                self._weigh(second, first, self.reid_weight),
            )

    def _weigh(self, own: Tensor, other: Tensor, weight: Tensor) -> Tensor:
        """λ times the self relation and 1 - λ times the cross relation: (B, C, C)."""
        if self.mode == "self":
            return relation(own, own)
        if self.mode == "cross":
            return relation(own, other)
        return weight * relation(own, own) + (1 - weight) * relation(own, other)

    def forward(self, x: Tensor) -> Pair:
        """(B, C, H, W) -> features for detection and for re-id, each (B, C, H, W)."""
        batch, channels, height, width = x.shape
        weights = torch.cat(self.relations(x), dim=1)  # (B, 2C, C)
        source = x if self.projection is None else self.projection(x)
        mixed = weights.to(source.dtype) @ source.flatten(2)  # (B, 2C, HW)
        mixed = mixed.view(batch, 2, channels, height, width)
        return x + mixed[:, 0], x + mixed[:, 1]


def relation(rows: Tensor, columns: Tensor) -> Tensor:
    """Row-wise softmax of A Bᵀ: two (B, C, N) -> (B, C, C); no scaling."""
    return (rows @ columns.transpose(1, 2)).softmax(-1)


class Shared(nn.Module):
    """No decoupling: both tasks read the same features (Table II row 5)."""

    def forward(self, x: Tensor) -> Pair:
        """(B, C, H, W) -> the same tensor twice."""
        return x, x


class Convolutional(nn.Module):
    """A residual convolution a task instead of relations (Table II row 6).

    The paper does not describe its replacement; this is
    docs/reference.md#cnn-replacement's reading.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.detection = Conv(channels, channels, kernel)
        self.reid = Conv(channels, channels, kernel)

    def forward(self, x: Tensor) -> Pair:
        """(B, C, H, W) -> two tensors of that shape."""
        return x + self.detection(x), x + self.reid(x)


class PooledConvolutional(nn.Module):
    """REN's pooled branches kept, its matrix product replaced by a 1×1 convolution.

    The pooled map is spread over the level again so that its branch still takes part;
    the closest to the cost that the paper prints (docs/reference.md#cnn-replacement, an
    inference).
    """

    pool = staticmethod(pool)

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.detection = TaskMap(channels)
        self.reid = TaskMap(channels)
        self.detection_mix = nn.Conv2d(channels, channels, 1, bias=False)
        self.reid_mix = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Pair:
        """(B, C, H, W) -> two tensors of that shape."""
        pooled = self.pool(x)
        size = x.shape[-2:]
        first = functional.interpolate(self.detection(pooled), size, mode="bilinear")
        second = functional.interpolate(self.reid(pooled), size, mode="bilinear")
        return x + self.detection_mix(x + first), x + self.reid_mix(x + second)


def make_ren(config: ModelConfig) -> nn.ModuleList:
    """One module a level, each mapping features to a (detection, re-id) pair."""
    return nn.ModuleList(_make_level(config, c) for c in config.level_channels)


def _make_level(config: ModelConfig, channels: int) -> nn.Module:
    match config.ren:
        case "none":
            return Shared()
        case "cnn1x1":
            return Convolutional(channels, 1)
        case "cnn3x3":
            return Convolutional(channels, 3)
        case "cnn_pooled1x1":
            return PooledConvolutional(channels)
        case mode:
            return Reciprocal(
                channels, mode, config.ren_lambda, config.ren_input_projection
            )
