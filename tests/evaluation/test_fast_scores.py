"""The fast evaluator gives trackeval's scores to the last bit, ties included."""

import collections.abc as abc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.datasets.evaluation_rules import MOT15, MOT17, EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation import box_pairs, fast_scores, trackeval_scores
from cstrack_bench.evaluation.blocks import blocks
from cstrack_bench.evaluation.box_pairs import FrameRows, overlapping_pairs
from cstrack_bench.evaluation.fast_hota import overlap_sums
from cstrack_bench.evaluation.frame_matching import best_pairs, certain_pairs
from cstrack_bench.evaluation.scores import COUNTS, PERCENTAGES, SequenceResult
from cstrack_bench.formats.mot_files import (
    CLASSES,
    NO_CLASS,
    Annotations,
    read_annotations,
    read_tracks,
)
from cstrack_bench.formats.sequences import open_sequence
from cstrack_bench.structures import TrackTable

MOT20 = EvaluationRules("mot20", "MOT20")

# frame, id, x1, y1, x2, y2; ground truth has class and mark too.
Row = tuple[float, ...]


def result_of(
    truth: abc.Sequence[Row],
    tracks: abc.Sequence[Row],
    frames: int,
    name: str = "SEQ",
    start: int = 0,
) -> SequenceResult:
    gt = np.array(truth, np.float64).reshape(-1, 8)
    rows = np.array(tracks, np.float64).reshape(-1, 6)
    annotations = Annotations(
        frames=gt[:, 0].astype(np.int64),
        ids=gt[:, 1].astype(np.int64),
        boxes=gt[:, 2:6],
        marks=gt[:, 7],
        classes=gt[:, 6].astype(np.int64),
        visibility=np.ones(len(gt)),
    )
    table = TrackTable(
        rows[:, 0].astype(np.int64),
        rows[:, 1].astype(np.int64),
        rows[:, 2:6],
        np.ones(len(rows)),
    )
    return SequenceResult(name, annotations, table, start, start + frames)


def box(x: float, y: float = 0.0) -> Row:
    return x, y, x + 10.0, y + 20.0


def assert_equal(results: list[SequenceResult], benchmark: str, size: int = 30) -> None:
    """Every score, count and block, their order and types too."""
    rules = find_dataset(benchmark).rules
    reference = trackeval_scores.evaluate(results, rules).as_dict()
    found, counted = fast_scores.evaluate_with_blocks(results, rules, size)
    # The text shows order, types and every bit.
    assert str(found.as_dict()) == str(reference)
    assert counted == blocks(results, rules, size)


@st.composite
def grid_worlds(draw: st.DrawFn, name: str, classes: list[int]) -> SequenceResult:
    """Few boxes on a coarse grid: equal overlaps, boxes of no area, empty frames."""
    frames = draw(st.integers(1, 6))
    row = st.tuples(
        st.integers(0, frames - 1),
        st.integers(1, 5),
        *(st.integers(0, 6), st.integers(0, 2), st.integers(0, 4)),
    )
    unique = {"unique_by": lambda item: item[:2], "max_size": 24}

    def corners(item: tuple[int, ...]) -> Row:
        frame, number, x, y, size = item
        return frame, number, x, y, x + size, y + 2.0 * size

    truth = draw(st.lists(row, **unique))
    tracks = draw(st.lists(row, **unique))
    kinds = draw(
        st.lists(
            st.tuples(st.sampled_from(classes), st.sampled_from([0, 0.5, 1, 1, 1])),
            min_size=len(truth),
            max_size=len(truth),
        )
    )
    rows = [(*corners(item), *kind) for item, kind in zip(truth, kinds, strict=True)]
    return result_of(rows, [corners(item) for item in tracks], frames, name)


