"""CSTrack: one network that detects people and describes their appearance."""

from typing import cast

import torch
from torch import Tensor, nn

from cstrack_bench.models import heads
from cstrack_bench.models.anchors import STRIDES
from cstrack_bench.models.cstrack_config import ModelConfig
from cstrack_bench.models.network_base import DetectionNetwork, Output, Piece
from cstrack_bench.models.reciprocal import Reciprocal, make_ren
from cstrack_bench.models.scale_aware import ScaleAware
from cstrack_bench.models.yolov5 import PathAggregation, make_backbone


class CSTrack(DetectionNetwork):
    """Backbone, neck, REN, detection and re-identification heads.

    Args:
        config: what to build.
    """

    # The official Detect holds one scalar that is never used nor trained; it is
    # counted so that totals are those of the official code
    # (docs/reference.md#detect-head, #parameter-counts).
    unused_scalars = 1
    config: ModelConfig

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, config.anchors)
        self.backbone = make_backbone(config)
        self.pyramid = PathAggregation(config)
        self.ren = make_ren(config)
        self.detect = heads.Detect(config)
        saan = config.reid_head == "saan"
        self.reid = ScaleAware(config) if saan else heads.BasicReid(config)

    def neck(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, H, W) -> P3, P4, P5, before any decoupling."""
        features = self.backbone(images)
        return cast(tuple[Tensor, Tensor, Tensor], self.pyramid(*features))

    def task_heads(self, features: tuple[Tensor, ...]) -> Output:
        """P3, P4, P5 -> decoupled features -> logits and embeddings."""
        pairs = [ren(x) for ren, x in zip(self.ren, features, strict=True)]
        detection, reid = zip(*pairs, strict=True)
        return Output(self.detect(detection), self.reid(reid))

    def decode(self, raw: tuple[Tensor, ...]) -> Tensor:
        """Logits -> (B, N, 6) boxes in pixels with probabilities; see ``heads``."""
        return heads.decode(raw, self.anchors)

    def parts(self) -> dict[str, nn.Module]:
        """The network's parts by the name that a parameter count gives them."""
        return {
            "backbone": self.backbone,
            "neck": self.pyramid,
            "REN": self.ren,
            "re-id head": self.reid,
            "detect": self.detect,
        }

    def pieces(self, size: tuple[int, int]) -> list[Piece]:
        """Backbone and neck, which many arrangements share; then the heads."""
        height, width = size
        trunk = ModelConfig(
            depth=self.config.depth,
            width=self.config.width,
            generation=self.config.generation,
        )
        image = torch.empty(1, 3, height, width, device="meta")
        levels = tuple(
            torch.empty(1, channels, height // stride, width // stride, device="meta")
            for channels, stride in zip(
                self.config.level_channels, STRIDES, strict=True
            )
        )
        return [
            Piece(("trunk", trunk), self.neck, image),
            Piece((type(self), self.config), self.task_heads, levels),
        ]

    def relation_weights(self) -> list[tuple[float, float]] | None:
        """λ of (detection, re-id) at P3, P4, P5; None without relations."""
        levels = [level for level in self.ren if isinstance(level, Reciprocal)]
        if not levels:
            return None
        return [
            (level.detection_weight.item(), level.reid_weight.item())
            for level in levels
        ]
