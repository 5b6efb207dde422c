"""`cstrack bench association`."""

import json

import pytest
from typer.testing import CliRunner

from cstrack_bench.cli.bench import app
from cstrack_bench.errors import InputError

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
