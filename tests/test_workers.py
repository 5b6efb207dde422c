"""Worker processes end with the process that started them, whatever ended it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from cstrack_bench.errors import explained
from cstrack_bench.workers import worker_pool

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

POOL = """
import os, sys, time
from cstrack_bench.workers import worker_pool
def work(seconds):
    time.sleep(seconds)
if __name__ == "__main__":
    with worker_pool(2) as pool:
        list(pool.map(abs, range(8)))
        print("ready", flush=True)
        list(pool.map(work, [60, 60]))
"""
LOADER = """
import time
import numpy as np
from cstrack_bench.training_data.loading import EpochSampler, collate
from cstrack_bench.training_data.reading_ahead import load_batches
class Images:
    identities = 2
    def __len__(self):
        return 100
    def __getitem__(self, key):
        time.sleep(0.05)
        return np.zeros((3, 8, 8), np.uint8), np.zeros((1, 5), np.float32), "x"
    def batch(self, keys):
        return collate([self[key] for key in keys])
batches = load_batches(Images(), EpochSampler(100, 2, 0, 0), workers=2)
next(batches)
print("ready", flush=True)
time.sleep(60)
"""
WATCH = """
import multiprocessing, os, time
from cstrack_bench.workers import watch_parent
def work():
    watch_parent()
    print("ready", flush=True)
    time.sleep(60)
if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=work).start()
    time.sleep(60)
"""


def members(session: int) -> list[int]:
    """Living processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] not in "ZX":
                found.append(int(entry.name))
    return found


@pytest.fixture
def started(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[subprocess.Popen[str]]:
    """A program that has started workers; nothing of it is left afterwards."""
    script = tmp_path / "program.py"
    script.write_text(request.param)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    for member in members(process.pid):
        os.kill(member, signal.SIGKILL)
    process.wait()


@LINUX
@pytest.mark.parametrize(
    ("started", "number"),
    [
        (POOL, signal.SIGKILL),
        (POOL, signal.SIGHUP),
        (LOADER, signal.SIGKILL),
        (LOADER, signal.SIGTERM),
        (WATCH, signal.SIGKILL),
    ],
    indirect=["started"],
    ids=["pool-KILL", "pool-HUP", "loader-KILL", "loader-TERM", "watch-KILL"],
)
def test_workers_end_with_their_parent(
    started: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert len(members(started.pid)) >= 2
    os.kill(started.pid, number)
    started.wait(60)
    deadline = time.monotonic() + 10
    while members(started.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert members(started.pid) == []


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_dead_worker_is_a_sentence_and_no_waiting() -> None:
    with pytest.raises(BrokenProcessPool) as raised, worker_pool(1) as pool:
        pool.submit(_die).result(60)
    sentence = explained(raised.value)
    assert sentence is not None
    assert "ended from outside" in str(sentence)


def _write_and_wait(path: Path) -> None:
    try:
        path.write_text("half")
        time.sleep(60)
    finally:
        path.unlink()


def test_calls_under_way_remove_what_they_have_half_written(tmp_path: Path) -> None:
    half = tmp_path / "half"

    def work() -> None:
        with worker_pool(1) as pool:
            pool.submit(_write_and_wait, half)
            while not half.exists():
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert not half.exists()
