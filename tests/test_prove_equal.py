"""The comparison of old and new code, and the evidence that records name."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from safetensors.numpy import save_file

from cstrack_bench.experiments.ledger import Ledger
from tests.report.fakes import changed, fake_record, write_fakes

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    import prove_equal

    return sys.modules[prove_equal.__name__]


@pytest.fixture
def side(tmp_path: Path) -> Callable[..., Path]:
    """Fill a folder as the smoke profile would."""

    def fill(name: str, weight: float = 1.0, **changes: object) -> Path:
        folder = tmp_path / name
        write_fakes(folder / "results", [changed(fake_record(4), **changes)])
        (record,) = (folder / "results").rglob("seed0.json")
        tensors = {"conv.weight": np.full((2, 2), weight, np.float32)}
        save_file(tensors, record.with_suffix(".safetensors"))
        (folder / "data").mkdir()
        (folder / "data" / "gt.txt").write_text("1,1,2,3,4,5,1,1,1\n")
        return folder

    return fill


def test_times_hashes_and_provenance_may_differ(
    script: ModuleType, side: Callable[..., Path]
) -> None:
    other = {"run__hash": "x", "provenance__code": "y", "training__wall_s": 9.0}
    found = script.compare(side("old"), side("new", **other))
    assert found.different == []
    assert (found.runs, found.tensors, found.files) == (1, 1, 1)
    assert found.values > 100


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"weight": 1.0000001}, "table2/row4/seed0 weights: conv.weight"),
        ({"training__steps": 51}, "training.steps: 50 and 51"),
        ({"tracking__filtered": {"area": 5, "aspect": 2}}, "tracking.filtered.area"),
        ({"data__val__hash": "other"}, "data.val.hash"),
        ({"blocks": []}, "blocks.0.GT"),
    ],
)
def test_a_number_that_moved_is_told(
    script: ModuleType,
    side: Callable[..., Path],
    changes: dict[str, object],
    told: str,
) -> None:
    found = script.compare(side("old"), side("new", **changes))
    assert any(told in line for line in found.different)


def test_a_picture_that_changed_and_a_run_that_is_absent_are_told(
    script: ModuleType, side: Callable[..., Path]
) -> None:
    old, new = side("old"), side("new")
    (new / "data" / "gt.txt").write_text("1,1,2,3,4,6,1,1,1\n")
    for file in (new / "results").rglob("seed0.*"):
        file.unlink()
    assert script.compare(old, new).different == [
        "SynthMOT: gt.txt",
        "table2/row4/seed0: on one side alone",
    ]


def test_the_evidence_that_records_name_shows_no_difference() -> None:
    named = {
        record.provenance.migrated.evidence
        for record in Ledger(ROOT / "results").records()
        if record.provenance.migrated is not None and record.run.components
    }
    for name in named:
        proof = json.loads((ROOT / name).read_text(encoding="utf-8"))
        assert proof["different"] == []
        assert proof["runs"] >= 40
        assert proof["tensors"] > 1000
