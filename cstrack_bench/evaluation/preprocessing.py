"""MOTChallenge preprocessing, done by trackeval itself, on arrays instead of files.

A box of the tracker whose partner is a distractor is removed, then every ground-truth
row that is not a scored pedestrian is (docs/reference.md#distractors). Both evaluators
and the blocks start from what comes out, so all of them see the same boxes.
"""

import contextlib
import io
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.formats.mot_files import CLASSES

Prepared = dict[str, Any]  # trackeval's own document of a sequence
# The names under which trackeval asks for the classes that it treats specially.
_TRACKEVAL_CLASSES = {
    "pedestrian": 1,
    "person_on_vehicle": 2,
    "non_mot_vehicle": 6,
    "static_person": 7,
    "distractor": 8,
    "reflection": 12,
}


def preprocess(result: SequenceResult, rules: EvaluationRules) -> Prepared:
    """The boxes that are scored, with their similarities, as trackeval's metrics want.

    Args:
        result: one sequence.
        rules: of its data set.

    Returns:
        ``gt_ids`` and ``tracker_ids`` (a (N,) and a (M,) int array for each frame,
        counted from 0 without gaps), ``similarity_scores`` (an (N, M) IoU matrix for
        each frame), ``num_timesteps``, ``num_gt_ids``, ``num_tracker_ids``,
        ``num_gt_dets``, ``num_tracker_dets``.

    Raises:
        InputError: ground truth that these rules are not made for.
    """
    rules.check(result.name, result.annotations)
    from trackeval.utils import TrackEvalException

    dataset = _adapter()(rules.trackeval)
    try:
        # trackeval prints what it has to say before it raises.
        with contextlib.redirect_stdout(io.StringIO()):
            raw = dataset.raw(result)
            return dataset.get_preprocessed_seq_data(raw, "pedestrian")
    except TrackEvalException as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(f"{result.name} cannot be evaluated: {reason}.") from error


@cache
def _adapter() -> Any:
    """trackeval's MOTChallenge data set, fed from memory (imported when needed)."""
    from trackeval.datasets import MotChallenge2DBox

    class Adapter(MotChallenge2DBox):
        """Keeps trackeval's preprocessing, leaves out its files and folders."""

        def __init__(self, benchmark: str) -> None:
            self.benchmark = benchmark
            self.do_preproc = True
            self.class_name_to_class_id = _TRACKEVAL_CLASSES
            self.valid_class_numbers = list(CLASSES)

        def raw(self, result: SequenceResult) -> Prepared:
            """What trackeval makes of a pair of files."""
            gt, table = result.annotations, result.table
            truth = _by_frame(result, gt.frames)
            track = _by_frame(result, table.frames)
            gt_ids, track_ids = _renumber(gt.ids), _renumber(table.ids)
            marks = gt.marks.astype(np.int64)
            return {
                "seq": result.name,
                "num_timesteps": result.stop - result.start,
                "gt_ids": [gt_ids[rows] for rows in truth],
                "gt_dets": [gt.boxes[rows] for rows in truth],
                "gt_classes": [gt.classes[rows] for rows in truth],
                "gt_extras": [{"zero_marked": marks[rows]} for rows in truth],
                "tracker_ids": [track_ids[rows] for rows in track],
                "tracker_dets": [table.boxes[rows] for rows in track],
                "tracker_classes": [np.ones(len(rows), int) for rows in track],
                "tracker_confidences": [table.scores[rows] for rows in track],
                # x + w is what trackeval computes first too, so no bit differs.
                "similarity_scores": [
                    self._calculate_box_ious(
                        gt.boxes[a], table.boxes[b], box_format="x0y0x1y1"
                    )
                    for a, b in zip(truth, track, strict=True)
                ],
            }

    return Adapter


def _by_frame(
    result: SequenceResult, frames: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """For each frame of the result, the rows it has, in the order they came in."""
    order = np.argsort(frames, kind="stable")
    edges = np.arange(result.start, result.stop + 1)
    cuts = np.searchsorted(frames[order], edges)
    return [
        order[start:end]
        for start, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
    ]


def _renumber(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ids without gaps, in their order: trackeval makes arrays as long as the largest
    id, which some trackers let run into the billions."""
    return np.unique(ids, return_inverse=True)[1].reshape(-1).astype(np.int64)
