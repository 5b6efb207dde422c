"""CenterTrack: centres tied to those of the previous image (Tables VI and VII)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cstrack_bench.components import Component
from cstrack_bench.detection.centertrack_detector import COMPONENT as DETECTION
from cstrack_bench.detection.centertrack_detector import (
    CenterTrackDetector,
    CenterTrackThresholds,
)
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import FrameSource
from cstrack_bench.models.center_names import (
    centertrack_config,
    fill_whole,
    names_centertrack,
)
from cstrack_bench.models.centertrack_network import CenterTrack
from cstrack_bench.models.dla_config import WIDTHS, CenterTrackConfig, make_config
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
from cstrack_bench.training.centertrack_loss import CenterTrackLoss
from cstrack_bench.training.train_config import LossConfig
from cstrack_bench.training_data.augment import AugmentConfig
from cstrack_bench.training_data.centertrack_pairs import PairConfig, PairSet

COMPONENT = Component("system centertrack", 1)
# Of docs/rivals.md#centertrack-input.
_PUBLISHED_SIZE = (544, 960)


def _make_config(
    size: str,
    _implementation: str,
    _: tuple[int, int],
    options: Mapping[str, object],
) -> CenterTrackConfig:
    return make_config(CenterTrackConfig, size, **options)


def _loss(_network: CenterTrack, _identities: int, _: LossConfig) -> CenterTrackLoss:
    """Its own weights; nobody's appearance is learnt."""
    return CenterTrackLoss()


def _pairs(options: AugmentConfig) -> PairConfig:
    """What its pairs are made of, as a recipe's ``augment`` says it.

    Raises:
        InputError: an option that its published code has nothing for.
    """
    used = AugmentConfig(flip=options.flip, min_visibility=options.min_visibility)
    if options != used:
        raise InputError(
            "CenterTrack crops and recolours its pairs as published: of augment it "
            "has flip and min_visibility alone."
        )
    return PairConfig(flip=options.flip, min_visibility=options.min_visibility)


def _training_images(
    sources: Sequence[FrameSource], _: CenterTrackConfig, options: TrainingOptions
) -> PairSet:
    return PairSet(sources, options.size, _pairs(options.augment), options.seed)


def _load_published(tensors: Tensors, path: Path) -> tuple[CenterTrack, LoadReport]:
    with naming(path):
        network = CenterTrack(centertrack_config(tensors))
        return network, fill_whole(network, tensors)


def _make_finder(
    network: CenterTrack, options: DetectionOptions
) -> CenterTrackDetector:
    thresholds = CenterTrackThresholds()
    least = options.nms.confidence
    raised = max(thresholds.previous_confidence, least)
    return CenterTrackDetector(
        network,
        options.size,
        replace(thresholds, confidence=least, previous_confidence=raised),
        str(options.device),
        stopwatch=options.stopwatch,
    )


SYSTEM: System[CenterTrackConfig, CenterTrack] = System(
    name="centertrack",
    component=COMPONENT,
    config=CenterTrackConfig,
    make_config=_make_config,
    network=CenterTrack,
    loss=_loss,
    training_images=_training_images,
    start=start_from_published,
    is_published=names_centertrack,
    load_published=_load_published,
    published_size=_PUBLISHED_SIZE,
    make_sequence_finder=_make_finder,
    detection=DETECTION,
    # docs/rivals.md#centertrack-annotations, #centertrack-thresholds.
    settings={
        "augment": {"min_visibility": 0.25},
        "nms": {"confidence": 0.4},
        "track": {"name": "centertrack"},
    },
    arrangements=(Arrangement("CenterTrack", tuple(WIDTHS)),),
)
