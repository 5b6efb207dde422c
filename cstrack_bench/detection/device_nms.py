"""Suppression where the network runs: nothing leaves the device, shapes are fixed.

It keeps the boxes that ``nms.suppress`` keeps. Work that has no fixed size there (any
number of confident candidates, rounds until nothing changes) is bounded here, and a
flag says when a bound was met: the caller then asks ``nms.suppress``.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from cstrack_bench.detection.nms import NmsConfig

#: Confident candidates that are looked at; a crowded frame has some hundreds.
CANDIDATES = 1024
#: Rounds of suppression. A chain of boxes that suppress each other in turn needs as
#: many rounds as it is long; three are common, ten are rare.
ROUNDS = 24


class Suppressed(NamedTuple):
    """What is left of one image, M = ``NmsConfig.max_boxes`` rows or fewer.

    Attributes:
        boxes: (M, 4) float32, x1 y1 x2 y2, best first; rows behind the last are 0.
        scores: (M,) float32.
        sources: (M,) int64, rows of the prediction.
        valid: (M,) bool, false behind the last box.
        complete: () bool, false where a bound was met.
    """

    boxes: Tensor
    scores: Tensor
    sources: Tensor
    valid: Tensor
    complete: Tensor


def suppress_on_device(
    prediction: Tensor,
    config: NmsConfig,
    candidates: int = CANDIDATES,
    rounds: int = ROUNDS,
) -> Suppressed:
    """Keep the confident boxes that no better box covers (docs/reference.md#nms).

    Args:
        prediction: (N, 6) cx cy w h in pixels, objectness, class score, float32.
        config: thresholds.
        candidates: confident rows looked at.
        rounds: of suppression.
    """
    least = config.confidence
    passing = (prediction[:, 4] > least) & prediction[:, :4].isfinite().all(dim=1)
    scores = prediction[:, 4]
    if config.score == "product":
        scores = prediction[:, 4] * prediction[:, 5]
        passing = passing & (scores > least)
    few = min(candidates, len(prediction))
    ordered, order = torch.sort(
        torch.where(passing, scores, -1.0), descending=True, stable=True
    )
    sources, chosen = order[:few], ordered[:few]
    confident = passing[sources]
    rows = prediction[sources, :4]
    half = rows[:, 2:] / 2
    boxes = torch.cat((rows[:, :2] - half, rows[:, :2] + half), dim=1)
    # Rows that are no candidates may hold what is no number.
    boxes = torch.where(confident[:, None], boxes, 0.0)
    alive, settled = _survivors(boxes, confident, config, rounds)
    most = min(config.max_boxes, few)
    first = torch.sort(alive.int(), descending=True, stable=True).indices[:most]
    valid = alive[first]
    return Suppressed(
        torch.where(valid[:, None], boxes[first], 0.0),
        torch.where(valid, chosen[first], 0.0),
        torch.where(valid, sources[first], 0),
        valid,
        settled & (passing.sum() <= few),
    )


def _survivors(
    boxes: Tensor, confident: Tensor, config: NmsConfig, rounds: int
) -> tuple[Tensor, Tensor]:
    """(K,) bool which boxes stay, and () bool whether the rounds had an end."""
    overlap = _iou(boxes)
    official = config.kind == "cluster_diou"
    if official:
        overlap = overlap - _distance(boxes) ** config.diou_power
    pairs = confident[:, None] & confident
    pairs = pairs.triu(1)  # better, worse
    removes = (pairs & (overlap > config.iou)).float()
    suppresses = (pairs & (overlap >= config.iou)).float() if official else removes
    limit = config.max_rounds if official else rounds + 1
    acting = confident
    previous = acting
    for _ in range(min(rounds, limit)):
        previous = acting
        acting = confident & (previous.float() @ suppresses == 0)
    settled = (acting == previous).all()
    if limit <= rounds:
        settled = torch.ones_like(settled)
    return confident & (previous.float() @ removes == 0), settled


def _iou(boxes: Tensor) -> Tensor:
    """(K, K); 0 where both are empty. The same sums as ``suppression.iou_pairs``."""
    x1, y1, x2, y2 = boxes.unbind(1)
    width = torch.minimum(x2[:, None], x2) - torch.maximum(x1[:, None], x1)
    height = torch.minimum(y2[:, None], y2) - torch.maximum(y1[:, None], y1)
    intersection = width.clamp(min=0) * height.clamp(min=0)
    area = (x2 - x1) * (y2 - y1)
    union = area[:, None] + area - intersection
    return torch.where(union > 0, intersection / union, 0.0)


def _distance(boxes: Tensor) -> Tensor:
    """(K, K) centre distance² over the enclosing diagonal²."""
    x1, y1, x2, y2 = boxes.unbind(1)
    wide = torch.maximum(x2[:, None], x2) - torch.minimum(x1[:, None], x1)
    tall = torch.maximum(y2[:, None], y2) - torch.minimum(y1[:, None], y1)
    diagonal = wide * wide + tall * tall
    across = (x1[:, None] + x2[:, None] - x1 - x2) / 2
    down = (y1[:, None] + y2[:, None] - y1 - y2) / 2
    distance = across * across + down * down
    return torch.where(diagonal > 0, distance / diagonal, 0.0)
