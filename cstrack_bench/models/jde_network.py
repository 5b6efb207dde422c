"""JDE: YOLOv3 that also describes, at every level, what it detects."""

from typing import cast

import torch
from torch import Tensor, nn

from cstrack_bench.models.anchors import STRIDES, VALUES
from cstrack_bench.models.darknet import DarkConv, Darknet53, FeaturePyramid
from cstrack_bench.models.jde_config import ANCHORS_PER_LEVEL, JdeConfig
from cstrack_bench.models.layers import full_precision
from cstrack_bench.models.network_base import DetectionNetwork, Output

# Sides beyond e⁶ anchors are no prediction but an untrained network's; unbounded they
# overflow to inf, and an overlap of two such boxes is not a number.
LARGEST_LOG_SIDE = 6.0


class Prediction(nn.Module):
    """3×3 convolution, then 1×1 to four anchors of four deltas and two class logits."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = DarkConv(inputs, hidden, 3)
        self.prediction = nn.Conv2d(hidden, ANCHORS_PER_LEVEL * VALUES, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 4, H, W, 6) float32."""
        x = self.hidden(x)
        # Deltas and sparse positives want more than eight bits of mantissa.
        with full_precision(x):
            logits = self.prediction(x.to(self.prediction.weight.dtype))
        batch, _, height, width = logits.shape
        split = logits.reshape(batch, ANCHORS_PER_LEVEL, VALUES, height, width)
        return split.permute(0, 1, 3, 4, 2)


class JDE(DetectionNetwork):
    """DarkNet-53, feature pyramid, detection and embedding convolutions a level.

    Logits of an anchor are deltas of centre and logarithm of size, background, person.
    Embeddings, (B, H_l, W_l, D) a level, are not normalised: the published network does
    that, here their users do, as for CSTrack.

    Args:
        config: what to build.
    """

    config: JdeConfig

    def __init__(self, config: JdeConfig) -> None:
        super().__init__(config, config.anchors)
        self.backbone = Darknet53(config)
        self.pyramid = FeaturePyramid(config)
        hidden = (config.channels(count) for count in (256, 512, 1024))
        self.detect = nn.ModuleList(
            Prediction(inputs, inner)
            for inputs, inner in zip(config.level_channels, hidden, strict=True)
        )
        self.reid = nn.ModuleList(
            nn.Conv2d(inputs, config.embedding, 3, padding=1)
            for inputs in config.level_channels
        )

    def parts(self) -> dict[str, nn.Module]:
        """The network by part, for counting parameters."""
        return {
            "backbone": self.backbone,
            "neck": self.pyramid,
            "re-id head": self.reid,
            "detect": self.detect,
        }

    def neck(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, H, W) -> P3, P4, P5, the bottleneck features."""
        features = self.pyramid(*self.backbone(images))
        return cast(tuple[Tensor, Tensor, Tensor], features)

    def task_heads(self, features: tuple[Tensor, ...]) -> Output:
        """P3, P4, P5 -> logits and embeddings."""
        raw = tuple(level(x) for level, x in zip(self.detect, features, strict=True))
        embeddings = tuple(
            level(x).permute(0, 2, 3, 1)
            for level, x in zip(self.reid, features, strict=True)
        )
        return Output(raw, embeddings)

    def decode(self, raw: tuple[Tensor, ...]) -> Tensor:
        """Logits to boxes.

        Args:
            raw: one (B, 4, H, W, 6) a level, P3 first.

        Returns:
            (B, N, 6): centre x, centre y, width, height in network pixels, probability
            of a person, and 1 as the class probability; levels in order,
            each by anchor, row, column.
        """
        parts = []
        for logits, sizes, stride in zip(raw, self.anchors, STRIDES, strict=True):
            cells = decode_deltas(logits[..., :4], sizes / stride)
            person = logits[..., 4:].softmax(-1)[..., 1:]
            values = (cells * stride, person, torch.ones_like(person))
            parts.append(torch.cat(values, dim=-1).flatten(1, 3))
        return torch.cat(parts, dim=1)


def anchor_grid(anchors: Tensor, height: int, width: int) -> Tensor:
    """Every anchor at every cell, centred on the cell's index.

    Args:
        anchors: (A, 2) width, height in cells.
        height: rows; width: columns.

    Returns:
        (A, H, W, 4) cx, cy, w, h in cells.
    """
    grid = anchors.new_empty(len(anchors), height, width, 4)
    grid[..., 0] = torch.arange(width, device=anchors.device)
    grid[..., 1] = torch.arange(height, device=anchors.device)[:, None]
    grid[..., 2:] = anchors[:, None, None]
    return grid


def decode_deltas(deltas: Tensor, anchors: Tensor) -> Tensor:
    """Deltas (B, A, H, W, 4) to boxes cx, cy, w, h in cells of the level.

    Centre = delta × anchor side + cell index, side = anchor side × exp(delta).

    Args:
        deltas: as the network gives them.
        anchors: (A, 2) width, height in cells.
    """
    grid = anchor_grid(anchors.to(deltas.dtype), *deltas.shape[2:4])
    centre = deltas[..., :2] * grid[..., 2:] + grid[..., :2]
    side = deltas[..., 2:].clamp(max=LARGEST_LOG_SIDE).exp() * grid[..., 2:]
    return torch.cat((centre, side), dim=-1)


def encode_deltas(boxes: Tensor, anchors: Tensor) -> Tensor:
    """The inverse of ``decode_deltas`` for paired boxes and anchors.

    Args:
        boxes: (P, 4) cx, cy, w, h in cells.
        anchors: (P, 4) cx, cy, w, h in cells.
    """
    centre = (boxes[:, :2] - anchors[:, :2]) / anchors[:, 2:]
    return torch.cat((centre, (boxes[:, 2:] / anchors[:, 2:]).log()), dim=1)
