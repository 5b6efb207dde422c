"""DeepSORT-2: a network that describes crops; boxes come from another (Table VIII)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cstrack_bench.components import Component
from cstrack_bench.detection.crops import CropEncoder
from cstrack_bench.models.sizes import SIZES
from cstrack_bench.models.wide_resnet import WideResNet, WideResNetConfig, make_config
from cstrack_bench.systems.starts import start_from_own
from cstrack_bench.systems.system import (
    Arrangement,
    DetectionOptions,
    System,
    TrainingOptions,
)
from cstrack_bench.training.reid_loss import ReidLoss
from cstrack_bench.training_data.crop_set import CropSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cstrack_bench.formats.sequences import FrameSource

COMPONENT = Component("system deepsort", 2)


def _make_config(
    size: str,
    _implementation: str,
    _: tuple[int, int],
    options: Mapping[str, object],
) -> WideResNetConfig:
    return make_config(size, **options)


def _training_images(
    sources: Sequence[FrameSource], config: WideResNetConfig, options: TrainingOptions
) -> CropSet:
    return CropSet(sources, config.crop_size, options.augment, options.seed)


def _make_embedder(network: WideResNet, options: DetectionOptions) -> CropEncoder:
    return CropEncoder(network, str(options.device), stopwatch=options.stopwatch)


SYSTEM: System[WideResNetConfig, WideResNet] = System(
    name="deepsort",
    component=COMPONENT,
    config=WideResNetConfig,
    make_config=_make_config,
    network=WideResNet,
    loss=ReidLoss,
    training_images=_training_images,
    start=start_from_own,
    make_embedder=_make_embedder,
    # docs/reference.md#upper-bound.
    settings={"track": {"name": "deepsort"}},
    arrangements=(Arrangement("DeepSORT's crops", tuple(SIZES)),),
)
