"""The reference evaluator, against published figures and by its rules."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cstrack_bench.datasets.dataset_registry import built_in_datasets, find_dataset
from cstrack_bench.datasets.evaluation_rules import MOT15, MOT17, EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation import motmetrics_scores, trackeval_scores
from cstrack_bench.evaluation.scores import (
    COUNTS,
    PERCENTAGES,
    SequenceResult,
    ratios,
    sum_counts,
)
from cstrack_bench.evaluation.self_check import against_itself, imperfections
from cstrack_bench.formats.mot_files import read_annotations, read_tracks
from cstrack_bench.formats.sequences import open_sequence
from cstrack_bench.structures import TrackTable

Make = Callable[..., SequenceResult]
RULES = [d.rules for d in built_in_datasets().values() if d.rules is not None]

#: As measured before the project began (the package's own data, HOTA by trackeval).
TUD = {
    "TUD-Campus": (52.6462, 55.7659, 7, 13, 150, 1, 1, 39.1397),
    "TUD-Stadtmitte": (56.4014, 64.4619, 7, 45, 452, 5, 1, 39.7849),
}
FIGURES = ("MOTA", "IDF1", "IDSW", "FP", "FN", "MT", "ML")


@pytest.mark.parametrize("name", sorted(TUD))
def test_both_evaluators_give_the_known_figures(name: str) -> None:
    import motmetrics as package

    folder = Path(package.__file__).parent / "data" / name
    truth, table = read_annotations(folder / "gt.txt"), read_tracks(folder / "test.txt")
    stop = int(max(truth.frames.max(), table.frames.max())) + 1
    results = [SequenceResult(name, truth, table, 0, stop)]
    reference = trackeval_scores.evaluate(results, MOT15).overall
    other = motmetrics_scores.evaluate(results, MOT15).overall
    for key, expected in zip(FIGURES, TUD[name], strict=False):
        assert reference[key] == pytest.approx(expected, abs=5e-5)
        assert other[key] == pytest.approx(expected, abs=5e-5)
    assert reference["HOTA"] == pytest.approx(TUD[name][-1], abs=5e-5)


@pytest.mark.real
def test_a_published_tracker_gets_its_published_scores(real_data: Path) -> None:
    sequences = find_dataset("mot17").open(real_data / "mot17-annotations")
    folder = real_data / "tracker-results" / "lif_t"
    results = [
        SequenceResult.of(s, read_tracks(folder / f"{s.name}.txt")) for s in sequences
    ]
    overall = trackeval_scores.evaluate(results, MOT17).overall
    rounded = {key: round(overall[key], 3) for key in ("HOTA", "MOTA", "IDF1")}
    assert rounded == {"HOTA": 62.858, "MOTA": 66.978, "IDF1": 72.355}
    counts = {key: overall[key] for key in (*COUNTS[:7], "GT")}
    assert counts == {
        "MT": 679,
        "PT": 595,
        "ML": 364,
        "FP": 2655,
        "FN": 107803,
        "IDSW": 791,
        "Frag": 1153,
        "GT": 336891,
    }


@pytest.mark.real
@pytest.mark.parametrize(
    ("folder", "name", "count"),
    [
        ("mot15", "mot15", 2),
        ("mot16-half-res", "mot16", 2),
        ("mot17-annotations", "mot17", 21),
    ],
)
def test_ground_truth_against_itself_is_perfect(
    real_data: Path, folder: str, name: str, count: int
) -> None:
    dataset = find_dataset(name)
    sequences = dataset.open(real_data / folder)
    found = against_itself(sequences, dataset.rules_for(sequences))
    assert len(found.sequences) == count
    for row in (found.overall, *found.sequences.values()):
        assert [row[key] for key in ("HOTA", "MOTA", "IDF1")] == pytest.approx(
            [100.0, 100.0, 100.0], abs=1e-9
        )


@pytest.mark.real
def test_the_second_half_of_real_ground_truth_is_perfect_too(real_data: Path) -> None:
    whole = open_sequence(real_data / "mot16-half-res" / "train" / "MOT16-09")
    assert imperfections([whole.part(263, 525)], find_dataset("mot16")) == []


def test_keys_and_types(walk: Make) -> None:
    overall = trackeval_scores.evaluate([walk(1)], MOT17).overall
    assert set(overall) == {*PERCENTAGES, *COUNTS}
    assert all(type(overall[key]) is float for key in PERCENTAGES)
    assert all(type(overall[key]) is int for key in COUNTS)


def test_overall_comes_from_summed_counts(walk: Make) -> None:
    results = [walk(1, 80, name="LONG"), walk(2, 10, name="SHORT")]
    found = trackeval_scores.evaluate(results, MOT17)
    assert sum_counts(found.sequences.values()) == {
        key: found.overall[key] for key in COUNTS
    }
    for key, value in ratios(found.overall).items():
        assert found.overall[key] == pytest.approx(value, abs=1e-9)
    mean = np.mean([row["MOTA"] for row in found.sequences.values()])
    assert abs(found.overall["MOTA"] - mean) > 0.5


def test_frames_off_by_one_cost_accuracy(make: Make) -> None:
    truth = [(f, 1, 4.0 * f, 0.0, 1, 1) for f in range(20)]
    aligned = make(truth, [(f, 1, 4.0 * f, 0.0) for f in range(20)], 20)
    shifted = make(truth, [(f, 1, 4.0 * (f - 1), 0.0) for f in range(20)], 20)
    assert trackeval_scores.evaluate([aligned], MOT17).overall["MOTA"] == 100
    assert trackeval_scores.evaluate([shifted], MOT17).overall["MOTA"] < 0


def test_the_place_of_a_part_does_not_matter(walk: Make) -> None:
    early, late = walk(3), walk(3, start=500)
    scores = [trackeval_scores.evaluate([r], MOT17).overall for r in (early, late)]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("kind", [2, 6, 7, 8, 12, 3, 9])
@pytest.mark.parametrize("name", ["mot16", "mot17", "mot20", "synthmot"])
def test_boxes_on_distractors_are_not_counted(make: Make, kind: int, name: str) -> None:
    truth = [(0, 1, 0.0, 0.0, 1, 1), (0, 2, 50.0, 0.0, kind, 0)]
    result = make(truth, [(0, 1, 0.0, 0.0), (0, 2, 50.0, 0.0)], 1)
    distractors = {2, 7, 8, 12} | ({6} if name == "mot20" else set())
    expected = 0 if kind in distractors else 1
    for evaluate in (trackeval_scores.evaluate, motmetrics_scores.evaluate):
        overall = evaluate([result], find_dataset(name).rules_for([])).overall
        assert (overall["FP"], overall["GT"]) == (expected, 1)


def test_a_person_takes_a_box_before_a_distractor_nearby(make: Make) -> None:
    # Matched against everything at once, the box belongs to the person.
    truth = [(0, 1, 0.0, 0.0, 1, 1), (0, 2, 2.0, 0.0, 7, 0)]
    overall = trackeval_scores.evaluate(
        [make(truth, [(0, 1, 0.5, 0.0)], 1)], MOT17
    ).overall
    assert (overall["TP"], overall["FP"], overall["FN"]) == (1, 0, 0)


def test_mot15_scores_every_marked_row(make: Make, without_classes: Make) -> None:
    truth = [(0, 1, 0.0, 0.0, 1, 1), (0, 2, 50.0, 0.0, 1, 0)]
    result = without_classes(make(truth, [(0, 1, 0.0, 0.0), (0, 2, 50.0, 0.0)], 1))
    overall = trackeval_scores.evaluate([result], MOT15).overall
    assert (overall["GT"], overall["TP"], overall["FP"]) == (1, 1, 1)


def test_rules_that_do_not_fit_are_named(make: Make, without_classes: Make) -> None:
    people = make([(0, 1, 0.0, 0.0, 1, 1)], [], 1)
    with pytest.raises(InputError, match=r"no classes .*--dataset mot15"):
        trackeval_scores.evaluate([without_classes(people)], MOT17)
    car = make([(0, 1, 0.0, 0.0, 3, 1)], [], 1)
    with pytest.raises(InputError, match=r"has class 3, which MOT15 would score"):
        trackeval_scores.evaluate([car], MOT15)
    odd = make([(0, 1, 0.0, 0.0, 99, 1)], [], 1)
    with pytest.raises(InputError, match=r"has class 99 in column 8, not one of"):
        trackeval_scores.evaluate([odd], MOT17)


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules.name)
@pytest.mark.parametrize(
    "evaluate", [trackeval_scores.evaluate, motmetrics_scores.evaluate]
)
def test_empty_sides_score_0_without_a_warning(
    make: Make,
    without_classes: Make,
    rules: EvaluationRules,
    evaluate: Callable,
) -> None:
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in range(3)]
    tracks = [(f, 1, 0.0, 0.0) for f in range(3)]
    silent, ghost = make(truth, [], 3, "A"), make([], tracks, 3, "B")
    nothing = make([], [], 3, "C")
    results = [silent, ghost, nothing]
    if not rules.has_classes:
        results = [without_classes(result) for result in results]
    found = evaluate(results, rules)
    overall = found.overall
    assert (overall["FN"], overall["FP"], overall["ML"]) == (3, 3, 1)
    assert found.sequences["A"]["MOTA"] == 0
    assert overall["MOTA"] == -100
    assert overall["IDF1"] == 0
    alone = evaluate(results[:1], rules).overall
    assert (alone["MOTA"], alone["IDF1"], alone["FN"]) == (0, 0, 3)


def test_ids_may_be_huge(make: Make) -> None:
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in range(3)]
    result = make(truth, [(f, 10**15, 0.0, 0.0) for f in range(3)], 3)
    assert trackeval_scores.evaluate([result], MOT17).overall["IDF1"] == 100


def test_too_many_identities_are_refused_before_memory_is(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = [(0, 1, 0.0, 0.0, 1, 1)]
    result = make(truth, [(0, i, 100.0 * i, 0.0) for i in range(50)], 1)
    monkeypatch.setattr(trackeval_scores, "MEMORY_LIMIT", 10_000)
    with pytest.raises(InputError, match="SEQ has 50 predicted and 1 true identities"):
        trackeval_scores.evaluate([result], MOT17)


def test_nothing_is_printed(walk: Make, capsys: pytest.CaptureFixture[str]) -> None:
    trackeval_scores.evaluate([walk(1)], MOT17)
    motmetrics_scores.evaluate([walk(1)], MOT17)
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_results_that_cannot_be_are_refused(make: Make, walk: Make) -> None:
    row = (0, 1, 0.0, 0.0, 1, 1)
    with pytest.raises(InputError, match="result of SEQ has id 4 twice in frame 1"):
        make([row], [(0, 4, 0.0, 0.0), (0, 4, 9.0, 0.0)], 1)
    with pytest.raises(InputError, match="ground truth of SEQ has id 1 twice"):
        make([row, row], [], 1)
    with pytest.raises(InputError, match="result of SEQ has frame 3, outside 1 to 2"):
        make([row], [(2, 4, 0.0, 0.0)], 2)
    with pytest.raises(InputError, match="SEQ is among the results more than once"):
        trackeval_scores.evaluate([walk(1), walk(2)], MOT17)
    with pytest.raises(InputError, match="no sequence to evaluate"):
        trackeval_scores.evaluate([], MOT17)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "MOT17-02-SDP"
    (folder / "gt").mkdir(parents=True)
    rows = [f"{f},1,0,0,10,20,1,1,1\n" for f in range(1, 11)]
    (folder / "gt" / "gt.txt").write_text("".join(rows))
    (folder / "seqinfo.ini").write_text(
        "[Sequence]\nname=x\nframeRate=30\nseqLength=10\nimWidth=64\nimHeight=48\n"
    )
    return folder


def table(frames: range) -> TrackTable:
    count = len(frames)
    boxes = np.tile([0.0, 0.0, 10.0, 20.0], (count, 1))
    return TrackTable(
        np.array(frames, np.int64), np.ones(count, np.int64), boxes, np.ones(count)
    )


def test_a_part_takes_its_own_rows_of_a_whole_result(folder: Path) -> None:
    part = open_sequence(folder).part(5, 10)
    result = SequenceResult.of(part, table(range(10)))
    assert len(result.table) == 5
    overall = trackeval_scores.evaluate([result], MOT17).overall
    assert (overall["GT"], overall["MOTA"]) == (5, 100)


def test_results_counted_from_the_half_are_found_out(folder: Path) -> None:
    part = open_sequence(folder).part(5, 10)
    with pytest.raises(InputError, match="no row in frames 6 to 10"):
        SequenceResult.of(part, table(range(5)))


def test_frames_beyond_the_sequence_are_found_out(folder: Path) -> None:
    with pytest.raises(InputError, match="has frame 11, but the sequence ends at 10"):
        SequenceResult.of(open_sequence(folder), table(range(11)))


def test_without_ground_truth_there_is_nothing_to_score(folder: Path) -> None:
    (folder / "gt" / "gt.txt").unlink()
    with pytest.raises(InputError, match="has no ground truth"):
        SequenceResult.of(open_sequence(folder), table(range(3)))


def test_a_repeated_id_in_the_ground_truth_is_an_imperfection(folder: Path) -> None:
    file = folder / "gt" / "gt.txt"
    file.write_text(file.read_text() + "1,1,30,0,10,20,1,1,1\n")
    faults = imperfections([open_sequence(folder)], find_dataset("mot17"))
    assert "id 1 twice in frame 1" in faults[0].what


def test_invisible_boxes_are_an_imperfection(folder: Path) -> None:
    # A box without area overlaps nothing, not even itself.
    file = folder / "gt" / "gt.txt"
    file.write_text(file.read_text() + "1,2,30,0,0,20,1,1,1\n")
    faults = imperfections([open_sequence(folder)], find_dataset("mot17"))
    assert "against itself, not 100" in faults[0].what


def test_as_dict_is_a_copy(walk: Make) -> None:
    found = trackeval_scores.evaluate([walk(1)], MOT17)
    document = found.as_dict()
    document["overall"]["MOTA"] = 0.0
    assert replace(found).overall["MOTA"] != 0.0
    assert set(document) == {"overall", "sequences"}
