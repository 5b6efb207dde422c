"""The types that packages exchange: frames, detections, tracks, and who makes them.

Frame numbers are 0-based in memory and 1-based in MOT files; pixel coordinates pass
through unchanged (no ±1, as in the official code).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """One frame of a sequence; its pixels are read only when asked for.

    Attributes:
        index: 0-based number in the sequence it came from (not in a part of it).
        read: returns the picture, (H, W, 3) uint8, BGR.
    """

    index: int
    read: Callable[[], NDArray[np.uint8]]

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """The picture, (H, W, 3) uint8, BGR; read once, then kept."""
        return self.read()


@dataclass(frozen=True)
class Detections:
    """What a detector finds in one frame.

    Attributes:
        boxes: (N, 4) float32, x1 y1 x2 y2 in pixels of the frame.
        scores: (N,) float32 in [0, 1].
        embeddings: (N, D) float32, not normalised, or None without appearance.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    embeddings: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def empty(cls, embedding: int | None = None) -> "Detections":
        """No boxes; with an embedding width, embeddings of shape (0, D)."""
        vectors = None if embedding is None else np.zeros((0, embedding), np.float32)
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), vectors)


@dataclass(frozen=True)
class Tracks:
    """What a tracker reports for one frame.

    Attributes:
        ids: (N,) int64, from 1 in each sequence, unique within the frame.
        boxes: (N, 4) float64, x1 y1 x2 y2 in pixels.
        scores: (N,) float64.
    """

    ids: NDArray[np.int64]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    def keep(self, mask: NDArray[np.bool_]) -> "Tracks":
        """The tracks where ``mask`` (N,) is true."""
        return Tracks(self.ids[mask], self.boxes[mask], self.scores[mask])


@dataclass(frozen=True)
class TrackTable:
    """Every reported box of one sequence, sorted by frame, then id.

    The only thing written to or read from a MOT result file.

    Attributes:
        frames: (M,) int64, 0-based.
        ids: (M,) int64.
        boxes: (M, 4) float64, x1 y1 x2 y2 in pixels.
        scores: (M,) float64.
    """

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frames)

    @classmethod
    def from_frames(cls, frames: Iterable[tuple[int, Tracks]]) -> "TrackTable":
        """Stack ``(frame index, tracks)`` pairs, sorted by frame, then id."""
        pairs = list(frames)
        if not pairs:
            return cls.empty()
        numbers = np.concatenate([np.full(len(t), i, np.int64) for i, t in pairs])
        ids = np.concatenate([t.ids for _, t in pairs])
        order = np.lexsort((ids, numbers))
        boxes = np.concatenate([t.boxes for _, t in pairs])
        scores = np.concatenate([t.scores for _, t in pairs])
        return cls(numbers[order], ids[order], boxes[order], scores[order])

    @classmethod
    def empty(cls) -> "TrackTable":
        """A table without rows."""
        whole = np.zeros(0, np.int64)
        return cls(whole, whole, np.zeros((0, 4)), np.zeros(0))

    def between(self, start: int, stop: int) -> "TrackTable":
        """The rows with ``start <= frame < stop``; numbers unchanged."""
        mask = (self.frames >= start) & (self.frames < stop)
        return TrackTable(
            self.frames[mask], self.ids[mask], self.boxes[mask], self.scores[mask]
        )


class Detector(Protocol):
    """Anything that turns a frame into boxes."""

    def detect(self, frame: Frame) -> Detections:
        """The detections of one frame."""
        ...


class Embedder(Protocol):
    """Anything that describes given boxes by their appearance."""

    def embed(self, frame: Frame, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Vectors (N, D) of boxes (N, 4), x1 y1 x2 y2 in pixels of the frame."""
        ...


class Tracker(Protocol):
    """Anything that turns the boxes of one frame after another into tracks."""

    def update(self, detections: Detections) -> Tracks:
        """The tracks reported for the next frame."""
        ...
