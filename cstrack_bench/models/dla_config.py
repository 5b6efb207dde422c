"""What the networks of FairMOT and CenterTrack are made of, as options."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from cstrack_bench.errors import InputError, nearest

#: Channels of levels 0 to 5 of DLA-34; the stem has those of level 0
#: (docs/rivals.md#backbone).
LEVEL_CHANNELS = (16, 32, 64, 128, 256, 512)
#: Input sides must be multiples of the deepest stride.
DEEPEST_STRIDE = 32
#: Input pixels a cell of the heads' maps.
STRIDE = 4

BoxValues = Literal["sides", "size"]


@dataclass(frozen=True)
class DlaConfig:
    """The network that both systems share (docs/rivals.md#network).

    Attributes:
        width: multiplies the channels of backbone, aggregation and heads; 1 is the
            published network.
    """

    width: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be built, naming the setting."""
        sound = isinstance(self.width, int | float) and math.isfinite(self.width)
        if not sound or not 0 < self.width <= 4:
            raise InputError(
                f"model.width is {self.width!r}: give a number above 0 and at most 4."
            )

    def channels(self, count: int) -> int:
        """Channels of a layer that has ``count`` at width 1: a multiple of 8."""
        return math.ceil(count * self.width / 8) * 8

    @property
    def level_channels(self) -> tuple[int, ...]:
        """Channels of levels 0 to 5."""
        return tuple(self.channels(count) for count in LEVEL_CHANNELS)

    @property
    def head_channels(self) -> int:
        """Channels between the two convolutions of a head."""
        return self.channels(256)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as JSON takes them."""
        return asdict(self)


@dataclass(frozen=True)
class FairMotConfig(DlaConfig):
    """FairMOT (docs/rivals.md#heads).

    Attributes:
        embedding: length of an appearance vector: 128 published, 512 in the first
            version, 64 in the light model.
        box: ``sides`` = distances from the centre to the four sides (published), or
            ``size`` = width and height (first version).
    """

    embedding: int = 128
    box: BoxValues = "sides"

    def __post_init__(self) -> None:
        """Refuse what cannot be built, naming the setting."""
        super().__post_init__()
        if not isinstance(self.embedding, int) or self.embedding < 1:
            raise InputError(
                f"model.embedding is {self.embedding!r}: give a whole number from 1."
            )
        if self.box not in get_args(BoxValues):
            hint = nearest(str(self.box), get_args(BoxValues))
            raise InputError(f"model.box is {self.box!r}: {hint}.")

    @property
    def box_values(self) -> int:
        """Numbers that describe a box at a cell."""
        return 4 if self.box == "sides" else 2


@dataclass(frozen=True)
class CenterTrackConfig(DlaConfig):
    """CenterTrack for boxes in images (docs/rivals.md#heads).

    Attributes:
        previous: whether the network has inputs for the previous image and for the
            heatmap of the tracks in it.
        amodal: whether it predicts boxes beyond the border of the image.
    """

    previous: bool = True
    amodal: bool = True

    @property
    def embedding(self) -> int:
        """It describes nobody's appearance."""
        return 0


# Published is l alone; the others are ours, with the multipliers of CSTrack's sizes, so
# that systems can be compared at one of them.
WIDTHS = {"l": 1.0, "m": 0.75, "s": 0.5, "n": 0.25}

Config = TypeVar("Config", FairMotConfig, CenterTrackConfig)


def make_config(kind: type[Config], size: str = "l", **overrides: Any) -> Config:
    """A system at a size, single values replaced.

    Args:
        kind: ``FairMotConfig`` or ``CenterTrackConfig``.
        size: a name of ``WIDTHS``.
        overrides: fields of ``kind``; they win.

    Raises:
        InputError: an unknown name or a value that cannot be built.
    """
    if size not in WIDTHS:
        raise InputError(f"Unknown model.size {size!r}: {nearest(size, WIDTHS)}.")
    known = [field.name for field in fields(kind)]
    for name in overrides:
        if name not in known:
            raise InputError(f"Unknown setting model.{name}: {nearest(name, known)}.")
    return kind(**{"width": WIDTHS[size], **overrides})
