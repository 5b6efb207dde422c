"""Records on disk."""

import json
from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.experiments import ledger as module
from cstrack_bench.experiments.ledger import (
    SCHEMA,
    Ledger,
    code_version,
    provenance,
    read_record,
)
from cstrack_bench.experiments.recipes import Run, load_recipe


def _run(*overrides: str, row: int = 4) -> Run:
    return load_recipe("table2").runs("smoke", [row], overrides=overrides)[0]


def _record(identity: str) -> dict[str, object]:
    return {"schema": SCHEMA, "run": {"hash": identity}}


def test_a_record_is_found_again_by_its_hash(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    path = ledger.write(_run(), _record("abc"))
    assert path == tmp_path / "smoke" / "table2" / "row4" / "seed0.json"
    assert ledger.find(_run(), "abc") == _record("abc")
    assert ledger.find(_run(), "other") is None


def test_an_equal_run_of_another_row_is_found(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.write(_run(row=4), _record("abc"))
    assert ledger.find(_run(row=6), "abc") is not None


def test_a_changed_setting_never_lands_in_the_profiles_place(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    plain, changed = _run(), _run("train.epochs=9")
    other = _run("train.epochs=8")
    places = {ledger.path(r) for r in (plain, changed, other)}
    assert len(places) == 3
    assert "custom" in ledger.path(changed).parts
    ledger.write(changed, _record("x"))
    assert ledger.find(changed, "x") is not None
    assert ledger.records() == [_record("x")]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 1}'])
def test_a_damaged_record_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "seed0.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"seed0\.json"):
        read_record(path)


def test_another_schema_is_named(tmp_path: Path) -> None:
    path = tmp_path / "seed0.json"
    path.write_text(json.dumps({"schema": 99, "run": {"hash": "x"}}), encoding="utf-8")
    with pytest.raises(InputError, match="99"):
        read_record(path)


def test_provenance_names_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sys.argv", ["/somewhere/cstrack", "reproduce", "--data", "/home/me/data"]
    )
    record = provenance("cpu")
    assert record["command"] == "cstrack reproduce --data data"
    assert "/home" not in json.dumps(record)
    assert {"git", "torch", "cpu", "threads", "time", "code"} <= record.keys()


def test_a_training_is_blind_to_the_code_of_other_systems() -> None:
    versions = {code_version(system) for system in ("cstrack", "jde", "deepsort")}
    assert len(versions) == 3
    assert code_version() not in versions


def test_every_file_that_is_left_out_of_a_hash_exists() -> None:
    package = Path(module.__file__).parents[1]
    listed = [*module._BYSTANDERS, *module._CODE]
    listed += [file for files in module._OF_SYSTEM.values() for file in files]
    assert [name for name in listed if not (package / name).exists()] == []
