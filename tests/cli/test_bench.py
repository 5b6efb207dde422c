"""`cstrack bench association`."""

import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cstrack_bench.cli.bench import app
from cstrack_bench.errors import InputError
from tests.datasets.miniatures import FRAMES, sequence

QUICK = ["association", "--frames", "5", "--repeats", "1", "--embedding", "8"]


def test_json_is_one_document_with_a_run_a_count() -> None:
    result = CliRunner().invoke(app, [*QUICK, "--boxes", "3,5", "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert [run["boxes"] for run in document["runs"]] == [3, 5]
    for run in document["runs"]:
        assert run["embedding"] == 8
        for key in ("cpu_ms_p50", "wall_ms_p50", "wall_ms_p95"):
            assert run[key] > 0
    assert document["machine"]["cpu"]


def test_the_table_is_on_stdout_and_the_hardware_on_stderr() -> None:
    result = CliRunner().invoke(app, [*QUICK, "--boxes", "3"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("boxes")
    assert lines[1].split()[0] == "3"
    assert len(lines) == 2
    assert "1 thread" in result.stderr


def test_every_tracker_can_be_timed() -> None:
    arguments = [*QUICK, "--boxes", "3", "--json", "--tracker"]
    document = json.loads(CliRunner().invoke(app, [*arguments, "steady"]).stdout)
    assert document["tracker"] == "steady"
    assert document["runs"][0]["cpu_ms_p50"] > 0
    wrong = CliRunner().invoke(app, [*arguments, "stedy"])
    assert "'steady'" in str(wrong.exception)


@pytest.mark.parametrize("boxes", ["many", "0", ""])
def test_wrong_counts_are_one_sentence(boxes: str) -> None:
    result = CliRunner().invoke(app, [*QUICK, "--boxes", boxes])
    assert isinstance(result.exception, InputError)
    assert "--boxes" in str(result.exception)


LOADING = ["loading", "--size", "96x64", "--models", "n", "--repeats", "1"]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    sequence(tmp_path / "train" / "MOT17-02-SDP")
    return tmp_path / "train" / "MOT17-02-SDP"


def test_loading_says_how_many_cores_a_gpu_needs(small: Path) -> None:
    arguments = [*LOADING, "--source", str(small), "--tflops", "0.001,10", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["images"], document["picture"]) == (FRAMES, "96x64")
    assert 0 < document["decode_ms_p50"] < document["item_ms_p50"]
    slow, fast = document["needs"]
    wanted = 1e3 * 10 / (3 * fast["gflops"])
    assert fast["gpu_images_per_second"] == pytest.approx(wanted)
    assert fast["cores"] == math.ceil(wanted / document["images_per_second"])
    assert slow["cores"] <= fast["cores"]
    assert document["machine"]["cpu"]


def test_loading_paints_pictures_where_none_are_named() -> None:
    result = CliRunner().invoke(app, [*LOADING, "--frames", "1"])
    assert result.exit_code == 0
    assert "images a second a core" in result.stdout
    assert "1 images of 1920x1080" in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--tflops", "many", "--tflops 'many'"),
        ("--tflops", "0", "--tflops is 0"),
        ("--repeats", "0", "--repeats is 0"),
        ("--size", "100x100", "multiples of 32"),
    ],
)
def test_loading_of_nothing_is_one_sentence(
    small: Path, option: str, value: str, why: str
) -> None:
    arguments = [*LOADING, "--source", str(small), option, value]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, InputError)
    assert why in str(result.exception)


def test_training_times_every_stage_of_a_row() -> None:
    arguments = ["training", "table2:4", "--profile", "smoke", "--frames", "8"]
    arguments += ["--steps", "1", "--device", "cpu", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert list(document["stages"]) == [
        *("load", "augment", "upload", "forward", "loss", "backward", "step"),
        "average",
    ]
    assert all(stage["cpu_ms"] > 0 for stage in document["stages"].values())
    assert document["images"] == 8
    assert document["batch"] == 4
    assert document["step_images_per_cpu_second"] > 0
    assert document["epoch_images_per_cpu_second"] > 0
    assert document["machine"]["torch"]


def test_training_refuses_what_is_no_row() -> None:
    result = CliRunner().invoke(app, ["training", "table2"])
    assert isinstance(result.exception, InputError)
    assert "TABLE:ROW" in str(result.exception)
