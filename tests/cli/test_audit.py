"""``cstrack audit``."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.paper import claims
from tests.experiments.sound_records import sound_document

NUMBERS = ("64.51", "64.67", "1050", "8.5", "15.5", "2220", "3747", "995", "44.7")


def call(results: Path, *options: str) -> Any:
    return CliRunner().invoke(app, ["audit", "--results", str(results), *options])


def put(results: Path, document: dict[str, Any]) -> Path:
    """A run's record in its folder."""
    path = results / "twin" / "table2" / "row4" / "seed0.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One digit of Table II is another."""
    usual = claims.table_text

    def changed(name: str) -> str:
        text = usual(name)
        return text.replace("66.0,70.7,535", "66.0,70.1,535", int(name == "table2"))

    monkeypatch.setattr(claims, "table_text", changed)
    claims.load_table.cache_clear()
    yield
    claims.load_table.cache_clear()


def test_it_names_the_known_slips_and_passes(tmp_path: Path) -> None:
    done = call(tmp_path)
    assert done.exit_code == 0, done.output
    for number in NUMBERS:
        assert number in done.stdout
    assert "NEW" not in done.stdout
    assert "table6-tap-mota" in done.stdout
    assert "0 records of ours" in done.stdout


@pytest.mark.parametrize("name", ["absent", "file"])
def test_results_that_are_no_folder_do_not_pass(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    done = call(tmp_path / name)
    assert isinstance(done.exception, InputError)
    assert "No such folder of results" in str(done.exception)
    assert not done.stdout


def test_without_results_print_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["audit"])
    assert done.exit_code == 0, done.output
    assert "0 records of ours" in done.stdout


def test_json_has_cell_printed_implied_and_erratum(tmp_path: Path) -> None:
    document = json.loads(call(tmp_path, "--json").stdout)
    assert document["new"] == document["record_findings"] == []
    found = {
        (row["cells"][0], row["printed"], row["implied"], row["erratum"])
        for row in document["known"]
    }
    assert ("table6/13/MOTA", "64.4", "64.51", "table6-jde-mota") in found
    assert ("table7/2/IDSW", "3605", "3747", "table7-ground-truth") in found
    assert "table5/1/MOTA" in document["unchecked"]


@pytest.mark.usefixtures("planted")
def test_a_wrong_digit_fails_and_is_named(tmp_path: Path) -> None:
    done = call(tmp_path)
    assert isinstance(done.exception, CstrackError)
    assert done.exception.exit_code == 1
    assert "NEW    table2/4/IDF1  printed 70.1, implied 70.7" in done.stdout


@pytest.mark.usefixtures("planted")
def test_a_wrong_digit_is_in_the_json_and_nothing_else_is_on_stdout(
    tmp_path: Path,
) -> None:
    done = call(tmp_path, "--json")
    assert isinstance(done.exception, CstrackError)
    document = json.loads(done.stdout)
    assert "table2/4/IDF1" in {c for row in document["new"] for c in row["cells"]}


def test_a_sound_record_passes(tmp_path: Path) -> None:
    put(tmp_path, sound_document())
    done = call(tmp_path)
    assert done.exit_code == 0, done.output
    assert "1 record of ours: nothing wrong" in done.stdout


def test_a_record_with_a_wrong_digit_fails_and_is_named(tmp_path: Path) -> None:
    document = sound_document()
    document["scores"]["overall"]["MOTA"] += 1.0
    put(tmp_path, document)
    done = call(tmp_path)
    assert isinstance(done.exception, CstrackError)
    assert "twin/table2/row4/seed0.json: scores.overall.MOTA is " in done.stdout


def test_a_file_that_is_no_record_fails_with_its_reason(tmp_path: Path) -> None:
    put(tmp_path, {"schema": 1})
    done = call(tmp_path)
    assert isinstance(done.exception, CstrackError)
    assert "seed0.json is not a run's record" in done.stdout


def test_it_imports_neither_torch_nor_opencv(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from cstrack_bench.cli.app import app\n"
        f"app(['audit', '--results', {str(tmp_path)!r}], standalone_mode=False)\n"
        "print([name for name in ('torch', 'cv2', 'trackeval') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
