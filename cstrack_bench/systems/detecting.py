"""What systems share whose networks find boxes by anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cstrack_bench.detection.fused_detector import FusedDetector
from cstrack_bench.detection.network_detector import NetworkDetector
from cstrack_bench.models.network_base import DetectionNetwork
from cstrack_bench.training_data.loading import TrainingSet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

    from cstrack_bench.formats.sequences import FrameSource
    from cstrack_bench.models.fused_network import FusedNetwork
    from cstrack_bench.models.network_base import NetworkConfig
    from cstrack_bench.systems.system import (
        BoxFinder,
        DetectionOptions,
        TrainingOptions,
    )

Built = TypeVar("Built", bound=DetectionNetwork)


def whole_frames(
    sources: Sequence[FrameSource], _: NetworkConfig, options: TrainingOptions
) -> TrainingSet:
    """Frames fitted to the network's input, with the boxes in them.

    Args:
        sources: what is trained on.
        options: size of the input, augmentation, seed.
    """
    return TrainingSet(sources, options.size, options.augment, options.seed)


def make_anchor_finder(
    network: Built,
    options: DetectionOptions,
    fuse: Callable[[Built, torch.dtype], FusedNetwork] | None = None,
) -> BoxFinder:
    """Letterbox, network, NMS, and embeddings from the network's own maps.

    Args:
        network: of any system that detects by anchors.
        options: input size, thresholds, device, and how the network is run.
        fuse: makes the network's form for inference; None where it has none.
    """
    how, device = options.inference, str(options.device)
    if how.path == "fused" and fuse is not None:
        return FusedDetector(
            network,
            fuse,
            options.size,
            options.nms,
            device,
            how.dtype,
            options.stopwatch,
            compiled=how.compiled,
            graphed=how.graphed,
        )
    return NetworkDetector(
        network, options.size, options.nms, device, how.dtype, options.stopwatch
    )
