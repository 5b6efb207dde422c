"""Output filters: reported boxes that are not written (docs/reference.md#output)."""

import math
from dataclasses import dataclass

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.structures import Tracks


@dataclass(frozen=True)
class FilterConfig:
    """What is not written; the defaults are CSTrack's official code.

    Attributes:
        min_area: boxes of at most this many square pixels are dropped (JDE: 200).
        max_aspect: boxes with width / height above this are dropped (JDE and FairMOT:
            1.6); 0.6 is strong: it takes people who sit, bend or are half hidden.
    """

    min_area: float = 100.0
    max_aspect: float = 0.6

    def __post_init__(self) -> None:
        """Refuse limits that are no numbers or let nothing pass.

        Raises:
            InputError: see above.
        """
        if not 0 <= self.min_area < math.inf:
            raise InputError(
                f"min_area is an area in square pixels from 0, not {self.min_area}."
            )
        if not self.max_aspect > 0:
            raise InputError(
                f"max_aspect is width / height, above 0, not {self.max_aspect}."
            )


CSTRACK = FilterConfig()
JDE = FilterConfig(min_area=200.0, max_aspect=1.6)
FAIRMOT = FilterConfig(max_aspect=1.6)  # docs/rivals.md#fairmot-output
# As in ByteTrack's own evaluation (Zhang et al. 2022).
BYTETRACK = FilterConfig(min_area=100.0, max_aspect=1.6)
# Only what the others drop too is dropped; a width of 1000 heights is no limit.
DEEPSORT = FilterConfig(max_aspect=1000.0)
# Only boxes turned inside out (docs/rivals.md#centertrack-output).
CENTERTRACK = FilterConfig(min_area=0.0, max_aspect=float("inf"))


class OutputFilter:
    """Drops small and wide boxes, and counts them.

    Attributes:
        dropped: boxes dropped so far, by the name of the reason; a box that fails both
            counts once, as ``area``.

    Args:
        config: its limits.
    """

    def __init__(self, config: FilterConfig = CSTRACK) -> None:
        self.config = config
        self.dropped = {"area": 0, "aspect": 0}

    def apply(self, tracks: Tracks) -> Tracks:
        """The tracks of one frame that pass."""
        width = tracks.boxes[:, 2] - tracks.boxes[:, 0]
        height = tracks.boxes[:, 3] - tracks.boxes[:, 1]
        # A box turned inside out has a positive area too.
        upright = (width > 0) & (height > 0)
        small = ~upright | (width * height <= self.config.min_area)
        aspect = np.divide(width, height, out=np.zeros_like(width), where=upright)
        wide = ~small & (aspect > self.config.max_aspect)
        self.dropped["area"] += int(np.count_nonzero(small))
        self.dropped["aspect"] += int(np.count_nonzero(wide))
        return tracks.keep(~(small | wide))
