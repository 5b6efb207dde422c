"""What a system declares: everything that a recipe's ``model.system`` decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Generic,
    Literal,
    Protocol,
    TypeVar,
    runtime_checkable,
)

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.models.network_base import Network, NetworkConfig
from cstrack_bench.structures import Detector, Embedder

# Only annotations need these: what they compute is no part of a system.
if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from torch import Tensor, nn

    from cstrack_bench.components import Component
    from cstrack_bench.detection.nms import NmsConfig
    from cstrack_bench.formats.sequences import FrameSource
    from cstrack_bench.models.load_report import LoadReport
    from cstrack_bench.stopwatch import Stopwatch
    from cstrack_bench.track_hints import AnyDetector, SequenceDetector
    from cstrack_bench.training.train_config import LossConfig
    from cstrack_bench.training_data.augment import AugmentConfig
    from cstrack_bench.training_data.loading import LabelledImages

Config = TypeVar("Config", bound=NetworkConfig)
Built = TypeVar("Built", bound=Network)


Tensors = Mapping[str, "Tensor"]
#: Height, width that a published network was trained at.
USUAL_SIZE = (608, 1088)


@runtime_checkable
class BoxFinder(Detector, Embedder, Protocol):
    """Finds boxes with embeddings, and gives embeddings of given boxes."""


#: Ways to run a network: as it was trained, or rebuilt for inference.
PATHS = ("plain", "fused")
PRECISIONS = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Inference:
    """How a network is run; what it finds is the same up to rounding.

    Attributes:
        path: ``plain``, layer by layer as it was trained, or ``fused``; a network that
            has no fused form runs plain.
        dtype: float32, bfloat16 or float16.
        compiled: hand the fused forward pass to ``torch.compile``.
        graphed: record the fused path as a CUDA graph.
    """

    path: Literal["plain", "fused"] = "plain"
    dtype: str = "float32"
    compiled: bool = False
    graphed: bool = False

    def __post_init__(self) -> None:
        for noun, name, known in (
            ("way of inference", self.path, PATHS),
            ("dtype", self.dtype, PRECISIONS),
        ):
            if name not in known:
                raise InputError(f"Unknown {noun} {name!r}: {nearest(name, known)}.")

    @classmethod
    def named(cls, path: str, dtype: str) -> Inference:
        """From words, which may be wrong.

        Raises:
            InputError: an unknown way or precision (names the nearest).
        """
        return cls(path, dtype)  # type: ignore[arg-type]


PLAIN, FUSED = Inference(), Inference("fused")


@dataclass(frozen=True)
class DetectionOptions:
    """How a network finds boxes.

    Attributes:
        size: height, width of its input in pixels.
        nms: thresholds.
        device: where it runs.
        stopwatch: times the stages; None for none.
        inference: how.
    """

    size: tuple[int, int]
    nms: NmsConfig
    device: torch.device
    stopwatch: Stopwatch | None = None
    inference: Inference = PLAIN


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
    options: Mapping[str, object] = field(default_factory=dict)


def _itself(config: Config) -> Config:
    return config


@dataclass(frozen=True, eq=False)
class System(Generic[Config, Built]):
    """A system: network, loss, training images, start, boxes.

    A system finds boxes and describes them, or finds them with the help of the tracks
    so far, or only describes given ones: one of ``make_finder``,
    ``make_sequence_finder`` and ``make_embedder`` is given.

    Attributes:
        name: what recipes and weights call it.
        component: name and version of its code. The version is raised when the network,
            the loss or their defaults compute other numbers.
        config: class of the network's configuration, a frozen dataclass.
        make_config: (size, implementation, input height and width, options) ->
            configuration; options are fields of it and win. Raises InputError at an
            unknown name or value.
        network: class of the network, made from the configuration alone.
        loss: (network, classes of the identity classifier, options) -> loss, a module
            that gives ``LossTerms`` for (output, targets). Class 0 is "no identity".
        training_images: (sources, configuration, options) -> data set.
        start: fills a fresh network from a file; how many tensors were filled. Raises
            InputError at a file that does not fit.
        is_published: (tensors) -> whether a checkpoint of the published code is this
            system's; None where no name tells.
        load_published: (tensors of a checkpoint, its path) -> network in evaluation
            mode, and what became of every tensor; None where none is read whole.
            Raises InputError.
        published_size: height, width of the input that published weights go with.
        make_finder: (network, options) -> finds boxes and describes given ones.
        make_sequence_finder: (network, options) -> finds boxes of one sequence after
            another, each with its tracks so far; describes none.
        make_embedder: (network, options) -> describes given boxes.
        detection: name and version of the code that finds its boxes; None for what
            ``NetworkDetector`` declares.
        shared_detector: the configuration of the detector that rows of a profile
            start from: what a row changes in re-identification left out.
        settings: what it brings along, by section (``{"track": {"name": "jde"}}``):
            over what a recipe says of all its rows, under what it says of this system
            or of one row.
        arrangements: what ``cstrack models`` lists of it.
    """

    name: str
    component: Component
    config: type[Config]
    make_config: Callable[[str, str, tuple[int, int], Mapping[str, object]], Config]
    network: type[Built]
    loss: Callable[[Built, int, LossConfig], nn.Module]
    training_images: Callable[
        [Sequence[FrameSource], Config, TrainingOptions], LabelledImages
    ]
    start: Callable[[Built, Path], int]
    is_published: Callable[[Tensors], bool] | None = None
    load_published: Callable[[Tensors, Path], tuple[Built, LoadReport]] | None = None
    published_size: tuple[int, int] = USUAL_SIZE
    make_finder: Callable[[Built, DetectionOptions], BoxFinder] | None = None
    make_sequence_finder: (
        Callable[[Built, DetectionOptions], SequenceDetector] | None
    ) = None
    make_embedder: Callable[[Built, DetectionOptions], Embedder] | None = None
    detection: Component | None = None
    shared_detector: Callable[[Config], Config] = _itself
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    arrangements: tuple[Arrangement, ...] = ()

    def __post_init__(self) -> None:
        made = (self.make_finder, self.make_sequence_finder, self.make_embedder)
        if sum(one is not None for one in made) != 1:
            raise ValueError(
                f"System {self.name!r} has either a finder of boxes or an embedder."
            )

    @property
    def tracker(self) -> str | None:
        """The tracker that it brings along; None where a recipe's own is its."""
        name = self.settings.get("track", {}).get("name")
        return None if name is None else str(name)

    @property
    def finds_boxes(self) -> bool:
        """Whether its network finds boxes, rather than only describing given ones."""
        return self.make_embedder is None

    def make_detector(self, network: Built, options: DetectionOptions) -> AnyDetector:
        """What finds boxes with its network.

        Args:
            network: with its weights.
            options: input size, thresholds, device.

        Raises:
            ValueError: it only describes given boxes.
        """
        make = self.make_finder or self.make_sequence_finder
        if make is None:
            raise ValueError(f"System {self.name!r} finds no boxes.")
        return make(network, options)


# Which classes a system has, its own module says; found by its name, it is this.
AnySystem = System[NetworkConfig, Network]
