"""Failures of a tracker: switches, fragmentations, missed runs, and what each costs.

Boxes are matched as CLEAR matches them (``blocks.clear_counts``). What a failure costs
is found by mending it alone and scoring the sequences again.
"""

import collections.abc as abc
import heapq
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.evaluation.blocks import THRESHOLD
from cstrack_bench.evaluation.box_pairs import EPS
from cstrack_bench.evaluation.fast_clear import clear_counts
from cstrack_bench.evaluation.fast_identity import identity_tp
from cstrack_bench.evaluation.fast_preprocessing import scored_sequence
from cstrack_bench.evaluation.preprocessing import preprocess
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.structures import TrackTable

#: No track.
NO_TRACK = -1


class FailureKind(StrEnum):
    """What went wrong."""

    SWITCH = "identity switch"
    FRAGMENTATION = "fragmentation"
    MISSED = "missed run"


@dataclass(frozen=True)
class Failure:
    """One failure on one true identity.

    Attributes:
        kind: what went wrong.
        sequence: its name.
        identity: id in the ground truth.
        start: first frame that is wrong, 0-based in the whole sequence.
        stop: one past the last frame that is wrong.
        boxes: (stop - start) or fewer true boxes that are wrong; of a switch those that
            have the new track until the next change.
        before: track that had the identity before; -1 for none.
        after: track that has it afterwards; -1 for none.
        mota, idf1: points over all sequences that mending it alone brings.
    """

    kind: FailureKind
    sequence: str
    identity: int
    start: int
    stop: int
    boxes: int
    before: int
    after: int
    mota: float = 0.0
    idf1: float = 0.0

    @property
    def points(self) -> float:
        """What failures are ranked by: MOTA and IDF1 together."""
        return self.mota + self.idf1


@dataclass(frozen=True)
class Timeline:
    """One true identity: its scored boxes and the tracks matched with them.

    Attributes:
        identity: id in the ground truth.
        frames: (N,) ascending, 0-based in the whole sequence.
        boxes: (N, 4) true boxes, x1 y1 x2 y2 in pixels.
        tracks: (N,) id of the matched track, -1 without one.
    """

    identity: int
    frames: NDArray[np.int64]
    boxes: NDArray[np.float64]
    tracks: NDArray[np.int64]


class _Counts(NamedTuple):
    """What MOTA and IDF1 are made of."""

    errors: int
    truth: int
    boxes: int
    idtp: int


def timelines(result: SequenceResult, rules: EvaluationRules) -> list[Timeline]:
    """The scored identities of a sequence with the tracks that CLEAR matches.

    Args:
        result: a tracker's boxes and the ground truth.
        rules: what is scored, and what is removed before.
    """
    data = preprocess(result, rules)
    matched: dict[int, list[tuple[int, NDArray[np.float64], int]]] = {}
    previous: dict[int, int] = {}
    pedestrians = result.annotations.pedestrians()
    for step in range(data["num_timesteps"]):
        frame = result.start + step
        true_boxes, own_boxes = data["gt_dets"][step], data["tracker_dets"][step]
        truth = _kept(pedestrians.frames, pedestrians.boxes, true_boxes, frame)
        own = _kept(result.table.frames, result.table.boxes, own_boxes, frame)
        ids, tracks = pedestrians.ids[truth], result.table.ids[own]
        found = _match(ids, tracks, data["similarity_scores"][step], previous)
        if len(ids) and len(tracks):
            previous = found
        for row, identity in zip(truth.tolist(), ids.tolist(), strict=True):
            entry = frame, pedestrians.boxes[row], found.get(identity, NO_TRACK)
            matched.setdefault(identity, []).append(entry)
    return [
        Timeline(
            identity,
            np.array([frame for frame, _, _ in rows], np.int64),
            np.array([box for _, box, _ in rows], np.float64),
            np.array([track for _, _, track in rows], np.int64),
        )
        for identity, rows in sorted(matched.items())
    ]


def _kept(
    frames: NDArray[np.int64],
    boxes: NDArray[np.float64],
    kept: NDArray[np.float64],
    frame: int,
) -> NDArray[np.int64]:
    """The rows of a frame that preprocessing kept; it keeps their order."""
    rows = np.flatnonzero(frames == frame)
    found = []
    at = 0
    for box in kept:
        while not np.array_equal(boxes[rows[at]], box):
            at += 1
        found.append(rows[at])
        at += 1
    return np.array(found, np.int64)


def _match(
    ids: NDArray[np.int64],
    tracks: NDArray[np.int64],
    overlap: NDArray[np.float64],
    previous: abc.Mapping[int, int],
) -> dict[int, int]:
    """True identity -> track of one frame; pairs of the last frame come first."""
    if not len(ids) or not len(tracks):
        return {}
    last = np.array([previous.get(one, NO_TRACK) for one in ids.tolist()])
    gain = 1000.0 * (tracks[None, :] == last[:, None]) + overlap
    gain[overlap < THRESHOLD - EPS] = 0
    rows, columns = linear_sum_assignment(-gain)
    paired = gain[rows, columns] > EPS
    return dict(
        zip(ids[rows[paired]].tolist(), tracks[columns[paired]].tolist(), strict=True)
    )


def find_failures(sequence: str, lines: abc.Iterable[Timeline]) -> list[Failure]:
    """Every failure of one sequence, not yet costed, by identity and frame.

    A gap between two matches is a fragmentation, whichever track comes after it; one
    before the first match or after the last, or a person who is never found, is a
    missed run.

    Args:
        sequence: its name.
        lines: from ``timelines``.
    """
    found: list[Failure] = []
    for line in lines:
        found += _gaps(sequence, line)
        found += _switches(sequence, line)
    return found


