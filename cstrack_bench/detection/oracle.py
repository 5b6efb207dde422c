"""Ground truth as a detector and as an embedder (Table VIII)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cstrack_bench.boxes import iou_matrix
from cstrack_bench.errors import InputError
from cstrack_bench.formats.mot_files import Annotations
from cstrack_bench.structures import Detections, Embedder, Frame

# A jittered side keeps at least this share of its length.
_LEAST_SIDE = 0.1


@dataclass(frozen=True)
class Jitter:
    """How ground-truth boxes are made worse, the same way in every run.

    Attributes:
        noise: standard deviation of the centre and of both sides, as a share of the
            box's width (horizontally) and height (vertically).
        drop: share of the boxes that are left out.
        seed: of the noise; with the frame's number it decides everything random.
    """

    noise: float = 0.0
    drop: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.noise < float("inf"):
            raise InputError(
                f"A jitter's noise is a share from 0 up, not {self.noise}."
            )
        if not 0.0 <= self.drop <= 1.0:
            raise InputError(f"A jitter's drop lies between 0 and 1, not {self.drop}.")

    def apply(self, boxes: NDArray[np.floating], frame: int) -> NDArray[np.floating]:
        """Boxes (M, 4) moved, scaled and thinned out, (N, 4) with N ≤ M.

        Args:
            boxes: x1 y1 x2 y2 in pixels.
            frame: the frame's number.
        """
        random = np.random.default_rng((self.seed, frame))
        # Drawn whether used or not, so that one option leaves the other's draws alone.
        noise = self.noise * random.standard_normal((len(boxes), 4))
        kept = random.random(len(boxes)) >= self.drop
        sides = boxes[:, 2:] - boxes[:, :2]
        centres = boxes[:, :2] + sides / 2 + noise[:, :2] * sides
        sides = sides * np.maximum(1.0 + noise[:, 2:], _LEAST_SIDE)
        moved = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
        return (moved if self.noise else boxes)[kept]


class OracleDetector:
    """Every annotated box, with score 1 (docs/reference.md#upper-bound).

    Args:
        annotations: what to report; pass the pedestrians alone where only they count.
        embedder: gives each box its embedding; None to go without appearance.
        jitter: makes the boxes worse; None leaves them as annotated.
    """

    def __init__(
        self,
        annotations: Annotations,
        embedder: Embedder | None = None,
        jitter: Jitter | None = None,
    ) -> None:
        order = np.argsort(annotations.frames, kind="stable")
        self._frames = annotations.frames[order]
        self._boxes = annotations.boxes[order]
        self._embedder = embedder
        self._jitter = jitter

    def detect(self, frame: Frame) -> Detections:
        """The boxes annotated in this frame, in the order of the annotations."""
        start, stop = np.searchsorted(self._frames, [frame.index, frame.index + 1])
        boxes = self._boxes[start:stop].astype(np.float32).reshape(-1, 4)
        if self._jitter is not None:
            boxes = self._jitter.apply(boxes, frame.index).astype(np.float32)
        scores = np.ones(len(boxes), np.float32)
        if self._embedder is None:
            return Detections(boxes, scores)
        return Detections(boxes, scores, self._embedder.embed(frame, boxes))


class IdentityOracle:
    """Gives any box its identity, by the ground truth of the same frame.

    A box belongs to the identity whose annotated box it is matched with: the pairs of
    largest summed IoU, each with at least 0.5, as an evaluator pairs them.

    Args:
        annotations: the identities to tell apart; usually the pedestrians alone.
        width: of the embeddings. Random directions are nearly at right angles where
            there are many dimensions: at 512 the cosine of two spreads by 0.044.
        seed: of the directions.
    """

    LEAST_OVERLAP = 0.5

    def __init__(
        self, annotations: Annotations, width: int = 512, seed: int = 0
    ) -> None:
        order = np.argsort(annotations.frames, kind="stable")
        self._frames = annotations.frames[order]
        self._ids = annotations.ids[order]
        self._boxes = annotations.boxes[order]
        self._width = width
        self._seed = seed
        self._known = np.unique(annotations.ids)
        self._directions = self._draw(len(self._known), 0)

    def identities(
        self, frame: Frame, boxes: NDArray[np.floating]
    ) -> NDArray[np.int64]:
        """Annotated id of each box (N, 4), (N,) int64; -1 for none."""
        start, stop = np.searchsorted(self._frames, [frame.index, frame.index + 1])
        result = np.full(len(boxes), -1, np.int64)
        overlaps = iou_matrix(boxes, self._boxes[start:stop])
        overlaps[overlaps < self.LEAST_OVERLAP] = 0.0
        rows, columns = linear_sum_assignment(overlaps, maximize=True)
        paired = overlaps[rows, columns] > 0
        result[rows[paired]] = self._ids[start:stop][columns[paired]]
        return result

    def embed(self, frame: Frame, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """A direction an identity, and one of its own for each box without an identity.

        Args:
            frame: its number says which annotations count; its pixels are not read.
            boxes: (N, 4) x1 y1 x2 y2 in pixels.

        Returns:
            (N, D) float32, rows of length 1.
        """
        owners = self.identities(frame, boxes)
        result = self._draw(len(boxes), 1 + frame.index)
        known = owners >= 0
        rows = np.searchsorted(self._known, owners[known])
        result[known] = self._directions[rows]
        return result

    def _draw(self, count: int, stream: int) -> NDArray[np.float32]:
        random = np.random.default_rng((self._seed, stream))
        directions = random.standard_normal((count, self._width))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        return directions.astype(np.float32)
