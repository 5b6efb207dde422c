"""FairMOT: boxes and embeddings at the centres of people (Tables VI and VII)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cstrack_bench.components import Component
from cstrack_bench.detection.fairmot_detector import COMPONENT as DETECTION
from cstrack_bench.detection.fairmot_detector import FairMotDetector, PeakConfig
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import FrameSource
from cstrack_bench.models.center_names import (
    fairmot_config,
    fill_whole,
    names_fairmot,
)
from cstrack_bench.models.dla_config import WIDTHS, FairMotConfig, make_config
from cstrack_bench.models.fairmot_network import FairMot
from cstrack_bench.models.load_report import LoadReport
from cstrack_bench.systems.center_starts import start_from_published
from cstrack_bench.systems.starts import naming
from cstrack_bench.systems.system import (
    Arrangement,
    DetectionOptions,
    System,
    Tensors,
    TrainingOptions,
)
from cstrack_bench.training.fairmot_loss import FairMotLoss, FairMotLossConfig
from cstrack_bench.training.train_config import LossConfig
from cstrack_bench.training_data.augment import AugmentConfig
from cstrack_bench.training_data.fairmot_augment import FairMotAugment
from cstrack_bench.training_data.fairmot_set import FairMotSet

COMPONENT = Component("system fairmot", 1)


def _make_config(
    size: str,
    _implementation: str,
    _: tuple[int, int],
    options: Mapping[str, object],
) -> FairMotConfig:
    return make_config(FairMotConfig, size, **options)


def _loss(network: FairMot, identities: int, config: LossConfig) -> FairMotLoss:
    """Its own weights; of the recipe's only whether identities are learnt."""
    own = FairMotLossConfig(identity=config.identity)
    return FairMotLoss(network.config, identities, own)


def _changes(options: AugmentConfig) -> FairMotAugment:
    """Its random changes, as a recipe's ``augment`` says them.

    Raises:
        InputError: an option that its published code has nothing for.
    """
    if options.hue or options.scale or options.fit != "letterbox":
        raise InputError(
            "FairMOT changes no hue, has no augment.scale and letterboxes: set "
            "augment.saturation, value, rotation, translation, zoom, shear or flip."
        )
    return FairMotAugment(
        saturation=options.saturation,
        value=options.value,
        rotation=options.rotation,
        zoom=options.zoom,
        translation=options.translation,
        shear=options.shear,
        flip=options.flip,
    )


def _training_images(
    sources: Sequence[FrameSource], _: FairMotConfig, options: TrainingOptions
) -> FairMotSet:
    augment = options.augment
    return FairMotSet(sources, options.size, augment, _changes(augment), options.seed)


def _load_published(tensors: Tensors, path: Path) -> tuple[FairMot, LoadReport]:
    with naming(path):
        network = FairMot(fairmot_config(tensors))
        return network, fill_whole(network, tensors)


def _make_finder(network: FairMot, options: DetectionOptions) -> FairMotDetector:
    return FairMotDetector(
        network,
        options.size,
        PeakConfig(confidence=options.nms.confidence),
        str(options.device),
        stopwatch=options.stopwatch,
    )


SYSTEM: System[FairMotConfig, FairMot] = System(
    name="fairmot",
    component=COMPONENT,
    config=FairMotConfig,
    make_config=_make_config,
    network=FairMot,
    loss=_loss,
    training_images=_training_images,
    start=start_from_published,
    is_published=names_fairmot,
    load_published=_load_published,
    make_finder=_make_finder,
    detection=DETECTION,
    # docs/rivals.md#fairmot-sample, #fairmot-thresholds.
    settings={
        "augment": {
            "fit": "letterbox",
            "hue": 0.0,
            "saturation": 0.5,
            "value": 0.5,
            "rotation": 5.0,
            "translation": 0.1,
            "zoom": [0.5, 1.2],
            "shear": 2.0,
        },
        "nms": {"confidence": 0.4},
        "track": {"name": "fairmot"},
    },
    arrangements=(
        Arrangement("FairMOT", tuple(WIDTHS)),
        Arrangement("FairMOT, 64-d embeddings", ("l",), {"embedding": 64}),
        Arrangement("FairMOT, 512-d embeddings", ("l",), {"embedding": 512}),
    ),
)
