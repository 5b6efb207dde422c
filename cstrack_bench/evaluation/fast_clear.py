"""CLEAR of one sequence from its overlapping pairs: trackeval's definition.

Boxes are matched to keep the matches of the last frame that had boxes on both sides,
then to overlap most. Where none overlaps two others, there is nothing to solve.
"""

from dataclasses import dataclass

import numpy as np

from cstrack_bench.evaluation.box_pairs import BoxPairs, Ints
from cstrack_bench.evaluation.fast_preprocessing import MATCHED, ScoredSequence
from cstrack_bench.evaluation.frame_matching import FrameProblems

# Outweighs any sum of overlaps, so kept matches come first.
_KEPT = 1000.0


@dataclass(frozen=True)
class ClearCounts:
    """What CLEAR counts in one sequence.

    Attributes:
        tp: (F,) matched boxes of each frame.
        idsw: (F,) identity switches of each frame.
        mt: true identities of whose boxes more than 80 % are matched.
        pt: those of whose boxes 20 % to 80 % are.
        ml: the rest.
        frag: how often a true identity is matched again after an interruption.
    """

    tp: Ints
    idsw: Ints
    mt: int
    pt: int
    ml: int
    frag: int


def clear_counts(scored: ScoredSequence) -> ClearCounts:
    """Match the boxes of one sequence for CLEAR, and count."""
    pairs = scored.pairs
    strong = pairs.select(pairs.overlap >= MATCHED)
    # Other frames change nothing, not even what "the last frame" is.
    two_sided = np.flatnonzero((pairs.truth.counts > 0) & (pairs.track.counts > 0))
    matched = strong.select(_matches(scored, strong, two_sided))
    truth, track = scored.identities(matched)
    order = np.argsort(truth, kind="stable")
    truth, track, frames = truth[order], track[order], matched.frames[order]
    step = np.searchsorted(two_sided, frames)
    # From each match to the identity's next one.
    same = truth[1:] == truth[:-1]
    switched = same & (track[1:] != track[:-1])
    interrupted = same & (step[1:] != step[:-1] + 1)
    count = scored.truth_id_count
    ratio = np.bincount(truth, minlength=count) / np.bincount(
        scored.truth_ids, minlength=count
    )
    mt, tracked = int(np.sum(ratio > 0.8)), int(np.sum(ratio >= 0.2))
    return ClearCounts(
        tp=np.bincount(frames, minlength=pairs.length),
        idsw=np.bincount(frames[1:][switched], minlength=pairs.length),
        mt=mt,
        pt=tracked - mt,
        ml=count - tracked,
        frag=int(np.sum(interrupted)),
    )


def _matches(scored: ScoredSequence, strong: BoxPairs, two_sided: Ints) -> Ints:
    """Ascending indices of the matched pairs among those that overlap enough."""
    in_row = np.bincount(strong.truth_row)[strong.truth_row]
    in_column = np.bincount(strong.track_row)[strong.track_row]
    frames = strong.frames
    to_solve = np.zeros(strong.length, np.bool_)
    to_solve[frames[(in_row > 1) | (in_column > 1)]] = True
    is_matched = ~to_solve[frames]
    problems = FrameProblems(strong)
    truth, track = scored.identities(strong)
    previous = np.full(scored.truth_id_count, -1)
    for step in np.flatnonzero(to_solve[two_sided]).tolist():
        frame = int(two_sided[step])
        own = problems.pairs_of(frame)
        last = problems.pairs_of(int(two_sided[step - 1])) if step else slice(0, 0)
        kept = np.flatnonzero(is_matched[last]) + last.start
        previous[truth[kept]] = track[kept]
        scores = _KEPT * (track[own] == previous[truth[own]]) + strong.overlap[own]
        is_matched[problems.solve(frame, scores)] = True
        previous[truth[kept]] = -1
    return np.flatnonzero(is_matched)
