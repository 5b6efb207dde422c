"""Camera motion, estimated from boxes alone: the shift that all predictions lack.

When a camera starts to turn, every prediction is off by the same few pixels, while the
errors of single people differ. The median over all pairs of prediction and detection is
therefore the camera's shift. No picture is needed. The motion of single tracks is in
``kalman``.
"""

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.tracking.matching import assign, iou_costs

Floats = NDArray[np.float64]

# A pair that overlaps at all counts: the median is robust to wrong ones.
OVERLAP_LIMIT = 0.9
# Fewer than this many have a shift in common by chance.
LEAST_PAIRS = 4


def common_shift(predicted: Floats, detected: Floats) -> Floats:
    """Median shift from predictions to the detections they pair with by overlap.

    Args:
        predicted: (N, 4) x1 y1 x2 y2 of tracks matched in the frame before.
        detected: (M, 4) confident detections of this frame.

    Returns:
        (2,) pixels right and down; 0 where fewer than ``LEAST_PAIRS`` pair.
    """
    if min(len(predicted), len(detected)) < LEAST_PAIRS:
        return np.zeros(2)
    rows, columns = assign(iou_costs(predicted, detected), OVERLAP_LIMIT)
    if len(rows) < LEAST_PAIRS:
        return np.zeros(2)
    corners = detected[columns] - predicted[rows]
    return np.asarray(np.median((corners[:, :2] + corners[:, 2:]) / 2, axis=0))
