"""Pictures inside the page: frames and crops with boxes drawn, matrices as pixels."""

import base64
import collections.abc as abc
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cstrack_bench.page.html_nodes import Node, node
from cstrack_bench.report.video import Colour, Picture

#: Cells of a matrix are drawn as squares of so many pixels, so that paper is sharp too.
CELL = 6
# Blue, white, red: the colours of Fig. 6 (matplotlib's RdBu, reversed), RGB.
_STOPS = ((5, 48, 97), (67, 147, 195), (247, 247, 247), (214, 96, 77), (103, 0, 31))
_QUALITY = 72


@dataclass(frozen=True)
class DrawnBox:
    """One box on a picture.

    Attributes:
        box: (4,) x1 y1 x2 y2 in pixels of the whole frame.
        colour: BGR.
        label: drawn above it; empty for none.
        dashed: for ground truth.
    """

    box: NDArray[np.floating]
    colour: Colour
    label: str = ""
    dashed: bool = False


def jpeg(picture: Picture, alt: str, widest: int = 960) -> Node:
    """An ``img`` with the picture in it.

    Args:
        picture: (H, W, 3) uint8, BGR.
        alt: what it shows, in words.
        widest: larger pictures are made smaller.
    """
    height, width = picture.shape[:2]
    if width > widest:
        size = (widest, round(height * widest / width))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return _image("jpeg", data.tobytes(), alt)


def matrix_png(values: NDArray[np.floating], alt: str) -> Node:
    """An ``img`` of a matrix: −1 is blue, 0 white, 1 red, in every matrix alike.

    Args:
        values: (N, M) in [-1, 1].
        alt: what it shows, in words.
    """
    at = (np.clip(values, -1.0, 1.0) + 1) / 2 * (len(_STOPS) - 1)
    stops = np.array(_STOPS, np.float64)
    low = np.minimum(at.astype(int), len(_STOPS) - 2)
    share = (at - low)[..., None]
    colours = stops[low] * (1 - share) + stops[low + 1] * share
    pixels = np.rint(colours[..., ::-1]).astype(np.uint8)
    large = np.repeat(np.repeat(pixels, CELL, axis=0), CELL, axis=1)
    _, data = cv2.imencode(".png", large)
    found = _image("png", data.tobytes(), alt)
    found.set("class", "pixels")
    return found


def _image(kind: str, data: bytes, alt: str) -> Node:
    text = base64.b64encode(data).decode("ascii")
    return node("img", src=f"data:image/{kind};base64,{text}", alt=alt)


def draw_boxes(picture: Picture, boxes: abc.Iterable[DrawnBox]) -> Picture:
    """A copy of a picture with boxes on it."""
    canvas = picture.copy()
    line = max(1, round(picture.shape[0] / 360))
    for one in boxes:
        x1, y1, x2, y2 = (int(v) for v in np.rint(one.box).tolist())
        if one.dashed:
            _dashed(canvas, (x1, y1, x2, y2), one.colour, line)
        else:
            cv2.rectangle(canvas, (x1, y1), (x2, y2), one.colour, line, cv2.LINE_AA)
        if one.label:
            _label(canvas, one.label, x1, y1, one.colour, line)
    return canvas


def _dashed(
    canvas: Picture, box: tuple[int, int, int, int], colour: Colour, line: int
) -> None:
    x1, y1, x2, y2 = box
    step = 4 * line + 2
    for start in range(x1, x2, 2 * step):
        end = min(start + step, x2)
        for y in (y1, y2):
            cv2.line(canvas, (start, y), (end, y), colour, line)
    for start in range(y1, y2, 2 * step):
        end = min(start + step, y2)
        for x in (x1, x2):
            cv2.line(canvas, (x, start), (x, end), colour, line)


def _label(
    canvas: Picture, text: str, x: int, y: int, colour: Colour, line: int
) -> None:
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, max(0.35, canvas.shape[0] / 1300)
    (width, height), base = cv2.getTextSize(text, font, scale, line)
    left = min(max(x, 0), max(0, canvas.shape[1] - width - 2))
    top = max(0, y - height - base - 1)
    corner = (left + width + 2, top + height + base)
    cv2.rectangle(canvas, (left, top), corner, colour, cv2.FILLED)
    blue, green, red = colour
    ink = (0, 0, 0) if 0.114 * blue + 0.587 * green + 0.299 * red > 128 else (255,) * 3
    cv2.putText(
        canvas, text, (left + 1, top + height), font, scale, ink, line, cv2.LINE_AA
    )


def crop(
    picture: Picture, region: tuple[int, int, int, int], height: int = 240
) -> Picture:
    """A part of a picture, scaled to a height.

    Args:
        picture: the whole.
        region: x1 y1 x2 y2 within it.
        height: of the result in pixels.
    """
    x1, y1, x2, y2 = region
    part = picture[y1:y2, x1:x2]
    size = (max(1, round((x2 - x1) * height / (y2 - y1))), height)
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))


def region_around(
    boxes: NDArray[np.floating], width: int, height: int
) -> tuple[int, int, int, int]:
    """A part of the frame that shows boxes with what is around them.

    Args:
        boxes: (N, 4) x1 y1 x2 y2.
        width, height: of the frame.
    """
    x1, y1 = boxes[:, :2].min(axis=0)
    x2, y2 = boxes[:, 2:].max(axis=0)
    side = float(max(x2 - x1, y2 - y1, 64.0)) * 1.7
    across, down = min(1.15 * side, float(width)), min(side, float(height))
    left = min(max((x1 + x2 - across) / 2, 0.0), width - across)
    top = min(max((y1 + y2 - down) / 2, 0.0), height - down)
    return round(left), round(top), round(left + across), round(top + down)
