"""The ladder: the truth about one part after the other can only help."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cstrack_bench.detection.oracle import IdentityOracle, Jitter, OracleDetector
from cstrack_bench.experiments.comparison_records import LadderRow
from cstrack_bench.experiments.ladder import (
    JITTERS,
    METRICS,
    OVERLAP,
    OWN,
    RUNGS,
    TRUE,
    TRUE_ASSOCIATION,
    TRUE_EMBEDDINGS,
    USUAL,
    Rung,
    costs,
    ladder,
)
from cstrack_bench.experiments.settings import TrackConfig
from cstrack_bench.experiments.upper_bound import measure_bound, pedestrians
from cstrack_bench.structures import Detections, Frame
from tests.worlds import halves, walkers, write_world


class Blurred:
    """Looks of the right person under so much noise that people are confused."""

    def __init__(self, oracle: IdentityOracle, noise: float = 3.0) -> None:
        self._oracle = oracle
        self._noise = noise
        self.looks = 0

    def embed(self, frame: Frame, boxes: np.ndarray) -> np.ndarray:
        self.looks += 1
        exact = self._oracle.embed(frame, boxes)
        random = np.random.default_rng(frame.index)
        noise = random.standard_normal(exact.shape) / exact.shape[1] ** 0.5
        return exact + np.float32(self._noise) * noise.astype(np.float32)


class Mistaken:
    """Shaken ground-truth boxes, and one box in each frame where nobody is."""

    def __init__(self, truth: Any, embedder: Blurred) -> None:
        self._boxes = OracleDetector(truth, None, Jitter(noise=0.06, drop=0.1, seed=5))
        self._embedder = embedder

    def detect(self, frame: Frame) -> Detections:
        seen = self._boxes.detect(frame)
        nobody = np.array([[800, 400, 840, 500]], np.float32)
        boxes = np.concatenate([seen.boxes, nobody])
        scores = np.full(len(boxes), 0.9, np.float32)
        return Detections(boxes, scores, self._embedder.embed(frame, boxes))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[Rung, LadderRow]:
    folder = tmp_path_factory.mktemp("ladder") / "world"
    sequence = write_world(folder, walkers(9, 120, seed=3), frame_rate=10)
    truth = pedestrians(sequence)
    embedder = Blurred(IdentityOracle(truth, width=32))
    found = ladder(halves(sequence), Mistaken(truth, embedder), embedder, TrackConfig())
    # The detector's own look and one for all kinds of ground-truth boxes together.
    assert embedder.looks == 2 * 60
    return {Rung(row.boxes, row.embeddings, row.association): row for row in found}


def scores(rows: dict[Rung, LadderRow], name: str, *rungs: Rung) -> list[float]:
    return [rows[rung].scores[name] for rung in rungs]


def test_every_rung_is_there_with_its_difference(rows: dict) -> None:
    assert tuple(rows) == RUNGS
    assert rows[USUAL].differences == dict.fromkeys(METRICS, 0)
    for row in rows.values():
        for key in METRICS:
            expected = row.scores[key] - rows[USUAL].scores[key]
            assert row.differences[key] == pytest.approx(expected)


def test_each_truth_helps(rows: dict) -> None:
    usual, looks, matches = scores(
        rows, "IDF1", USUAL, TRUE_EMBEDDINGS, TRUE_ASSOCIATION
    )
    assert usual < looks < matches
    boxes, both = scores(rows, "MOTA", Rung(TRUE, OWN, OWN), Rung(TRUE, TRUE, OWN))
    assert scores(rows, "MOTA", USUAL)[0] < boxes <= both
    assert scores(rows, "IDSW", Rung(TRUE, TRUE, OWN), TRUE_ASSOCIATION) == [0, 0]


def test_the_worse_the_boxes_the_worse_the_result(rows: dict) -> None:
    def of(noise: float, drop: float) -> float:
        (name,) = [k for k, j in JITTERS.items() if (j.noise, j.drop) == (noise, drop)]
        return scores(rows, "HOTA", Rung(name, OWN, OWN))[0]

    exact = scores(rows, "HOTA", Rung(TRUE, OWN, OWN))[0]
    assert exact > of(0.05, 0.0) > of(0.1, 0.0)
    assert exact > of(0.0, 0.1) > of(0.0, 0.3)
    assert of(0.1, 0.0) > of(0.1, 0.1)


def test_true_association_keeps_detections_errors(rows: dict) -> None:
    row = rows[TRUE_ASSOCIATION].scores
    assert row["FP"] >= 60  # nobody's box, in every frame
    assert row["FN"] > 0


def test_the_costs_add_up_to_what_is_lacking(rows: dict) -> None:
    shares = costs(list(rows.values()))
    assert set(shares) == {"embedding", "association", "detection"}
    for key in ("MOTA", "IDF1", "HOTA"):
        total = sum(share[key] for share in shares.values())
        assert total == pytest.approx(100 - rows[USUAL].scores[key])
    assert shares["embedding"]["IDF1"] > 0
    assert shares["detection"]["MOTA"] > 0


def test_ground_truth_boxes_are_the_upper_bound(tmp_path: Path) -> None:
    sequence = write_world(tmp_path / "world", walkers(5, 60), frame_rate=10)
    truth = pedestrians(sequence)
    data, embedder = halves(sequence), Blurred(IdentityOracle(truth), 0.1)
    track = TrackConfig("jde")
    found = ladder(data, OracleDetector(truth, embedder), embedder, track)
    variants = measure_bound(data, embedder, track).variants
    (expected,) = [v.scores for v in variants if (v.part, v.filter) == ("val", "on")]
    of = {(r.boxes, r.embeddings, r.association): r for r in found}
    assert of[OWN, OWN, OWN].scores == expected
    assert of[TRUE, OWN, OWN].scores == expected
    # Nothing but the output filter stands between ground truth and 100 points.
    assert of[OWN, "none", TRUE].scores["MOTA"] == 100.0
    assert (TRUE, "none", OVERLAP) in of
