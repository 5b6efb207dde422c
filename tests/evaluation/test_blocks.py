"""Blocks add up to the evaluation, exactly."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation import trackeval_scores
from cstrack_bench.evaluation.blocks import blocks
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.formats.mot_files import read_tracks
from cstrack_bench.formats.sequences import open_sequence

Make = Callable[..., SequenceResult]
COUNTED = ("GT", "TP", "FP", "FN", "IDSW", "IDTP", "IDFP", "IDFN")


def total(rows: list[dict], key: str) -> int:
    return sum(row[key] for row in rows)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 60),
    people=st.integers(1, 9),
    size=st.integers(1, 70),
)
def test_blocks_sum_to_the_evaluation(
    walk: Make, seed: int, frames: int, people: int, size: int
) -> None:
    results = [walk(seed, frames, people, "A"), walk(seed + 1, 7, people, "B")]
    found = trackeval_scores.evaluate(results, MOT17)
    rows = blocks(results, MOT17, size)
    for name, scores in found.sequences.items():
        own = [row for row in rows if row["sequence"] == name]
        assert {key: total(own, key) for key in COUNTED} == {
            key: scores[key] for key in COUNTED
        }
    wrong = sum(total(rows, key) for key in ("FP", "FN", "IDSW"))
    mota = 100 * (1 - wrong / max(1, total(rows, "GT")))
    assert mota == pytest.approx(found.overall["MOTA"], abs=1e-9)
    idtp = 2 * total(rows, "IDTP")
    boxes = idtp + total(rows, "IDFP") + total(rows, "IDFN")
    assert 100 * idtp / max(1, boxes) == pytest.approx(found.overall["IDF1"], abs=1e-9)


def test_blocks_say_where_they_lie(walk: Make) -> None:
    rows = blocks([walk(1, 25, start=100)], MOT17, 10)
    assert [(r["start"], r["stop"]) for r in rows] == [
        (100, 110),
        (110, 120),
        (120, 125),
    ]
    assert all(type(row[key]) is int for row in rows for key in COUNTED)


def test_distractors_are_removed_before_counting(make: Make) -> None:
    truth = [(0, 1, 0.0, 0.0, 1, 1), (0, 2, 50.0, 0.0, 7, 0)]
    result = make(truth, [(0, 1, 0.0, 0.0), (0, 2, 50.0, 0.0)], 1)
    row = blocks([result], MOT17)[0]
    assert (row["GT"], row["TP"], row["FP"]) == (1, 1, 0)


def test_one_side_may_be_empty(make: Make) -> None:
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in range(3)]
    row = blocks([make(truth, [], 3)], MOT17)[0]
    assert (row["GT"], row["FN"], row["IDFN"], row["IDTP"]) == (3, 3, 3, 0)
    row = blocks([make([], [(0, 1, 0.0, 0.0)], 3)], MOT17)[0]
    assert (row["GT"], row["FP"], row["IDFP"]) == (0, 1, 1)


def test_a_block_has_frames(walk: Make) -> None:
    with pytest.raises(InputError, match="at least 1 frame"):
        blocks([walk(1)], MOT17, 0)


@pytest.mark.real
def test_blocks_of_a_real_result_sum_to_the_evaluation(real_data: Path) -> None:
    name = "MOT17-05-SDP"
    sequence = open_sequence(real_data / "mot17-annotations" / "train" / name)
    table = read_tracks(real_data / "tracker-results" / "lif_t" / f"{name}.txt")
    results = [SequenceResult.of(sequence, table)]
    scores = trackeval_scores.evaluate(results, MOT17).overall
    rows = blocks(results, MOT17, 50)
    assert {k: total(rows, k) for k in COUNTED} == {k: scores[k] for k in COUNTED}
