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
    assert {size for size, _ in totals} == {"l", "m", "s", "s30", "n"}


def test_rows_say_their_parts_and_cost(document: dict[str, Any]) -> None:
    for row in document["models"]:
        parts = dict(row["parameters"])
        assert parts.pop("total") == sum(parts.values())
        assert row["gflops"] > 0
        assert row["embedding"] == (128 if row["size"] == "n" else 512)


def test_the_table_prints_exact_counts() -> None:
    result = CliRunner().invoke(app, ["models", "--size", "320x192"])
    assert result.exit_code == 0
    assert "78,863,078" in result.stdout
    assert "320×192" in result.stdout


@pytest.mark.parametrize("size", ["1088", "1088x600", "0x64", "axb", "-64x64"])
def test_wrong_sizes(size: str) -> None:
    result = CliRunner().invoke(app, ["models", f"--size={size}"])
    assert isinstance(result.exception, InputError)
    assert "multiples of 32" in str(result.exception)
