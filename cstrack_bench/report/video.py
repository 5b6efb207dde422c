"""Tracks drawn on the frames they were found in."""

import collections.abc as abc
import colorsys
import functools
import os
import tempfile
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cstrack_bench import console
from cstrack_bench.console import progress
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import replacing
from cstrack_bench.report.video_codecs import VideoCodec, four_letters, pick_codec
from cstrack_bench.report.video_files import check_video, written_rate
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
        trail: how many frames a trail is long; 0 draws none.
    """

    def __init__(self, height: int, trail: int) -> None:
        self._line = max(1, round(height / 360))
        self._letters = max(0.35, height / 1100)
        self._trail = trail
        self._paths: dict[int, deque[tuple[int, int, int]]] = {}

    def draw(
        self,
        image: Picture,
        frame: int,
        ids: NDArray[np.int64],
        boxes: NDArray[np.float64],
        unconfirmed: NDArray[np.bool_] | None = None,
    ) -> Picture:
        """A copy of the picture with its tracks and the frame's number.

        Args:
            image: (H, W, 3) uint8, BGR.
            frame: its number, from 0.
            ids: (N,) ids.
            boxes: (N, 4) x1 y1 x2 y2 in pixels.
            unconfirmed: (N,) tracks that are not reported yet, drawn as corners.
        """
        canvas = image.copy()
        self.follow(frame, ids, boxes)
        corners = np.rint(boxes).astype(int)
        self._draw_trails(canvas, frame)
        # Far people first, so that labels of near ones stay on top.
        for i in np.argsort(corners[:, 3], kind="stable").tolist():
            if unconfirmed is not None and unconfirmed[i]:
                self._draw_corners(canvas, int(ids[i]), corners[i].tolist())
            else:
                self._draw_box(canvas, int(ids[i]), corners[i].tolist())
        self._draw_text(canvas, str(frame + 1), 0, 0, (0, 0, 0))
        return canvas

    def follow(
        self, frame: int, ids: NDArray[np.int64], boxes: NDArray[np.float64]
    ) -> None:
        """Remember where tracks are in a frame; ``draw`` does so itself."""
        corners = np.rint(boxes).astype(int)
        for identity, (x1, _, x2, y2) in zip(
            ids.tolist(), corners.tolist(), strict=True
        ):
            path = self._paths.setdefault(identity, deque(maxlen=max(1, self._trail)))
            if not path or path[-1][0] != frame:
                path.append((frame, (x1 + x2) // 2, y2))

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
        # Above the box where there is space, else inside it; never off the picture.
        height = self._text_size(str(identity))[1]
        top = y1 - height if y1 >= height else max(y1, 0)
        self._draw_text(canvas, str(identity), x1, top, colour)

    def _draw_corners(self, canvas: Picture, identity: int, box: list[int]) -> None:
        """A box that is not reported: its four corners alone."""
        x1, y1, x2, y2 = box
        colour = colour_of(identity)
        across, down = (x2 - x1) // 4, (y2 - y1) // 4
        for x, dx in ((x1, across), (x2, -across)):
            for y, dy in ((y1, down), (y2, -down)):
                cv2.line(canvas, (x, y), (x + dx, y), colour, self._line, cv2.LINE_AA)
                cv2.line(canvas, (x, y), (x, y + dy), colour, self._line, cv2.LINE_AA)

    @property
    def _weight(self) -> int:
        return max(1, self._line // 2 + 1)

    def _text_size(self, text: str) -> tuple[int, int]:
        """Width and height of a text's block of colour."""
        (width, height), base = cv2.getTextSize(
            text, cv2.FONT_HERSHEY_SIMPLEX, self._letters, self._weight
        )
        return width + 2, height + base + 1

    def _draw_text(
        self, canvas: Picture, text: str, left: int, top: int, colour: Colour
    ) -> None:
        """A text on a block of colour, its upper left corner at (left, top)."""
        width, height = self._text_size(text)
        left = min(max(left, 0), max(canvas.shape[1] - width, 0))
        cv2.rectangle(
            canvas, (left, top), (left + width, top + height), colour, cv2.FILLED
        )
        blue, green, red = colour
        bright = 0.114 * blue + 0.587 * green + 0.299 * red > 128
        cv2.putText(
            canvas,
            text,
            (left + 1, top + height - self._weight - round(6 * self._letters)),
            cv2.FONT_HERSHEY_SIMPLEX,
            self._letters,
            (0, 0, 0) if bright else (255, 255, 255),
            self._weight,
            cv2.LINE_AA,
        )


@dataclass(frozen=True)
class DrawingOptions:
    """How tracks are drawn.

    Attributes:
        trail: frames that a trail is long; None for about a second, 0 for none.
        codec: of the video; None for the best that works here.
        unconfirmed: tracks that are not reported yet; None to leave them out.
    """

    trail: int | None = None
    codec: VideoCodec | None = None
    unconfirmed: TrackTable | None = None


