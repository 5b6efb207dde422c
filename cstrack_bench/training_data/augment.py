"""What is done to a training image and its boxes before the network gets them."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.placement import GREY, Placement, letterboxed, stretched

Fit = Literal["stretch", "letterbox"]


@dataclass(frozen=True)
class AugmentConfig:
    """Fit and random changes of training images (docs/reference.md#augmentation,
    #image-pipeline).

    The defaults are CSTrack's. JDE letterboxes, has no hue, saturation and value of
    0.5, rotation 5, translation 0.1, zoom 0.5 to 1.2 and shear 2.

    Attributes:
        hue: multiplicative gain 1 ± this.
        saturation: multiplicative gain 1 ± this.
        value: multiplicative gain 1 ± this.
        flip: probability of a horizontal flip.
        scale: zoom 1 ± this about a random point; 0 in the official recipe.
        min_visibility: boxes less visible than this are left out of training; the
            official labels keep every box.
        fit: ``stretch`` the picture over the input, with linear interpolation, or
            ``letterbox`` it between grey, with area interpolation.
        rotation: up to ± this many degrees about the centre.
        translation: up to ± this part of the input's width and height.
        zoom: least and greatest zoom about the centre.
        shear: up to ± this many degrees, in each direction.
    """

    hue: float = 0.015
    saturation: float = 0.5
    value: float = 0.4
    flip: float = 0.5
    scale: float = 0.0
    min_visibility: float = 0.0
    fit: Fit = "stretch"
    rotation: float = 0.0
    translation: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    shear: float = 0.0

    def __post_init__(self) -> None:
        if self.fit not in get_args(Fit):
            hint = nearest(str(self.fit), get_args(Fit))
            raise InputError(f"augment.fit is {self.fit!r}: {hint}.")
        if not 0 < self.zoom[0] <= self.zoom[1]:
            raise InputError(
                f"augment.zoom is {self.zoom}: give a least and a greatest zoom, "
                "both above 0."
            )

    @property
    def moves(self) -> bool:
        """Whether any of rotation, translation, zoom and shear is on."""
        still = self.rotation == self.translation == self.shear == 0
        return not still or self.zoom != (1.0, 1.0)


def placement_of(
    picture: tuple[int, int], size: tuple[int, int], config: AugmentConfig | None
) -> Placement:
    """The part that a picture (height, width) takes of an input (height, width)."""
    letterbox = config is not None and config.fit == "letterbox"
    return letterboxed(picture, size) if letterbox else stretched(picture, size)


def fit(
    image: NDArray[np.uint8], size: tuple[int, int], config: AugmentConfig | None
) -> NDArray[np.uint8]:
    """The input (H, W, 3), the picture in the part that ``placement_of`` gives."""
    if config is None or config.fit == "stretch":
        resized = cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(resized, np.uint8)
    placement = letterboxed(image.shape[:2], size)
    inner = (placement.width, placement.height)
    fitted = np.full((*size, 3), GREY, np.uint8)
    fitted[placement.inside] = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
    return fitted


def augment_image(
    image: NDArray[np.uint8],
    labels: NDArray[np.float64],
    config: AugmentConfig,
    random: np.random.Generator,
    placement: Placement | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Change colours, move and mirror a fitted image with its boxes.

    Args:
        image: (H, W, 3) uint8 BGR; not written to.
        labels: (T, 5) identity, x1, y1, x2, y2 in pixels of ``image``; overwritten.
        config: what is done.
        random: where every choice is drawn from.
        placement: where the picture lies, as the grey around it keeps its colour; None
            is everywhere.
    """
    height, width = image.shape[:2]
    if config.scale:
        zoom = random.uniform(1 - config.scale, 1 + config.scale)
        dx, dy = random.uniform(0, 1, 2) * (1 - zoom) * (width, height)
        matrix = np.array([[zoom, 0, dx], [0, zoom, dy]])
        zoomed = cv2.warpAffine(
            image, matrix, (width, height), borderValue=(114, 114, 114)
        )
        image = np.asarray(zoomed, np.uint8)
        labels[:, 1:] = labels[:, 1:] * zoom + [dx, dy, dx, dy]
    gain = random.uniform(-1, 1, 3) * [config.hue, config.saturation, config.value] + 1
    image = _recolour(image, gain, placement)
    if config.moves:
        matrix = _draw_affine((height, width), config, random)
        image = _warp(image, matrix)
        labels[:, 1:] = move_boxes(labels[:, 1:], matrix)
    if random.random() < config.flip:
        image = image[:, ::-1]
        labels[:, [1, 3]] = width - labels[:, [3, 1]]
    return image, labels


def _recolour(
    image: NDArray[np.uint8], gain: NDArray[np.float64], placement: Placement | None
) -> NDArray[np.uint8]:
    """Multiply hue, saturation and value of the picture inside the image."""
    inside = placement.inside if placement else (slice(None), slice(None))
    inner = np.ascontiguousarray(image[inside])
    hue, saturation, value = cv2.split(cv2.cvtColor(inner, cv2.COLOR_BGR2HSV))
    levels = np.arange(256)
    tables = [(levels * gain[0]) % 180, levels * gain[1], levels * gain[2]]
    channels = [
        cv2.LUT(channel, np.clip(table, 0, 255).astype(np.uint8))
        for channel, table in zip((hue, saturation, value), tables, strict=True)
    ]
    coloured = cv2.cvtColor(cv2.merge(channels), cv2.COLOR_HSV2BGR)
    inner = np.asarray(coloured, np.uint8)
    if inner.shape == image.shape:
        return inner
    image = image.copy()
    image[inside] = inner
    return image


def _draw_affine(
    size: tuple[int, int], config: AugmentConfig, random: np.random.Generator
) -> NDArray[np.float64]:
    """(2, 3): rotation and zoom, then shear, about the centre; then translation."""
    angle = math.radians(random.uniform(-config.rotation, config.rotation))
    zoom = random.uniform(*config.zoom)
    across, down = np.tan(np.radians(random.uniform(-1, 1, 2) * config.shear))
    shift = random.uniform(-1, 1, 2) * config.translation
    extent = np.array([size[1], size[0]])
    turn = np.array(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    )
    linear = np.array([[1, across], [down, 1]]) @ turn * zoom
    offset = extent / 2 + shift * extent - linear @ extent / 2
    return np.column_stack([linear, offset])


def _warp(image: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Move an image by a matrix for box coordinates, in which a pixel is one wide."""
    # OpenCV counts from the middle of the first pixel, boxes from its outer edge.
    matrix = matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    moved = cv2.warpAffine(
        image, matrix, image.shape[1::-1], borderValue=(GREY, GREY, GREY)
    )
    return np.asarray(moved, np.uint8)


def move_boxes(
    boxes: NDArray[np.float64], matrix: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The upright boxes around moved ones.

    Args:
        boxes: (N, 4) x1 y1 x2 y2.
        matrix: (2, 3) affine, on (x, y).
    """
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([moved.min(1), moved.max(1)], axis=1)


def clip(labels: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Boxes cut to the image; slivers and mostly cut ones dropped
    (docs/reference.md#augmentation).

    Args:
        labels: (T, 5) identity, x1, y1, x2, y2 in pixels; overwritten.
        size: height, width.
    """
    height, width = size
    full = (labels[:, 3] - labels[:, 1]) * (labels[:, 4] - labels[:, 2])
    labels[:, [1, 3]] = labels[:, [1, 3]].clip(1, width - 1)
    labels[:, [2, 4]] = labels[:, [2, 4]].clip(1, height - 1)
    w, h = labels[:, 3] - labels[:, 1], labels[:, 4] - labels[:, 2]
    aspect = np.maximum(w / (h + 1e-16), h / (w + 1e-16))
    keep = (w > 2) & (h > 2) & (aspect < 20) & (w * h > 0.2 * full)
    return labels[keep]
