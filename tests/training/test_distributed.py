"""Training in two processes on the CPU, started by torchrun."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cstrack_bench.errors import InputError
from cstrack_bench.training.distributed import World, join_world, pick_device


def test_two_processes_train_one_network(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc-per-node", "2", "-m", "cstrack_bench", "train", "table2:4"),
            *("--profile", "smoke", "--data", "data", "--results", "results"),
            "--json",
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    document = done.stdout[done.stdout.index("{") :]
    summary = json.JSONDecoder().raw_decode(document)[0]
    # Eight images, four a step over both processes: two steps, not four.
    assert summary["steps"] == 2
    folder = tmp_path / "results" / "smoke" / "table2" / "row4"
    assert (folder / "seed0.safetensors").is_file()


def test_alone_without_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert join_world(torch.device("cpu"), 8) == World(0, 1)


def test_a_batch_that_does_not_divide_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(InputError, match=r"train\.batch=6"):
        join_world(torch.device("cpu"), 8)


def test_devices() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type in ("cpu", "cuda")
    for name in ("tpu", "cuda:99", "mps"):
        with pytest.raises(InputError, match=name):
            pick_device(name)
