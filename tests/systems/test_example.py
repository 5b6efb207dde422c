"""The example of docs/examples, run from a folder outside the package."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from cstrack_bench.cli.app import main
from cstrack_bench.errors import InputError
from cstrack_bench.systems.system_registry import find_system
from cstrack_bench.systems.weights import load_weights, read_metadata

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "my_system.py"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The example's name, as a user gives it from the folder above."""
    (tmp_path / "mine").mkdir()
    shutil.copy(EXAMPLE, tmp_path / "mine" / EXAMPLE.name)
    monkeypatch.chdir(tmp_path)
    return f"mine/{EXAMPLE.name}:SYSTEM"


def cstrack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> Any:
    monkeypatch.setattr(sys, "argv", ["cstrack", *words, "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert not ended.value.code, err
    return json.loads(out)


def test_a_system_of_a_users_own_is_trained_measured_and_tracked_with(
    system: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = ("--profile", "smoke", "--set", f"model.system={system}")
    settings += ("--set", "model.embedding=16")
    # Named, so that no data of the surroundings is used or added to.
    settings += ("--data", "data", "--results", "results")
    trained = cstrack(monkeypatch, capsys, "train", "table2:4", *settings)
    assert trained["tensors_from_start"] > 0  # a detector of the same system
    # Two rows differ in CSTrack's options alone: here they are one run, and two steps
    # go to processes that have to find the system again.
    words = ("reproduce", "table2", "--rows", "4,5", "--jobs", "2", *settings)
    cstrack(monkeypatch, capsys, *words)
    records = [json.loads(p.read_text()) for p in tmp_path.rglob("row*/seed0.json")]
    assert len(records) == 2
    for record in records:
        # Its name, not where the file lies.
        assert record["recipe"]["model"] == {
            "system": "small",
            "width": 16,
            "embedding": 16,
        }
        assert record["recipe"]["loss"]["identity"] == 0.1
        assert record["training"]["hash"] == trained["hash"]
        assert record["run"]["label"] == "custom"
    weights = Path(trained["weights"])
    assert json.loads(read_metadata(weights)["config"])["system"] == system
    assert load_weights(weights).system is find_system(system)
    clip = next((tmp_path / "data").rglob("test/*"))
    tracked = cstrack(
        monkeypatch, capsys, "track", str(clip), "--weights", str(weights)
    )
    assert tracked["frames"] == 8


def test_a_file_without_a_system_is_told(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"my_system.py has no 'SISTEM'"):
        find_system(system.replace("SYSTEM", "SISTEM"))
    with pytest.raises(InputError, match="is of type function, not System"):
        find_system(system.replace("SYSTEM", "make_loss"))
    with pytest.raises(InputError, match=r"No file 'mine/other.py'"):
        find_system("mine/other.py:SYSTEM")
