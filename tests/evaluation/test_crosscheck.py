"""Two evaluators: where they agree, where they do not, and why."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.evaluation import motmetrics_scores, trackeval_scores
from cstrack_bench.evaluation.crosscheck import Difference, compare
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.formats.mot_files import read_tracks
from cstrack_bench.formats.sequences import open_sequence

Make = Callable[..., SequenceResult]


def differences(result: SequenceResult) -> dict[str, Difference]:
    found = compare(
        trackeval_scores.evaluate([result], MOT17),
        motmetrics_scores.evaluate([result], MOT17),
    )
    return {item.metric: item for item in found if item.sequence == "OVERALL"}


def test_a_clean_result_has_no_difference(make: Make) -> None:
    truth = [(f, p, 30.0 * p, 0.0, 1, 1) for f in range(9) for p in (1, 2)]
    tracks = [(f, p, 30.0 * p, 0.0) for f in range(7) for p in (1, 2)]
    assert differences(make(truth, tracks, 9)) == {}


def test_mostly_tracked_at_exactly_80_percent(make: Make) -> None:
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in range(10)]
    found = differences(make(truth, [(f, 1, 0.0, 0.0) for f in range(8)], 10))
    assert set(found) == {"MT", "PT"}
    assert (found["MT"].trackeval, found["MT"].motmetrics) == (0, 1)
    assert "80 %" in found["MT"].reason


def test_matches_are_carried_over_a_gap(make: Make) -> None:
    # Track 1 is lost for a frame and comes back beside a better placed track 2.
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in range(3)]
    tracks = [(0, 1, 0.0, 0.0), (2, 1, 2.0, 0.0), (2, 2, 0.0, 0.0)]
    # trackeval skips a frame without any tracker's box, so one is elsewhere in it.
    tracks.append((1, 9, 50.0, 0.0))
    found = differences(make(truth, tracks, 3))
    assert (found["IDSW"].trackeval, found["IDSW"].motmetrics) == (1, 0)
    assert "any earlier frame" in found["IDSW"].reason


def test_absence_is_a_fragment_in_trackeval_only(make: Make) -> None:
    truth = [(f, 1, 0.0, 0.0, 1, 1) for f in (0, 1, 4, 5)]
    # Someone else is there all the time, so every frame has boxes on both sides.
    truth += [(f, 2, 50.0, 0.0, 1, 1) for f in range(6)]
    tracks = [(f, p, x, 0.0) for f, p, x, *_ in truth]
    found = differences(make(truth, tracks, 6))
    assert set(found) == {"Frag"}
    assert (found["Frag"].trackeval, found["Frag"].motmetrics) == (1, 0)
    assert "absent" in found["Frag"].reason


@pytest.mark.parametrize("seed", range(6))
def test_identity_scores_always_agree(walk: Make, seed: int) -> None:
    found = differences(walk(seed))
    assert not {"IDF1", "IDP", "IDR", "IDTP", "GT", "IDs"} & set(found)
    assert all(item.explained for item in found.values())


def test_what_no_definition_covers_is_unexplained(walk: Make) -> None:
    scores = trackeval_scores.evaluate([walk(1)], MOT17)
    other = replace(scores, overall={**scores.overall, "IDF1": 1.0})
    found = compare(scores, other)
    assert [(item.sequence, item.metric) for item in found] == [("OVERALL", "IDF1")]
    assert not found[0].explained
    lost = replace(scores, overall={**scores.overall, "FP": scores.overall["FP"] + 1})
    assert not compare(scores, lost)[0].explained


@pytest.mark.real
def test_real_differences_are_all_explained(real_data: Path) -> None:
    name = "MOT17-05-SDP"
    sequence = open_sequence(real_data / "mot17-annotations" / "train" / name)
    table = read_tracks(real_data / "tracker-results" / "lif_t" / f"{name}.txt")
    found = differences(SequenceResult.of(sequence, table))
    assert (found["IDSW"].trackeval, found["IDSW"].motmetrics) == (33, 32)
    assert all(item.explained for item in found.values())
