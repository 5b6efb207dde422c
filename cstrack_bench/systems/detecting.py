"""What systems share whose networks find boxes by anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cstrack_bench.detection.network_detector import NetworkDetector
from cstrack_bench.training_data.loading import TrainingSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cstrack_bench.formats.sequences import FrameSource
    from cstrack_bench.models.network_base import DetectionNetwork, NetworkConfig
    from cstrack_bench.systems.system import DetectionOptions, TrainingOptions


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
    network: DetectionNetwork, options: DetectionOptions
) -> NetworkDetector:
    """Letterbox, network, NMS, and embeddings from the network's own maps.

    Args:
        network: of any system that detects by anchors.
        options: input size, thresholds, device.
    """
    return NetworkDetector(
        network,
        options.size,
        options.nms,
        str(options.device),
        stopwatch=options.stopwatch,
    )
