"""What a system declares: everything that a recipe's ``model.system`` decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from cstrack_bench.components import Component
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.formats.sequences import FrameSource
from cstrack_bench.models.network import Network, NetworkConfig
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detector, Embedder
from cstrack_bench.training.train_config import LossConfig
from cstrack_bench.training_data.augment import AugmentConfig
from cstrack_bench.training_data.loading import LabelledImages


class BoxFinder(Detector, Embedder, Protocol):
    """Finds boxes with embeddings, and gives embeddings of given boxes."""


@dataclass(frozen=True)
class DetectionOptions:
    """How a network looks for boxes.

    Attributes:
        size: height, width of its input in pixels.
        nms: thresholds.
        device: where it runs.
        stopwatch: times the stages; None for none.
    """

    size: tuple[int, int]
    nms: NmsConfig
    device: torch.device
    stopwatch: Stopwatch | None = None


@dataclass(frozen=True)
class TrainingOptions:
    """What training images depend on.

    Attributes:
        size: height, width of the network's input in pixels.
        augment: changes to images.
        seed: of every random choice.
    """

    size: tuple[int, int]
    augment: AugmentConfig
    seed: int


@dataclass(frozen=True)
class Arrangement:
    """A way to build a system that is counted on its own.

    Attributes:
        name: what it is called.
        sizes: names of the sizes that exist.
        options: fields of the configuration.
    """

    name: str
    sizes: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def _itself(config: NetworkConfig) -> NetworkConfig:
    return config


@dataclass(frozen=True)
class System:
    """A system: network, loss, training images, start, boxes.

    The configuration and the network differ from system to system, so the functions
    take and give them untyped; each system's own are typed.

    Attributes:
        name: what recipes and weights call it.
        component: name and version of its code.
        config: class of the network's configuration, a frozen dataclass.
        make_config: (size, implementation, input height and width, options) ->
            configuration; options are fields of it and win.
        network: class of the network, made from the configuration alone.
        loss: (network, classes of the identity classifier, options) -> loss.
        training_images: (sources, configuration, options) -> data set.
        start: fills a fresh network from a file; how many tensors were filled.
        make_finder: (network, options) -> finds boxes; None for a network that
            describes given boxes alone, which then needs ``make_embedder``.
        make_embedder: (network, options) -> describes given boxes.
        shared_detector: the configuration of the detector that rows of a profile
            start from: what a row changes in re-identification left out.
        arrangements: what ``cstrack models`` lists of it.
    """

    name: str
    component: Component
    config: type
    make_config: Callable[[str, str, tuple[int, int], Mapping[str, Any]], Any]
    network: type[Network]
    loss: Callable[[Any, int, LossConfig], nn.Module]
    training_images: Callable[
        [Sequence[FrameSource], Any, TrainingOptions], LabelledImages
    ]
    start: Callable[[Any, Path], int]
    make_finder: Callable[[Any, DetectionOptions], BoxFinder] | None = None
    make_embedder: Callable[[Any, DetectionOptions], Embedder] | None = None
    shared_detector: Callable[[Any], NetworkConfig] = _itself
    arrangements: tuple[Arrangement, ...] = ()

    @property
    def finds_boxes(self) -> bool:
        """Whether its network finds boxes, rather than only describing given ones."""
        return self.make_finder is not None
