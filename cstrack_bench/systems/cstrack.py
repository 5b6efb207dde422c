"""CSTrack, and the JDE arrangements of its YOLOv5 network (Tables I to V)."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cstrack_bench.components import Component
from cstrack_bench.models.coco import start_from_coco
from cstrack_bench.models.cstrack_config import SIZES, ModelConfig, make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.fused_cstrack import fuse_cstrack
from cstrack_bench.models.load_report import LoadReport
from cstrack_bench.models.official_weights import build_official
from cstrack_bench.systems.detecting import make_anchor_finder, whole_frames
from cstrack_bench.systems.starts import start_from_own
from cstrack_bench.systems.system import (
    Arrangement,
    BoxFinder,
    DetectionOptions,
    System,
    Tensors,
)
from cstrack_bench.training.losses import CSTrackLoss
from cstrack_bench.training.train_config import LossConfig

COMPONENT = Component("system cstrack", 2)
ALL = tuple(SIZES)
_PLAIN = {"ren": "none", "reid_head": "basic"}


def _make_config(
    size: str,
    implementation: str,
    _: tuple[int, int],
    options: Mapping[str, object],
) -> ModelConfig:
    return make_config(size, implementation, **options)


def _loss(network: CSTrack, identities: int, config: LossConfig) -> CSTrackLoss:
    return CSTrackLoss(
        network.anchors, network.strides, network.config.embedding, identities, config
    )


def _start(network: CSTrack, path: Path) -> int:
    """From COCO YOLOv5 (backbone and neck alone, docs/reference.md#initialisation), or
    our own weights."""
    if path.suffix == ".safetensors":
        return start_from_own(network, path)
    return len(start_from_coco(network, path).matched)


def _load_published(tensors: Tensors, path: Path) -> tuple[CSTrack, LoadReport]:
    return build_official(tensors, path)


def _shared_detector(config: ModelConfig) -> ModelConfig:
    """What a row changes in REN and SAAN makes no other detector."""
    defaults = ModelConfig()
    return replace(
        defaults,
        depth=config.depth,
        width=config.width,
        embedding=config.embedding,
        saan_width=config.saan_width,
        generation=config.generation,
        anchors=config.anchors,
        ren="none",
        reid_head="basic",
    )


def _make_finder(network: CSTrack, options: DetectionOptions) -> BoxFinder:
    return make_anchor_finder(network, options, fuse_cstrack)


SYSTEM: System[ModelConfig, CSTrack] = System(
    name="cstrack",
    component=COMPONENT,
    config=ModelConfig,
    make_config=_make_config,
    network=CSTrack,
    loss=_loss,
    training_images=whole_frames,
    start=_start,
    load_published=_load_published,
    make_finder=_make_finder,
    shared_detector=_shared_detector,
    arrangements=(
        Arrangement("CSTrack", ALL),
        Arrangement("without REN", ALL, {"ren": "none"}),
        Arrangement("without SAAN", ALL, {"reid_head": "basic"}),
        Arrangement("JDE(yolov5), 1x1 heads", ALL, _PLAIN),
        Arrangement("JDE(yolov5), 3x3 heads", ALL, {**_PLAIN, "head_kernel": 3}),
        Arrangement("REN as 1x1 convolutions", ALL, {"ren": "cnn1x1"}),
        Arrangement("REN as 3x3 convolutions", ALL, {"ren": "cnn3x3"}),
        Arrangement("REN as pooled 1x1 convolutions", ALL, {"ren": "cnn_pooled1x1"}),
        # No backbone of this generation was published for s30 and xs.
        Arrangement("CSTrack on YOLOv5 v6", ("l", "m", "s", "n"), {"generation": "v6"}),
    ),
)
