"""Records on disk."""

import json
import shutil
from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.experiments.recipes import Run, load_recipe
from cstrack_bench.experiments.records import RunRecord, read_record
from tests.report.fakes import changed, fake_record


def _run(*overrides: str, row: int = 4) -> Run:
    return load_recipe("table2").runs("smoke", [row], overrides=overrides)[0]


def _record(identity: str) -> RunRecord:
    return changed(fake_record(4), run__hash=identity)


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


def test_a_changed_setting_never_lies_in_the_profiles_folder(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    plain, custom = _run(), _run("train.epochs=9")
    other = _run("train.epochs=8")
    paths = {ledger.path(r) for r in (plain, custom, other)}
    assert len(paths) == 3
    assert "custom" in ledger.path(custom).parts
    ledger.write(custom, _record("x"))
    assert ledger.find(custom, "x") is not None
    assert ledger.records() == [_record("x")]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 1}'])
def test_a_damaged_record_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "seed0.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"seed0\.json"):
        read_record(path)


def test_another_schema_is_named(tmp_path: Path) -> None:
    path = tmp_path / "seed0.json"
    path.write_text(json.dumps({"schema": 99}), encoding="utf-8")
    with pytest.raises(InputError, match="schema"):
        read_record(path)


def test_provenance_names_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sys.argv", ["/somewhere/cstrack", "reproduce", "--data", "/home/me/data"]
    )
    record = provenance("cpu")
    assert record.command == "cstrack reproduce --data data"
    assert "/home" not in record.model_dump_json()


def test_provenance_names_the_script_and_the_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = Path(__file__).parents[2] / "scripts" / "learning_curves.py"
    monkeypatch.setattr(
        "sys.argv", [str(script), "--set", "track.name=/home/me/mine.py:TRACKER"]
    )
    said = "python scripts/learning_curves.py --set track.name=mine.py:TRACKER"
    assert provenance("cpu").command == said


def test_results_of_two_machines_are_merged_by_copying(tmp_path: Path) -> None:
    one, other = Ledger(tmp_path / "one"), Ledger(tmp_path / "other")
    one.write(_run(row=4), _record("abc"))
    other.write(_run(row=5), _record("def"))
    custom = _run("train.epochs=9", row=5)
    other.write(custom, _record("ghi"))
    weights = other.training("def", ".safetensors")
    weights.parent.mkdir()
    weights.write_bytes(b"numbers")
    shutil.copytree(other.root, one.root, dirs_exist_ok=True)
    hashes = sorted(record.run.hash for record in one.records())
    assert hashes == ["abc", "def", "ghi"]
    for run, identity in ((_run(row=4), "abc"), (_run(row=5), "def"), (custom, "ghi")):
        assert one.find(run, identity) == _record(identity)
    assert one.training("def", ".safetensors").read_bytes() == b"numbers"
