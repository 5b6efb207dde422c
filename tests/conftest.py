"""Shared by all tests: one thread, and where the real data lies."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import settings

# The same examples in every run, however slow: what fails here fails for everybody.
settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")

os.environ.setdefault("OMP_NUM_THREADS", "1")

MakeSequence = Callable[..., Path]


@pytest.fixture(autouse=True, scope="session")
def no_signal_is_ignored() -> None:
    """Under nohup HUP is, in a background job of a shell INT; programs inherit that."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Two OpenMP threads with neighbours on the cores are tens of times slower."""
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _shared(name: str) -> Path:
    return Path(__file__).resolve().parents[2] / "shared" / name


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real sequences (CSTRACK_DATA or ../shared/data)."""
    folder = Path(os.environ.get("CSTRACK_DATA") or _shared("data"))
    if not (folder / "mot16-half-res").is_dir():
        pytest.skip("real sequences not found: set CSTRACK_DATA")
    return folder


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of the official implementation's outputs."""
    folder = Path(os.environ.get("CSTRACK_GOLDEN") or _shared("reference/golden"))
    if not folder.is_dir():
        pytest.skip("official outputs not found: set CSTRACK_GOLDEN")
    return folder


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
