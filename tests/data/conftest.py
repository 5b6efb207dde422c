"""Small data sets on disk."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

MakeSequence = Callable[..., Path]


@pytest.fixture
def make_sequence() -> MakeSequence:
    """Write a MOT sequence of noise with ground truth.

    ``people`` are rows frame (from 1), id, mark; boxes do not overlap.
    """

    def make(
        root: Path,
        name: str,
        people: list[tuple[int, int, int]],
        frames: int = 4,
        size: tuple[int, int] = (96, 64),
    ) -> Path:
        folder = root / name
        (folder / "img1").mkdir(parents=True)
        (folder / "gt").mkdir()
        random = np.random.default_rng(len(people))
        for frame in range(1, frames + 1):
            image = random.integers(0, 255, (size[1], size[0], 3), np.uint8)
            cv2.imwrite(str(folder / "img1" / f"{frame:06d}.png"), image)
        rows = [
            f"{frame},{identity},{4 + 8 * number},10,7,20,{mark},1,1\n"
            for number, (frame, identity, mark) in enumerate(people)
        ]
        (folder / "gt" / "gt.txt").write_text("".join(rows))
        (folder / "seqinfo.ini").write_text(
            f"[Sequence]\nname={name}\nimDir=img1\nframeRate=30\nseqLength={frames}\n"
            f"imWidth={size[0]}\nimHeight={size[1]}\nimExt=.png\n"
        )
        return folder

    return make
