"""DeepSORT: a network that describes the boxes of another system's detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cstrack_bench.components import Component
from cstrack_bench.detection.crops import CropEncoder
from cstrack_bench.models.sizes import SIZES
from cstrack_bench.models.wide_resnet import WideResNet, WideResNetConfig, make_config
from cstrack_bench.systems.system import Size, System, Variant
from cstrack_bench.training.reid_loss import ReidLoss
from cstrack_bench.training_data.crop_set import CropSet

if TYPE_CHECKING:
    from collections import abc

    from cstrack_bench.formats.sequences import FrameSource
    from cstrack_bench.stopwatch import Stopwatch
    from cstrack_bench.structures import Embedder
    from cstrack_bench.training_data.augment import AugmentConfig

COMPONENT = Component("system deepsort", 1)


def _make_config(
    size: str, _implementation: str, _: Size, options: abc.Mapping[str, object]
) -> WideResNetConfig:
    return make_config(size, **options)


def _crops(
    sources: abc.Sequence[FrameSource],
    config: WideResNetConfig,
    _: Size,
    augment: AugmentConfig,
    seed: int,
) -> CropSet:
    return CropSet(sources, config.crop_size, augment, seed)


def _embedder(network: WideResNet, device: str, stopwatch: Stopwatch) -> Embedder:
    return CropEncoder(network, device, stopwatch=stopwatch)


SYSTEM: System[WideResNetConfig, WideResNet] = System(
    name="deepsort",
    component=COMPONENT,
    config=WideResNetConfig,
    make_config=_make_config,
    build=WideResNet,
    make_loss=ReidLoss,
    training_images=_crops,
    embedder=_embedder,
    # REFERENCE 6.4.
    defaults={"track": {"name": "deepsort"}},
    variants=(Variant("DeepSORT's crops", {}, tuple(SIZES)),),
    image_size=lambda config, _: config.crop_size,
)
