"""Pictures of CenterTrack's input: fit, random colours, normalisation."""

from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cstrack_bench.center_affine import CenterAffine

Floats = NDArray[np.float32]
Change = Literal["brightness", "contrast", "saturation"]

CHANGES: tuple[Change, ...] = ("brightness", "contrast", "saturation")
#: Factors of a change lie in 1 ± this.
REACH = 0.4
#: Standard deviation of the light along each principal axis of ImageNet's colours.
LIGHT = 0.1

# Of blue, green, red, from 0 to 1 (docs/rivals.md#centertrack-input).
MEAN = np.array([0.40789654, 0.44719302, 0.47026115], np.float32)
DEVIATION = np.array([0.28863828, 0.27408164, 0.27809835], np.float32)
EIGENVALUES = np.array([0.2141788, 0.01817699, 0.00341571], np.float32)
EIGENVECTORS = np.array(
    [
        [-0.58752847, -0.69563484, 0.41340352],
        [-0.5832747, 0.00994535, -0.81221408],
        [-0.56089297, 0.71832671, 0.41158938],
    ],
    np.float32,
)


class ColourDraw(NamedTuple):
    """The random numbers behind one change of colours.

    Attributes:
        order: in which the three changes are made.
        factors: of these, in that order.
        light: (3,) along the principal axes.
    """

    order: tuple[Change, ...]
    factors: tuple[float, ...]
    light: NDArray[np.float64]


def fit(image: NDArray[np.uint8], affine: CenterAffine) -> NDArray[np.uint8]:
    """The part of a picture (H, W, 3) that lies in the input, black around it."""
    height, width = affine.size
    fitted = cv2.warpAffine(
        image, affine.matrix, (width, height), flags=cv2.INTER_LINEAR
    )
    return np.asarray(fitted, np.uint8)


def draw_colour(random: np.random.Generator) -> ColourDraw:
    """Numbers for one image."""
    order = tuple(CHANGES[i] for i in random.permutation(len(CHANGES)))
    factors = tuple(1 + random.uniform(-REACH, REACH) for _ in order)
    return ColourDraw(order, factors, random.standard_normal(3) * LIGHT)


def recolour(image: Floats, draw: ColourDraw) -> Floats:
    """Change brightness, contrast, saturation and light; not clipped.

    Args:
        image: (H, W, 3) BGR from 0 to 1.
        draw: the numbers.
    """
    # Both are of the image before any change.
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[:, :, None]
    mean = np.float32(grey.mean())
    for change, given in zip(draw.order, draw.factors, strict=True):
        factor = np.float32(given)
        image = image * factor
        if change == "contrast":
            image = image + mean * (1 - factor)
        elif change == "saturation":
            image = image + grey * (1 - factor)
    light = EIGENVECTORS @ (EIGENVALUES * draw.light)
    return (image + light).astype(np.float32)


def from_bytes(image: NDArray[np.uint8]) -> Floats:
    """(H, W, 3) BGR from 0 to 255 -> from 0 to 1."""
    return image.astype(np.float32) / np.float32(255)


def normalised(image: Floats) -> Floats:
    """(H, W, 3) BGR from 0 to 1 -> (3, H, W), the network's input."""
    centred = (image - MEAN) / DEVIATION
    return np.ascontiguousarray(centred.transpose(2, 0, 1))
