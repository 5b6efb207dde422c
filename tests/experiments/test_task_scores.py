"""Detection and identity apart: what counts, and a table of a smoke run."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import task_scores as script

from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.task_scores import (
    FoundBoxes,
    average_precision,
    judge_boxes,
    read_tasks,
)
from cstrack_bench.formats.mot_files import Annotations
from cstrack_bench.structures import Detections

RULES = EvaluationRules("mot17", "MOT17")
BOX = np.array([10.0, 10.0, 30.0, 60.0])


def truth(*boxes: tuple[int, int, np.ndarray]) -> Annotations:
    """Rows of frame, class and box."""
    count = len(boxes)
    return Annotations(
        frames=np.array([frame for frame, _, _ in boxes], np.int64),
        ids=np.arange(count),
        boxes=np.array([box for _, _, box in boxes]).reshape(-1, 4),
        marks=np.ones(count),
        classes=np.array([one for _, one, _ in boxes], np.int64),
        visibility=np.ones(count),
    )


def found(*boxes: tuple[float, np.ndarray]) -> Detections:
    return Detections(
        np.array([box for _, box in boxes], np.float32).reshape(-1, 4),
        np.array([score for score, _ in boxes], np.float32),
    )


def test_a_true_box_is_found_once_and_by_the_best_score() -> None:
    detections = found((0.4, BOX), (0.9, BOX + 1), (0.8, BOX + 200))
    judged = judge_boxes([(0, detections)], truth((0, 1, BOX), (1, 1, BOX)), RULES)
    assert judged.scores.tolist() == pytest.approx([0.9, 0.8, 0.4])
    assert judged.hits.tolist() == [True, False, False]
    assert judged.truths == 2


def test_a_box_on_a_distractor_counts_neither_way() -> None:
    other = BOX + 100
    detections = found((0.9, other), (0.8, BOX))
    judged = judge_boxes([(0, detections)], truth((0, 8, other), (0, 1, BOX)), RULES)
    assert judged.hits.tolist() == [True]
    # A person who stands before a poster is a person.
    both = truth((0, 8, BOX), (0, 1, BOX))
    assert judge_boxes([(0, detections)], both, RULES).hits.tolist() == [False, True]


def test_average_precision_by_hand() -> None:
    # Hit, miss, hit of four true boxes: precision 1 up to recall 1/4, 2/3 up to 2/4.
    one = FoundBoxes(np.array([0.9, 0.5]), np.array([True, True]), 3)
    two = FoundBoxes(np.array([0.7]), np.array([False]), 1)
    assert average_precision([one, two]) == pytest.approx(100 * (1 + 2 / 3) / 4)
    nothing = FoundBoxes(np.zeros(0), np.zeros(0, np.bool_), 2)
    assert average_precision([nothing]) == 0.0
    with pytest.raises(InputError, match="no true box"):
        average_precision([FoundBoxes(np.zeros(0), np.zeros(0, np.bool_), 0)])


def test_a_table_of_a_smoke_run(tmp_path: Path) -> None:
    def cstrack(*arguments: str) -> None:
        command = [sys.executable, "-m", "cstrack_bench", *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)

    sets = ["train.precision=float32", "data.synth.test_sequences=2"]
    given = [word for one in sets for word in ("--set", one)]
    folders = [
        *("--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")),
        *("--profile", "smoke", "--rows", "4,5", "--seeds", "2"),
    ]
    cstrack("reproduce", "table2", "--jobs", "1", *folders, *given)
    script.main(["table2", *folders, *given])
    (folder,) = tmp_path.glob("results/custom/*/table2")
    scores = read_tasks(folder)
    assert [(one.row, one.seed) for one in scores] == [(4, 0), (4, 1), (5, 0), (5, 1)]
    for one in scores:
        assert one.frames == 16
        assert one.boxes >= one.people > 0
        for score in (one.detection, one.identity):
            assert len(score.without) == 2
            assert 0 <= score.overall <= 100
    cstrack("report", "--results", str(tmp_path / "results"))
    page = (folder.parent / "README.md").read_text(encoding="utf-8")
    assert "Detection and identity apart" in page
    assert "argued pairs" in page
    # Scores of other networks are not shown.
    for file in folder.parent.glob("tasks/table2/*.json"):
        text = file.read_text(encoding="utf-8")
        for one in scores:
            text = text.replace(one.run, "0" * 16)
        file.write_text(text, encoding="utf-8")
    cstrack("report", "--results", str(tmp_path / "results"))
    page = (folder.parent / "README.md").read_text(encoding="utf-8")
    assert "Detection and identity apart" not in page
