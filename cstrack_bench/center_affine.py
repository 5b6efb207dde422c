"""Where a picture lies in the input of a CenterNet network (docs/rivals.md#affine).

The picture's centre goes to the input's centre and its longer side (or what else is
chosen as its *extent*) to the input's width. The height of the input decides nothing:
what lies above and below is cut off, or black.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CenterAffine:
    """A similarity from pixels of a picture to pixels (or cells) of a map.

    Attributes:
        centre: x, y in the picture that go to the middle of the map.
        extent: picture pixels that span the map's width.
        size: height, width of the map.
        rotation: degrees about the centre.
    """

    centre: tuple[float, float]
    extent: float
    size: tuple[int, int]
    rotation: float = 0.0

    @property
    def scale(self) -> float:
        """Map pixels a picture pixel."""
        return self.size[1] / self.extent

    @property
    def matrix(self) -> Floats:
        """(2, 3), picture to map."""
        return _through(*self._points())

    @property
    def inverse(self) -> Floats:
        """(2, 3), map to picture."""
        return _through(*reversed(self._points()))

    def _points(self) -> tuple[Floats, Floats]:
        """Three points of the picture and of the map, (3, 2) each.

        The middle, the middle of the upper edge, and the corner left of that, rounded
        to float32: the published code solves for the matrix from such points, and the
        rounding moves points by up to a few thousandths of a pixel.
        """
        angle = math.radians(self.rotation)
        half = float(np.float32(self.extent)) / 2
        up = half * math.sin(angle), -half * math.cos(angle)
        rows, columns = self.size
        return (
            _three_points(self.centre, up),
            _three_points((columns / 2, rows / 2), (0.0, -columns / 2)),
        )

    def to_map(self, points: NDArray[np.floating]) -> Floats:
        """(…, 2) x, y in the picture -> in the map; so boxes as (N, 2, 2)."""
        return apply(self.matrix, points)

    def to_picture(self, points: NDArray[np.floating]) -> Floats:
        """The inverse of ``to_map``; neither rounded nor clipped."""
        return apply(self.inverse, points)

    def boxes_to_map(self, boxes: NDArray[np.floating]) -> Floats:
        """(N, 4) x1 y1 x2 y2, two corners moved; upright where there is no rotation."""
        return self.to_map(np.reshape(boxes, (-1, 2, 2))).reshape(-1, 4)

    def boxes_to_picture(self, boxes: NDArray[np.floating]) -> Floats:
        """The inverse of ``boxes_to_map``."""
        return self.to_picture(np.reshape(boxes, (-1, 2, 2))).reshape(-1, 4)


def _three_points(middle: tuple[float, float], up: tuple[float, float]) -> Floats:
    first = np.array(middle, np.float32)
    second = (first + np.array(up)).astype(np.float32)
    across, down = first - second
    third = second + np.array([-down, across], np.float32)
    return np.stack([first, second, third]).astype(np.float64)


def _through(source: Floats, target: Floats) -> Floats:
    """The (2, 3) matrix that moves three points (3, 2) to three others."""
    solved = np.linalg.solve(np.column_stack([source, np.ones(3)]), target)
    return np.asarray(solved.T, np.float64)


def apply(matrix: Floats, points: NDArray[np.floating]) -> Floats:
    """Points (…, 2) under a (2, 3) matrix, float64."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def centred(picture: tuple[int, int], size: tuple[int, int]) -> CenterAffine:
    """CenterTrack's: the longer side of a picture over the width of a map.

    Args:
        picture: height, width in pixels.
        size: height, width of the map.
    """
    height, width = picture
    return CenterAffine((width / 2, height / 2), float(max(height, width)), size)


def letterboxed_cells(
    picture: tuple[int, int], input_size: tuple[int, int], stride: int
) -> CenterAffine:
    """FairMOT's way from a letterboxed picture's cells back to the picture.

    It leaves out that the letterbox rounds to whole pixels, as the published code does
    (up to half an input pixel).

    Args:
        picture: height, width in pixels.
        input_size: height, width of the network's input.
        stride: input pixels a cell.
    """
    height, width = picture
    rows, columns = input_size
    extent = max(columns / rows * height, width)
    return CenterAffine(
        (width / 2, height / 2), extent, (rows // stride, columns // stride)
    )
