"""Tracks drawn on the frames they were found in."""

import collections.abc as abc
import colorsys
import os
from collections import deque
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cstrack_bench.console import progress
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import replacing
from cstrack_bench.structures import Frame, TrackTable

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

# A trail longer than about a second crosses other people's and tells nothing.
TRAIL_SECONDS = 1.0
# Steps of the golden ratio keep the hues of neighbouring ids far apart.
_GOLDEN = 0.618033988749895


def colour_of(identity: int) -> Colour:
    """The colour of an id, BGR; the same id has the same colour in every video."""
    hue = identity * _GOLDEN % 1.0
    # Three brightnesses, so that equal hues of far-apart ids still differ.
    value = (1.0, 0.8, 0.62)[identity % 3]
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, value)
    return round(255 * blue), round(255 * green), round(255 * red)


class Painter:
    """Draws one frame after another and remembers where each id came from.

    Args:
        height: of the frames, in pixels; lines and letters grow with it.
        trail: how many frames a trail is long.
    """

    def __init__(self, height: int, trail: int) -> None:
        self._line = max(1, round(height / 360))
        self._letters = max(0.35, height / 1100)
        self._trail = max(1, trail)
        self._paths: dict[int, deque[tuple[int, int, int]]] = {}

    def draw(
        self,
        image: Picture,
        frame: int,
        ids: NDArray[np.int64],
        boxes: NDArray[np.float64],
    ) -> Picture:
        """A copy of the picture with its tracks.

        Args:
            image: (H, W, 3) uint8, BGR.
            frame: its number.
            ids: (N,) ids.
            boxes: (N, 4) x1 y1 x2 y2 in pixels.
        """
        canvas = image.copy()
        corners = np.rint(boxes).astype(int)
        for identity, (x1, _, x2, y2) in zip(
            ids.tolist(), corners.tolist(), strict=True
        ):
            path = self._paths.setdefault(identity, deque(maxlen=self._trail))
            path.append((frame, (x1 + x2) // 2, y2))
        self._draw_trails(canvas, frame)
        # Far people first, so that labels of near ones stay on top.
        for i in np.argsort(corners[:, 3], kind="stable"):
            self._draw_box(canvas, int(ids[i]), corners[i].tolist())
        return canvas

    def _draw_trails(self, canvas: Picture, frame: int) -> None:
        for identity, path in list(self._paths.items()):
            while path and path[0][0] <= frame - self._trail:
                path.popleft()
            if not path:
                del self._paths[identity]
            elif path[-1][0] == frame and len(path) > 1:
                points = np.array([(x, y) for _, x, y in path], np.int32)
                cv2.polylines(
                    canvas,
                    [points],
                    isClosed=False,
                    color=colour_of(identity),
                    thickness=self._line,
                    lineType=cv2.LINE_AA,
                )

    def _draw_box(self, canvas: Picture, identity: int, box: list[int]) -> None:
        x1, y1, x2, y2 = box
        colour = colour_of(identity)
        cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, self._line, cv2.LINE_AA)
        font, text = cv2.FONT_HERSHEY_SIMPLEX, str(identity)
        weight = max(1, self._line // 2 + 1)
        (width, height), base = cv2.getTextSize(text, font, self._letters, weight)
        # Above the box where there is room, else inside it; never off the picture.
        left = min(max(x1, 0), max(canvas.shape[1] - width - 2, 0))
        top = y1 - height - base - 1
        top = top if top >= 0 else max(y1, 0)
        corner = (left + width + 2, top + height + base + 1)
        cv2.rectangle(canvas, (left, top), corner, colour, cv2.FILLED)
        blue, green, red = colour
        bright = 0.114 * blue + 0.587 * green + 0.299 * red > 128
        ink = (0, 0, 0) if bright else (255, 255, 255)
        origin = (left + 1, top + height + 1)
        cv2.putText(canvas, text, origin, font, self._letters, ink, weight, cv2.LINE_AA)


def draw_tracks(
    frames: abc.Iterable[Frame], table: TrackTable, output: Path, fps: float
) -> int:
    """Write a video of the frames with their tracks, atomically.

    Args:
        frames: in order; a ``Sequence`` is one.
        table: its tracks, frames numbered as in ``frames``.
        output: the .mp4 to make or replace.
        fps: frames a second.

    Returns:
        Number of frames written.

    Raises:
        InputError: not an .mp4, no frames, or frames of different sizes.
        CstrackError: the video cannot be written.
    """
    if output.suffix.lower() != ".mp4":
        raise InputError(f"A video is written as .mp4, not {output.name!r}.")
    rows = _rows_by_frame(table)
    total = len(frames) if isinstance(frames, abc.Sized) else None
    with replacing(output) as temporary:
        # OpenCV picks the container by the suffix, which ``replacing`` hides.
        video = temporary.with_name(temporary.name + ".mp4")
        try:
            with progress() as display:
                task = display.add_task(f"drawing {output.name}", total=total)
                count = _write(frames, table, rows, video, fps, display, task)
            if not count:
                raise InputError(f"No frame to draw for {output}.")
            os.replace(video, temporary)
        finally:
            video.unlink(missing_ok=True)
    return count


def _rows_by_frame(table: TrackTable) -> dict[int, slice]:
    """Frame -> its rows; a table is sorted by frame."""
    numbers, starts, counts = np.unique(
        table.frames, return_index=True, return_counts=True
    )
    return {
        number: slice(start, start + count)
        for number, start, count in zip(
            numbers.tolist(), starts.tolist(), counts.tolist(), strict=True
        )
    }


def _write(
    frames: abc.Iterable[Frame],
    table: TrackTable,
    rows: dict[int, slice],
    video: Path,
    fps: float,
    display: Any,
    task: Any,
) -> int:
    writer = None
    count = 0
    size = (0, 0)
    painter = Painter(1, 1)
    try:
        for frame in frames:
            image = frame.image
            height, width = image.shape[:2]
            if writer is None:
                size = (width, height)
                writer = _open(video, fps, width, height)
                painter = Painter(height, round(TRAIL_SECONDS * fps))
            if (width, height) != size:
                raise InputError(
                    f"Frame {frame.index + 1} is {width}×{height} where the frames "
                    f"before it are {size[0]}×{size[1]}: a video has one size."
                )
            mine = rows.get(frame.index, slice(0))
            drawn = painter.draw(image, frame.index, table.ids[mine], table.boxes[mine])
            writer.write(_even(drawn))
            count += 1
            display.advance(task)
    finally:
        if writer is not None:
            writer.release()
    return count


def _open(video: Path, fps: float, width: int, height: int) -> Any:
    code = cv2.VideoWriter.fourcc(*"mp4v")
    size = (width + width % 2, height + height % 2)
    writer = cv2.VideoWriter(str(video), code, fps, size)
    if not writer.isOpened():
        raise CstrackError(
            f"OpenCV here cannot write .mp4 files ({size[0]}×{size[1]})."
        )
    return writer


def _even(image: Picture) -> Picture:
    """The picture with even sides, as the codec wants them."""
    height, width = image.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return image
    bottom, right = height % 2, width % 2
    return np.pad(image, ((0, bottom), (0, right), (0, 0)), mode="edge")
