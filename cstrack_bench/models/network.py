"""What a network offers to those who train it, run it and count it."""

from collections.abc import Iterator, Mapping
from dataclasses import Field
from typing import ClassVar, NamedTuple, Protocol, Self

import torch
from torch import Tensor, nn


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
    """Everything that shapes a network: a frozen dataclass of plain values."""

    __dataclass_fields__: ClassVar[dict[str, Field[object]]]

    @property
    def embedding(self) -> int:
        """Length of an appearance vector."""
        ...

    def __hash__(self) -> int: ...


class Network(Protocol):
    """A network of any system: an ``nn.Module`` that holds its configuration."""

    @property
    def config(self) -> NetworkConfig:
        """What it was built from."""
        ...

    def __call__(self, images: Tensor, /) -> object:
        """Run it on (B, 3, H, W) RGB in [0, 1]."""
        ...

    def parts(self) -> Mapping[str, nn.Module]:
        """Its parts by the name that a parameter count gives them."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """As ``nn.Module`` has it, and so below."""
        ...

    def state_dict(self) -> dict[str, Tensor]: ...

    def load_state_dict(self, state: Mapping[str, Tensor], /) -> object: ...

    def to(self, device: torch.device, /) -> Self: ...

    def eval(self) -> Self: ...


class DetectingNetwork(Network, Protocol):
    """A network that finds boxes by anchors, with embedding maps beside them."""

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels a cell, by level."""
        ...

    @property
    def anchors(self) -> Tensor:
        """(L, A, 2) widths and heights in pixels."""
        ...

    def __call__(self, images: Tensor, /) -> Output:
        """Run it on (B, 3, H, W) RGB in [0, 1]."""
        ...

    def decode(self, raw: tuple[Tensor, ...], /) -> Tensor:
        """Logits -> (B, N, 6): cx, cy, w, h in pixels, objectness, class probability.

        Levels in order, each by anchor, row, column.
        """
        ...


class CropConfig(NetworkConfig, Protocol):
    """The configuration of a network that takes crops."""

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height, width of a crop in pixels."""
        ...


class CropNetwork(Network, Protocol):
    """A network that describes crops of people."""

    @property
    def config(self) -> CropConfig:
        """What it was built from."""
        ...

    def __call__(self, images: Tensor, /) -> Tensor:
        """Crops (B, 3, H, W) RGB in [0, 1] -> (B, D) of length 1."""
        ...
