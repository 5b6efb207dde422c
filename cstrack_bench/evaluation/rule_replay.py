"""Scores recomputed while trackeval's definitions are exchanged for motmetrics' ones.

The two evaluators get the same boxes and overlaps (``preprocessing``) and differ by the
definitions of ``Rule``. A replay counts under any number of them: under none it gives
trackeval's numbers, under all of them motmetrics'.
"""

from collections.abc import Set
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cstrack_bench.evaluation.preprocessing import Prepared
from cstrack_bench.evaluation.scores import Scores, ratios

THRESHOLD = 0.5
_EPS = np.finfo(float).eps
# Sums of overlaps that are equal but for rounding differ by less.
_EQUAL = 1e-9

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Of one frame: rows of the true boxes that are matched, columns of their partners.
FramePairs = tuple[Ints, Ints]


class Rule(Enum):
    """A definition of motmetrics that differs from trackeval's, in words.

    The order is that in which they are exchanged.
    """

    CARRIED = (
        "motmetrics keeps a pair of boxes that was matched in any earlier frame, "
        "trackeval only a pair of the previous frame that had boxes on both sides"
    )
    MOST_PAIRS = (
        "motmetrics makes as many pairs as it can, trackeval the pairs whose overlaps "
        "add up to most"
    )
    TIES = "of equally good assignments the two take different ones"
    COVERED = (
        "a trajectory covered to exactly 80 % is mostly tracked in motmetrics "
        "(≥ 0.8), not in trackeval (> 0.8)"
    )
    ABSENT = (
        "trackeval also counts a track going on after the ground truth itself was "
        "absent"
    )
    SILENT = (
        "trackeval passes over a frame in which the tracker has no box, motmetrics "
        "counts a track as interrupted by it"
    )
    ROUNDED_HALF = (
        "an overlap of one half that rounding puts just below counts for identities in "
        "motmetrics, and in trackeval for CLEAR alone"
    )


@dataclass(frozen=True)
class Replay:
    """One sequence, counted under a set of rules.

    Attributes:
        scores: ``COUNTS``, MOTA, IDF1, IDP and IDR.
        pairs: of each frame.
        only_ties: whether motmetrics' solver, where it was used, gave in each frame an
            assignment as good as the best.
    """

    scores: Scores
    pairs: list[FramePairs]
    only_ties: bool

    def first_other_frame(self, other: "Replay") -> int | None:
        """First frame (from 0, within what was evaluated) that is matched otherwise."""
        for frame, (mine, theirs) in enumerate(
            zip(self.pairs, other.pairs, strict=True)
        ):
            if set(zip(*map(np.ndarray.tolist, mine), strict=True)) != set(
                zip(*map(np.ndarray.tolist, theirs), strict=True)
            ):
                return frame
        return None


def replay_chain(data: Prepared) -> list[Replay]:
    """Exchange the rules one after another.

    Args:
        data: a sequence, as ``preprocess`` returns it.

    Returns:
        Under trackeval's definitions, then after each rule of ``Rule`` in its order;
        the last one is under motmetrics' definitions.
    """
    chain = []
    used: set[Rule] = set()
    matching = None
    for rule in (None, *Rule):
        if rule is not None:
            used.add(rule)
        if matching is None or rule in _OF_MATCHING:
            matching = _match(data, used)
        pairs, only_ties = matching
        chain.append(Replay(_count(data, pairs, used), pairs, only_ties))
    return chain


_OF_MATCHING = (Rule.CARRIED, Rule.MOST_PAIRS, Rule.TIES)


def _match(data: Prepared, rules: Set[Rule]) -> tuple[list[FramePairs], bool]:
    """The pairs of each frame, and whether solvers differed by ties alone."""
    none = np.zeros(0, np.int64)
    partner = np.full(data["num_gt_ids"], -1)
    found, only_ties = [], True
    for truth, track, overlap in zip(
        data["gt_ids"], data["tracker_ids"], data["similarity_scores"], strict=True
    ):
        if not (len(truth) and len(track)):
            found.append((none, none))
            continue
        allowed = overlap >= THRESHOLD - _EPS
        kept = _kept(truth, track, allowed, partner)
        pairs, tie = _assign(overlap, allowed, kept, rules)
        only_ties &= tie
        if Rule.CARRIED not in rules:
            partner[:] = -1
        partner[truth[pairs[0]]] = track[pairs[1]]
        found.append(pairs)
    return found, only_ties


def _kept(
    truth: Ints, track: Ints, allowed: NDArray[np.bool_], partner: Ints
) -> FramePairs:
    """Pairs of an earlier frame that are still allowed; the first of a box counts."""
    column_of = {identity: column for column, identity in enumerate(track.tolist())}
    rows, columns = [], []
    for row, identity in enumerate(partner[truth].tolist()):
        column = column_of.get(identity)
        if column is not None and allowed[row, column]:
            del column_of[identity]
            rows.append(row)
            columns.append(column)
    return np.array(rows, np.int64), np.array(columns, np.int64)


