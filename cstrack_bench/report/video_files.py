"""Video files by OpenCV: the rates that are written, and whether a file is whole."""

import math
from pathlib import Path

import cv2

from cstrack_bench.errors import CstrackError
from cstrack_bench.formats.sequences import DEFAULT_FRAME_RATE

#: A header that promises more gives the clock of its time stamps (90 kHz), no rate.
FASTEST = 1000.0
# MPEG-4 writes the rate as a fraction of two numbers of 16 bits.
_LARGEST_CLOCK = 65535
_DIGITS = 3


def written_rate(fps: float) -> float:
    """The frame rate nearest to a given one that the codec takes.

    OpenCV makes a fraction of it whose denominator is a power of ten.

    Args:
        fps: frames a second; what is no rate counts as 30.
    """
    if not math.isfinite(fps) or fps <= 0:
        return DEFAULT_FRAME_RATE
    fps = min(fps, FASTEST)
    for digits in range(_DIGITS, 0, -1):
        rounded = round(fps, digits)
        if rounded > 0 and rounded * 10**digits <= _LARGEST_CLOCK:
            return rounded
    return max(1.0, float(round(fps)))


def check_video(video: Path, frames: int, name: Path) -> None:
    """Read a written video again: OpenCV says nothing where the disk was full.

    Args:
        video: the file.
        frames: that were given to its writer.
        name: what messages call it.

    Raises:
        CstrackError: it does not open, or has fewer frames.
    """
    capture = cv2.VideoCapture(str(video))
    found = 0
    while found < frames and capture.grab():
        found += 1
    capture.release()
    if found < frames:
        raise CstrackError(
            f"Cannot write {name}: of {frames} frames only {found} can be read again, "
            "as a rule because the disk is full."
        )
