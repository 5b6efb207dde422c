"""Pairs of overlapping boxes of a whole sequence, as flat arrays instead of matrices.

A matrix for each frame is mostly zeros and costs an array call for each step. Here all
overlapping pairs of a sequence lie in one array, in the order of the matrices' entries,
so that a step is one call for thousands of frames. Overlaps have trackeval's bits.
"""

import collections.abc as abc
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EPS = float(np.finfo(float).eps)
# The arrays of a step over so many entries stay in the cache.
_RUN_ENTRIES = 1 << 16


@dataclass(frozen=True)
class FrameRows:
    """Rows in the order of their frames, and where each frame begins.

    Attributes:
        frames: (N,) frame of each row, ascending, from 0.
        starts: (F + 1,) first row of each frame, and the number of rows.
    """

    frames: Ints
    starts: Ints

    def __len__(self) -> int:
        return len(self.frames)

    @classmethod
    def of(cls, frames: Ints, length: int) -> "FrameRows":
        """Index rows whose frames ascend within ``0 <= frame < length``."""
        return cls(frames, np.searchsorted(frames, np.arange(length + 1)))

    @property
    def counts(self) -> Ints:
        """(F,) rows of each frame."""
        return np.diff(self.starts)

    def keep(self, mask: NDArray[np.bool_]) -> "FrameRows":
        """The rows where ``mask`` (N,) is true, numbered anew."""
        before = np.concatenate([[0], np.cumsum(mask)])
        return FrameRows(self.frames[mask], before[self.starts])


@dataclass(frozen=True)
class BoxPairs:
    """Pairs of a true and a tracker's box of one frame that overlap.

    They are sorted by true box, then by tracker's box, as the entries of one matrix
    (true boxes by tracker's boxes) after another.

    Attributes:
        truth: rows of the ground truth.
        track: rows of the tracker.
        truth_row: (P,) index into ``truth``.
        track_row: (P,) index into ``track``.
        overlap: (P,) IoU, above 0.
    """

    truth: FrameRows
    track: FrameRows
    truth_row: Ints
    track_row: Ints
    overlap: Floats

    def __len__(self) -> int:
        return len(self.overlap)

    @property
    def length(self) -> int:
        """Frames."""
        return len(self.truth.starts) - 1

    @property
    def frames(self) -> Ints:
        """(P,) frame of each pair."""
        return self.truth.frames[self.truth_row]

    @property
    def matrix_entries(self) -> Ints:
        """(P,) entry of each pair in the flat matrix of its frame, ascending there."""
        frames = self.frames
        row = self.truth_row - self.truth.starts[frames]
        column = self.track_row - self.track.starts[frames]
        return row * self.track.counts[frames] + column

    def select(self, pairs: NDArray[np.bool_] | Ints) -> "BoxPairs":
        """Some of the pairs of the same rows, by mask or ascending index."""
        return BoxPairs(
            self.truth,
            self.track,
            self.truth_row[pairs],
            self.track_row[pairs],
            self.overlap[pairs],
        )

    def keep_rows(
        self, truth: NDArray[np.bool_], track: NDArray[np.bool_]
    ) -> "BoxPairs":
        """The pairs of the rows where both masks are true; rows are numbered anew."""
        left = np.flatnonzero(truth[self.truth_row] & track[self.track_row])
        return BoxPairs(
            self.truth.keep(truth),
            self.track.keep(track),
            (np.cumsum(truth) - 1)[self.truth_row[left]],
            (np.cumsum(track) - 1)[self.track_row[left]],
            self.overlap[left],
        )


def overlapping_pairs(
    truth: FrameRows, truth_boxes: Floats, track: FrameRows, track_boxes: Floats
) -> BoxPairs:
    """Every pair of boxes of one frame with an IoU above 0.

    Args:
        truth: rows of the ground truth.
        truth_boxes: (N, 4) x1 y1 x2 y2 of those rows.
        track: rows of the tracker, of as many frames.
        track_boxes: (M, 4) of those rows.

    Returns:
        The pairs; the others have an IoU of exactly 0.
    """
    left, right = _columns(truth_boxes), _columns(track_boxes)
    found = [
        _pairs(truth, left, track, right, *truth.starts[[start, stop]].tolist())
        for start, stop in frame_runs(truth.counts * track.counts)
    ]
    if not found:
        nothing = np.zeros(0, np.int64)
        return BoxPairs(truth, track, nothing, nothing, np.zeros(0))
    rows, columns, overlaps = (
        np.concatenate(arrays) for arrays in zip(*found, strict=True)
    )
    return BoxPairs(truth, track, rows, columns, overlaps)


def _columns(boxes: Floats) -> tuple[Floats, ...]:
    """x1, y1, x2, y2 and area, each contiguous."""
    x1, y1, x2, y2 = (np.ascontiguousarray(boxes[:, index]) for index in range(4))
    return x1, y1, x2, y2, (x2 - x1) * (y2 - y1)


def frame_runs(entries: Ints) -> abc.Iterator[tuple[int, int]]:
    """Cut a sequence into runs of frames whose matrices fit the cache.

    Args:
        entries: (F,) size of each frame's matrix.

    Yields:
        First frame and one past the last of each run that has any entry; a frame that
        is too large is a run of its own.
    """
    before = np.concatenate([[0], np.cumsum(entries)])
    start = 0
    while start < len(entries):
        limit = before[start] + _RUN_ENTRIES
        stop = max(start + 1, int(np.searchsorted(before, limit, side="right")) - 1)
        if before[stop] > before[start]:
            yield start, stop
        start = stop


def _pairs(
    truth: FrameRows,
    left: tuple[Floats, ...],
    track: FrameRows,
    right: tuple[Floats, ...],
    start: int,
    stop: int,
) -> tuple[Ints, Ints, Floats]:
    """True row, tracker's row and IoU of the overlapping pairs of some true rows."""
    frames = truth.frames[start:stop]
    partners = track.counts[frames]
    ends = np.cumsum(partners)
    column = np.arange(ends[-1]) + np.repeat(
        track.starts[frames] - ends + partners, partners
    )
    # Most boxes of a frame are apart on the x axis already.
    width = np.minimum(np.repeat(left[2][start:stop], partners), right[2][column])
    width -= np.maximum(np.repeat(left[0][start:stop], partners), right[0][column])
    hits = np.flatnonzero(width > 0)
    row = np.searchsorted(ends, hits, side="right") + start
    column, width = column[hits], width[hits]
    height = np.minimum(left[3][row], right[3][column])
    height -= np.maximum(left[1][row], right[1][column])
    # The operations and their order are trackeval's, and so is every bit.
    shared = width * np.maximum(height, 0)
    one, other = left[4][row], right[4][column]
    real = np.flatnonzero((shared > 0) & (one > EPS) & (other > EPS))
    row, column, shared = row[real], column[real], shared[real]
    return row, column, shared / (one[real] + other[real] - shared)
