"""HOTA of one sequence from its overlapping pairs: trackeval's definition and bits.

Luiten et al., HOTA, IJCV 2020. Boxes are matched so that pairs of identities that
overlap in many frames come first; a match then counts at every threshold that its
overlap reaches.
"""

from dataclasses import dataclass

import numpy as np

from cstrack_bench.evaluation.box_pairs import (
    EPS,
    BoxPairs,
    Floats,
    Ints,
    frame_runs,
)
from cstrack_bench.evaluation.fast_preprocessing import ScoredSequence
from cstrack_bench.evaluation.frame_matching import best_pairs

#: Least overlaps of a match.
THRESHOLDS = np.arange(0.05, 0.99, 0.05)


@dataclass(frozen=True)
class HotaCounts:
    """What HOTA is made of, at each of the 19 thresholds.

    Attributes:
        tp: (19,) matched boxes.
        fn: (19,) true boxes that are not.
        fp: (19,) tracker's boxes that are not.
        ass_a: (19,) association accuracy, 0 to 1.
    """

    tp: Floats
    fn: Floats
    fp: Floats
    ass_a: Floats

    @property
    def det_a(self) -> Floats:
        """(19,) detection accuracy, 0 to 1."""
        return self.tp / np.maximum(1, self.tp + self.fn + self.fp)

    @property
    def hota(self) -> Floats:
        """(19,) their geometric mean."""
        return np.sqrt(self.det_a * self.ass_a)


def hota_counts(scored: ScoredSequence) -> HotaCounts:
    """Match the boxes of one sequence for HOTA, and count."""
    pairs = scored.pairs
    matched = pairs.select(best_pairs(pairs, _scores(scored)))
    # Thresholds ascend, so the number that a match reaches says which.
    reached = np.searchsorted(THRESHOLDS - EPS, matched.overlap, side="right")
    below = np.bincount(reached, minlength=len(THRESHOLDS) + 1)
    tp = (len(matched) - np.cumsum(below)[:-1]).astype(np.float64)
    return HotaCounts(
        tp,
        len(pairs.truth) - tp,
        len(pairs.track) - tp,
        _association(scored, matched, reached) / np.maximum(1, tp),
    )


def combine(rows: list[HotaCounts]) -> HotaCounts:
    """Several sequences as one: counts added, association weighted by matches."""
    tp = np.sum([row.tp for row in rows], axis=0)
    weighted = sum((row.ass_a * row.tp for row in rows), np.zeros(len(THRESHOLDS)))
    return HotaCounts(
        tp,
        np.sum([row.fn for row in rows], axis=0),
        np.sum([row.fp for row in rows], axis=0),
        weighted / np.maximum(1.0, tp),
    )


def _scores(scored: ScoredSequence) -> Floats:
    """(P,) what HOTA's matching maximises: overlap × alignment of the identities."""
    pairs = scored.pairs
    per_row, per_column = overlap_sums(pairs)
    # An overlap counts less towards the alignment the more boxes compete for it.
    sums = per_column[pairs.track_row] + per_row[pairs.truth_row] - pairs.overlap
    share = np.where(sums > EPS, pairs.overlap / np.where(sums > EPS, sums, 1), 0)
    truth, track = scored.identities(pairs)
    entries = truth * scored.track_id_count + track
    potential = np.bincount(entries, share)[entries]
    boxes = scored.boxes_of(truth, track)
    return potential / (boxes - potential) * pairs.overlap


def overlap_sums(pairs: BoxPairs) -> tuple[Floats, Floats]:
    """(N,) and (M,) sums of each box's overlaps.

    A floating-point sum depends on its order, and NumPy's order on the shape of the
    matrix; only summing the whole matrices gives trackeval's bits.
    """
    per_row, per_column = np.zeros(len(pairs.truth)), np.zeros(len(pairs.track))
    first, second = pairs.truth.starts.tolist(), pairs.track.starts.tolist()
    sizes = pairs.truth.counts * pairs.track.counts
    before = np.concatenate([[0], np.cumsum(sizes)])
    entries = before[pairs.frames] + pairs.matrix_entries
    has_pairs = np.bincount(pairs.frames, minlength=pairs.length) > 0
    for start, stop in frame_runs(np.where(has_pairs, sizes, 0)):
        offset, end = before[[start, stop]].tolist()
        own = slice(*np.searchsorted(entries, [offset, end]).tolist())
        matrices = np.zeros(end - offset)
        matrices[entries[own] - offset] = pairs.overlap[own]
        for frame in (np.flatnonzero(has_pairs[start:stop]) + start).tolist():
            rows = slice(first[frame], first[frame + 1])
            columns = slice(second[frame], second[frame + 1])
            position = int(before[frame]) - offset
            matrix = matrices[position : position + int(sizes[frame])]
            matrix = matrix.reshape(rows.stop - rows.start, -1)
            np.add.reduce(matrix, 1, out=per_row[rows])
            np.add.reduce(matrix, 0, out=per_column[columns])
    return per_row, per_column


def _association(scored: ScoredSequence, matched: BoxPairs, reached: Ints) -> Floats:
    """(19,) sums over matches of the Jaccard index of the two identities' boxes."""
    shape = (scored.truth_id_count, scored.track_id_count)
    truth, track = scored.identities(matched)
    known, which = np.unique(truth * shape[1] + track, return_inverse=True)
    levels = len(THRESHOLDS) + 1
    counts = np.bincount(which * levels + reached, minlength=len(known) * levels)
    # (pairs of identities, 19) matches at each threshold: those that reach it or more.
    counts = counts.reshape(-1, levels)[:, :0:-1].cumsum(axis=1)[:, ::-1]
    boxes = scored.boxes_of(*np.divmod(known, max(1, shape[1])))[:, None]
    shared = counts * (counts / np.maximum(1, boxes - counts))
    # Summed where they are in the matrix of all identities, for trackeval's bits.
    matrix = np.zeros(shape)
    sums = np.zeros(len(THRESHOLDS))
    for index in range(len(THRESHOLDS)):
        matrix.reshape(-1)[known] = shared[:, index]
        sums[index] = np.sum(matrix)
    return sums
