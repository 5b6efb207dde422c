"""Small worlds to evaluate."""

from collections.abc import Callable

import numpy as np
import pytest

from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.formats.mot_files import NO_CLASS, Annotations
from cstrack_bench.structures import TrackTable

# frame, id, x, y, class, mark; every box is 10 wide and 20 high.
TruthRow = tuple[int, int, float, float, int, int]
TrackRow = tuple[int, int, float, float]
Make = Callable[..., SequenceResult]


def boxes_at(corners: np.ndarray) -> np.ndarray:
    return np.concatenate([corners, corners + np.array([10.0, 20.0])], axis=1)


@pytest.fixture
def make() -> Make:
    """Build a result from rows of ground truth and of a tracker."""

    def build(
        truth: list[TruthRow],
        tracks: list[TrackRow],
        frames: int,
        name: str = "SEQ",
        start: int = 0,
    ) -> SequenceResult:
        gt = np.array(truth, np.float64).reshape(-1, 6)
        rows = np.array(tracks, np.float64).reshape(-1, 4)
        annotations = Annotations(
            frames=gt[:, 0].astype(np.int64),
            ids=gt[:, 1].astype(np.int64),
            boxes=boxes_at(gt[:, 2:4]),
            marks=gt[:, 5],
            classes=gt[:, 4].astype(np.int64),
            visibility=np.ones(len(gt)),
        )
        table = TrackTable(
            frames=rows[:, 0].astype(np.int64),
            ids=rows[:, 1].astype(np.int64),
            boxes=boxes_at(rows[:, 2:4]),
            scores=np.ones(len(rows)),
        )
        return SequenceResult(name, annotations, table, start, start + frames)

    return build


@pytest.fixture
def walk(make: Make) -> Callable[..., SequenceResult]:
    """Walkers in noise: drifting people, jittered boxes, misses, swaps, ghosts."""

    def build(
        seed: int, frames: int = 40, people: int = 6, name: str = "SEQ", start: int = 0
    ) -> SequenceResult:
        rng = np.random.default_rng(seed)
        place = rng.uniform(0, 60, (people, 2))
        pace = rng.uniform(-1, 1, (people, 2))
        ids = np.arange(1, people + 1)
        truth: list[TruthRow] = []
        tracks: list[TrackRow] = []
        for frame in range(start, start + frames):
            place = place + pace
            if rng.random() < 0.2:
                a, b = rng.integers(0, people, 2)
                ids[[a, b]] = ids[[b, a]]
            for i in range(people):
                if rng.random() < 0.9:
                    truth.append((frame, i + 1, *place[i], 1, 1))
                x, y = place[i] + rng.normal(0, 1.5, 2)
                if rng.random() < 0.8:
                    tracks.append((frame, int(ids[i]), float(x), float(y)))
            if rng.random() < 0.3:
                ghost = rng.uniform(0, 60, 2)
                tracks.append((frame, 100 + frame, float(ghost[0]), float(ghost[1])))
        if rng.random() < 0.5:
            # A frame in which the tracker says nothing at all.
            silent = start + int(rng.integers(frames))
            tracks = [row for row in tracks if row[0] != silent]
        return make(truth, tracks, frames, name, start)

    return build


@pytest.fixture
def without_classes() -> Callable[[SequenceResult], SequenceResult]:
    """The same ground truth in MOT15's format."""

    def strip(result: SequenceResult) -> SequenceResult:
        gt = result.annotations
        classes = np.full(len(gt), NO_CLASS)
        plain = Annotations(
            gt.frames, gt.ids, gt.boxes, gt.marks, classes, gt.visibility
        )
        return SequenceResult(
            result.name, plain, result.table, result.start, result.stop
        )

    return strip
