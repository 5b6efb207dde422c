"""The public Python interface."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cstrack_bench
from cstrack_bench import (
    Detections,
    evaluate,
    load_detector,
    make_tracker,
    open_sequence,
    read_tracks,
    track,
    write_tracks,
)
from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.structures import Frame
from cstrack_bench.systems.weights import save_weights
from tests.worlds import write_world


class OneBox:
    """The box of a person who stands still."""

    def detect(self, frame: Frame) -> Detections:
        box = np.array([[100, 100, 140, 200]], np.float32)
        return Detections(box, np.ones(1, np.float32))


def test_from_a_sequence_to_scores(tmp_path: Path) -> None:
    folder = tmp_path / "mot17" / "train" / "MOT17-99-SDP"
    write_world(folder, {1: [[100, 100, 40, 100]] * 10})
    sequence = open_sequence(str(folder))
    found = track(sequence, OneBox(), make_tracker("bytetrack", sequence.frame_rate))
    file = tmp_path / "out" / "MOT17-99-SDP.txt"
    write_tracks(str(file), found)
    again = read_tracks(str(file))
    assert np.array_equal(again.boxes, found.boxes)
    scores = evaluate({sequence.name: again}, "mot17", data=tmp_path)
    assert scores.overall["MOTA"] == 100.0
    with pytest.raises(InputError, match="no sequence MOT17-98"):
        evaluate({"MOT17-98": again}, "mot17", data=tmp_path)


def test_weights_become_a_detector(tmp_path: Path) -> None:
    path = tmp_path / "row.safetensors"
    save_weights(path, "cstrack", CSTrack(make_config("n")), {"input_size": "128x96"})
    detector = load_detector(str(path), confidence=0.0, device="cpu")
    picture = np.full((96, 128, 3), 90, np.uint8)
    found = detector.detect(Frame(0, lambda: picture))
    assert found.embeddings is not None
    assert found.embeddings.shape == (len(found), 128)


def test_what_is_exported_exists_and_comes_late() -> None:
    for name in cstrack_bench.__all__:
        assert getattr(cstrack_bench, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'reproduce'"):
        _ = cstrack_bench.reproduce
    code = "import sys, cstrack_bench; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