def crowd(
    seed: int, frames: int = 40, people: int = 8, name: str = "SEQ", width: float = 80
) -> SequenceResult:
    """People who drift in noise; misses, false boxes, swapped ids, other classes."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, width, (people, 2))
    drift = rng.uniform(-1, 1, (people, 2))
    size = rng.uniform(8, 20, (people, 2))
    kind = rng.choice([1, 1, 1, 1, 2, 6, 7, 12, 3], people)
    ids = np.arange(1, people + 1)
    truth: list[Row] = []
    tracks: list[Row] = []
    for frame in range(frames):
        corner = corner + drift
        if rng.random() < 0.2:
            one, other = rng.integers(0, people, 2)
            ids[[one, other]] = ids[[other, one]]
        silent = rng.random(2) < 0.1
        for index in range(people):
            first, last = corner[index], corner[index] + size[index]
            if rng.random() < 0.9 and not silent[0]:
                truth.append((frame, index, *first, *last, kind[index], 1))
            if rng.random() < 0.8 and not silent[1]:
                noise = rng.normal(0, 1.5, 4)
                seen = np.concatenate([first, last]) + noise
                tracks.append((frame, int(ids[index]), *seen))
        if rng.random() < 0.3:
            tracks.append((frame, 10**15 + frame, *box(*rng.uniform(0, width, 2))))
    return result_of(truth, tracks, frames, name)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), size=st.integers(1, 8))
def test_ties_are_resolved_as_by_trackeval(data: st.DataObject, size: int) -> None:
    benchmark = data.draw(st.sampled_from(["mot15", "mot17", "mot20"]))
    classes = [NO_CLASS] if benchmark == "mot15" else [1, 1, 1, 2, 6, 7, 3]
    worlds = [data.draw(grid_worlds(name, classes)) for name in "AB"]
    assert_equal(worlds, benchmark, size)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    people=st.integers(1, 20),
    benchmark=st.sampled_from(["mot16", "mot17", "mot20"]),
)
def test_worlds_without_ties(seed: int, people: int, benchmark: str) -> None:
    assert_equal([crowd(seed, 30, people, "A"), crowd(seed + 1, 5, 3, "B")], benchmark)


def test_a_frame_of_hundreds() -> None:
    # NumPy sums more than 8, and more than 128 numbers in other orders.
    assert_equal([crowd(5, 3, 170, width=300)], "mot20")


def test_frames_are_cut_into_runs_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fast_scores.evaluate([crowd(6)], MOT17)
    for entries in (1, 70, 1000):
        monkeypatch.setattr(box_pairs, "_RUN_ENTRIES", entries)
        assert fast_scores.evaluate([crowd(6)], MOT17) == whole


@pytest.mark.parametrize("benchmark", ["mot15", "mot16", "mot17", "mot20"])
def test_empty_sides(benchmark: str) -> None:
    kind = NO_CLASS if benchmark == "mot15" else 1
    truth = [(f, 1, *box(0), kind, 1) for f in range(3)]
    tracks = [(f, 1, *box(0)) for f in range(3)]
    results = [
        result_of(truth, [], 3, "A"),
        result_of([], tracks, 3, "B"),
        result_of([], [], 3, "C"),
        result_of([(0, 1, *box(0), kind, 0)], tracks, 3, "D"),
        result_of([], [], 0, "E"),
        result_of(truth[:1], tracks[2:], 3, "F"),
    ]
    for result in results:
        assert_equal([result], benchmark)
    assert_equal(results, benchmark, 2)


@pytest.mark.parametrize("benchmark", ["mot16", "mot17", "mot20"])
@pytest.mark.parametrize("kind", sorted(CLASSES))
def test_every_class_is_treated_as_by_trackeval(kind: int, benchmark: str) -> None:
    truth = [(0, 1, *box(0), 1, 1), (0, 2, *box(50), kind, 0)]
    # The third box has the choice between a pedestrian and another class.
    truth += [(0, 3, *box(100), 1, 1), (0, 4, *box(102), kind, 1)]
    tracks = [(0, 1, *box(0)), (0, 2, *box(50)), (0, 3, *box(101.5))]
    assert_equal([result_of(truth, tracks, 1)], benchmark)


def test_an_interruption_is_a_frame_with_boxes_on_both_sides() -> None:
    truth = [(f, 1, *box(0), 1, 1) for f in range(6)]
    far = [(2, 9, *box(90)), (4, 9, *box(90))]
    seen = [(f, 1, *box(0)) for f in (0, 3, 5)]
    # Frame 1 has no boxes of the tracker and interrupts nothing; 2 and 4 do.
    result = result_of(truth, seen + far, 6)
    assert fast_scores.evaluate([result], MOT17).overall["Frag"] == 2
    assert_equal([result], "mot17")


def test_a_match_is_kept_before_a_better_overlap() -> None:
    truth = [(f, 1, *box(0), 1, 1) for f in range(2)]
    tracks = [(0, 1, *box(0)), (1, 1, *box(2)), (1, 2, *box(0))]
    overall = fast_scores.evaluate([result_of(truth, tracks, 2)], MOT17).overall
    assert (overall["TP"], overall["IDSW"]) == (2, 0)


def test_start_of_a_part_changes_only_the_blocks() -> None:
    truth = [(100 + f, 1, *box(0), 1, 1) for f in range(25)]
    tracks = [(100 + f, 1, *box(0)) for f in range(25)]
    result = result_of(truth, tracks, 25, start=100)
    _, counted = fast_scores.evaluate_with_blocks([result], MOT17, 10)
    limits = [(row["start"], row["stop"]) for row in counted]
    assert limits == [(100, 110), (110, 120), (120, 125)]
    assert_equal([result], "mot17", 10)


def test_keys_and_types() -> None:
    found, counted = fast_scores.evaluate_with_blocks([crowd(1)], MOT17)
    assert set(found.overall) == {*PERCENTAGES, *COUNTS}
    assert all(type(found.overall[key]) is float for key in PERCENTAGES)
    assert all(type(found.overall[key]) is int for key in COUNTS)
    assert all(type(value) in (int, str) for row in counted for value in row.values())


def test_processes_change_nothing() -> None:
    results = [crowd(1, 40, 8, "A"), crowd(2, 10, 3, "B"), crowd(3, 20, 5, "C")]
    alone = fast_scores.evaluate_with_blocks(results, MOT17)
    shared = fast_scores.evaluate_with_blocks(results, MOT17, processes=2)
    assert shared == alone
    assert list(shared[0].sequences) == ["A", "B", "C"]


def test_processes_are_started_where_there_is_work_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results = [crowd(seed, name=name) for seed, name in enumerate("ABC")]
    assert fast_scores.useful_processes(results, cores=8) == 1
    monkeypatch.setattr(fast_scores, "_ROWS_OF_A_PROCESS", 1)
    assert fast_scores.useful_processes(results, cores=8) == 3
    assert fast_scores.useful_processes(results, cores=2) == 2


def test_an_error_in_a_process_is_the_same_sentence() -> None:
    good, bad = crowd(1, name="A"), result_of([(0, 1, *box(0), 99, 1)], [], 1, "B")
    with pytest.raises(
        InputError, match="of B has class 99 in column 8, not one of 1 to 13"
    ):
        fast_scores.evaluate([good, bad], MOT17, processes=2)


@pytest.mark.parametrize(
    ("kind", "rules", "sentence"),
    [
        (NO_CLASS, MOT17, r"no classes .*--dataset mot15"),
        (3, MOT15, "has class 3, which MOT15 would score"),
        (99, MOT20, "has class 99 in column 8, not one of 1 to 13"),
    ],
)
def test_ground_truth_of_another_kind_is_refused(
    kind: int, rules: EvaluationRules, sentence: str
) -> None:
    result = result_of([(0, 1, *box(0), kind, 1)], [], 1)
    with pytest.raises(InputError, match=sentence):
        fast_scores.evaluate([result], rules)


def test_results_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="no sequence to evaluate"):
        fast_scores.evaluate([], MOT17)
    with pytest.raises(InputError, match="SEQ is among the results more than once"):
        fast_scores.evaluate([crowd(1), crowd(2)], MOT17)
    with pytest.raises(InputError, match="at least 1 frame"):
        fast_scores.evaluate_with_blocks([crowd(1)], MOT17, 0)


def test_too_many_identities_are_refused_later_than_by_trackeval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    truth = [(0, 1, *box(0), 1, 1)]
    result = result_of(truth, [(0, i, *box(100.0 * i)) for i in range(50)], 1)
    monkeypatch.setattr(trackeval_scores, "MEMORY_LIMIT", 10_000)
    with pytest.raises(InputError, match="SEQ has 50 predicted and 1 true identities"):
        trackeval_scores.evaluate([result], find_dataset("mot17").rules)
    monkeypatch.setattr(fast_scores, "MEMORY_LIMIT", 10_000)
    assert fast_scores.evaluate([result], MOT17).overall["FP"] == 49
    monkeypatch.setattr(fast_scores, "MEMORY_LIMIT", 1_000)
    with pytest.raises(InputError, match="SEQ has 50 predicted and 1 true identities"):
        fast_scores.evaluate([result], MOT17)


def matrices(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """trackeval's overlaps."""
    from trackeval.datasets import MotChallenge2DBox

    return MotChallenge2DBox._calculate_box_ious(boxes, others, box_format="x0y0x1y1")


