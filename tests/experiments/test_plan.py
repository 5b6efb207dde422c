"""``cstrack reproduce`` from the command line, on a few synthetic frames."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FOLDERS = ("--data", "data", "--results", "results")


def cstrack(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("CSTRACK_DATA", None)
    return subprocess.run(
        [sys.executable, "-m", "cstrack_bench", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def smoke(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return cstrack(
        folder, "reproduce", "table2", "--profile", "smoke", *FOLDERS, *arguments
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smoke")
    done = smoke(folder)
    assert done.returncode == 0, done.stderr
    assert "Table II" in done.stdout
    return folder


def records(folder: Path) -> dict[int, dict[str, object]]:
    found = {}
    for path in (folder / "results" / "smoke" / "table2").glob("row*/seed0.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        found[record["run"]["row"]] = record
    return found


def test_every_row_leaves_a_record_with_its_provenance(measured: Path) -> None:
    found = records(measured)
    assert sorted(found) == [1, 2, 3, 4, 5, 6]
    assert len({r["run"]["hash"] for r in found.values()}) == 6
    for record in found.values():
        assert record["scores"]["overall"]["GT"] > 0
        assert record["provenance"]["device"] == "cpu"
        assert record["training"]["steps"] > 0
        assert str(measured) not in json.dumps(record)
    assert found[5]["model"]["parameters"] < found[4]["model"]["parameters"]
    assert found[4]["model"]["relation_weights"] is not None
    assert "relation_weights" not in found[5]["model"]


def test_the_table_is_written_as_csv_and_markdown(measured: Path) -> None:
    path = measured / "results" / "smoke" / "table2.csv"
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    assert len(rows) == 6
    page = measured / "results" / "smoke" / "README.md"
    assert "Table II" in page.read_text(encoding="utf-8")
    assert (measured / "RESULTS.md").is_file()


def test_a_dry_run_tells_finished_runs_from_those_that_would_be_others(
    measured: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(measured / "results", copy / "results")
    same = smoke(copy, "--dry-run", "--json")
    states = [run["state"] for run in json.loads(same.stdout)["runs"]]
    assert states == ["finished"] * 6
    path = copy / "results" / "smoke" / "table2" / "row4" / "seed0.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["recipe"]["train"]["lr"] *= 2
    path.write_text(json.dumps(record), encoding="utf-8")
    path = path.parents[1] / "row5" / "seed0.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["run"]["components"]["training"] -= 1
    path.write_text(json.dumps(record), encoding="utf-8")
    changed = json.loads(smoke(copy, "--dry-run", "--json").stdout)["runs"]
    waiting = [run["row"] for run in changed if run["state"] == "to measure"]
    assert waiting == [4, 5]


def test_a_second_call_measures_nothing(measured: Path) -> None:
    before = records(measured)
    done = smoke(measured)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("measured before") == 6
    assert records(measured) == before


def test_the_training_is_deterministic(measured: Path, tmp_path: Path) -> None:
    done = smoke(tmp_path, "--rows", "4")
    assert done.returncode == 0, done.stderr
    again = records(tmp_path)[4]
    first = records(measured)[4]
    assert again["scores"] == first["scores"]
    assert again["model"] == first["model"]


def test_a_damaged_record_is_named_and_kept(measured: Path) -> None:
    path = measured / "results" / "smoke" / "table2" / "row6" / "seed0.json"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:50], encoding="utf-8")
    try:
        done = smoke(measured)
        assert done.returncode == 2
        assert "row6" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        path.write_text(whole, encoding="utf-8")


def test_interrupted_and_called_again_gives_the_same_numbers(
    measured: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "cstrack_bench", "reproduce", "table2"]
    command += ["--profile", "smoke", *FOLDERS, "--rows", "4,5", "--jobs", "1"]
    child = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.DEVNULL,
        # A test run started in the background of a shell ignores Ctrl-C; not this one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    first = tmp_path / "results" / "smoke" / "table2" / "row4" / "seed0.json"
    deadline = time.monotonic() + 300
    while not first.exists() and child.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == 130
    done = smoke(tmp_path, "--rows", "4,5")
    assert done.returncode == 0, done.stderr
    assert "row 4 seed 0 measured before" in done.stderr
    found, whole = records(tmp_path), records(measured)
    assert found[4]["scores"] == whole[4]["scores"]
    assert found[5]["scores"] == whole[5]["scores"]


def test_dry_run_says_what_is_missing_and_does_nothing(tmp_path: Path) -> None:
    done = cstrack(
        tmp_path,
        *("reproduce", "table2", "--profile", "paper", "--dry-run", "--json"),
        *FOLDERS,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert len(document["runs"]) == 6
    assert document["missing"]
    assert not (tmp_path / "results").exists()


def test_without_data_or_gpu_the_twin_is_chosen_and_says_why(tmp_path: Path) -> None:
    done = cstrack(tmp_path, "reproduce", "table2", "--dry-run", *FOLDERS)
    assert done.returncode == 0, done.stderr
    assert "twin" in done.stderr.splitlines()[0]
    assert "mot17" in done.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reproduce", "tabel2"), "table2"),
        (("reproduce", "table2", "--rows", "x"), "--rows"),
        (("reproduce", "table2", "--profile", "real", "--data", "nowhere"), "nowhere"),
        (("reproduce", "table2", "--profile", "paper", "--data", "."), "mot17"),
        (("reproduce", "table2", "--set", "train.epoch=1"), "train.epochs"),
        (("reproduce", "table2", "--device", "tpu"), "tpu"),
        (("reproduce", "table2", "--device", "cuda:99"), "cuda:99"),
        (("train", "table2"), "table2:1"),
        (("train", "table2:x"), "table2:4"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_two(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = cstrack(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_results_that_cannot_be_written_are_told_before_the_work(
    tmp_path: Path,
) -> None:
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    done = smoke(tmp_path, "--rows", "4")
    assert done.returncode == 2, done.stderr
    assert "not a writable folder" in done.stderr
    assert not (tmp_path / "data").exists()


def test_train_then_reproduce_trains_once(tmp_path: Path) -> None:
    trained = cstrack(
        tmp_path, "train", "table2:5", "--profile", "smoke", "--json", *FOLDERS
    )
    assert trained.returncode == 0, trained.stderr
    summary = json.loads(trained.stdout)
    again = ("train", "table2:5", "--profile", "smoke", "--json", *FOLDERS)
    assert json.loads(cstrack(tmp_path, *again).stdout) == summary
    done = smoke(tmp_path, "--rows", "5")
    assert done.returncode == 0, done.stderr
    training = records(tmp_path)[5]["training"]
    assert training == {k: v for k, v in summary.items() if k != "weights"}


def test_an_unfinished_training_goes_on_only_when_asked(tmp_path: Path) -> None:
    train = ("train", "table2:5", "--profile", "smoke", "--json", *FOLDERS)
    summary = json.loads(cstrack(tmp_path, *train).stdout)
    stem = tmp_path / "results" / "weights" / summary["hash"]
    stem.with_suffix(".safetensors").unlink()
    stem.with_suffix(".ckpt").write_bytes(b"")
    done = cstrack(tmp_path, *train)
    assert done.returncode == 2
    assert "--resume" in done.stderr
    fresh = json.loads(cstrack(tmp_path, *train, "--fresh").stdout)
    assert fresh["loss"] == summary["loss"]
