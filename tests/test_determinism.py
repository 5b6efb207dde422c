"""The same command twice: the same bytes, times aside, however many processes work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.evaluation import fast_scores
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.formats.sequences import list_sequences
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.structures import TrackTable
from cstrack_bench.synthmot.generate import SynthSpec, make_synthmot
from cstrack_bench.synthmot.world_config import SynthConfig
from cstrack_bench.systems.weights import save_weights
from cstrack_bench.training.loop import seed_everything

#: When, how fast, from which command.
PASSING = {"provenance", "wall_s", "cpu_s", "stages", "speed"}
SPEC = SynthSpec(
    SynthConfig(width=128, height=96, frames=6, people=4),
    train_sequences=2,
    tune_sequences=1,
    test_sequences=1,
)


def plain(document: object) -> object:
    """A JSON document without times."""
    if isinstance(document, dict):
        return {k: plain(v) for k, v in document.items() if k not in PASSING}
    if isinstance(document, list):
        return [plain(value) for value in document]
    return document


def contents(folder: Path) -> dict[str, bytes]:
    """Path -> content of every file, times aside."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".json":
                content = json.dumps(plain(json.loads(content))).encode()
            found[path.relative_to(folder).as_posix()] = content
    return found


def cstrack(folder: Path, *arguments: str) -> str:
    """Run a command; its stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "cstrack_bench", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_synthmot(tmp_path_factory.mktemp("one"), SPEC, processes=1)


def test_a_world_is_the_same_from_one_process_or_two(
    world: Path, tmp_path: Path
) -> None:
    assert contents(make_synthmot(tmp_path, SPEC, processes=2)) == contents(world)


def test_tracking_twice_gives_the_same_bytes(world: Path, tmp_path: Path) -> None:
    seed_everything(0)
    weights = tmp_path / "n.safetensors"
    save_weights(weights, "cstrack", CSTrack(make_config("n")), {"input_size": "64x64"})
    printed = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        options = ("--weights", str(weights), "--conf", "0.01", "--device", "cpu")
        printed.append(cstrack(folder, "track", str(world), *options, "--json"))
    first, second = (contents(tmp_path / n / "tracks") for n in ("first", "second"))
    assert first == second
    assert len(first) == 4
    assert any(first.values())
    assert plain(json.loads(printed[0])) == plain(json.loads(printed[1]))


def test_evaluation_does_not_depend_on_the_processes(world: Path) -> None:
    results = []
    for sequence in list_sequences(world, "train"):
        people = sequence.annotations()
        assert people is not None
        people = people.pedestrians()
        # Half of them under one id, so that there is something to count.
        shared = np.where(people.ids % 2 == 0, people.ids, 1)
        keep = np.unique(np.stack([people.frames, shared]), axis=1, return_index=True)[
            1
        ]
        table = TrackTable(
            people.frames[keep],
            shared[keep],
            people.boxes[keep],
            np.ones(len(keep)),
        )
        results.append(SequenceResult.of(sequence, table))
    alone, shared = (
        fast_scores.evaluate_with_blocks(results, MOT17, 3, processes=processes)
        for processes in (1, 2)
    )
    assert alone == shared


@pytest.mark.slow
def test_runs_do_not_depend_on_jobs_or_readers(tmp_path: Path) -> None:
    tiny = ("--set", "data.input_size=64x64", "--set", "data.synth.config.frames=4")
    ways = {
        "alone": ("--jobs", "1"),
        "again": ("--jobs", "1"),
        "jobs": ("--jobs", "2"),
        "readers": ("--jobs", "1", "--set", "train.workers=2"),
    }
    found = {}
    for name, way in ways.items():
        cstrack(
            tmp_path,
            *("reproduce", "table2", "--rows", "1,4", "--profile", "smoke", *tiny),
            *("--device", "cpu", "--data", "data", "--results", f"{name}/results"),
            *way,
        )
        outcome = contents(tmp_path / name / "results")
        found[name] = {
            # How many read is in the recipe of a record, and in nothing else.
            path.split("/")[-1] if path.endswith(".safetensors") else path: content
            for path, content in outcome.items()
            if path.endswith((".json", ".safetensors"))
        }
    assert found["alone"] == found["again"]
    assert found["alone"] == found["jobs"]
    weights = {n: c for n, c in found["alone"].items() if n.endswith(".safetensors")}
    read = {n: c for n, c in found["readers"].items() if n.endswith(".safetensors")}
    assert weights == read
