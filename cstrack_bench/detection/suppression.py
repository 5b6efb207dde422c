"""Cluster suppression over the sparse graph of boxes that overlap."""

import numpy as np
from numpy.typing import NDArray

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


def touching_pairs(boxes: NDArray[np.float32], threshold: float) -> Pairs:
    """Every pair of boxes whose IoU could reach ``threshold``, and some more.

    For IoU t, the centres of two boxes lie within w (1 - t) / (2 t) of each other,
    where w is either's width: the intervals alone already overlap by no more than t
    beyond that. A sort by centre turns this into one window a box.

    Args:
        boxes: (N, 4) float32, x1 y1 x2 y2, best first.
        threshold: in (0, 1].

    Returns:
        Row numbers (better, worse), each (P,) int64 with better < worse.
    """
    wide = boxes.astype(np.float64)
    centre = (wide[:, 0] + wide[:, 2]) / 2
    width = np.abs(wide[:, 2] - wide[:, 0])
    order = np.argsort(centre, kind="stable")
    ordered = centre[order]
    # A hair wider than the bound, so that float32 rounding loses no pair.
    reach = width[order] * ((1 - threshold) / (2 * threshold) * 1.001 + 1e-5)
    reach += 1e-5 * (1 + np.abs(ordered))
    # A pair is within both boxes' reach, so a search to the right alone finds it once.
    last = np.searchsorted(ordered, ordered + reach, side="right")
    count = last - np.arange(1, len(boxes) + 1)
    first = np.repeat(np.arange(len(boxes)), count)
    ends = np.cumsum(count)
    offset = np.arange(len(first)) - np.repeat(ends - count, count)
    a, b = order[first], order[first + 1 + offset]
    better, worse = np.minimum(a, b), np.maximum(a, b)
    apart = np.abs(wide[better, 1] + wide[better, 3] - wide[worse, 1] - wide[worse, 3])
    tall = np.abs(wide[better, 3] - wide[better, 1])
    tall = np.minimum(tall, np.abs(wide[worse, 3] - wide[worse, 1]))
    bound = tall * ((1 - threshold) / threshold * 1.001 + 1e-5)
    bound += 1e-5 * (1 + np.abs(wide[better, 1]) + np.abs(wide[better, 3]))
    near = apart <= bound
    return better[near], worse[near]


def iou_pairs(
    boxes: NDArray[np.float32], a: NDArray[np.int64], b: NDArray[np.int64]
) -> NDArray[np.float32]:
    """IoU of rows ``a`` with rows ``b``, (P,) float32; 0 where both are empty."""
    one, two = boxes[a], boxes[b]
    zero = np.float32(0)
    width = np.maximum(
        np.minimum(one[:, 2], two[:, 2]) - np.maximum(one[:, 0], two[:, 0]), zero
    )
    height = np.maximum(
        np.minimum(one[:, 3], two[:, 3]) - np.maximum(one[:, 1], two[:, 1]), zero
    )
    intersection = width * height
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    union = area[a] + area[b] - intersection
    return np.divide(intersection, union, out=np.zeros_like(union), where=union > zero)


def diou_pairs(
    boxes: NDArray[np.float32],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    power: float,
) -> NDArray[np.float32]:
    """IoU - (centre distance² / enclosing diagonal²) ** power, (P,) float32."""
    one, two = boxes[a], boxes[b]
    outer = np.maximum(one[:, 2:], two[:, 2:]) - np.minimum(one[:, :2], two[:, :2])
    diagonal = (outer * outer).sum(axis=1)
    shift = (one[:, :2] + one[:, 2:] - two[:, :2] - two[:, 2:]) / np.float32(2)
    distance = (shift * shift).sum(axis=1)
    part = np.divide(
        distance, diagonal, out=np.zeros_like(distance), where=diagonal > 0
    )
    return iou_pairs(boxes, a, b) - part ** np.float32(power)


def survivors(
    boxes: int, suppresses: Pairs, removes: Pairs, rounds: int
) -> NDArray[np.bool_]:
    """Rounds of simultaneous suppression, each from the full graph
    (docs/reference.md#nms).

    In a round a box acts when no acting box of the round before suppresses it. So a
    box that is suppressed stops suppressing, and those behind it can come back.

    Args:
        boxes: number of boxes, best first.
        suppresses: pairs (better, worse) whose overlap silences the worse.
        removes: pairs whose overlap also keeps it out of the result.
        rounds: at most so many.

    Returns:
        (boxes,) bool.
    """
    acting = np.ones(boxes, np.bool_)
    previous = acting
    for _ in range(rounds):
        silenced = np.zeros(boxes, np.bool_)
        silenced[suppresses[1][acting[suppresses[0]]]] = True
        previous, acting = acting, ~silenced
        if np.array_equal(previous, acting):
            break
    # What is removed is read from the matrix the last round began with.
    alive = np.ones(boxes, np.bool_)
    alive[removes[1][previous[removes[0]]]] = False
    return alive
