"""The cached detections: small, whole, read as written, and made by the script."""

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.gate.cached_detections import (
    DETECTIONS,
    TRACKS,
    read_cached_detections,
    read_gate_inputs,
    write_cached_detections,
)
from cstrack_bench.structures import Detections
from tests.gate.conftest import ROOT

GATE = ROOT / "results" / "gate"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "gate_detections.py"
    spec = importlib.util.spec_from_file_location("gate_detections", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gate_detections"] = module
    spec.loader.exec_module(module)
    return module


def test_they_are_small_and_there_is_work_for_everybody() -> None:
    assert sum(file.stat().st_size for file in GATE.rglob("*.*")) < 300_000
    found = read_gate_inputs(GATE)
    for sequence in found.detections.sequences:
        boxes = found.detections.boxes[sequence.name]
        assert len(boxes) == len(sequence)
        scores = np.concatenate([one.scores for one in boxes.values()])
        # Sure ones, and unsure ones for ByteTrack's second stage.
        assert (scores > 0.6).mean() > 0.5
        assert (scores < 0.5).mean() > 0.03
        for one in boxes.values():
            assert one.embeddings is not None
            assert (np.linalg.norm(one.embeddings, axis=1) > 0).all()
    classes = {
        int(c) for s in found.detections.sequences for c in s.annotations().classes
    }
    assert {1, 6, 8} <= classes


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    shutil.copytree(GATE / "truth", tmp_path / "truth")
    random = np.random.default_rng(0)
    names = [path.name for path in sorted((GATE / "truth").iterdir())]

    def frame(count: int) -> Detections:
        boxes = (random.integers(0, 4000, (count, 4)) / 8).astype(np.float32)
        scores = random.random(count).astype(np.float32)
        vectors = random.standard_normal((count, 6)).astype(np.float32)
        return Detections(boxes, scores, vectors)

    # The second frame is empty.
    given = {n: {0: frame(3), 1: frame(0), 2: frame(2)} for n in names}
    write_cached_detections(tmp_path / DETECTIONS, given)
    first = (tmp_path / DETECTIONS).read_bytes()
    write_cached_detections(tmp_path / DETECTIONS, given)
    assert (tmp_path / DETECTIONS).read_bytes() == first
    read = read_cached_detections(tmp_path)
    vectors = [o.embeddings for frames in given.values() for o in frames.values()]
    mean = np.concatenate([v for v in vectors if v is not None]).mean(axis=0)
    for name in names:
        assert read.boxes[name].keys() == {0, 2}
        for index, one in read.boxes[name].items():
            wanted = given[name][index]
            assert np.array_equal(one.boxes, wanted.boxes)
            assert np.array_equal(one.scores, wanted.scores)
            assert one.embeddings is not None
            assert wanted.embeddings is not None
            ours, theirs = one.embeddings, wanted.embeddings - mean
            cosine = (ours * theirs).sum(axis=1)
            cosine /= np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
            assert (cosine > 0.9999).all()


def test_a_wrong_configuration_is_one_sentence(
    script: ModuleType, tmp_path: Path
) -> None:
    text = (GATE / "detections.yaml").read_text(encoding="utf-8")
    for planted in ("classes: [3]", "classes: []", "tracks: [", "other: 1"):
        (tmp_path / "detections.yaml").write_text(f"{text}\n{planted}\n")
        with pytest.raises(InputError, match=r"detections.yaml cannot be read"):
            script.make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["detections.yaml"]


@pytest.mark.slow
def test_the_script_makes_the_committed_files(
    script: ModuleType, tmp_path: Path
) -> None:
    shutil.copy(GATE / "detections.yaml", tmp_path)
    script.make(tmp_path)
    committed, made = read_gate_inputs(GATE), read_gate_inputs(tmp_path)
    for path in (GATE / "truth").rglob("*.*"):
        assert (tmp_path / path.relative_to(GATE)).read_bytes() == path.read_bytes()
    for name, frames in committed.detections.boxes.items():
        for index, one in frames.items():
            again = made.detections.boxes[name][index]
            assert np.array_equal(again.boxes, one.boxes)
            assert np.array_equal(again.scores, one.scores)
            assert again.embeddings is not None
            assert one.embeddings is not None
            # JPEG decoders differ in the last bits of a colour.
            assert np.abs(again.embeddings - one.embeddings).max() <= 3
    assert (tmp_path / TRACKS).is_file()
