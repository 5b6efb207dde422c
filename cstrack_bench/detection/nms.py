"""From the network's candidates to a few boxes (docs/reference.md#nms, #decoding)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.detection.suppression import (
    diou_pairs,
    iou_pairs,
    survivors,
    touching_pairs,
)
from cstrack_bench.errors import InputError, nearest

if TYPE_CHECKING:
    import torch

KINDS = ("cluster_diou", "iou")
SCORES = ("product", "objectness")


@dataclass(frozen=True)
class NmsConfig:
    """How candidates are filtered and suppressed; the defaults are the official code's.

    Attributes:
        confidence: a candidate needs objectness, and then score, above this
            (docs/reference.md#thresholds).
        iou: overlap at which the better box suppresses the worse one: DIoU 0.6 in
            CSTrack (#nms), IoU 0.4 in JDE (#jde-settings).
        kind: ``cluster_diou`` (CSTrack) or ``iou`` (plain greedy, JDE).
        score: ``product`` = objectness × the class score that was never trained
            (official, 5.3) or ``objectness`` alone.
        max_boxes: at most so many boxes a frame, best first (#nms).
        diou_power: power of the centre-distance term (0.7 in the official code,
            1 in the usual DIoU).
        max_rounds: rounds after which cluster suppression stops (#nms).
    """

    confidence: float = 0.5
    iou: float = 0.6
    kind: Literal["cluster_diou", "iou"] = "cluster_diou"
    score: Literal["product", "objectness"] = "product"
    max_boxes: int = 300
    diou_power: float = 0.7
    max_rounds: int = 200

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(
                f"Unknown NMS kind {self.kind!r}: {nearest(self.kind, KINDS)}."
            )
        if self.score not in SCORES:
            raise InputError(
                f"Unknown NMS score {self.score!r}: {nearest(self.score, SCORES)}."
            )
        if not 0.0 <= self.confidence <= 1.0:
            raise InputError(
                f"NMS confidence is {self.confidence}: set it between 0 and 1."
            )
        if not 0.0 < self.iou <= 1.0:
            raise InputError(f"NMS IoU is {self.iou}: set it in (0, 1].")
        for name in ("max_boxes", "max_rounds"):
            if getattr(self, name) < 1:
                raise InputError(f"NMS {name} must be at least 1.")


def suppress(
    prediction: "torch.Tensor", config: NmsConfig
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Keep the confident boxes that no better box covers.

    Args:
        prediction: (N, 6) cx cy w h in pixels, objectness, class score, both after
            the sigmoid; any device.
        config: thresholds.

    Returns:
        kept: (K, 6) float32, x1 y1 x2 y2 score class (always 0), best first.
        sources: (K,) int64, rows of ``prediction`` they came from.
    """
    # Only the few confident rows leave the device.
    confident = (prediction[:, 4] > config.confidence).nonzero()[:, 0]
    rows = prediction[confident].float().cpu().numpy()
    sources = confident.cpu().numpy().astype(np.int64)
    scores = rows[:, 4]
    if config.score == "product":
        scores = rows[:, 4] * rows[:, 5]
        passing = scores > np.float32(config.confidence)
        rows, scores, sources = rows[passing], scores[passing], sources[passing]
    # A box without a finite number would poison every comparison after it.
    sound = np.isfinite(rows[:, :4]).all(axis=1)
    rows, scores, sources = rows[sound], scores[sound], sources[sound]
    order = np.argsort(-scores, kind="stable")
    rows, scores, sources = rows[order], scores[order], sources[order]
    half = rows[:, 2:4] / np.float32(2)
    boxes = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)
    kept = keep_boxes(boxes, config)
    result = np.zeros((len(kept), 6), np.float32)
    result[:, :4] = boxes[kept]
    result[:, 4] = scores[kept]
    return result, sources[kept]


def keep_boxes(boxes: NDArray[np.float32], config: NmsConfig) -> NDArray[np.int64]:
    """Rows of ``boxes`` that survive suppression.

    The official code works on the whole N×N matrix in every round. Only pairs that
    overlap by the threshold can change anything, so here only those are computed;
    the result is the same box for box.

    Args:
        boxes: (N, 4) float32, x1 y1 x2 y2, best first.
        config: kind, threshold, rounds and the largest number of boxes.

    Returns:
        (K,) int64, ascending, K at most ``config.max_boxes``.
    """
    better, worse = touching_pairs(boxes, config.iou)
    if config.kind == "cluster_diou":
        overlap = diou_pairs(boxes, better, worse, config.diou_power)
        suppresses = overlap >= np.float32(config.iou)
        rounds = config.max_rounds
    else:
        overlap = iou_pairs(boxes, better, worse)
        suppresses = overlap > np.float32(config.iou)
        # Greedy suppression is where the rounds end up when nothing stops them.
        rounds = len(boxes) + 1
    removes = overlap > np.float32(config.iou)
    alive = survivors(
        len(boxes),
        (better[suppresses], worse[suppresses]),
        (better[removes], worse[removes]),
        rounds,
    )
    return np.flatnonzero(alive)[: config.max_boxes]
