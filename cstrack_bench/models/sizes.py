"""Sizes by name, and how an option class is put together from values."""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

from cstrack_bench.errors import InputError, nearest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Config = TypeVar("Config", bound=DataclassInstance)

# docs/reference.md#parameter-counts, #cstrack-s; n is this project's own size for two
# CPU cores, and xs stands
# to it as CSTrack-S stands to l.
SIZES: dict[str, dict[str, float]] = {
    "l": {"depth": 1.0, "width": 1.0, "embedding": 512},
    "m": {"depth": 0.67, "width": 0.75, "embedding": 512},
    "s": {"depth": 0.33, "width": 0.5, "embedding": 512},
    "s30": {"depth": 0.3, "width": 0.3, "embedding": 512},
    "n": {"depth": 0.33, "width": 0.25, "embedding": 128},
    "xs": {"depth": 0.33, "width": 0.125, "embedding": 128},
}


def size_values(
    size: str, sizes: Mapping[str, Mapping[str, float]]
) -> Mapping[str, float]:
    """The values of a size.

    Raises:
        InputError: no such size (names the nearest).
    """
    if size not in sizes:
        raise InputError(f"Unknown model.size {size!r}: {nearest(size, sizes)}.")
    return sizes[size]


def build_config(kind: "type[Config]", *layers: Mapping[str, object]) -> "Config":
    """An option class from layers of values; a later one wins.

    Raises:
        InputError: a field that it does not have (names the nearest), or a value that
            cannot be built.
    """
    values = {name: value for layer in layers for name, value in layer.items()}
    known = [field.name for field in fields(kind)]
    for name in values:
        if name not in known:
            raise InputError(f"Unknown setting model.{name}: {nearest(name, known)}.")
    return kind(**values)


def scaled_channels(count: int, width: float) -> int:
    """Channels of a layer that has ``count`` at width 1: a multiple of 8."""
    return math.ceil(count * width / 8) * 8


def scaled_repeats(count: int, depth: float) -> int:
    """Blocks of a stage that has ``count`` at depth 1; at least 1."""
    return max(round(count * depth), 1) if count > 1 else count


def check_multiplier(name: str, value: object) -> None:
    """Refuse a depth or width that is no number above 0 and at most 4.

    Raises:
        InputError: names the setting.
    """
    sound = isinstance(value, (int, float)) and math.isfinite(value)
    if not sound or not 0 < value <= 4:  # type: ignore[operator]
        raise InputError(
            f"model.{name} is {value!r}: give a number above 0 and at most 4."
        )
