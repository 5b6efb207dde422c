"""The best assignment of each frame, by a solver only where the best is not obvious.

trackeval solves one assignment problem a frame and metric. Most pairs of boxes need no
solver: a pair that outweighs all that it competes with is part of every best
assignment. A frame with other pairs is solved by trackeval's solver on trackeval's
matrix, so that of equally good assignments the same one is taken.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cstrack_bench.evaluation.box_pairs import BoxPairs, Floats, Ints

# Far above what a solver's rounding amounts to, far below what separates two tracks.
_MARGIN = 1e-9


def best_pairs(pairs: BoxPairs, scores: Floats) -> Ints:
    """The pairs of the assignment with the largest sum of scores, frame by frame.

    Args:
        pairs: of boxes.
        scores: (P,) what each pair is worth, from 0 to about 1; any other pair of the
            frame is worth 0.

    Returns:
        Ascending indices of pairs: those that ``scipy.optimize.linear_sum_assignment``
        matches in the whole matrix of each frame.
    """
    certain, undecided = certain_pairs(pairs, scores)
    frames = pairs.frames
    to_solve = np.zeros(pairs.length, np.bool_)
    to_solve[frames[undecided]] = True
    problems = FrameProblems(pairs)
    found = [certain[~to_solve[frames[certain]]]]
    for frame in np.flatnonzero(to_solve).tolist():
        found.append(problems.solve(frame, scores[problems.pairs_of(frame)]))
    return np.sort(np.concatenate(found))


def certain_pairs(pairs: BoxPairs, scores: Floats) -> tuple[Ints, Ints]:
    """The pairs that every best assignment contains, and those it may or may not.

    If a pair is worth more than the best other one of its row and the best other one
    of its column together, exchanging those two for it always gains. Pairs that
    compete with it are then out, and the rest is compared without them.

    Args:
        pairs: of boxes.
        scores: (P,) what each pair is worth.

    Returns:
        Indices of the certain pairs, and of the undecided ones.
    """
    left = np.flatnonzero(scores > 0)
    found = [np.zeros(0, np.int64)]
    row_taken = np.zeros(len(pairs.truth), np.bool_)
    column_taken = np.zeros(len(pairs.track), np.bool_)
    while len(left):
        rows, columns = pairs.truth_row[left], pairs.track_row[left]
        own = scores[left]
        by_column = np.argsort(columns, kind="stable")
        others = _best_other(rows, own)
        others[by_column] += _best_other(columns[by_column], own[by_column])
        certain = own > others + _MARGIN
        if not certain.any():
            break
        found.append(left[certain])
        row_taken[rows[certain]] = True
        column_taken[columns[certain]] = True
        left = left[~(row_taken[rows] | column_taken[columns])]
    return np.concatenate(found), left


def _best_other(groups: Ints, scores: Floats) -> Floats:
    """For each entry the best score of the others in its group; 0 if it has none.

    Args:
        groups: (P,) ascending.
        scores: (P,) above 0.
    """
    first = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
    sizes = np.diff(np.append(first, len(groups)))
    best = np.repeat(np.maximum.reduceat(scores, first), sizes)
    is_best = scores == best
    # Of two equally good ones, each is the best other of the other.
    is_best &= np.repeat(np.add.reduceat(is_best, first, dtype=np.int64) == 1, sizes)
    second = np.maximum.reduceat(np.where(is_best, 0.0, scores), first)
    return np.where(is_best, np.repeat(second, sizes), best)


class FrameProblems:
    """The assignment problems of frames, as trackeval's matrices.

    Args:
        pairs: of boxes.
    """

    def __init__(self, pairs: BoxPairs) -> None:
        self._rows = pairs.truth.counts.tolist()
        self._columns = pairs.track.counts.tolist()
        edges = np.arange(pairs.length + 1)
        self._starts = np.searchsorted(pairs.frames, edges).tolist()
        self._entries = pairs.matrix_entries

    def pairs_of(self, frame: int) -> slice:
        """Where the pairs of a frame are."""
        return slice(self._starts[frame], self._starts[frame + 1])

    def solve(self, frame: int, scores: Floats) -> Ints:
        """Solve one frame.

        Args:
            frame: its number.
            scores: what each pair of this frame is worth.

        Returns:
            Ascending indices of the matched pairs that are worth more than 0.
        """
        rows, columns = self._rows[frame], self._columns[frame]
        own = self.pairs_of(frame)
        entries = self._entries[own]
        costs = np.zeros(rows * columns)
        costs[entries] = -scores
        row, column = linear_sum_assignment(costs.reshape(rows, columns))
        matched: NDArray[np.bool_] = np.zeros(rows * columns, np.bool_)
        matched[row * columns + column] = True
        return np.flatnonzero(matched[entries] & (scores > 0)) + own.start
