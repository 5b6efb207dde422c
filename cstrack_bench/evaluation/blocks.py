"""Counts in blocks of frames: what a paired bootstrap draws from.

Summed over the blocks of a sequence they are trackeval's counts exactly, so MOTA and
IDF1 of any resample have trackeval's definitions. Identities are matched once over
the whole sequence and that matching is held fixed; a block then counts its own
frames under it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.preprocessing import Prepared, preprocess
from cstrack_bench.evaluation.scores import Block, SequenceResult, check_results

THRESHOLD = 0.5
_EPS = np.finfo(float).eps


def blocks(
    results: list[SequenceResult], rules: EvaluationRules, block_frames: int = 30
) -> list[Block]:
    """Counts of every block of every sequence.

    Args:
        results: one for each sequence.
        rules: decide the preprocessing.
        block_frames: frames of a block; the last one of a sequence may be shorter.

    Returns:
        Dicts with sequence, start and stop (0-based, in the whole sequence), GT, TP,
        FP, FN, IDSW, IDTP, IDFP and IDFN.

    Raises:
        InputError: no results, or results that do not fit the ground truth.
    """
    check_results(results)
    if block_frames < 1:
        raise InputError(f"A block has at least 1 frame, not {block_frames}.")
    rows: list[Block] = []
    for result in results:
        data = preprocess(result, rules)
        counts = {**clear_counts(data), **identity_counts(data)}
        for start in range(0, data["num_timesteps"], block_frames):
            stop = min(start + block_frames, data["num_timesteps"])
            row: Block = {
                "sequence": result.name,
                "start": result.start + start,
                "stop": result.start + stop,
            }
            row |= {key: int(c[start:stop].sum()) for key, c in counts.items()}
            rows.append(row)
    return rows


def clear_counts(data: Prepared) -> dict[str, NDArray[np.int64]]:
    """GT, TP, FP, FN and IDSW of each frame by trackeval's CLEAR definition.

    Boxes are paired to keep the pairs of the last frame that had boxes on both sides,
    then to overlap most. A switch is a true identity paired with another track than
    when it was last paired, however long ago.

    Args:
        data: as ``preprocess`` returns it.

    Returns:
        Arrays of length ``num_timesteps``.
    """
    length = data["num_timesteps"]
    tp, idsw = np.zeros(length, np.int64), np.zeros(length, np.int64)
    gt = np.array([len(ids) for ids in data["gt_ids"]], np.int64)
    boxes = np.array([len(ids) for ids in data["tracker_ids"]], np.int64)
    last = np.full(data["num_gt_ids"], -1)
    previous = np.full(data["num_gt_ids"], -1)
    for frame in np.flatnonzero((gt > 0) & (boxes > 0)).tolist():
        truth, track = data["gt_ids"][frame], data["tracker_ids"][frame]
        overlap = data["similarity_scores"][frame]
        # 1000 outweighs any sum of overlaps, so kept pairs come first.
        gain = 1000.0 * (track[None, :] == previous[truth][:, None]) + overlap
        gain[overlap < THRESHOLD - _EPS] = 0
        rows, columns = linear_sum_assignment(-gain)
        paired = gain[rows, columns] > _EPS
        truth, track = truth[rows[paired]], track[columns[paired]]
        tp[frame] = len(truth)
        idsw[frame] = np.sum((last[truth] >= 0) & (last[truth] != track))
        last[truth] = track
        previous[:] = -1
        previous[truth] = track
    return {"GT": gt, "TP": tp, "FP": boxes - tp, "FN": gt - tp, "IDSW": idsw}


def identity_counts(data: Prepared) -> dict[str, NDArray[np.int64]]:
    """IDTP, IDFP and IDFN of each frame under one matching of whole identities.

    Each true identity goes to at most one track so that the boxes they share at
    IoU 0.5 are most, which is the matching behind IDF1.

    Args:
        data: as ``preprocess`` returns it.

    Returns:
        Arrays of length ``num_timesteps``.
    """
    shared = np.zeros((data["num_gt_ids"], data["num_tracker_ids"]))
    pairs = []
    for truth, track, overlap in zip(
        data["gt_ids"], data["tracker_ids"], data["similarity_scores"], strict=True
    ):
        rows, columns = np.nonzero(overlap >= THRESHOLD)
        pairs.append((truth[rows], track[columns]))
        shared[pairs[-1]] += 1
    # Sharing nothing costs the same as being left alone, so a square problem with
    # dummies is not needed: pairs that share nothing simply add 0 below.
    partner = np.full(data["num_gt_ids"], -1)
    rows, columns = linear_sum_assignment(shared, maximize=True)
    partner[rows] = columns
    idtp = np.array([np.sum(partner[t] == k) for t, k in pairs], np.int64)
    gt = np.array([len(ids) for ids in data["gt_ids"]], np.int64)
    boxes = np.array([len(ids) for ids in data["tracker_ids"]], np.int64)
    return {"IDTP": idtp, "IDFP": boxes - idtp, "IDFN": gt - idtp}