def _gaps(sequence: str, line: Timeline) -> abc.Iterator[Failure]:
    missing = np.flatnonzero(line.tracks == NO_TRACK)
    if not len(missing):
        return
    for run in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1):
        first, last = int(run[0]), int(run[-1])
        before = int(line.tracks[first - 1]) if first else NO_TRACK
        end = last + 1
        after = int(line.tracks[end]) if end < len(line.tracks) else NO_TRACK
        inner = NO_TRACK not in (before, after)
        yield Failure(
            FailureKind.FRAGMENTATION if inner else FailureKind.MISSED,
            sequence,
            line.identity,
            int(line.frames[first]),
            int(line.frames[last]) + 1,
            len(run),
            before,
            after,
        )


def _switches(sequence: str, line: Timeline) -> abc.Iterator[Failure]:
    seen = np.flatnonzero(line.tracks != NO_TRACK)
    changes = np.flatnonzero(np.diff(line.tracks[seen]) != 0) + 1
    for start, end in pairwise([*changes.tolist(), len(seen)]):
        rows = seen[start:end]
        yield Failure(
            FailureKind.SWITCH,
            sequence,
            line.identity,
            int(line.frames[rows[0]]),
            int(line.frames[rows[-1]]) + 1,
            len(rows),
            int(line.tracks[seen[start - 1]]),
            int(line.tracks[rows[0]]),
        )


def rank_failures(
    results: abc.Sequence[SequenceResult],
    rules: EvaluationRules,
    costed: int = 150,
) -> list[Failure]:
    """Failures of all sequences, those that cost most first.

    Args:
        results: one for each sequence.
        rules: what is scored, and what is removed before.
        costed: how many are mended and scored again: those with the most wrong boxes.
            The others are left out.
    """
    every: list[Failure] = []
    lines: dict[str, dict[int, Timeline]] = {}
    for result in results:
        found = timelines(result, rules)
        lines[result.name] = {line.identity: line for line in found}
        every += find_failures(result.name, found)
    largest = heapq.nlargest(costed, every, key=lambda failure: failure.boxes)
    by_name = {result.name: result for result in results}
    counts = {name: _counts(result, rules) for name, result in by_name.items()}
    usual = _scores(counts.values())
    ranked = []
    for failure in largest:
        result = by_name[failure.sequence]
        mended = _mended(result, failure, lines[failure.sequence][failure.identity])
        changed = {**counts, failure.sequence: _counts(mended, rules)}
        mota, idf1 = (
            after - before
            for after, before in zip(_scores(changed.values()), usual, strict=True)
        )
        ranked.append(replace(failure, mota=mota, idf1=idf1))
    return sorted(ranked, key=lambda failure: -failure.points)


def _counts(result: SequenceResult, rules: EvaluationRules) -> _Counts:
    scored = scored_sequence(result, rules)
    clear = clear_counts(scored)
    truth, boxes = len(scored.pairs.truth), len(scored.pairs.track)
    matched = int(clear.tp.sum())
    errors = truth + boxes - 2 * matched + int(clear.idsw.sum())
    return _Counts(errors, truth, boxes, int(identity_tp(scored).sum()))


def _scores(counts: abc.Iterable[_Counts]) -> tuple[float, float]:
    """MOTA and IDF1 in percent, of summed counts."""
    errors, truth, boxes, idtp = (sum(each) for each in zip(*counts, strict=True))
    mota = 100.0 * (1 - errors / max(1, truth))
    return mota, 100.0 * 2 * idtp / max(1, truth + boxes)


def _mended(result: SequenceResult, failure: Failure, line: Timeline) -> SequenceResult:
    """The result without one failure."""
    table = result.table
    if failure.kind is FailureKind.SWITCH:
        return replace(result, table=_swapped(table, failure))
    wrong = (line.frames >= failure.start) & (line.frames < failure.stop)
    wrong &= line.tracks == NO_TRACK
    frames = line.frames[wrong]
    ids = np.full(len(frames), int(table.ids.max(initial=0)) + 1)
    for track in (failure.after, failure.before):
        if track != NO_TRACK:
            elsewhere = np.isin(frames, table.frames[table.ids == track])
            ids[~elsewhere] = track
    added = TrackTable(frames, ids, line.boxes[wrong], np.ones(len(frames)))
    return replace(result, table=_joined(table, added))


def _swapped(table: TrackTable, failure: Failure) -> TrackTable:
    """The two tracks of a switch exchanged while it lasts."""
    inside = (table.frames >= failure.start) & (table.frames < failure.stop)
    ids = table.ids.copy()
    ids[inside & (table.ids == failure.after)] = failure.before
    ids[inside & (table.ids == failure.before)] = failure.after
    order = np.lexsort((ids, table.frames))
    return TrackTable(
        table.frames[order], ids[order], table.boxes[order], table.scores[order]
    )


def _joined(table: TrackTable, added: TrackTable) -> TrackTable:
    frames = np.concatenate([table.frames, added.frames])
    ids = np.concatenate([table.ids, added.ids])
    order = np.lexsort((ids, frames))
    return TrackTable(
        frames[order],
        ids[order],
        np.concatenate([table.boxes, added.boxes])[order],
        np.concatenate([table.scores, added.scores])[order],
    )