def one_frame(count: int) -> FrameRows:
    return FrameRows.of(np.zeros(count, np.int64), 1)


def test_overlaps_have_the_bits_of_trackeval() -> None:
    rng = np.random.default_rng(0)
    boxes = np.cumsum(rng.uniform(0, 9, (300, 2, 2)), axis=1).reshape(-1, 4)
    # Turned round, of no width, and so small that trackeval calls them empty.
    boxes[:20] = boxes[:20, [2, 3, 0, 1]]
    boxes[20:30, 2] = boxes[20:30, 0]
    boxes[30:60, :2] = 5.0
    boxes[30:60, 2:] = 5.0 + rng.uniform(0.5, 2, (30, 2)) * 1.5e-8
    one, other = one_frame(150), one_frame(150)
    pairs = overlapping_pairs(one, boxes[::2], other, boxes[1::2])
    expected = matrices(boxes[::2], boxes[1::2])
    found = np.zeros_like(expected)
    found[pairs.truth_row, pairs.track_row] = pairs.overlap
    assert (found == expected).all()
    assert (pairs.overlap > 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (7, 9), (30, 300)])
def test_sums_of_overlaps_have_the_bits_of_matrices(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 60, (sum(shape), 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 60, (sum(shape), 2))], 1)
    truth, track = boxes[: shape[0]], boxes[shape[0] :]
    pairs = overlapping_pairs(one_frame(shape[0]), truth, one_frame(shape[1]), track)
    per_row, per_column = overlap_sums(pairs)
    expected = matrices(truth, track)
    assert (per_row == expected.sum(1)).all()
    assert (per_column == expected.sum(0)).all()


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_certain_pairs_are_in_the_best_assignment(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    worth = st.sampled_from([0.0, 0.0, 0.1, 0.3, 0.5, 0.6]) | st.floats(
        0, 1, allow_subnormal=False
    )
    matrix = np.array(
        data.draw(st.lists(worth, min_size=rows * columns, max_size=rows * columns))
    ).reshape(rows, columns)
    touching = np.tile([0.0, 0.0, 1.0, 1.0], (max(rows, columns), 1))
    pairs = overlapping_pairs(
        one_frame(rows), touching[:rows], one_frame(columns), touching[:columns]
    )
    scores = matrix.reshape(-1)
    best = matrix[linear_sum_assignment(matrix, maximize=True)].sum()
    chosen = best_pairs(pairs, scores)
    assert scores[chosen].sum() == pytest.approx(best, abs=1e-12)
    assert (scores[chosen] > 0).all()
    certain, _ = certain_pairs(pairs, scores)
    for pair in certain.tolist():
        without = matrix.copy()
        without.reshape(-1)[pair] = 0
        rest = without[linear_sum_assignment(without, maximize=True)].sum()
        assert rest < best


@pytest.mark.parametrize("name", ["TUD-Campus", "TUD-Stadtmitte"])
def test_the_example_of_motmetrics(name: str) -> None:
    import motmetrics

    folder = Path(motmetrics.__file__).parent / "data" / name
    truth, table = read_annotations(folder / "gt.txt"), read_tracks(folder / "test.txt")
    stop = int(max(truth.frames.max(), table.frames.max())) + 1
    assert_equal([SequenceResult(name, truth, table, 0, stop)], "mot15")


@pytest.mark.real
def test_a_published_tracker_on_all_of_mot17(real_data: Path) -> None:
    sequences = find_dataset("mot17").open(real_data / "mot17-annotations", "train")
    folder = real_data / "tracker-results" / "lif_t"
    results = [
        SequenceResult.of(s, read_tracks(folder / f"{s.name}.txt")) for s in sequences
    ]
    assert_equal(results, "mot17")
    overall = fast_scores.evaluate(results, MOT17).overall
    rounded = {key: round(overall[key], 3) for key in ("HOTA", "MOTA", "IDF1")}
    assert rounded == {"HOTA": 62.858, "MOTA": 66.978, "IDF1": 72.355}


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "benchmark"),
    [
        ("mot15/train/TUD-Stadtmitte", "mot15"),
        ("mot16-half-res/train/MOT16-09", "mot16"),
        ("mot20-half-res/train/MOT20-01", "mot20"),
    ],
)
def test_real_ground_truth_with_noise(
    real_data: Path, name: str, benchmark: str
) -> None:
    sequence = open_sequence(real_data / name)
    truth = sequence.annotations()
    assert truth is not None
    rng = np.random.default_rng(0)
    # Other classes too, so that there is something to remove.
    table = truth.keep(rng.random(len(truth)) < 0.9).as_tracks()
    table.boxes[:] += rng.normal(0, 4, table.boxes.shape).round()
    assert_equal([SequenceResult.of(sequence, table)], benchmark)
