"""Fitting a frame into the network's input without changing its shape."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.placement import GREY, letterboxed


@dataclass(frozen=True)
class Letterboxed:
    """A frame as the network gets it, and the way back.

    Attributes:
        tensor: (3, h, w) uint8, RGB, contiguous; the network gets ``tensor / 255``.
        ratio: network pixels a frame pixel.
        pad_x: grey columns left of the picture, network pixels (an unrounded half).
        pad_y: grey rows above it.
    """

    tensor: NDArray[np.uint8]
    ratio: float
    pad_x: float
    pad_y: float

    def to_image(self, boxes: NDArray[np.floating]) -> NDArray[np.floating]:
        """(N, 4) boxes x1 y1 x2 y2 in network pixels -> in pixels of the frame.

        Neither rounded nor clipped (docs/reference.md#boxes-to-image).
        """
        return (boxes - self._shift(boxes)) / boxes.dtype.type(self.ratio)

    def to_network(self, boxes: NDArray[np.floating]) -> NDArray[np.floating]:
        """The inverse of ``to_image``."""
        return boxes * boxes.dtype.type(self.ratio) + self._shift(boxes)

    def _shift(self, boxes: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.array([self.pad_x, self.pad_y] * 2, dtype=boxes.dtype)


def letterbox(image: NDArray[np.uint8], size: tuple[int, int]) -> Letterboxed:
    """Resize by area, keep the aspect, pad evenly with grey
    (docs/reference.md#letterbox).

    Args:
        image: (H, W, 3) uint8, BGR.
        size: (height, width) of the network's input.

    Raises:
        InputError: the image is not (H, W, 3) uint8, or empty.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(
            f"A frame must be (H, W, 3) uint8, but this one is {image.shape} "
            f"{image.dtype}: convert it to 8-bit BGR."
        )
    if 0 in image.shape:
        raise InputError(f"A frame of shape {image.shape} has no pixels: leave it out.")
    placement = letterboxed(image.shape[:2], size)
    inner = cv2.resize(
        image, (placement.width, placement.height), interpolation=cv2.INTER_AREA
    )
    tensor = np.full((3, *size), GREY, np.uint8)
    tensor[:, *placement.inside] = inner[:, :, ::-1].transpose(2, 0, 1)
    return Letterboxed(tensor, placement.ratio[0], *placement.pad)
