"""``scripts/learning_curves.py`` on the smoke profile."""

import json
from pathlib import Path

import learning_curves
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.verdicts.plateaus import read_curves


def test_a_curve_of_a_smoke_run(tmp_path: Path) -> None:
    arguments = [
        *("--systems", "jde-yolov5", "--profile", "smoke", "--seeds", "1"),
        *("--data", str(tmp_path / "data"), "--ledger", str(tmp_path / "ledger")),
        *("--results", str(tmp_path / "results"), "--jobs", "1"),
        *("--set", "train.precision=float32"),
    ]
    learning_curves.main(arguments)
    (curve,) = read_curves(tmp_path / "results" / "smoke")
    assert [one.epochs for one in curve.points] == [1, 2, 4]
    assert (curve.epochs, curve.sequences, curve.frames) == (1, 1, 8)
    assert curve.gain is not None
    assert "table1/2" in curve.rows
    assert "table2/4" not in curve.rows
    picture = tmp_path / "results" / "smoke" / "curves" / "curves.svg"
    first = picture.read_bytes()
    # tune/ and train/ were made, test/ was not needed.
    made = {p.parent.parent.name for p in (tmp_path / "data").rglob("seqinfo.ini")}
    assert made == {"train", "tune"}
    # The same call finds its trainings and writes the same again.
    learning_curves.main(arguments)
    again = read_curves(tmp_path / "results" / "smoke")[0]
    assert again.points == curve.points
    assert picture.read_bytes() == first
    records = [json.loads(p.read_text()) for p in tmp_path.rglob("row2/seed0.json")]
    assert {r["run"]["label"] for r in records} == {"custom"}


def test_factors_are_given(tmp_path: Path) -> None:
    arguments = [
        *("--systems", "fairmot", "--profile", "smoke", "--factors", "2"),
        *("--seeds", "1", "--jobs", "1", "--set", "train.precision=float32"),
        *("--data", str(tmp_path / "data"), "--ledger", str(tmp_path / "ledger")),
        *("--results", str(tmp_path / "results")),
    ]
    learning_curves.main(arguments)
    (curve,) = read_curves(tmp_path / "results" / "smoke")
    assert [one.epochs for one in curve.points] == [2]
    assert curve.gain is None
    assert "table6/24" in curve.rows


def test_another_system_is_refused(tmp_path: Path) -> None:
    arguments = ["--systems", "jde", "--results", str(tmp_path)]
    with pytest.raises(InputError, match="jde-yolov3"):
        learning_curves.main(arguments)
    assert list(tmp_path.iterdir()) == []
