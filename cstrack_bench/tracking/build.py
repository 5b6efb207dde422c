"""Trackers and output filters by name."""

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.structures import Tracker
from cstrack_bench.tracking import bytetrack, cascade, filters
from cstrack_bench.tracking.bytetrack import ByteTrackConfig, ByteTracker
from cstrack_bench.tracking.cascade import CascadeConfig, CascadeTracker
from cstrack_bench.tracking.deepsort import DeepSortConfig, DeepSortTracker
from cstrack_bench.tracking.filters import FilterConfig, OutputFilter
from cstrack_bench.tracking.iou import IoUTracker, IoUTrackerConfig
from cstrack_bench.tracking.sort import SortConfig, SortTracker

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Config = TypeVar("Config", bound=DataclassInstance)

TrackerConfig = (
    CascadeConfig | DeepSortConfig | SortConfig | IoUTrackerConfig | ByteTrackConfig
)

PRESETS: dict[str, TrackerConfig] = {
    "cstrack": cascade.CSTRACK,
    "jde": cascade.JDE,
    "deepsort": DeepSortConfig(),
    "sort": SortConfig(),
    "iou": IoUTrackerConfig(),
    "bytetrack": bytetrack.BYTETRACK,
    "steady": bytetrack.STEADY,
}
# The baseline is filtered as CSTrack is, so that only the association differs.
FILTERS: dict[str, FilterConfig] = {
    "cstrack": filters.CSTRACK,
    "jde": filters.JDE,
    "deepsort": filters.DEEPSORT,
    "sort": filters.BYTETRACK,
    "iou": filters.CSTRACK,
    "bytetrack": filters.BYTETRACK,
    "steady": filters.BYTETRACK,
}
TRACKERS = tuple(PRESETS)


def make_tracker(name: str, frame_rate: float, **overrides: Any) -> Tracker:
    """A fresh tracker, its ids starting at 1.

    Args:
        name: one of ``TRACKERS``.
        frame_rate: of the sequence, frames a second.
        overrides: fields of the tracker's config.

    Raises:
        InputError: an unknown name or field.
    """
    config = _overridden(_look_up(name, PRESETS), f"tracker {name!r}", overrides)
    if isinstance(config, CascadeConfig):
        return CascadeTracker(config, frame_rate)
    if isinstance(config, DeepSortConfig):
        return DeepSortTracker(config)
    if isinstance(config, SortConfig):
        return SortTracker(config)
    if isinstance(config, ByteTrackConfig):
        return ByteTracker(config, frame_rate)
    return IoUTracker(config)


def confidence_options(name: str, least: float) -> dict[str, float]:
    """Overrides with which a box scoring ``least`` may start a track.

    Args:
        name: one of ``TRACKERS``.
        least: least score that the detector reports.

    Raises:
        InputError: an unknown name.
    """
    config = _look_up(name, PRESETS)
    if isinstance(config, DeepSortConfig | SortConfig):
        return {"min_confidence": least}
    if isinstance(config, ByteTrackConfig):
        high = min(config.high_confidence, least)
        low = min(config.low_confidence, high)
        return {
            "birth_confidence": least,
            "high_confidence": high,
            "low_confidence": low,
        }
    return {"birth_confidence": least}


def needed_confidence(name: str, usual: float) -> float:
    """Least score that a detector should report, which ``usual``ly is enough.

    Raises:
        InputError: an unknown name.
    """
    config = _look_up(name, PRESETS)
    if isinstance(config, ByteTrackConfig):
        return min(usual, config.low_confidence)
    if isinstance(config, DeepSortConfig):
        return min(usual, config.min_confidence)
    return usual


def make_filter(name: str, **overrides: Any) -> OutputFilter:
    """The output filter that goes with a tracker, its counts at 0.

    Args:
        name: one of ``TRACKERS``.
        overrides: fields of ``FilterConfig``.

    Raises:
        InputError: an unknown name or field.
    """
    config = _overridden(_look_up(name, FILTERS), f"filter {name!r}", overrides)
    return OutputFilter(config.min_area, config.max_aspect)


def _look_up(name: str, table: dict[str, Any]) -> Any:
    if name not in table:
        raise InputError(f"Unknown tracker {name!r}: {nearest(name, table)}.")
    return table[name]


def _overridden(config: "Config", owner: str, overrides: dict[str, Any]) -> "Config":
    known = [field.name for field in dataclasses.fields(config)]
    for key in overrides:
        if key not in known:
            raise InputError(
                f"Unknown setting {key!r} of {owner}: {nearest(key, known)}."
            )
    return dataclasses.replace(config, **overrides)
