"""CSTrack: one network that detects people and describes their appearance."""

from typing import cast

from torch import Tensor, nn

from cstrack_bench.models import heads
from cstrack_bench.models.anchor_network import AnchorNetwork
from cstrack_bench.models.cstrack_config import CSTrackConfig
from cstrack_bench.models.network import Output
from cstrack_bench.models.reciprocal import Reciprocal, make_ren
from cstrack_bench.models.scale_aware import ScaleAware
from cstrack_bench.models.yolov5 import PathAggregation, make_backbone


class CSTrack(AnchorNetwork):
    """Backbone, neck, REN, detection and re-identification heads.

    Args:
        config: what to build.

    Attributes:
        config: the same.
    """

    def __init__(self, config: CSTrackConfig) -> None:
        super().__init__(config.anchors)
        self.config = config
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

    def relation_weights(self) -> list[tuple[float, float]] | None:
        """λ of (detection, re-id) at P3, P4, P5; None without relations."""
        levels = [level for level in self.ren if isinstance(level, Reciprocal)]
        if not levels:
            return None
        return [
            (level.detection_weight.item(), level.reid_weight.item())
            for level in levels
        ]
