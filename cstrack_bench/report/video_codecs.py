"""Video codecs: which ones the local OpenCV can write, and which browsers play."""

import collections.abc as abc
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cstrack_bench.errors import CstrackError, InputError, nearest

AUTO = "auto"


@dataclass(frozen=True)
class VideoCodec:
    """A codec in an .mp4.

    Attributes:
        name: what ``--codec`` calls it.
        title: what messages call it.
        code: its four letters.
        in_browsers: whether browsers play it.
    """

    name: str
    title: str
    code: str
    in_browsers: bool


#: The best first: what every browser plays, what most do, what only players do.
CODECS = (
    VideoCodec("h264", "H.264", "avc1", True),
    VideoCodec("vp9", "VP9", "vp09", True),
    VideoCodec("mpeg4", "MPEG-4 part 2", "mp4v", False),
)
# An encoder may refuse a size or rate, but none of these.
_SIZE, _RATE, _FRAMES = (64, 48), 25.0, 3


def pick_codec(name: str = AUTO) -> VideoCodec:
    """The codec to write with: the one named, or the best that works here.

    Args:
        name: ``auto``, or the name of a codec.

    Raises:
        InputError: no such codec, or this OpenCV cannot write it.
        CstrackError: it can write none.
    """
    names = [codec.name for codec in CODECS]
    if name not in (AUTO, *names):
        raise InputError(f"No codec {name!r}: {nearest(name, [AUTO, *names])}.")
    for codec in CODECS:
        if name in (AUTO, codec.name) and _works(codec):
            return codec
    if name == AUTO:
        raise CstrackError("OpenCV here cannot write .mp4 files.")
    raise InputError(
        f"OpenCV here has no encoder for {name}; leave --codec out to use the best "
        "that it has."
    )


def codec_line(codec: VideoCodec) -> str:
    """What it means for who opens the video, in a sentence."""
    if codec.in_browsers:
        return f"drawn in {codec.title}, which browsers play"
    return (
        f"drawn in {codec.title}, which players show and browsers do not: OpenCV here "
        "was given no better codec or has none"
    )


def _works(codec: VideoCodec) -> bool:
    """Whether what is written in it can be read again."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "probe.mp4"
        writer = cv2.VideoWriter(str(path), four_letters(codec), _RATE, _SIZE)
        opened = writer.isOpened()
        picture = np.full((_SIZE[1], _SIZE[0], 3), 90, np.uint8)
        for _ in range(_FRAMES if opened else 0):
            writer.write(picture)
        writer.release()
        return opened and cv2.VideoCapture(str(path)).read()[0]


def four_letters(codec: VideoCodec) -> int:
    """The code as OpenCV takes it."""
    return int(cv2.VideoWriter.fourcc(*codec.code))


@contextmanager
def _quiet() -> abc.Iterator[None]:
    """Keep what FFmpeg's C code says about missing encoders off the screen."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
