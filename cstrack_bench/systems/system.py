"""What a system declares, in one object."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from cstrack_bench.detection.network import NetworkDetector
from cstrack_bench.models.network import DetectingNetwork, Network, NetworkConfig
from cstrack_bench.structures import Detector, Embedder
from cstrack_bench.training_data.loading import LabelledImages, TrainingSet

# Only annotations need these: what they compute is no part of a system.
if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from cstrack_bench.components import Component
    from cstrack_bench.detection.nms import NmsConfig
    from cstrack_bench.formats.sequences import FrameSource
    from cstrack_bench.stopwatch import Stopwatch
    from cstrack_bench.training.train_config import LossConfig
    from cstrack_bench.training_data.augment import AugmentConfig

C = TypeVar("C", bound=NetworkConfig)
N = TypeVar("N", bound=Network)
D = TypeVar("D", bound=NetworkConfig, contravariant=True)
M = TypeVar("M", bound=Network, contravariant=True)

Size = tuple[int, int]
#: Options by section of the settings, such as ``{"nms": {"iou": 0.4}}``.
Options = abc.Mapping[str, abc.Mapping[str, object]]


class DetectingEmbedder(Detector, Embedder, Protocol):
    """A detector that also describes boxes it is given."""


class MakeImages(Protocol[D]):
    """Makes the images that a network is trained on."""

    def __call__(
        self,
        sources: abc.Sequence[FrameSource],
        config: D,
        input_size: Size,
        augment: AugmentConfig,
        seed: int,
        /,
    ) -> LabelledImages:
        """Labelled images of some sources, each at the height, width of the input."""
        ...


class MakeDetector(Protocol[M]):
    """Makes a detector of a network."""

    def __call__(
        self,
        network: M,
        input_size: Size,
        nms: NmsConfig,
        device: str,
        stopwatch: Stopwatch,
        /,
    ) -> DetectingEmbedder:
        """A detector at a height, width of the input."""
        ...


class MakeEmbedder(Protocol[M]):
    """Makes an embedder of a network."""

    def __call__(self, network: M, device: str, stopwatch: Stopwatch, /) -> Embedder:
        """An embedder."""
        ...


def whole_frames(
    sources: abc.Sequence[FrameSource],
    _: NetworkConfig,
    input_size: Size,
    augment: AugmentConfig,
    seed: int,
) -> LabelledImages:
    """Frames fitted to the network's input, as detectors are trained on."""
    return TrainingSet(sources, input_size, augment, seed)


def anchor_detector(
    network: DetectingNetwork,
    input_size: Size,
    nms: NmsConfig,
    device: str,
    stopwatch: Stopwatch,
) -> DetectingEmbedder:
    """Letterbox, forward pass, suppression, embeddings from the network's own maps."""
    return NetworkDetector(network, input_size, nms, device, stopwatch=stopwatch)


@dataclass(frozen=True)
class Published(Generic[N]):
    """How others' checkpoints become a network.

    Attributes:
        recognises: whether tensors (name -> tensor) are of this system.
        build: a network in evaluation mode with such tensors; the path of the file is
            for error messages.
    """

    recognises: abc.Callable[[abc.Mapping[str, Tensor]], bool]
    build: abc.Callable[[abc.Mapping[str, Tensor], Path], N]


@dataclass(frozen=True)
class Variant:
    """A row of ``cstrack models``.

    Attributes:
        name: what it is called.
        options: fields of the network's configuration that differ.
        sizes: names of the sizes that it is counted at.
    """

    name: str
    options: abc.Mapping[str, object]
    sizes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class System(Generic[C, N]):
    """A network, its loss, what it is trained on and how it detects.

    A system either finds boxes itself or only describes given ones: ``detector`` or
    ``embedder`` is given, not both.

    Attributes:
        name: ``model.system`` in settings and in the header of weights.
        component: its name and version in the identity of a run. The version is raised
            when the network, the loss or their defaults compute other numbers.
        config: option class of the network, a frozen dataclass of plain values.
        make_config: (size, implementation, height and width of the input, options) ->
            configuration. Raises InputError at an unknown name or value.
        build: configuration -> network with random weights, an ``nn.Module``.
        make_loss: (network, identities, options) -> ``loss(output, targets)`` that
            gives ``LossItems``. Identities count class 0, "no identity"; the identity
            classifier belongs to the loss.
        training_images: what the network is trained on.
        detector: finds and describes boxes with a network; None where it finds none.
        embedder: describes given boxes; None where ``detector`` does.
        start: (network, path) -> number of tensors filled from a published file of
            another layout than ours. None: there is no such file. Raises InputError.
        published: checkpoints that are read as a network of this system.
        detector_config: the configuration of the detector that the rows of a table
            start from: one for all that differ in re-identification alone.
        defaults: settings that the system brings along, over the profile's and under
            the row's.
        variants: its rows in ``cstrack models``.
        image_size: (configuration, height and width of the input) -> height and width
            of the image that its cost is counted on.
        relation_weights: λ of (detection, re-id) by level, where a network has them.
        unused_parameters: scalars of the published code without any effect, by part;
            they are counted too.
    """

    name: str
    component: Component
    config: type[C]
    make_config: abc.Callable[[str, str, Size, abc.Mapping[str, object]], C]
    build: abc.Callable[[C], N]
    make_loss: abc.Callable[[N, int, LossConfig], nn.Module]
    training_images: MakeImages[C] = whole_frames
    detector: MakeDetector[N] | None = None
    embedder: MakeEmbedder[N] | None = None
    start: abc.Callable[[N, Path], int] | None = None
    published: Published[N] | None = None
    detector_config: abc.Callable[[C], C] = lambda config: config
    defaults: Options = field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    image_size: abc.Callable[[C, Size], Size] = lambda _, input_size: input_size
    relation_weights: abc.Callable[[N], list[tuple[float, float]] | None] = lambda _: (
        None
    )
    unused_parameters: abc.Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.detector is None) == (self.embedder is None):
            raise ValueError(f"System {self.name!r} needs a detector or an embedder.")

    @property
    def finds_boxes(self) -> bool:
        """Whether its networks detect; else they describe given boxes alone."""
        return self.detector is not None


# Only the module of a system has the types of its network and configuration; code that
# finds it by name uses them as Network and NetworkConfig.
AnySystem = System[Any, Any]


@dataclass(frozen=True)
class SystemNetwork:
    """A network with the system that it is of.

    Attributes:
        system: says how it is trained and run.
        network: of any weights.
    """

    system: AnySystem
    network: Network
