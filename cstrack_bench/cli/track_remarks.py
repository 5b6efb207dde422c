"""Remarks of ``cstrack track``: frames without pictures, why nothing was written."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cstrack_bench import console

if TYPE_CHECKING:
    from cstrack_bench.formats.sequences import Sequence
    from cstrack_bench.structures import Detections
    from cstrack_bench.tracking.filters import FilterConfig


class Seen:
    """What a detector found in a sequence, counted, for remarks on an empty result.

    Args:
        advance: called after each frame.

    Attributes:
        frames: that were read; boxes: found in all of them; flat: of these, without a
            width or height.
        best: the highest score.
    """

    def __init__(self, advance: Callable[[], None]) -> None:
        self._advance = advance
        self.frames = self.boxes = self.flat = 0
        self.best = -math.inf

    def add(self, detections: "Detections") -> None:
        """Count one frame."""
        self.frames += 1
        self.boxes += len(detections)
        if len(detections):
            self.best = max(self.best, float(detections.scores.max()))
            sides = detections.boxes[:, 2:] - detections.boxes[:, :2]
            self.flat += int((sides.min(axis=1) <= 0).sum())
        self._advance()


def pictured(sequence: "Sequence") -> "Sequence":
    """The part of a sequence that has pictures; says where that is not all."""
    from cstrack_bench.verification.before_work import check_tracking

    part = check_tracking(sequence)
    if part.start > sequence.start:
        console.remark_once(
            f"{sequence.name}: frames {sequence.start + 1} to {part.start} have no "
            f"picture: it is tracked from frame {part.start + 1} on."
        )
    return part


def say_why_nothing(
    name: str,
    tracker: str,
    options: Mapping[str, float],
    limits: "FilterConfig",
    dropped: Mapping[str, int],
    detected: int,
    best: float,
    flat: int,
) -> None:
    """Say by which threshold every box of a sequence was dropped.

    Args:
        name: of the sequence.
        tracker: its name.
        options: of the tracker that were set.
        limits: of the output filter.
        dropped: boxes that the filter dropped, by reason.
        detected: boxes that the tracker was given.
        best: the highest score among them.
        flat: how many of them have no width or no height.
    """
    from cstrack_bench.tracking.tracker_registry import tracker_thresholds

    if any(dropped.values()):
        console.err.print(
            f"{name}: the output filter dropped every box: {dropped['area']} by "
            f"--min-area {limits.min_area:g}, {dropped['aspect']} by --max-aspect "
            f"{limits.max_aspect:g} (width / height); set them to keep boxes like "
            "these."
        )
        return
    thresholds = tracker_thresholds(tracker, options)
    listed = ", ".join(f"{key} {value:g}" for key, value in thresholds.items())
    console.err.print(
        f"{name}: no track came of {detected} boxes, whose scores go up to {best:g}; "
        f"{flat} of them have no width or no height, and {tracker} has the thresholds "
        f"{listed or 'of its own'} (--conf)."
    )