def _assign(
    overlap: Floats, allowed: NDArray[np.bool_], kept: FramePairs, rules: Set[Rule]
) -> tuple[FramePairs, bool]:
    """Add to the kept pairs of a frame what else is matched.

    Returns:
        The pairs, and whether they are as good as the best ones.
    """
    # trackeval's own matrix: 1000 outweighs any sum of overlaps.
    gain = overlap.copy()
    gain[kept] += 1000.0
    gain[~allowed] = 0.0
    largest = _solve(gain)
    if Rule.MOST_PAIRS not in rules:
        return largest, True
    left = allowed.copy()
    left[kept[0], :] = False
    left[:, kept[1]] = False
    # One pair more outweighs all overlaps together.
    best = _solve(np.where(left, 1.0 + min(overlap.shape) + overlap, 0.0))
    if Rule.TIES not in rules:
        # Of equally good assignments trackeval's own one.
        enough = len(largest[0]) == len(kept[0]) + len(best[0])
        return (largest if enough else _joined(kept, best)), True
    from motmetrics.lap import linear_sum_assignment as solve

    rows, columns = solve(np.where(left, 1.0 - overlap, np.nan))
    real = left[rows, columns]
    other = rows[real].astype(np.int64), columns[real].astype(np.int64)
    as_good = len(other[0]) == len(best[0]) and bool(
        abs(overlap[other].sum() - overlap[best].sum()) < _EQUAL
    )
    return _joined(kept, other), as_good


def _solve(gain: Floats) -> FramePairs:
    """The pairs with the largest sum of gains, without those that gain nothing."""
    rows, columns = linear_sum_assignment(-gain)
    real = gain[rows, columns] > _EPS
    return rows[real].astype(np.int64), columns[real].astype(np.int64)


def _joined(one: FramePairs, other: FramePairs) -> FramePairs:
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


def _count(data: Prepared, pairs: list[FramePairs], rules: Set[Rule]) -> Scores:
    """Every count of a sequence from its matched pairs."""
    shape = (len(pairs), data["num_gt_ids"])
    present, tracked = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    last = np.full(shape[1], -1)
    switches = 0
    for frame, (rows, columns) in enumerate(pairs):
        truth, track = data["gt_ids"][frame], data["tracker_ids"][frame]
        present[frame, truth] = True
        identities, partners = truth[rows], track[columns]
        tracked[frame, identities] = True
        before = last[identities]
        switches += int(np.sum((before >= 0) & (before != partners)))
        last[identities] = partners
    boxes, matched = int(present.sum()), int(tracked.sum())
    counts = {
        **_covered(present, tracked, rules),
        "FP": int(sum(map(len, data["tracker_ids"]))) - matched,
        "FN": boxes - matched,
        "IDSW": switches,
        "Frag": _fragments(data, present, tracked, rules),
        "TP": matched,
        **_identity(data, rules),
        "GT": boxes,
        "IDs": shape[1],
    }
    scores: Scores = {**ratios(counts), **counts}
    return scores


def _covered(
    present: NDArray[np.bool_], tracked: NDArray[np.bool_], rules: Set[Rule]
) -> dict[str, int]:
    """MT, PT and ML by the share of its frames in which an identity is matched."""
    share = tracked.sum(axis=0) / np.maximum(1, present.sum(axis=0))
    mostly = share >= 0.8 if Rule.COVERED in rules else share > 0.8
    lost = share < 0.2
    return {
        "MT": int(mostly.sum()),
        "PT": int((~mostly & ~lost).sum()),
        "ML": int(lost.sum()),
    }


def _fragments(
    data: Prepared,
    present: NDArray[np.bool_],
    tracked: NDArray[np.bool_],
    rules: Set[Rule],
) -> int:
    """Runs of matched frames of each identity, less one.

    A run ends in a frame that counts and in which the identity is not matched: any
    frame, or under ``ABSENT`` one in which the identity is present.
    """
    counts = present.any(axis=1)
    if Rule.SILENT not in rules:
        counts &= np.array([len(ids) > 0 for ids in data["tracker_ids"]], np.bool_)
    present, tracked = present[counts], tracked[counts]
    total = 0
    for identity in np.flatnonzero(tracked.any(axis=0)).tolist():
        states = tracked[:, identity]
        if Rule.ABSENT in rules:
            states = states[present[:, identity]]
        starts = states & ~np.concatenate([[False], states[:-1]])
        total += int(starts.sum()) - 1
    return total


def _identity(data: Prepared, rules: Set[Rule]) -> dict[str, int]:
    """IDTP, IDFP and IDFN under the best matching of whole identities."""
    least = THRESHOLD - (_EPS if Rule.ROUNDED_HALF in rules else 0.0)
    shared = np.zeros((data["num_gt_ids"], data["num_tracker_ids"]))
    for truth, track, overlap in zip(
        data["gt_ids"], data["tracker_ids"], data["similarity_scores"], strict=True
    ):
        rows, columns = np.nonzero(overlap >= least)
        shared[truth[rows], track[columns]] += 1
    idtp = int(shared[linear_sum_assignment(shared, maximize=True)].sum())
    return {
        "IDTP": idtp,
        "IDFP": int(data["num_tracker_dets"]) - idtp,
        "IDFN": int(data["num_gt_dets"]) - idtp,
    }
