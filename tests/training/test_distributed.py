"""Training in two processes on the CPU, started by torchrun."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.synthmot.generate import SynthSpec, make_synthmot
from cstrack_bench.synthmot.world_config import SynthConfig
from cstrack_bench.training.distributed import (
    World,
    join_world,
    lost_processes_named,
    pick_device,
)


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


@pytest.mark.parametrize(
    "system",
    [
        "cstrack",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("jde", "fairmot", "centertrack")
        ),
    ],
)
def test_two_processes_are_one_up_to_the_order_of_sums(
    system: str, tmp_path: Path
) -> None:
    spec = SynthSpec(
        train_sequences=1,
        test_sequences=1,
        config=SynthConfig(width=192, height=128, frames=10, people=6),
    )
    world = make_synthmot(tmp_path / "synth", spec, processes=1)
    program = str(Path(__file__).with_name("steps_of_a_system.py"))
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    losses = {}
    for name, launcher in (("one", []), ("two", torchrun)):
        output = tmp_path / f"{name}.json"
        done = subprocess.run(
            [sys.executable, *launcher, program, system, str(world), str(output)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        images, losses[name] = json.loads(output.read_text())
        assert images == 7
    assert len(losses["one"]) == 10
    assert losses["one"][0] != losses["one"][-1]
    for one, two in zip(losses["one"], losses["two"], strict=True):
        assert two == pytest.approx(one, rel=1e-4, abs=1e-6)


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


def test_a_lost_process_is_one_sentence_and_other_errors_stay() -> None:
    lost = "[../gloo/transport/tcp/pair.cc:547] Connection closed by peer"
    with pytest.raises(CstrackError, match="--resume"), lost_processes_named():
        raise RuntimeError(lost)
    with pytest.raises(RuntimeError, match="shape"), lost_processes_named():
        raise RuntimeError("shape mismatch")


def _children(parent: int) -> list[int]:
    """Processes that a process has started, by its ``/proc`` entry."""
    file = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(number) for number in file.read_text().split()]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_a_killed_worker_ends_the_job_and_the_run_resumes(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    torchrun = [*(sys.executable, "-m", "torch.distributed.run", "--standalone")]
    command = [
        *(*torchrun, "--nproc-per-node", "2", "-m", "cstrack_bench", "train"),
        *("table2:4", "--profile", "smoke", "--data", "data", "--results", "results"),
        *("--set", "init.detector_epochs=0", "--set", "train.epochs=40"),
        *("--set", "train.save_seconds=0.001", "--json"),
    ]
    weights = tmp_path / "results" / "weights"
    with (tmp_path / "log").open("w") as log:
        job = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + 400
            while not list(weights.glob("*.ckpt")) and time.monotonic() < deadline:
                assert job.poll() is None, (tmp_path / "log").read_text()[-3000:]
                time.sleep(0.2)
            workers = _children(job.pid)
            assert len(workers) == 2
            os.kill(workers[1], signal.SIGKILL)
            assert job.wait(300) != 0
        finally:
            job.kill()
    told = (tmp_path / "log").read_text()
    # Whichever is first: the other worker misses the lost one, or torchrun ends it.
    assert "--resume" in told or "goes on from here" in told, told
    assert not list(weights.glob("*.safetensors"))
    done = subprocess.run(
        [*command, "--resume"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    document = done.stdout[done.stdout.index("{") :]
    # Two steps an epoch, those before the worker was killed among them.
    assert json.JSONDecoder().raw_decode(document)[0]["steps"] == 80
