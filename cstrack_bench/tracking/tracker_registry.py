"""Trackers by name: those of this package, and those that a user adds from outside.

A module of this package that ends with ``TRACKERS``, a tuple of definitions, is found
by itself. One of a user's is named as ``extensions`` says: an entry point in the group
``cstrack_bench.trackers``, ``package.module:TRACKER`` or ``folder/file.py:TRACKER``.
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping

from cstrack_bench import tracking
from cstrack_bench.errors import InputError
from cstrack_bench.extensions import extension_names, find_extension
from cstrack_bench.structures import Tracker
from cstrack_bench.tracking.definition import (
    PublicBoxes,
    TrackerDefinition,
    with_overrides,
)
from cstrack_bench.tracking.filters import OutputFilter

GROUP = "cstrack_bench.trackers"


def built_in_trackers() -> dict[str, TrackerDefinition]:
    """The trackers of this package, by name, sorted.

    Raises:
        ValueError: two modules declare one name.
    """
    found: dict[str, TrackerDefinition] = {}
    for entry in pkgutil.iter_modules(tracking.__path__):
        module = importlib.import_module(f"{tracking.__name__}.{entry.name}")
        for definition in getattr(module, "TRACKERS", ()):
            if definition.name in found:
                raise ValueError(f"Two trackers are named {definition.name!r}.")
            found[definition.name] = definition
    return dict(sorted(found.items()))


def tracker_names() -> tuple[str, ...]:
    """Names of this package's trackers and of installed entry points, sorted."""
    return tuple(sorted({*built_in_trackers(), *extension_names(GROUP)}))


def find_tracker(name: str) -> TrackerDefinition:
    """The definition that a name stands for.

    Args:
        name: of a tracker of this package, of an entry point, or
            ``package.module:TRACKER`` or ``folder/file.py:TRACKER``.

    Raises:
        InputError: nothing of that name (names the nearest), it cannot be loaded, it is
            no definition, or it has the name of another tracker of this package.
    """
    built_in = built_in_trackers()
    found = find_extension(name, built_in, GROUP, TrackerDefinition, "tracker")
    if found.name in built_in and found is not built_in[found.name]:
        raise InputError(
            f"The tracker {name!r} calls itself {found.name!r} as one of this package "
            "does: give it a name of its own."
        )
    return found


def make_tracker(name: str, frame_rate: float, /, **overrides: object) -> Tracker:
    """A fresh tracker, its ids starting at 1.

    Args:
        name: as ``find_tracker`` takes it.
        frame_rate: of the sequence, frames a second.
        overrides: fields of the tracker's config.

    Raises:
        InputError: an unknown name or field, or a value that the tracker refuses.
    """
    definition = find_tracker(name)
    return definition.make(definition.configured(overrides), frame_rate)


def make_public_tracker(
    name: str, boxes: PublicBoxes, /, **overrides: object
) -> Tracker:
    """A fresh tracker whose tracks are born from a public detector's boxes alone.

    Args:
        name: as ``find_tracker`` takes it.
        boxes: (N, 4) x1 y1 x2 y2 in pixels for each frame of the sequence.
        overrides: fields of the tracker's config.

    Raises:
        InputError: an unknown name or field, a value that the tracker refuses, or a
            tracker without such a mode.
    """
    definition = find_tracker(name)
    if definition.make_public is None:
        raise InputError(f"The tracker {name!r} has no mode for public boxes.")
    return definition.make_public(definition.configured(overrides), boxes)


def make_filter(name: str, /, **overrides: object) -> OutputFilter:
    """The output filter that goes with a tracker, its counts at 0.

    Args:
        name: as ``find_tracker`` takes it.
        overrides: fields of ``FilterConfig``.

    Raises:
        InputError: an unknown name or field.
    """
    config = find_tracker(name).filter
    return OutputFilter(with_overrides(config, f"filter of {name!r}", overrides))


def tracker_thresholds(name: str, overrides: Mapping[str, object]) -> dict[str, float]:
    """The thresholds of score in a tracker's settings.

    Args:
        name: as ``find_tracker`` takes it.
        overrides: fields of the tracker's config.

    Raises:
        InputError: an unknown name or field, or a value that the tracker refuses.
    """
    config = find_tracker(name).configured(overrides)
    return {
        field.name: float(getattr(config, field.name))
        for field in dataclasses.fields(config)
        if field.name.endswith("confidence")
    }


def needed_confidence(name: str, usual: float) -> float:
    """Least score that a detector should report, which ``usual``ly is enough.

    Raises:
        InputError: an unknown name.
    """
    definition = find_tracker(name)
    return definition.needed_confidence(definition.config, usual)


def confidence_options(name: str, least: float) -> dict[str, float]:
    """Overrides with which a detection scoring ``least`` may start a track.

    Args:
        name: as ``find_tracker`` takes it.
        least: least score that the detector reports.

    Raises:
        InputError: an unknown name.
    """
    definition = find_tracker(name)
    return definition.confidence_options(definition.config, least)
