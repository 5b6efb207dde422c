"""What a network of any system offers to the code that trains, counts and runs it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import Field
from typing import Any, ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from cstrack_bench.errors import InputError
from cstrack_bench.models.anchors import STRIDES, Anchors


class Output(NamedTuple):
    """What one forward pass of a detecting network gives.

    Attributes:
        raw: detection logits, (B, A, H_l, W_l, 6) for strides 8, 16, 32.
        embeddings: maps (B, H_l, W_l, D), not normalised; one at stride 8, or one a
            level.
    """

    raw: tuple[Tensor, ...]
    embeddings: tuple[Tensor, ...]


class NetworkConfig(Protocol):
    """What shapes a network: a frozen dataclass of plain values."""

    __dataclass_fields__: ClassVar[dict[str, Field[object]]]

    @property
    def embedding(self) -> int:
        """Length of an appearance vector."""
        ...

    def __hash__(self) -> int: ...


class Piece(NamedTuple):
    """A part of a network whose operations are counted once for all that share it.

    Attributes:
        key: equal for equal parts at one input size.
        call: runs it.
        inputs: without memory (device ``meta``).
    """

    key: Hashable
    call: Callable[[Any], object]  # a tensor, or a tuple of them, as the part takes it
    inputs: Tensor | tuple[Tensor, ...]


class Network(nn.Module, ABC):
    """The base of every network.

    A subclass is made from its configuration alone: ``type(network)(network.config)``
    is an equal network with other weights. A part named as ``reid_part`` says is its
    re-identification head: a network that starts from a detector keeps its own.
    """

    #: Name of the module that is the re-identification head, in all systems but those
    #: whose published weights call it otherwise.
    reid_part = "reid"

    #: Scalars of the published network that are never used and not made here.
    unused_scalars = 0
    config: NetworkConfig

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def parts(self) -> dict[str, nn.Module]:
        """The network's parts by the name that a parameter count gives them."""

    def pieces(self, size: tuple[int, int]) -> list[Piece]:
        """What one image costs, in pieces.

        Args:
            size: height, width of the image in pixels.
        """
        image = torch.empty(1, 3, *size, device="meta")
        return [Piece((type(self), self.config), self, image)]

    def relation_weights(self) -> list[tuple[float, float]] | None:
        """λ of (detection, re-id) at P3, P4, P5; None without relations."""
        return None


class DetectionNetwork(Network):
    """A network that finds boxes on anchors at strides 8, 16 and 32.

    Args:
        config: what it is built from.
        anchors: width and height in pixels, the same number for each of three levels.

    Attributes:
        strides: pixels a cell, by level.
        anchors: buffer (3, A, 2), widths and heights in pixels.
    """

    strides: tuple[int, ...] = STRIDES
    anchors: Tensor

    def __init__(self, config: NetworkConfig, anchors: Anchors) -> None:
        super().__init__(config)
        # Not in the state dict: the configuration already says them.
        self.register_buffer(
            "anchors", torch.tensor(anchors, dtype=torch.float32), False
        )

    @abstractmethod
    def neck(self, images: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) -> features P3, P4, P5 that both tasks start from."""

    @abstractmethod
    def task_heads(self, features: tuple[Tensor, ...]) -> Output:
        """P3, P4, P5 -> logits and embeddings."""

    def forward(self, images: Tensor) -> Output:
        """Run the network.

        Args:
            images: (B, 3, H, W) RGB in [0, 1]; H and W divisible by 32.

        Raises:
            InputError: H or W is not divisible by 32.
        """
        height, width = images.shape[-2:]
        if height % STRIDES[-1] or width % STRIDES[-1]:
            raise InputError(
                f"Input size {width}x{height} does not fit the network: "
                "width and height must be multiples of 32."
            )
        return self.task_heads(self.neck(images))

    @abstractmethod
    def decode(self, raw: tuple[Tensor, ...]) -> Tensor:
        """Logits -> (B, N, 6): centre, size in pixels, two probabilities.

        Levels in order, each by anchor, row, column.
        """


class CropConfig(NetworkConfig, Protocol):
    """The configuration of a network that takes crops."""

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height, width of a crop in pixels."""
        ...


class CropNetwork(Network):
    """A network that describes crops of people: (B, 3, H, W) -> (B, D) of length 1."""

    config: CropConfig

    def pieces(self, size: tuple[int, int]) -> list[Piece]:
        """One crop, whatever the size of the image."""
        return super().pieces(self.config.crop_size)
