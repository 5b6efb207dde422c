"""``cstrack plan`` and the options of ``reproduce --until-decided``."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.errors import InputError
from cstrack_bench.report.budget import parse_budget
from tests.report.fakes import planted_records, write_fakes

KEYS = (
    *("table", "first", "second", "metric", "printed", "ours", "low", "high"),
    *("verdict", "detectable", "seeds_needed", "sequences_needed", "minutes"),
)


def call(tmp_path: Path, *options: str) -> Any:
    (tmp_path / "results").mkdir(exist_ok=True)
    folders = ("--data", str(tmp_path / "data"), "--results", str(tmp_path / "results"))
    return CliRunner().invoke(app, ["plan", *options, *folders])


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """Three seeds of ④ and ⑤ on four sequences."""
    for row, missed in ((4, 250.0), (5, 260.0)):
        write_fakes(tmp_path / "results", planted_records(row, missed, 3, 4, 40))
    return tmp_path


def test_a_pair_with_runs_says_what_would_show_print(planted: Path) -> None:
    done = call(planted, "table2", "--profile", "twin", "--json")
    assert done.exit_code == 0, done.output
    pairs = json.loads(done.stdout)["pairs"]
    assert all(set(KEYS) <= set(pair) for pair in pairs)
    first = pairs[0]
    assert (first["first"], first["second"], first["metric"]) == (4, 5, "MOTA")
    assert (first["printed"], first["verdict"]) == (1.4, "undecided")
    assert first["low"] < first["ours"] < first["high"]
    assert first["sequences_needed"] >= 32, "the test of the recipe is no shorter"
    assert first["seeds_needed"] >= 3
    assert first["minutes"] > 0
    assert first["seeds_corrected"] is None or (
        first["seeds_corrected"] >= first["seeds_needed"]
    )
    unknown = [pair for pair in pairs if pair["first"] == 2]
    assert {pair["verdict"] for pair in unknown} == {"not attempted"}
    assert {pair["seeds_needed"] for pair in unknown} == {None}


@pytest.mark.parametrize("name", ["absent", "file"])
def test_results_that_are_no_folder_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    options = ("--data", str(tmp_path), "--results", str(tmp_path / name))
    done = CliRunner().invoke(app, ["plan", "table2", *options])
    assert isinstance(done.exception, InputError)
    assert "No such folder of results" in str(done.exception)


def test_more_time_buys_more(planted: Path) -> None:
    bought = []
    for budget in ("30m", "3h", "30h"):
        options = ("--profile", "twin", "--json", "--budget", budget)
        document = json.loads(call(planted, "table2", *options).stdout)
        one = document["budget"]["table2"]
        assert one["minutes"] <= one["budget"]
        bought.append((one["shown"], one["seeds"]))
    assert bought == sorted(bought)
    assert bought[0] < bought[-1]


def test_rows_are_trained_loaded_or_only_audited(tmp_path: Path) -> None:
    done = call(tmp_path, "table6", "--profile", "twin", "--json")
    rows = {row["row"]: row for row in json.loads(done.stdout)["rows"]}
    assert rows[25]["way"] == "trained"
    assert rows[25]["weights"] == ["cstrack-weights"]
    assert rows[1]["way"] == "audited"
    assert (rows[1]["weights"], rows[1]["gpu_hours"]) == ([], None)


def test_a_person_reads_lines(planted: Path) -> None:
    done = call(planted, "table2", "--profile", "twin", "--budget", "3h")
    assert done.exit_code == 0
    assert "table2 4−5 MOTA: print +1.4, ours " in done.stdout
    assert "table2: 3 h buy " in done.stdout
    assert "table2 2−5 MOTA: print +0.2: not attempted (row 2: not run)" in done.stdout


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("3h", 180),
        ("90m", 90),
        ("1h30m", 90),
        ("0.5h", 30),
        ("45min", 45),
        (" 2H", 120),
    ],
)
def test_budgets(text: str, minutes: float) -> None:
    assert parse_budget(text) == minutes


@pytest.mark.parametrize(
    "text", ["", "3", "h", "-1h", "0m", "3 days", "1e9h", "nanh", "99999999h", "3h\n4h"]
)
def test_no_budgets(text: str) -> None:
    with pytest.raises(InputError, match="--budget takes a time such as 3h"):
        parse_budget(text)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--budget", "3h"), "--budget belongs to --until-decided"),
        (("--until-decided", "--seeds", "3"), "adds seeds by itself"),
        (("--until-decided", "--fresh"), "adds seeds by itself"),
        (("--until-decided", "--budget", "soon"), "such as 3h"),
    ],
)
def test_options_that_do_not_go_together(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = CliRunner().invoke(
        app, ["reproduce", "table2", *options, "--results", str(tmp_path / "r")]
    )
    assert isinstance(done.exception, InputError)
    assert said in str(done.exception)
    assert not (tmp_path / "r").exists()
