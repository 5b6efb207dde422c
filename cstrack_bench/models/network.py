"""What a network of any system offers to the code that trains, counts and runs it."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn


class Output(NamedTuple):
    """What one forward pass of a detecting network gives.

    Attributes:
        raw: detection logits, (B, A, H_l, W_l, 6) a level.
        embeddings: maps (B, H_l, W_l, D), not normalised; one, or one a level.
    """

    raw: tuple[Tensor, ...]
    embeddings: tuple[Tensor, ...]


class NetworkConfig(Protocol):
    """What shapes a network: a frozen dataclass of plain values."""

    @property
    def embedding(self) -> int:
        """Length of an appearance vector."""
        ...

    def as_dict(self) -> Mapping[str, object]:
        """Plain values, as JSON takes them."""
        ...


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


class Network(nn.Module):
    """The base of every network.

    A subclass is made from its configuration alone: ``type(network)(network.config)``
    is an equal network with other weights.
    """

    #: Scalars of the published network that are never used and not made here.
    unused_scalars = 0
    config: NetworkConfig

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config

    def parts(self) -> dict[str, nn.Module]:
        """The network's parts by the name that a parameter count gives them."""
        raise NotImplementedError

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
    """A network that finds boxes on anchors at three levels.

    Attributes:
        strides: pixels a cell, by level.
        anchors: buffer (3, A, 2), widths and heights in pixels.
    """

    strides: tuple[int, ...]
    anchors: Tensor

    def decode(self, raw: tuple[Tensor, ...]) -> Tensor:
        """Logits -> (B, N, 6): centre, size in pixels, two probabilities."""
        raise NotImplementedError
