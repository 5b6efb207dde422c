"""What FairMOT does to a training image and its boxes (docs/rivals.md#fairmot-sample).

It differs from ``augment`` in details that its published outputs show: saturation and
value alone, a shift that takes each axis's share from the other side of the image,
boxes that shrink when turned, and boxes that are not cut at the border.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cstrack_bench.placement import letterboxed
from cstrack_bench.training_data.augment import AugmentConfig, fit, move_boxes

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]

GREY = 127.5
#: A box is kept if it is longer than this in both directions (pixels) …
LEAST_SIDE = 4
#: … has more than this share of the area that it had before …
LEAST_AREA = 0.1
#: … and a longer side of less than so many shorter ones.
MOST_ASPECT = 10

_LETTERBOX = AugmentConfig(fit="letterbox")


@dataclass(frozen=True)
class FairMotAugment:
    """Ranges of the random changes; the defaults are the published ones.

    Attributes:
        saturation: multiplied by 1 ± this.
        value: multiplied by 1 ± this.
        rotation: ± degrees about the centre.
        zoom: least and greatest scale.
        translation: ± share of the image's height across, and of its width down.
        shear: ± degrees, in each direction.
        flip: probability of a horizontal flip.
        clip: boxes are cut at the border (the published setting for MOT20 alone).
    """

    saturation: float = 0.5
    value: float = 0.5
    rotation: float = 5.0
    zoom: tuple[float, float] = (0.5, 1.2)
    translation: float = 0.1
    shear: float = 2.0
    flip: float = 0.5
    clip: bool = False


FAIRMOT = FairMotAugment()
#: Numbers that ``augment`` takes: two colours, six of the affine, the flip.
DRAWS = 9


def recolour(image: Picture, gains: Floats) -> Picture:
    """Multiply saturation and value (2,) of a picture (H, W, 3) BGR."""
    channels = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    for channel, gain in enumerate(gains, 1):
        values = channels[:, :, channel].astype(np.float32) * np.float32(gain)
        # Cut off, not rounded; a gain of at most 1 cannot pass 255.
        channels[:, :, channel] = np.minimum(values, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(channels, cv2.COLOR_HSV2BGR), np.uint8)


@dataclass(frozen=True)
class Affine:
    """Rotation and scale about the centre, then translation, then shear.

    Attributes:
        matrix: (3, 3), pixels to pixels.
        angle: of the rotation, radians.
    """

    matrix: Floats
    angle: float


def affine(draws: Floats, size: tuple[int, int], config: FairMotAugment) -> Affine:
    """The matrix of six numbers in [0, 1).

    Args:
        draws: angle, scale, shift across, shift down, shear across, shear down.
        size: height, width of the image.
        config: ranges.
    """
    height, width = size
    signed = 2 * draws - 1
    angle = math.radians(signed[0] * config.rotation)
    zoom = config.zoom[0] + draws[1] * (config.zoom[1] - config.zoom[0])
    cos, sin = math.cos(angle) * zoom, math.sin(angle) * zoom
    x, y = width / 2, height / 2
    turn = np.array(
        [
            [cos, sin, (1 - cos) * x - sin * y],
            [-sin, cos, sin * x + (1 - cos) * y],
            [0, 0, 1],
        ]
    )
    shift = np.eye(3)
    # Height across and width down: the published code's exchange of the two.
    shift[:2, 2] = signed[2:4] * config.translation * np.array([height, width])
    shear = np.eye(3)
    shear[0, 1], shear[1, 0] = np.tan(np.radians(signed[4:6] * config.shear))
    return Affine(shear @ shift @ turn, angle)


def warp(image: Picture, moved: Affine) -> Picture:
    """Move an image (H, W, 3) with linear interpolation; grey comes in."""
    warped = cv2.warpPerspective(
        image,
        moved.matrix,
        dsize=image.shape[1::-1],
        flags=cv2.INTER_LINEAR,
        borderValue=(GREY, GREY, GREY),
    )
    return np.asarray(warped, np.uint8)


def move_labels(
    boxes: Floats, moved: Affine, size: tuple[int, int]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Boxes (N, 4) after the affine, and which of them (N,) are kept.

    Args:
        boxes: x1 y1 x2 y2 in pixels.
        moved: what was done to the image.
        size: height, width of the image.
    """
    hull = move_boxes(boxes, moved.matrix[:2])
    # The hull of a turned box is too large for the person in it.
    shrink = max(abs(math.sin(moved.angle)), abs(math.cos(moved.angle))) ** 0.5
    middle = (hull[:, 2:] + hull[:, :2]) / 2
    sides = (hull[:, 2:] - hull[:, :2]) * shrink
    result = np.concatenate([middle - sides / 2, middle + sides / 2], axis=1)
    height, width = size
    before = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    w, h = sides.T
    aspect = np.maximum(w / (h + 1e-16), h / (w + 1e-16))
    kept = (w > LEAST_SIDE) & (h > LEAST_SIDE) & (aspect < MOST_ASPECT)
    kept &= w * h > LEAST_AREA * before
    kept &= (result[:, 0] < width) & (result[:, 2] > 0)
    kept &= (result[:, 1] < height) & (result[:, 3] > 0)
    return result, kept


def augment(
    image: Picture,
    labels: Floats,
    size: tuple[int, int],
    draws: Floats,
    config: FairMotAugment = FAIRMOT,
) -> tuple[Picture, Floats]:
    """From a picture with its boxes to an input with its boxes.

    Args:
        image: (H, W, 3) uint8 BGR.
        labels: (N, 5) identity, x1, y1, x2, y2 in pixels of the picture.
        size: height, width of the input.
        draws: (9,) in [0, 1): saturation, value, those of ``affine``, flip.
        config: ranges.

    Returns:
        (h, w, 3) uint8 BGR and labels (M, 5) in pixels of the input.
    """
    reach = np.array([config.saturation, config.value])
    image = recolour(image, 1 + (2 * draws[:2] - 1) * reach)
    placement = letterboxed(image.shape[:2], size)
    fitted = fit(image, size, _LETTERBOX)
    moved = affine(draws[2:8], size, config)
    fitted = warp(fitted, moved)
    boxes, kept = move_labels(placement.boxes(labels[:, 1:]), moved, size)
    labels = np.column_stack([labels[kept, 0], boxes[kept]])
    height, width = size
    if config.clip:
        labels[:, [1, 3]] = labels[:, [1, 3]].clip(0, width - 1)
        labels[:, [2, 4]] = labels[:, [2, 4]].clip(0, height - 1)
    if draws[8] > 1 - config.flip:
        fitted = np.ascontiguousarray(fitted[:, ::-1])
        labels[:, [1, 3]] = width - labels[:, [3, 1]]
    return fitted, labels
