"""Association and evaluation over real detections: exactly the committed numbers."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.documents import read_document
from cstrack_bench.experiments.comparison_records import AssociationRecord
from cstrack_bench.files import sha256
from cstrack_bench.gate.exact_cells import TOLERANCE
from tests.gate.conftest import ROOT

SEQUENCE = "MOT17-09-SDP"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "association.py"
    spec = importlib.util.spec_from_file_location("association_of_the_gate", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["association_of_the_gate"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.real
def test_every_tracker_has_its_committed_numbers(
    script: ModuleType, real_data: Path
) -> None:
    path = ROOT / "results" / "association" / f"{script.NAME}.json"
    record = read_document(path, AssociationRecord, "association", "restore it")
    file = real_data / "detections" / script.NAME / f"{SEQUENCE}.txt"
    assert sha256(file) == record.detections_sha256[SEQUENCE]
    halves, found = script.load(real_data)
    half = [one for one in halves if one.name == SEQUENCE]
    lines = {line.label: line for line in record.trackers}
    for entry in script.TRACKERS:
        scores = script.evaluate(script.run(entry, half, found), MOT17).overall
        committed = lines[entry.label].scores.sequences[SEQUENCE]
        assert committed["GT"] > 2000
        for key, value in committed.items():
            assert abs(scores[key] - value) <= TOLERANCE, f"{entry.label} {key}"
