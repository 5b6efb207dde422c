"""Frames kept in memory, so that an epoch does not decode what the last one did."""

import math
import mmap

import numpy as np
from numpy.typing import NDArray

#: Bytes of frames that a process keeps at most.
BUDGET = 600 * 10**6


class FrameCache:
    """Pictures of one size with the sizes they had before.

    The memory is shared with forked processes, so what one worker of a loader decodes
    all of them have, in later epochs too; it is taken as pictures come in. A copy that
    is sent to a process which is not forked starts empty.

    Args:
        pictures: how many.
        size: height, width of each.
    """

    def __init__(self, pictures: int, size: tuple[int, int]) -> None:
        self._pictures = pictures
        self._size = size
        shape = (pictures, *size, 3)
        self._frames = np.frombuffer(mmap.mmap(-1, math.prod(shape)), np.uint8)
        self._frames = self._frames.reshape(shape)
        # Written after the picture: a size that is there says that the picture is.
        sizes = np.frombuffer(mmap.mmap(-1, pictures * 8), np.int32)
        self._sizes = sizes.reshape(pictures, 2)

    def __reduce__(self) -> tuple[type["FrameCache"], tuple[int, tuple[int, int]]]:
        return FrameCache, (self._pictures, self._size)

    def get(self, index: int) -> tuple[NDArray[np.uint8], tuple[int, int]] | None:
        """A picture (H, W, 3), not to be written to, and its size before, if kept."""
        height, width = self._sizes[index].tolist()
        if not width:
            return None
        picture = self._frames[index].view()
        picture.flags.writeable = False
        return picture, (height, width)

    def put(
        self, index: int, picture: NDArray[np.uint8], size: tuple[int, int]
    ) -> None:
        """Keep a picture (H, W, 3) and the height, width it had before."""
        self._frames[index] = picture
        self._sizes[index] = size


def make_cache(
    pictures: int, size: tuple[int, int], budget: int = BUDGET
) -> FrameCache | None:
    """A cache of so many pictures where they all fit, else None.

    Part of the pictures would save part of the time, but a set that is larger than the
    budget is as a rule much larger.

    Args:
        pictures: how many; at least 1.
        size: height, width of each.
        budget: bytes they may take.
    """
    if pictures * math.prod(size) * 3 > budget:
        return None
    return FrameCache(pictures, size)
