"""Checks of a frame's detections: malformed ones are left out before association.

Which scores count is decided by each tracker.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections

Scalar = TypeVar("Scalar", bound=np.generic)

# Pixels; anything beyond is a detector's error, and its square must stay finite.
LARGEST_COORDINATE = 1e9
# Pixels; the aspect of a flatter box is mostly rounding.
LEAST_SIDE = 1e-3


def usable_detections(
    detections: Detections,
) -> tuple[NDArray[np.float64], NDArray[np.floating], NDArray[np.floating] | None]:
    """Leave out boxes that no Kalman filter could follow.

    Those are boxes with a coordinate that is not finite or beyond
    ``LARGEST_COORDINATE``, without width or height, or with a score that is no number.

    Returns:
        boxes (N, 4) float64, scores (N,), embeddings (N, D) or None.

    Raises:
        InputError: arrays of different lengths.
    """
    given = np.asarray(detections.boxes).reshape(-1, 4)
    scores, embeddings = detections.scores, detections.embeddings
    if len(scores) != len(given) or (
        embeddings is not None and len(embeddings) != len(given)
    ):
        raise InputError(
            f"A frame has {len(given)} boxes, {len(scores)} scores and "
            f"{'no' if embeddings is None else len(embeddings)} embeddings: "
            "give one of each a box."
        )
    # Comparisons with NaN are false, so these catch what is not a number too.
    sound = np.all(np.abs(given) <= LARGEST_COORDINATE, axis=1)
    sound &= np.equal(scores, scores)
    if not sound.all():
        given, scores, embeddings = _choose(sound, given, scores, embeddings)
    # Sides in the precision they came in, as the official code has them.
    sides = given[:, 2:] - given[:, :2]
    boxes = given.astype(np.float64)
    boxes[:, 2:] = boxes[:, :2] + sides
    sound = np.all(sides >= LEAST_SIDE, axis=1)
    if not sound.all():
        return _choose(sound, boxes, scores, embeddings)
    return boxes, scores, embeddings


def _choose(
    mask: NDArray[np.bool_],
    boxes: NDArray[Scalar],
    scores: NDArray[np.floating],
    embeddings: NDArray[np.floating] | None,
) -> tuple[NDArray[Scalar], NDArray[np.floating], NDArray[np.floating] | None]:
    vectors = None if embeddings is None else embeddings[mask]
    return boxes[mask], scores[mask], vectors
