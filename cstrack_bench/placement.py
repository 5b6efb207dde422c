"""Where a picture lies in the network's input: stretched over it, or letterboxed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# 127.5 on paper; the official code pads the 8-bit image, where it becomes 128.
GREY = 128


@dataclass(frozen=True)
class Placement:
    """The part of the input that a picture takes.

    Attributes:
        top: its first row; left: its first column.
        height: rows; width: columns.
        ratio: input pixels a picture pixel, across and down.
        pad: from the input's corner to the picture's, across and down: unrounded, as
            the official code moves boxes, where ``left`` and ``top`` are whole.
    """

    top: int
    left: int
    height: int
    width: int
    ratio: tuple[float, float]
    pad: tuple[float, float] = (0.0, 0.0)

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns of the picture."""
        return (
            slice(self.top, self.top + self.height),
            slice(self.left, self.left + self.width),
        )

    def boxes(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 4) x1 y1 x2 y2 in pixels of the picture -> of the input."""
        return boxes * (self.ratio * 2) + self.pad * 2


def stretched(picture: tuple[int, int], size: tuple[int, int]) -> Placement:
    """All of the input; both arguments are height, width."""
    ratio = size[1] / picture[1], size[0] / picture[0]
    return Placement(0, 0, *size, ratio)


def letterboxed(picture: tuple[int, int], size: tuple[int, int]) -> Placement:
    """The largest centred part with the picture's aspect
    (docs/reference.md#letterbox)."""
    ratio = min(size[0] / picture[0], size[1] / picture[1])
    height = max(round(picture[0] * ratio), 1)
    width = max(round(picture[1] * ratio), 1)
    pad = (size[1] - width) / 2, (size[0] - height) / 2
    # An odd remainder goes to the right and to the bottom.
    left, top = round(pad[0] - 0.1), round(pad[1] - 0.1)
    return Placement(top, left, height, width, (ratio, ratio), pad)
