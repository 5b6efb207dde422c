"""HiEve's rules, and submissions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cstrack_bench.datasets.hieve import DATASET
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation import motmetrics_scores, trackeval_scores
from cstrack_bench.evaluation.crosscheck import compare
from cstrack_bench.evaluation.scores import Evaluation, SequenceResult
from cstrack_bench.evaluation.submission import check_submission, write_submission
from cstrack_bench.formats.mot_files import read_tracks
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
    assert (
        compare(
            evaluate(results),
            motmetrics_scores.evaluate(results, DATASET.rules_for([])),
        )
        == []
    )


def test_a_submission_is_read_back_and_has_no_faults(tmp_path: Path) -> None:
    tracks = table([(0, 1, 1.5, 2, 11.5, 22), (3, 1, 2, 2, 12, 22)])
    folder = tmp_path / "out" / "track1"
    write_submission(folder, {"20": tracks, "21": table([])})
    lines = (folder / "20.txt").read_text().splitlines()
    assert lines == ["1,1,1.5,2,10,20,1,-1,-1,-1", "4,1,2,2,10,20,1,-1,-1,-1"]
    assert np.array_equal(read_tracks(folder / "20.txt").boxes, tracks.boxes)
    assert check_submission(folder, {"20": 4, "21": 9}) == []


def test_a_submission_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    good = table([(0, 1, 0, 0, 9, 9)])
    twice = table([(0, 1, 0, 0, 9, 9), (0, 1, 5, 5, 9, 9)])
    with pytest.raises(InputError, match=r"id 1 is twice in frame 1"):
        write_submission(tmp_path / "out", {"20": good, "21": twice})
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_submission_is_not_mixed_into(tmp_path: Path) -> None:
    write_submission(tmp_path / "out", {"20": table([])})
    with pytest.raises(InputError, match=r"out is not empty; name another folder"):
        write_submission(tmp_path / "out", {"21": table([])})
    with pytest.raises(InputError, match="at least one video"):
        write_submission(tmp_path / "other", {})
    (tmp_path / "empty").mkdir()
    write_submission(tmp_path / "empty", {"20": table([])})
    assert (tmp_path / "empty" / "20.txt").read_text() == ""


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("4,1,0,0,9,9,1,-1,-1,-1\n", "goes on to frame 4 of a video of 3"),
        ("1,1,0,0,0,9,1,-1,-1,-1\n", "box without area in frame 1"),
        ("1,1,0,0,9,9,0.5,-1,-1,-1\n", "does not end in 1,-1,-1,-1"),
        ("1,1,0,0,9,9\n", "does not end in 1,-1,-1,-1"),
        ("0,1,0,0,9,9,1,-1,-1,-1\n", "frame is below 1"),
        ("1,-1,0,0,9,9,1,-1,-1,-1\n", "id is negative"),
        ("1,1,0,0,9,9,1,-1,-1,-1\n" * 2, "already has a box with its id"),
        ("text\n", "columns"),
    ],
)
def test_a_fault_is_named_with_its_file(
    tmp_path: Path, content: str, what: str
) -> None:
    (tmp_path / "20.txt").write_text(content)
    (fault,) = check_submission(tmp_path, {"20": 3})
    assert what in fault.what
    assert "20.txt" in fault.location


def test_missing_and_unknown_videos_are_faults(tmp_path: Path) -> None:
    (tmp_path / "19.txt").write_text("")
    found = {f.location: f.what for f in check_submission(tmp_path, {"20": 3})}
    assert found == {
        str(tmp_path / "20.txt"): "is absent",
        str(tmp_path / "19.txt"): "is of no test video",
    }
