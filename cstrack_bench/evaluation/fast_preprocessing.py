"""MOTChallenge preprocessing of a whole sequence in a few array operations.

The rules are trackeval's (see ``preprocessing``): a tracker's box that is matched with
a distractor is removed, then every row of the ground truth that is not scored. What
comes out has the same boxes, overlaps and order, without a matrix for each frame.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.evaluation.box_pairs import (
    EPS,
    BoxPairs,
    FrameRows,
    Ints,
    overlapping_pairs,
)
from cstrack_bench.evaluation.frame_matching import best_pairs
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.formats.mot_files import PEDESTRIAN

#: Least IoU of a match in preprocessing and in CLEAR, rounding allowed for.
MATCHED = 0.5 - EPS


@dataclass(frozen=True)
class ScoredSequence:
    """The boxes of a sequence that are scored, and their overlapping pairs.

    Attributes:
        pairs: of the scored boxes.
        truth_ids: (N,) identity of each true box, counted from 0 without gaps.
        track_ids: (M,) identity of each of the tracker's boxes, likewise.
        truth_id_count: how many true identities there are.
        track_id_count: how many the tracker has.
    """

    pairs: BoxPairs
    truth_ids: Ints
    track_ids: Ints
    truth_id_count: int
    track_id_count: int

    def identities(self, pairs: BoxPairs) -> tuple[Ints, Ints]:
        """(P,) the true and (P,) the tracker's identity of each pair."""
        return self.truth_ids[pairs.truth_row], self.track_ids[pairs.track_row]

    def boxes_of(self, truth: Ints, track: Ints) -> Ints:
        """(P,) boxes that a true and a tracker's identity have, added up.

        Args:
            truth: (P,) true identities.
            track: (P,) the tracker's.
        """
        true_boxes = np.bincount(self.truth_ids, minlength=self.truth_id_count)
        track_boxes = np.bincount(self.track_ids, minlength=self.track_id_count)
        return true_boxes[truth] + track_boxes[track]


def scored_sequence(result: SequenceResult, rules: EvaluationRules) -> ScoredSequence:
    """Preprocess one sequence.

    Args:
        result: a tracker's boxes and the ground truth.
        rules: what is scored, and what is removed before.

    Raises:
        InputError: ground truth of another kind than the rules are for.
    """
    rules.check(result.name, result.annotations)
    gt, table = result.annotations, result.table
    length = result.stop - result.start
    by_frame = np.argsort(gt.frames, kind="stable")
    track_by_frame = np.argsort(table.frames, kind="stable")
    pairs = overlapping_pairs(
        FrameRows.of(gt.frames[by_frame] - result.start, length),
        gt.boxes[by_frame],
        FrameRows.of(table.frames[track_by_frame] - result.start, length),
        table.boxes[track_by_frame],
    )
    classes = gt.classes[by_frame]
    is_distractor = np.isin(classes, sorted(rules.distractors))
    kept = ~_on_distractors(pairs, is_distractor)
    # The official kit cuts marks to whole numbers before it compares them.
    scored = gt.marks[by_frame].astype(np.int64) != 0
    if rules.removes_others:
        scored &= classes == PEDESTRIAN
    truth_ids, truth_id_count = _renumber(gt.ids[by_frame][scored])
    track_ids, track_id_count = _renumber(table.ids[track_by_frame][kept])
    return ScoredSequence(
        pairs.keep_rows(scored, kept),
        truth_ids,
        track_ids,
        truth_id_count,
        track_id_count,
    )


def _on_distractors(
    pairs: BoxPairs, is_distractor: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mask of the tracker's rows that are matched with a distractor."""
    on_distractor = np.zeros(len(pairs.track), np.bool_)
    strong = pairs.select(pairs.overlap >= MATCHED)
    # Only where a distractor is among the pairs can anything be removed.
    affected = np.zeros(pairs.length, np.bool_)
    affected[strong.frames[is_distractor[strong.truth_row]]] = True
    strong = strong.select(affected[strong.frames])
    matched = strong.select(best_pairs(strong, strong.overlap))
    on_distractor[matched.track_row[is_distractor[matched.truth_row]]] = True
    return on_distractor


def _renumber(ids: Ints) -> tuple[Ints, int]:
    """Ids without gaps, in their order, and how many there are."""
    known, numbers = np.unique(ids, return_inverse=True)
    return numbers.reshape(-1).astype(np.int64), len(known)
