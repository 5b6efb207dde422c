"""Shared by all tests: one thread, and where the real data lies."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


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
