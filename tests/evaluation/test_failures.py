"""Failures are found where they were planted, and cost what mending them brings."""

from pathlib import Path

import numpy as np
import pytest

from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.evaluation.failures import (
    NO_TRACK,
    Failure,
    FailureKind,
    find_failures,
    rank_failures,
    timelines,
)
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.evaluation.trackeval_scores import evaluate
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.structures import TrackTable
from tests.worlds import write_world

FRAMES = 40


@pytest.fixture
def sequence(tmp_path: Path) -> Sequence:
    """Two people far apart, who stay for 40 frames."""
    people = {
        1: [[100.0 + f, 100.0, 40.0, 100.0] for f in range(FRAMES)],
        2: [[600.0 - f, 200.0, 40.0, 100.0] for f in range(FRAMES)],
    }
    return write_world(tmp_path / "SYN-01", people)


def tracks_of(sequence: Sequence, names: dict[int, list[int]]) -> TrackTable:
    """The true boxes under other names: person -> track of each frame, -1 for none."""
    annotations = sequence.annotations()
    assert annotations is not None
    table = annotations.as_tracks()
    ids = np.array(
        [names[i][f] for i, f in zip(table.ids, table.frames, strict=True)], np.int64
    )
    kept = ids != NO_TRACK
    order = np.lexsort((ids[kept], table.frames[kept]))
    return TrackTable(
        table.frames[kept][order],
        ids[kept][order],
        table.boxes[kept][order],
        table.scores[kept][order],
    )


def ranked(sequence: Sequence, names: dict[int, list[int]]) -> list[Failure]:
    result = SequenceResult.of(sequence, tracks_of(sequence, names))
    return rank_failures([result], MOT17)


def test_a_perfect_result_has_no_failure(sequence: Sequence) -> None:
    assert ranked(sequence, {1: [7] * FRAMES, 2: [8] * FRAMES}) == []


def test_a_switch_is_found_and_costs_what_its_mending_brings(
    sequence: Sequence,
) -> None:
    names = {1: [7] * 25 + [9] * 15, 2: [8] * FRAMES}
    (found,) = ranked(sequence, names)
    assert (found.kind, found.identity) == (FailureKind.SWITCH, 1)
    assert (found.start, found.stop, found.boxes) == (25, 40, 15)
    assert (found.before, found.after) == (7, 9)
    # By trackeval itself: one switch of 80 boxes, and 15 boxes of another identity.
    usual = evaluate([SequenceResult.of(sequence, tracks_of(sequence, names))], MOT17)
    assert found.mota == pytest.approx(100 - usual.overall["MOTA"])
    assert found.idf1 == pytest.approx(100 - usual.overall["IDF1"])
    assert found.mota == pytest.approx(100 / 80)


def test_gaps_are_fragmentations_inside_and_missed_runs_at_the_ends(
    sequence: Sequence,
) -> None:
    names = {
        1: [NO_TRACK] * 4 + [7] * 16 + [NO_TRACK] * 6 + [7] * 14,
        2: [8] * 30 + [NO_TRACK] * 10,
    }
    found = {(f.identity, f.start): f for f in ranked(sequence, names)}
    assert {key: f.kind for key, f in found.items()} == {
        (1, 0): FailureKind.MISSED,
        (1, 20): FailureKind.FRAGMENTATION,
        (2, 30): FailureKind.MISSED,
    }
    inner = found[1, 20]
    assert (inner.stop, inner.boxes, inner.before, inner.after) == (26, 6, 7, 7)
    assert inner.mota == pytest.approx(100 * 6 / 80)
    assert found[1, 0].before == NO_TRACK
    assert found[2, 30].after == NO_TRACK
    # The dearest first: ten boxes cost more than six, six more than four.
    assert [f.boxes for f in ranked(sequence, names)] == [10, 6, 4]


def test_exchanged_identities_are_two_switches(sequence: Sequence) -> None:
    names = {1: [7] * 20 + [8] * 20, 2: [8] * 20 + [7] * 20}
    found = ranked(sequence, names)
    assert [(f.kind, f.start) for f in found] == [(FailureKind.SWITCH, 20)] * 2
    # Exchanging the two tracks mends both.
    assert all(f.mota == pytest.approx(100 * 2 / 80) for f in found)


def test_a_person_who_is_never_found_is_one_missed_run(sequence: Sequence) -> None:
    (found,) = ranked(sequence, {1: [7] * FRAMES, 2: [NO_TRACK] * FRAMES})
    assert (found.kind, found.boxes) == (FailureKind.MISSED, FRAMES)
    assert (found.before, found.after) == (NO_TRACK, NO_TRACK)
    assert found.mota == pytest.approx(50)


def test_counts_of_failures_are_trackevals(sequence: Sequence) -> None:
    """As many switches and missed boxes as the evaluator counts."""
    random = np.random.default_rng(0)
    names = {i: random.choice([7, 8, 9, NO_TRACK], FRAMES).tolist() for i in (1, 2)}
    # One track may not have two boxes in a frame.
    for f in range(FRAMES):
        if names[1][f] == names[2][f]:
            names[2][f] = NO_TRACK
    result = SequenceResult.of(sequence, tracks_of(sequence, names))
    overall = evaluate([result], MOT17).overall
    found = find_failures(sequence.name, timelines(result, MOT17))
    switches = [f for f in found if f.kind is FailureKind.SWITCH]
    gaps = [f for f in found if f.kind is not FailureKind.SWITCH]
    assert len(switches) == overall["IDSW"]
    assert sum(f.boxes for f in gaps) == overall["FN"]
