"""Tracklets: what a tracker keeps of each track that it may still match, in arrays.

One row a track, rows used again. Which track is matched, started or ended is decided in
the trackers' own modules.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.tracking import kalman

Indices = NDArray[np.int64]


def buffer_frames(track_buffer: float, frame_rate: float) -> int:
    """Frames that a lost track is kept.

    Args:
        track_buffer: the same at 30 frames a second.
        frame_rate: of the sequence, frames a second.

    Raises:
        InputError: the frame rate is not above 0.
    """
    if not frame_rate > 0:
        raise InputError(f"Frame rate is {frame_rate}: give the sequence's, above 0.")
    # In this order and cut off: 29 frames a second make 28
    # (docs/reference.md#cascade-removal).
    return int(frame_rate / 30.0 * track_buffer)


class Tracklets:
    """The tracks of one tracker; a row is freed when its track ends.

    Attributes:
        motion: (R, 5, 4) float64 Kalman states.
        measured: (R, 4) float64, centre x, centre y, aspect and height of the latest
            detection.
        templates: (R, D) float32, unit rows; 0 before the first embedding; None while
            no embedding has been seen.
        ids: (R,) int64.
        scores: (R,) float64.
        births: (R,) int64, frame of the first detection.
        last: (R,) int64, frame of the last match.
        confirmed: (R,) bool, matched at least once after birth.
        overdue: (R,) bool, was once lost for longer than the buffer
        (docs/reference.md#cascade
            step 6).
    """

    def __init__(self, rows: int = 64) -> None:
        self.motion = np.zeros((rows, 5, 4))
        self.measured = np.zeros((rows, 4))
        self.templates: NDArray[np.float32] | None = None
        self.ids = np.zeros(rows, np.int64)
        self.scores = np.zeros(rows)
        self.births = np.zeros(rows, np.int64)
        self.last = np.zeros(rows, np.int64)
        self.confirmed = np.zeros(rows, np.bool_)
        self.overdue = np.zeros(rows, np.bool_)
        self._used = np.zeros(rows, np.bool_)

    def __len__(self) -> int:
        """Rows allocated, in use or not."""
        return len(self._used)

    @property
    def top(self) -> int:
        """One more than the highest row in use."""
        return len(self._used) - int(self._used[::-1].argmax()) if self.count else 0

    @property
    def count(self) -> int:
        """Rows in use: tracks that have not ended."""
        return int(np.count_nonzero(self._used))

    def add(
        self,
        measurements: NDArray[np.float64],
        scores: NDArray[np.floating],
        embeddings: NDArray[np.float32] | None,
        first_id: int,
        frame: int,
    ) -> Indices:
        """Start tracks, ids counting up from ``first_id``; returns their rows."""
        count = len(measurements)
        while len(self._used) - self.count < count:
            self._grow()
        # The lowest rows first, so that the arrays in use stay compact.
        rows = np.flatnonzero(~self._used)[:count]
        self._used[rows] = True
        self.motion[rows] = kalman.start(measurements)
        self.measured[rows] = measurements
        self.ids[rows] = np.arange(first_id, first_id + count)
        self.scores[rows] = scores
        self.births[rows] = frame
        self.last[rows] = frame
        self.confirmed[rows] = False
        self.overdue[rows] = False
        if embeddings is not None:
            self.expect_width(embeddings.shape[1])
        if self.templates is not None:
            self.templates[rows] = 0.0 if embeddings is None else embeddings
        return rows

    def free(self, rows: Indices) -> None:
        """End the tracks in ``rows``."""
        self._used[rows] = False

    def expect_width(self, width: int) -> None:
        """Allocate templates of this width.

        Raises:
            InputError: earlier embeddings had another.
        """
        if self.templates is None:
            self.templates = np.zeros((len(self._used), width), np.float32)
        elif self.templates.shape[1] != width:
            raise InputError(
                f"Embeddings are {width} wide, but those of earlier frames were "
                f"{self.templates.shape[1]}: use one detector for a sequence."
            )

    def _grow(self) -> None:
        for name, array in self._arrays():
            setattr(self, name, np.concatenate([array, np.zeros_like(array)]))

    def _arrays(self) -> Iterator[tuple[str, NDArray[np.generic]]]:
        for name, value in list(vars(self).items()):
            if isinstance(value, np.ndarray):
                yield name, value
