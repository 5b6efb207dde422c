"""Anchors, and the grid that the logits of a detecting network have."""

import math
from collections.abc import Iterable

from cstrack_bench.errors import InputError

Anchors = tuple[tuple[tuple[float, float], ...], ...]

#: Pixels a cell, by level: P3, P4, P5.
STRIDES = (8, 16, 32)
#: Logits of an anchor: four of the box, two of what is in it.
VALUES = 6


def checked_anchors(anchors: Iterable[object], per_level: int) -> Anchors:
    """Three levels of (width, height) as nested tuples, from any nested sequences.

    Args:
        anchors: pixels, P3 first.
        per_level: how many a level must have.

    Raises:
        InputError: another nesting, or a side that is not a positive number.
    """
    try:
        levels = tuple(
            tuple((float(w), float(h)) for w, h in level)  # type: ignore[attr-defined]
            for level in anchors
        )
    except (TypeError, ValueError):
        levels = ()
    sound = len(levels) == 3 and all(
        len(level) == per_level
        and all(0 < side < math.inf for pair in level for side in pair)
        for level in levels
    )
    if not sound:
        noun = {3: "three", 4: "four"}.get(per_level, str(per_level))
        raise InputError(
            f"model.anchors must be three levels of {noun} (width, height) in pixels."
        )
    return levels
