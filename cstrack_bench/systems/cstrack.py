"""CSTrack: YOLOv5 with REN and SAAN, and JDE on YOLOv5 as its ablation."""

from collections import abc
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from cstrack_bench.components import Component
from cstrack_bench.models.coco import start_from_coco
from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.cstrack_config import SIZES, CSTrackConfig, make_config
from cstrack_bench.models.official_names import is_official
from cstrack_bench.models.official_weights import build_official
from cstrack_bench.systems.system import (
    Published,
    Size,
    System,
    Variant,
    anchor_detector,
)
from cstrack_bench.training.losses import CSTrackLoss
from cstrack_bench.training.train_config import LossConfig

COMPONENT = Component("system cstrack", 1)

_JDE = {"ren": "none", "reid_head": "basic"}
# YOLOv5 v6 was published at these sizes; s30 and xs are CSTrack's own.
_V6_SIZES = ("l", "m", "s", "n")


def _make_config(
    size: str, implementation: str, _: Size, options: abc.Mapping[str, object]
) -> CSTrackConfig:
    return make_config(size, implementation, **options)


def _make_loss(network: CSTrack, identities: int, config: LossConfig) -> CSTrackLoss:
    embedding = network.config.embedding
    return CSTrackLoss(network.anchors, network.strides, embedding, identities, config)


def _start(network: CSTrack, path: Path) -> int:
    return len(start_from_coco(network, path).matched)


def _build_official(tensors: abc.Mapping[str, Tensor], path: Path) -> CSTrack:
    return build_official(tensors, path)[0]


def _detector_config(config: CSTrackConfig) -> CSTrackConfig:
    """What a row changes in REN and SAAN makes no other detector."""
    plain = CSTrackConfig(ren="none", reid_head="basic")
    return replace(
        plain,
        depth=config.depth,
        width=config.width,
        embedding=config.embedding,
        saan_width=config.saan_width,
        generation=config.generation,
        anchors=config.anchors,
    )


SYSTEM: System[CSTrackConfig, CSTrack] = System(
    name="cstrack",
    component=COMPONENT,
    config=CSTrackConfig,
    make_config=_make_config,
    build=CSTrack,
    make_loss=_make_loss,
    detector=anchor_detector,
    start=_start,
    published=Published(is_official, _build_official),
    detector_config=_detector_config,
    # The systems of Tables I and II.
    variants=(
        Variant("CSTrack", {}, tuple(SIZES)),
        Variant("without REN", {"ren": "none"}, tuple(SIZES)),
        Variant("without SAAN", {"reid_head": "basic"}, tuple(SIZES)),
        Variant("JDE(yolov5), 1x1 heads", _JDE, tuple(SIZES)),
        Variant("JDE(yolov5), 3x3 heads", {**_JDE, "head_kernel": 3}, tuple(SIZES)),
        Variant("REN as 1x1 convolutions", {"ren": "cnn1x1"}, tuple(SIZES)),
        Variant("REN as 3x3 convolutions", {"ren": "cnn3x3"}, tuple(SIZES)),
        Variant(
            "REN as pooled 1x1 convolutions", {"ren": "cnn_pooled1x1"}, tuple(SIZES)
        ),
        Variant("CSTrack on YOLOv5 v6", {"generation": "v6"}, _V6_SIZES),
    ),
    relation_weights=CSTrack.relation_weights,
    # One that the official detection head holds (REFERENCE 1.6, 1.7).
    unused_parameters={"detect": 1},
)
