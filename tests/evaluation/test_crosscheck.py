"""Two evaluators: where they agree, where they do not, and why."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import motmetrics
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.evaluation import motmetrics_scores, trackeval_scores
from cstrack_bench.evaluation.crosscheck import Difference, compare
from cstrack_bench.evaluation.preprocessing import preprocess
from cstrack_bench.evaluation.rule_replay import Rule, replay_chain
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.formats.mot_files import (
    Annotations,
    read_annotations,
    read_tracks,
)
from cstrack_bench.formats.sequences import open_sequence
from cstrack_bench.structures import Detections, TrackTable
from cstrack_bench.synthmot.generate import annotate
from cstrack_bench.synthmot.world_config import SynthConfig
from cstrack_bench.tracking.tracker_registry import make_tracker

Make = Callable[..., SequenceResult]


def all_differences(results: list[SequenceResult]) -> list[Difference]:
    return compare(
        results,
        MOT17,
        trackeval_scores.evaluate(results, MOT17),
        motmetrics_scores.evaluate(results, MOT17),
    )


def differences(result: SequenceResult) -> dict[str, Difference]:
    """Those of one sequence, by metric; the overall row has the same."""
    found = all_differences([result])
    own = {item.metric: item for item in found if item.sequence == result.name}
    overall = {item.metric: item for item in found if item.sequence == "OVERALL"}
    assert own.keys() == overall.keys()
    return own


def rules_of(item: Difference) -> list[Rule]:
    return [Rule(step.rule) for step in item.steps]


def boxes_of(rows: list[list[float]]) -> SequenceResult:
    """Boxes of 10 × 20: frame, id, x, y, 1 for the truth or 0 for the tracker."""
    table = np.array(rows, np.float64).reshape(-1, 5)
    corners = np.concatenate([table[:, 2:4], table[:, 2:4] + [10.0, 20.0]], axis=1)
    truth = table[:, 4] == 1
    frames, ids = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    ones = np.ones(len(table))
    return SequenceResult(
        "SEQ",
        Annotations(
            frames[truth],
            ids[truth],
            corners[truth],
            ones[truth],
            np.ones(truth.sum(), np.int64),
            ones[truth],
        ),
        TrackTable(frames[~truth], ids[~truth], corners[~truth], ones[~truth]),
        0,
        int(frames.max()) + 1,
    )


def crowd(seed: int, grid: float, frames: int = 30, people: int = 40) -> SequenceResult:
    """People so close that most boxes overlap several: swaps, misses, silent frames.

    Coordinates on a grid make equally good assignments.
    """
    rng = np.random.default_rng(seed)
    position = rng.uniform(0, 60, (people, 2))
    speed = rng.uniform(-1.5, 1.5, (people, 2))
    ids = np.arange(people)
    rows: list[list[float]] = []
    for frame in range(frames):
        position = position + speed
        for _ in range(rng.poisson(1)):
            a, b = rng.integers(0, people, 2)
            ids[[a, b]] = ids[[b, a]]
        silent = rng.random() < 0.03
        for i in range(people):
            seen = position[i] + rng.normal(0, 2, 2)
            if rng.random() < 0.9:
                rows.append([frame, i, *(np.round(position[i] / grid) * grid), 1])
            if rng.random() < 0.85 and not silent:
                rows.append([frame, ids[i], *(np.round(seen / grid) * grid), 0])
    return boxes_of(rows)


def test_a_clean_result_has_no_difference(make: Make) -> None:
    truth = [(f, p, 30.0 * p, 0.0, 1, 1) for f in range(9) for p in (1, 2)]
    tracks = [(f, p, 30.0 * p, 0.0) for f in range(7) for p in (1, 2)]
    assert differences(make(truth, tracks, 9)) == {}


def test_mostly_tracked_at_exactly_80_percent(make: Make) -> None:
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in range(10)]
    found = differences(make(truth, [(f, 1, 0.0, 0.0) for f in range(8)], 10))
    assert set(found) == {"MT", "PT"}
    assert (found["MT"].trackeval, found["MT"].motmetrics) == (0, 1)
    assert rules_of(found["MT"]) == [Rule.COVERED]
    assert "80 %" in found["MT"].reason


def test_matches_are_carried_over_a_gap(make: Make) -> None:
    # Track 1 is lost for a frame and comes back beside a better placed track 2.
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in range(3)]
    tracks = [(0, 1, 0.0, 0.0), (2, 1, 2.0, 0.0), (2, 2, 0.0, 0.0)]
    # trackeval skips a frame without any tracker's box, so one is elsewhere in it.
    tracks.append((1, 9, 50.0, 0.0))
    found = differences(make(truth, tracks, 3))
    assert (found["IDSW"].trackeval, found["IDSW"].motmetrics) == (1, 0)
    (step,) = found["IDSW"].steps
    assert (Rule(step.rule), step.before, step.after) == (Rule.CARRIED, 1, 0)
    assert step.frame == 3


def test_the_frame_of_a_step_counts_from_the_start_of_the_sequence(make: Make) -> None:
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in range(300, 303)]
    tracks = [(300, 1, 0.0, 0.0), (301, 9, 50.0, 0.0)]
    tracks += [(302, 1, 2.0, 0.0), (302, 2, 0.0, 0.0)]
    found = differences(make(truth, tracks, 3, start=300))
    assert found["IDSW"].steps[0].frame == 303


def test_three_pairs_of_a_half_or_two_whole_ones(make: Make) -> None:
    truth = [(0, i, x, 0.0, 1, 1) for i, x in enumerate((0.0, 3.0, 6.0))]
    tracks = [(0, i, x, 0.0) for i, x in enumerate((3.0, 6.0, 9.0))]
    found = differences(make(truth, tracks, 1))
    assert (found["TP"].trackeval, found["TP"].motmetrics) == (2, 3)
    assert {tuple(rules_of(item)) for item in found.values()} == {(Rule.MOST_PAIRS,)}


def test_equally_good_assignments_are_told_from_better_ones() -> None:
    truth = [(2, 6), (2, 6), (4, 6)], [(8, 0), (6, 8), (8, 6)]
    track = [(2, 0), (2, 6), (6, 8), (2, 4)], [(8, 0), (6, 6), (4, 8), (8, 2)]
    rows = [
        [float(frame), float(i), float(x), float(y), float(is_truth)]
        for is_truth, boxes in ((1, truth), (0, track))
        for frame in (0, 1)
        for i, (x, y) in enumerate(boxes[frame])
    ]
    found = differences(boxes_of(rows))
    assert (found["IDSW"].trackeval, found["IDSW"].motmetrics) == (1, 3)
    assert rules_of(found["IDSW"]) == [Rule.TIES]


def test_absence_is_a_fragment_in_trackeval_only(make: Make) -> None:
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in (0, 1, 4, 5)]
    # Someone else is there all the time, so every frame has boxes on both sides.
    truth += [(f, 2, 50.0, 0.0, 1, 1) for f in range(6)]
    tracks = [(f, p, x, 0.0) for f, p, x, *_ in truth]
    found = differences(make(truth, tracks, 6))
    assert set(found) == {"Frag"}
    assert (found["Frag"].trackeval, found["Frag"].motmetrics) == (1, 0)
    assert rules_of(found["Frag"]) == [Rule.ABSENT]


def test_a_silent_frame_is_a_fragment_in_motmetrics_only(make: Make) -> None:
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in range(5)]
    found = differences(make(truth, [(f, 1, 0.0, 0.0) for f in (0, 1, 3)], 5))
    assert (found["Frag"].trackeval, found["Frag"].motmetrics) == (0, 1)
    assert rules_of(found["Frag"]) == [Rule.SILENT]


def test_one_half_less_a_rounding_error(make: Make) -> None:
    shifted = make([(0, 1, 0.0, 0.0, 1, 1)], [(0, 1, 10 / 3, 0.0)], 1)
    (overlap,) = preprocess(shifted, MOT17)["similarity_scores"][0].ravel()
    assert 0.5 - np.finfo(float).eps <= overlap < 0.5
    found = differences(shifted)
    assert set(found) == {"IDF1", "IDP", "IDR", "IDTP", "IDFP", "IDFN"}
    assert {tuple(rules_of(item)) for item in found.values()} == {(Rule.ROUNDED_HALF,)}


@pytest.mark.parametrize("seed", range(6))
def test_noise_is_explained_and_identities_agree(walk: Make, seed: int) -> None:
    found = differences(walk(seed))
    assert not {"IDF1", "IDP", "IDR", "IDTP", "GT", "IDs"} & set(found)
    assert all(item.explained for item in found.values())


def test_crowds_differ_by_several_rules_and_every_difference_is_explained() -> None:
    results = [
        replace(crowd(seed, grid), name=f"{grid}-{seed}")
        for grid in (0.001, 2.0)
        for seed in range(3)
    ]
    found = all_differences(results)
    assert len(found) > 20
    assert [item for item in found if not item.explained] == []
    used = {rule for item in found for rule in rules_of(item)}
    assert {Rule.CARRIED, Rule.ABSENT, Rule.SILENT, Rule.TIES} <= used
    for item in found:
        ends = (item.steps[0].before, item.steps[-1].after)
        assert ends == pytest.approx((item.trackeval, item.motmetrics))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            *(st.integers(0, 3), st.integers(0, 4)),
            *(st.integers(0, 5), st.integers(0, 5), st.integers(0, 1)),
        ),
        min_size=2,
        max_size=24,
        unique_by=lambda row: (row[0], row[1], row[4]),
    )
)
def test_the_two_ends_of_the_replay_are_the_two_evaluators(
    rows: list[tuple[int, ...]],
) -> None:
    found = [[float(f), float(i), 2.0 * x, 3.0 * y, float(t)] for f, i, x, y, t in rows]
    if len({row[4] for row in found}) < 2:
        return  # there is nothing to match
    result = boxes_of(found)
    data = preprocess(result, MOT17)
    chain = replay_chain(data)
    ours = trackeval_scores.evaluate([result], MOT17).overall
    other = motmetrics_scores.evaluate([result], MOT17).overall
    assert chain[0].scores == pytest.approx({k: ours[k] for k in chain[0].scores})
    assert chain[-1].scores == pytest.approx({k: other[k] for k in chain[-1].scores})
    assert chain[-1].only_ties


def test_what_the_replay_does_not_give_is_unexplained(walk: Make) -> None:
    result = walk(1)
    scores = trackeval_scores.evaluate([result], MOT17)
    other = motmetrics_scores.evaluate([result], MOT17)
    wrong = {**other.sequences["SEQ"], "IDSW": other.sequences["SEQ"]["IDSW"] + 5}
    listed = compare([result], MOT17, scores, replace(other, sequences={"SEQ": wrong}))
    (switch,) = [d for d in listed if (d.sequence, d.metric) == ("SEQ", "IDSW")]
    assert not switch.explained
    assert "please report it" in switch.reason
    overall = {**scores.overall, "IDF1": 1.0}
    (found_overall,) = compare(
        [result], MOT17, scores, replace(scores, overall=overall)
    )
    assert (found_overall.sequence, found_overall.explained) == ("OVERALL", False)


def test_a_solver_that_misses_the_best_is_no_tie() -> None:
    """A solver with other ties is explained, one with a worse assignment is not."""
    result = crowd(0, 2.0)

    def mirrored(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        finite = np.where(np.isfinite(costs), costs, 1e6)[::-1, ::-1]
        rows, columns = linear_sum_assignment(finite)
        rows, columns = costs.shape[0] - 1 - rows, costs.shape[1] - 1 - columns
        real = np.isfinite(costs[rows, columns])
        return rows[real], columns[real]

    def first_come(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, columns, left = [], [], np.isfinite(costs)
        for row in range(costs.shape[0]):
            if left[row].any():
                column = int(np.flatnonzero(left[row])[0])
                rows.append(row)
                columns.append(column)
                left[:, column] = False
        return np.array(rows, int), np.array(columns, int)

    with motmetrics.lap.set_default_solver(mirrored):
        found = differences(result).values()
        assert any(Rule.TIES in rules_of(item) for item in found)
        assert all(item.explained for item in found)
    with motmetrics.lap.set_default_solver(first_come):
        found = differences(result).values()
        assert found
        assert not any(item.explained for item in found)


@pytest.mark.slow
def test_a_crowd_of_synthmot_tracked_by_sort_is_explained(tmp_path: Path) -> None:
    """Occluded people under a tracker that coasts: many switches and fragments."""
    frames = 60
    (tmp_path / "gt.txt").write_text(
        annotate(SynthConfig(people=60, crowding=1.0, frames=frames), 0)
    )
    truth = read_annotations(tmp_path / "gt.txt")
    rng = np.random.default_rng(0)
    tracker = make_tracker("sort", 12.0)
    tracks = []
    for frame in range(frames):
        found = (truth.frames == frame) & (truth.visibility > 0.25)
        seen = truth.keep(found & (rng.random(len(truth)) < 0.85)).boxes
        size = np.tile(seen[:, 2:] - seen[:, :2], 2)
        boxes = (seen + rng.normal(0, 0.07, seen.shape) * size).astype(np.float32)
        if frame % 20 == 13:
            boxes = boxes[:0]
        scores = np.full(len(boxes), 0.9, np.float32)
        tracks.append((frame, tracker.update(Detections(boxes, scores))))
    table = TrackTable.from_frames(tracks)
    result = SequenceResult("CROWD", truth, table, 0, frames)
    found_differences = differences(result)
    assert {"IDSW", "Frag", "MOTA"} <= found_differences.keys()
    assert all(item.explained for item in found_differences.values())
    assert Rule.SILENT in rules_of(found_differences["Frag"])


@pytest.mark.real
def test_real_differences_are_all_explained(real_data: Path) -> None:
    name = "MOT17-05-SDP"
    sequence = open_sequence(real_data / "mot17-annotations" / "train" / name)
    table = read_tracks(real_data / "tracker-results" / "lif_t" / f"{name}.txt")
    found = differences(SequenceResult.of(sequence, table))
    assert (found["IDSW"].trackeval, found["IDSW"].motmetrics) == (33, 32)
    assert rules_of(found["IDSW"]) == [Rule.CARRIED]
    assert found["IDSW"].steps[0].frame == 190
    assert rules_of(found["MT"]) == [Rule.COVERED]
    assert all(item.explained for item in found.values())


@pytest.mark.real
@pytest.mark.slow
def test_no_difference_on_a_whole_published_tracker_is_unexplained(
    real_data: Path,
) -> None:
    results = [
        SequenceResult.of(
            open_sequence(real_data / "mot17-annotations" / "train" / file.stem),
            read_tracks(file),
        )
        for file in sorted((real_data / "tracker-results" / "lif_t").glob("*.txt"))
    ]
    found = all_differences(results)
    assert len(results) == 21
    assert len(found) > 60
    assert [item for item in found if not item.explained] == []
