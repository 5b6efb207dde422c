"""HiEve's rules of evaluation."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cstrack_bench.datasets.hieve import DATASET
from cstrack_bench.evaluation import motmetrics_scores, trackeval_scores
from cstrack_bench.evaluation.crosscheck import compare
from cstrack_bench.evaluation.scores import Evaluation, SequenceResult
from cstrack_bench.structures import TrackTable

Make = Callable[..., SequenceResult]


def evaluate(results: list[SequenceResult]) -> Evaluation:
    return trackeval_scores.evaluate(results, DATASET.rules_for([]))


def table(rows: list[tuple[float, ...]]) -> TrackTable:
    """Rows of frame (from 0), id, x1, y1, x2, y2; scores below 1."""
    numbers = np.array(rows, np.float64).reshape(-1, 6)
    return TrackTable(
        numbers[:, 0].astype(np.int64),
        numbers[:, 1].astype(np.int64),
        numbers[:, 2:],
        np.full(len(numbers), 0.6),
    )


@pytest.fixture
def hieve(tmp_path: Path) -> Path:
    """A root with two videos' track files."""
    folder = tmp_path / "data" / "hieve" / "labels" / "train" / "track1"
    folder.mkdir(parents=True)
    for name in ("1", "2"):
        rows = [f"{f},{i},{40 * i},5,10,20\n" for f in range(1, 5) for i in (0, 1)]
        (folder / f"{name}.txt").write_text("".join(rows))
    return tmp_path / "data"


def test_every_annotated_person_counts(hieve: Path) -> None:
    first, second = DATASET.open(hieve)
    truth = first.annotations()
    assert truth is not None
    perfect = truth.as_tracks()
    half = TrackTable(*(a[perfect.ids == 0] for a in vars(perfect).values()))
    found = evaluate(
        [SequenceResult.of(first, perfect), SequenceResult.of(second, half)]
    )
    assert found.sequences["1"]["MOTA"] == 100
    assert (found.overall["GT"], found.overall["FN"], found.overall["FP"]) == (16, 4, 0)
    assert found.overall["MOTA"] == 75


def test_nothing_is_a_distractor(make: Make) -> None:
    """A static person (class 7) that MOT17 would leave out is to be found here."""
    result = make([(0, 1, 0, 0, 1, 1), (0, 2, 40, 0, 7, 1)], [(0, 1, 0, 0)], 1)
    assert evaluate([result]).overall["FN"] == 1


def test_the_crosscheck_agrees(hieve: Path) -> None:
    sequence = DATASET.open(hieve)[0]
    tracks = table([(f, 1 + f // 2, 40, 6, 50, 25) for f in range(4)])
    results = [SequenceResult.of(sequence, tracks)]
    rules = DATASET.rules_for([])
    other = motmetrics_scores.evaluate(results, rules)
    assert compare(results, rules, evaluate(results), other) == []