def draw_tracks(
    frames: abc.Iterable[Frame],
    table: TrackTable,
    output: Path,
    fps: float,
    options: DrawingOptions = DrawingOptions(),
) -> int:
    """Write a video of the frames with their tracks, atomically.

    Args:
        frames: in order; a ``Sequence`` is one.
        table: its tracks, frames numbered as in ``frames``.
        output: the .mp4 to make or replace.
        fps: frames a second.
        options: trails, codec, unconfirmed tracks.

    Returns:
        Number of frames written.

    Raises:
        InputError: not an .mp4, no frames, or frames of different sizes.
        CstrackError: the video cannot be written, or not be read again.
    """
    if output.suffix.lower() != ".mp4":
        raise InputError(f"A video is written as .mp4, not {output.name!r}.")
    shown = [(table, False)]
    if options.unconfirmed is not None:
        shown.append((options.unconfirmed, True))
    layers = [_Layer(each, _rows_by_frame(each), early) for each, early in shown]
    codec = options.codec or pick_codec()
    fps = written_rate(fps)
    seconds = round(TRAIL_SECONDS * fps)
    trail = seconds if options.trail is None else options.trail
    total = len(frames) if isinstance(frames, abc.Sized) else None
    with replacing(output) as temporary:
        # OpenCV picks the container by the suffix, which ``replacing`` hides.
        video = temporary.with_name(temporary.name + ".mp4")
        try:
            with progress() as display:
                task = display.add_task(f"drawing {output.name}", total=total)
                writer = _VideoWriter(video, fps, codec)
                advance = functools.partial(display.advance, task)
                count = _write(frames, layers, writer, trail, advance)
            if not count:
                raise InputError(f"No frame to draw for {output}.")
            check_video(video, count, output)
            os.replace(video, temporary)
        finally:
            video.unlink(missing_ok=True)
    return count


def probe_video(
    output: Path,
    fps: float,
    width: int,
    height: int,
    codec: VideoCodec | None = None,
) -> None:
    """Refuse a video that cannot be written, before the work that it is to show.

    Args:
        output: the .mp4 to be made; one frame is written elsewhere and removed.
        fps: frames a second.
        width: of a frame, in pixels.
        height: of a frame, in pixels.
        codec: as in ``DrawingOptions``.

    Raises:
        CstrackError: the codec or the file system refuses; ``output`` is as it was.
    """
    if written_rate(fps) != fps:
        console.err.print(
            f"{output} is written at {written_rate(fps):g} frames a second, not at "
            f"{fps:g}: the codec takes no more digits, players no more frames.",
            markup=False,
        )
    black = Frame(0, lambda: np.zeros((height, width, 3), np.uint8))
    nothing = TrackTable.from_frames([])
    with tempfile.TemporaryDirectory() as folder:
        options = DrawingOptions(codec=codec)
        draw_tracks([black], nothing, Path(folder) / "probe.mp4", fps, options)


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


@dataclass(frozen=True)
class _Layer:
    """Tracks to draw, the rows of each frame, and whether they are unconfirmed."""

    table: TrackTable
    rows: dict[int, slice]
    early: bool


class _VideoWriter:
    """Frames of one size into a file, opened by the first of them."""

    def __init__(self, video: Path, fps: float, codec: VideoCodec) -> None:
        self._video, self._fps, self._codec = video, fps, codec
        self._size: tuple[int, int] | None = None
        self._writer = cv2.VideoWriter()

    def write(self, index: int, picture: Picture) -> None:
        """Append a frame.

        Raises:
            InputError: it has another size than those before.
            CstrackError: the file cannot be written.
        """
        height, width = picture.shape[:2]
        if self._size is None:
            self._size = (width, height)
            self._open()
        if (width, height) != self._size:
            raise InputError(
                f"Frame {index + 1} is {width}×{height} where the frames "
                f"before it are {self._size[0]}×{self._size[1]}: a video has one size."
            )
        self._writer.write(_even(picture))

    def release(self) -> None:
        """Close the file."""
        self._writer.release()

    def _open(self) -> None:
        assert self._size is not None, "a frame says the size"
        width, height = self._size
        size = (width + width % 2, height + height % 2)
        code = four_letters(self._codec)
        if not self._writer.open(str(self._video), code, self._fps, size):
            raise CstrackError(
                f"OpenCV here cannot write .mp4 files ({size[0]}×{size[1]})."
            )


def _write(
    frames: abc.Iterable[Frame],
    layers: abc.Sequence[_Layer],
    writer: _VideoWriter,
    trail: int,
    advance: abc.Callable[[], None],
) -> int:
    count = 0
    painter = None
    try:
        for frame in frames:
            image = frame.image
            if painter is None:
                painter = Painter(image.shape[0], trail)
            mine = [layer.rows.get(frame.index, slice(0)) for layer in layers]
            pairs = list(zip(layers, mine, strict=True))
            drawn = painter.draw(
                image,
                frame.index,
                np.concatenate([layer.table.ids[rows] for layer, rows in pairs]),
                np.concatenate([layer.table.boxes[rows] for layer, rows in pairs]),
                np.concatenate(
                    [np.full(len(one.table.ids[r]), one.early) for one, r in pairs]
                ),
            )
            writer.write(frame.index, drawn)
            count += 1
            advance()
    finally:
        writer.release()
    return count


def _even(image: Picture) -> Picture:
    """The picture with even sides, as the codec wants them."""
    height, width = image.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return image
    bottom, right = height % 2, width % 2
    return np.pad(image, ((0, bottom), (0, right), (0, 0)), mode="edge")
