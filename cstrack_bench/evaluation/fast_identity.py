"""Identity scores of one sequence: one matching of whole identities.

Ristani et al., Performance measures for multi-target tracking, 2016. Each true identity
goes to at most one of the tracker's so that the boxes they share are most.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from cstrack_bench.evaluation.box_pairs import Ints
from cstrack_bench.evaluation.fast_preprocessing import ScoredSequence

#: Least IoU of a shared box; trackeval allows for no rounding here.
SHARED = 0.5


def identity_tp(scored: ScoredSequence) -> Ints:
    """(F,) boxes of each frame that matched identities share."""
    pairs = scored.pairs.select(scored.pairs.overlap >= SHARED)
    truth, track = scored.identities(pairs)
    shape = (scored.truth_id_count, scored.track_id_count)
    shared = np.zeros(shape)
    np.add.at(shared.reshape(-1), truth * shape[1] + track, 1.0)
    # An identity that shares nothing costs as much as one left over, so trackeval's
    # square matrix with a dummy for each identity has the same best sum.
    rows, columns = linear_sum_assignment(shared, maximize=True)
    partner = np.full(shape[0], -1)
    partner[rows] = columns
    return np.bincount(pairs.frames[partner[truth] == track], minlength=pairs.length)
