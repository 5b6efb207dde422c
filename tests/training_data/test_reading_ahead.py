"""Batches from worker processes: on little shared memory, from dying workers."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from cstrack_bench.errors import CstrackError, InputError, explained
from cstrack_bench.formats.sequences import open_sequence
from cstrack_bench.training_data.loading import (
    Batch,
    EpochSampler,
    Item,
    TrainingSet,
    collate,
)
from cstrack_bench.training_data.reading_ahead import hand_over, load_batches

# Batches of 590 kB, of which none fits into what is mounted.
LITTLE_MEMORY = """
import hashlib, sys
import numpy as np
from cstrack_bench.training_data.loading import EpochSampler, collate
from cstrack_bench.training_data.reading_ahead import load_batches
class Images:
    identities = 2
    def __len__(self):
        return 48
    def __getitem__(self, key):
        random = np.random.default_rng(key)
        image = random.integers(0, 255, (3, 128, 192), np.uint8)
        return image, random.random((2, 5)).astype(np.float32), str(key)
    def batch(self, keys):
        return collate([self[key] for key in keys])
total = hashlib.sha256()
for batch in load_batches(Images(), EpochSampler(48, 8, 0, 0), int(sys.argv[1])):
    total.update(batch.images.numpy().tobytes() + batch.targets.numpy().tobytes())
print(total.hexdigest())
"""


class Images:
    """Four images; what the third one does is said."""

    identities = 2

    def __init__(self, third: Callable[[], None] = lambda: None) -> None:
        self._third = third

    def __len__(self) -> int:
        return 4

    def __getitem__(self, key: tuple[int, int]) -> Item:
        if key[1] == 2:
            self._third()
        image = np.full((3, 4, 4), key[1], np.uint8)
        return image, np.zeros((1, 5), np.float32), f"image {key[1]}"

    def batch(self, keys: list[tuple[int, int]]) -> Batch:
        return collate([self[key] for key in keys])


def mounted(size: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command where /dev/shm is small; skips where that is not allowed."""
    script = f'mount -t tmpfs -o size={size} tmpfs /dev/shm && exec "$@"'
    probe = ["unshare", "-m", "sh", "-c", script, "sh"]
    try:
        allowed = subprocess.run([*probe, "true"], capture_output=True, check=False)
    except OSError:
        pytest.skip("no unshare here: small shared memory was not tried")
    if allowed.returncode:
        pytest.skip("no mount namespace allowed: small shared memory was not tried")
    return subprocess.run(
        [*probe, *command],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_little_shared_memory_loses_no_batch(tmp_path: Path) -> None:
    script = tmp_path / "read.py"
    script.write_text(LITTLE_MEMORY)
    found = mounted("256k", sys.executable, str(script), "2")
    assert found.returncode == 0, found.stderr
    assert "finds no shared memory" in found.stderr
    assert "--shm-size" in found.stderr
    assert found.stderr.count("\n") == 1
    alone = subprocess.run(
        [sys.executable, str(script), "0"], capture_output=True, text=True, check=True
    )
    assert found.stdout == alone.stdout


def test_no_shared_memory_at_all_reads_in_one_process(tmp_path: Path) -> None:
    script = tmp_path / "read.py"
    script.write_text(LITTLE_MEMORY)
    # So full that not even a queue can be made.
    found = mounted(
        "4k",
        *("sh", "-c", 'head -c 4096 /dev/zero > /dev/shm/full; exec "$@"', "sh"),
        *(sys.executable, str(script), "2"),
    )
    assert found.returncode == 0, found.stderr
    assert "they are read in this one" in found.stderr


def test_a_batch_that_finds_no_memory_is_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("unable to allocate shared memory(shm)")

    batch = Images().batch([(0, 0), (0, 1)])
    shared = hand_over(batch)
    assert shared is batch
    assert batch.images.is_shared()
    monkeypatch.setattr(torch.Tensor, "share_memory_", refuse)
    copied = hand_over(batch)
    assert not isinstance(copied, Batch)
    assert isinstance(copied[1][0], np.ndarray)
    restored = copied.restored()
    assert isinstance(restored, Batch)
    assert torch.equal(restored.images, batch.images)
    assert torch.equal(restored.targets, batch.targets)
    assert restored.names == batch.names


def test_a_worker_that_is_killed_is_a_sentence() -> None:
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(RuntimeError) as raised:
        list(load_batches(Images(die), EpochSampler(4, 1, 0, 0), workers=1))
    sentence = explained(raised.value)
    assert isinstance(sentence, CstrackError)
    assert "train.workers=" in str(sentence)
    assert "\n" not in str(sentence)


def test_an_unreadable_picture_is_told_as_without_workers(
    tmp_path: Path, make_sequence: Callable[..., Path]
) -> None:
    folder = make_sequence(tmp_path, "A", [(1, 1, 1), (2, 1, 1)])
    (folder / "img1" / "000002.png").write_bytes(b"no picture")
    dataset = TrainingSet([open_sequence(folder)], (32, 64), None, 0)
    sentences = []
    for workers in (0, 1):
        with pytest.raises(InputError) as raised:
            list(load_batches(dataset, EpochSampler(2, 1, 0, 0), workers))
        sentences.append(str(raised.value))
    assert sentences[0] == sentences[1]
    assert "000002.png" in sentences[0]
