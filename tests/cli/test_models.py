"""``cstrack models``."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.errors import InputError


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    result = CliRunner().invoke(app, ["models", "--size", "320x192", "--json"])
    assert result.exit_code == 0, result.output
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def test_every_size_and_system_is_there(document: dict[str, Any]) -> None:
    assert document["input_size"] == "320x192"
    totals = {
        (row["size"], row["system"]): row["parameters"]["total"]
        for row in document["models"]
    }
    assert totals["l", "CSTrack"] == 78_863_078
    assert totals["l", "without REN"] == 54_086_880
    assert totals["l", "without SAAN"] == 73_088_573
    assert totals["l", "JDE(yolov5), 1x1 heads"] == 48_312_375
    assert totals["l", "JDE(yolov5), 3x3 heads"] == 55_652_407
    assert totals["s", "CSTrack"] == 18_079_206
    assert totals["m", "CSTrack"] == 41_084_454
    assert totals["s30", "CSTrack"] == 8_940_150
    assert totals["l", "JDE(yolov3)"] == 65_664_808
    assert totals["l", "FairMOT"] == 19_836_711
    assert totals["l", "FairMOT, 64-d embeddings"] == 19_820_263
    assert totals["l", "FairMOT, 512-d embeddings"] == 19_935_399
    assert totals["l", "CenterTrack"] == 19_955_755
    assert totals["n", "FairMOT"] == 1_375_375
    assert totals["n", "CenterTrack"] == 1_378_195
    assert {size for size, _ in totals} == {"l", "m", "s", "s30", "n", "xs"}
    deepsort = [size for size, name in totals if name == "DeepSORT's crops"]
    assert deepsort == ["l", "s30"]


def test_rows_say_their_parts_and_cost(document: dict[str, Any]) -> None:
    for row in document["models"]:
        parts = dict(row["parameters"])
        assert parts.pop("total") == sum(parts.values())
        assert row["gflops"] > 0
        small = row["size"] in ("n", "xs") or row["system"] == "DeepSORT's crops"
        if "CenterTrack" in row["system"]:
            assert row["embedding"] == 0
        elif "FairMOT" not in row["system"]:
            assert row["embedding"] == (128 if small else 512)
        assert (row["gflops_32px_rule"] is None) == ("crops" in row["system"])


def test_the_table_prints_exact_counts() -> None:
    result = CliRunner().invoke(app, ["models", "--size", "320x192"])
    assert result.exit_code == 0
    for count in ("78,863,078", "65,664,808", "41,084,454", "8,940,150"):
        assert count in result.stdout
    assert "320×192" in result.stdout


@pytest.mark.parametrize("size", ["1088", "1088x600", "0x64", "axb", "-64x64"])
def test_wrong_sizes(size: str) -> None:
    result = CliRunner().invoke(app, ["models", f"--size={size}"])
    assert isinstance(result.exception, InputError)
    assert "multiples of 32" in str(result.exception)
