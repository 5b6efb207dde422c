"""What a tracker declares: its name, settings and filter, and what it needs.

The module of a tracker ends with its definitions; ``registry`` finds them by name. How
boxes are associated is not said here but in the tracker's own module.
"""

import dataclasses
import math
from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.components import Component
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.structures import Tracker
from cstrack_bench.tracking import filters
from cstrack_bench.tracking.filters import FilterConfig

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# Of a setting: thresholds, frames and factors all lie far below.
_LARGEST = 1e9
_KINDS: tuple[tuple[type, str], ...] = (
    *((bool, "true or false"), (int, "a whole number")),
    *((float, "a number"), (str, "text")),
)
Config = TypeVar("Config", bound="DataclassInstance")


PublicBoxes = abc.Sequence[NDArray[np.floating]]


def usual_confidence(config: object, usual: float) -> float:
    """The least score that detectors report anyway: enough for most trackers."""
    return usual


def no_options(config: object, least: float) -> dict[str, float]:
    """Nothing to override: every detection may start a track."""
    return {}


@dataclass(frozen=True)
class TrackerDefinition(Generic[Config]):
    """A tracker, as everything outside its module knows it.

    Only the first three are needed; the rest has defaults for a tracker that works with
    boxes alone and takes every detection it is given.

    Attributes:
        name: what command lines and recipes call it.
        config: its published settings, an instance of a frozen dataclass; recipes
            override single fields (``track.options``).
        make: builds a tracker, its ids starting at 1, from settings and the frame rate
            of the sequence (frames a second).
        summary: what it is, in a few words.
        component: name and version of the code that computes its tracks, which are part
            of a run's identity; ``tracker NAME``, version 1, where none is given. Raise
            the version when tracks change, or finished runs are taken for its own.
        filter: which reported boxes are not written.
        needed_confidence: settings and the usual threshold -> least score that a
            detector should report.
        confidence_options: settings and a score -> fields to override so that a
            detection of that score may start a track.
        make_public: builds a tracker whose tracks are born from the boxes of a public
            detector alone, from settings and these boxes, (N, 4) x1 y1 x2 y2 in pixels
            for each frame from its first one; None for a tracker without such a mode.
        uses_embeddings: whether it compares appearance; where not, a network that only
            describes boxes (``--reid``) is refused, as it would run for nothing.
    """

    name: str
    config: Config
    make: Callable[[Config, float], Tracker]
    summary: str = ""
    component: Component = field(default_factory=lambda: Component("", 1))
    filter: FilterConfig = filters.BYTETRACK
    needed_confidence: Callable[[Config, float], float] = usual_confidence
    confidence_options: Callable[[Config, float], dict[str, float]] = no_options
    make_public: Callable[[Config, PublicBoxes], Tracker] | None = None
    uses_embeddings: bool = False

    def __post_init__(self) -> None:
        if not dataclasses.is_dataclass(self.config) or isinstance(self.config, type):
            raise InputError(
                f"The config of the tracker {self.name!r} must be an instance of a "
                f"frozen dataclass, not {self.config!r}."
            )
        if not self.component.name:
            named = Component(f"tracker {self.name}", self.component.version)
            object.__setattr__(self, "component", named)

    @property
    def options(self) -> frozenset[str]:
        """Names of its settings."""
        return frozenset(option.name for option in dataclasses.fields(self.config))

    def configured(self, overrides: Mapping[str, object]) -> Config:
        """Its settings with some fields replaced.

        Raises:
            InputError: an unknown field (names the nearest), or a value it refuses.
        """
        return with_overrides(self.config, f"tracker {self.name!r}", overrides)


def _check_kind(setting: str, published: object, value: object) -> None:
    """Refuse a value that is of another kind than the published one."""
    kind = type(published)
    kinds = dict(_KINDS)
    if kind not in kinds:
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if type(value) is not kind and not (kind is float and is_number):
        raise InputError(f"The setting {setting} is {kinds[kind]}, not {value!r}.")
    # Infinite is a limit that nothing exceeds.
    endless = isinstance(value, float) and math.isinf(value)
    if isinstance(value, int | float) and not (endless or abs(value) <= _LARGEST):
        raise InputError(f"The setting {setting} cannot be {value!r}.")


def with_overrides(
    config: Config, owner: str, overrides: Mapping[str, object]
) -> Config:
    """Settings with some fields replaced.

    Args:
        config: an instance of a frozen dataclass.
        owner: whose settings they are, for messages.
        overrides: field -> value.

    Raises:
        InputError: an unknown field (names the nearest), or a value it refuses.
    """
    known = [option.name for option in dataclasses.fields(config)]
    for key in overrides:
        if key not in known:
            raise InputError(
                f"No setting {key!r} of {owner}; {nearest(str(key), known)}."
            )
        _check_kind(f"{key} of {owner}", getattr(config, key), overrides[key])
    try:
        return dataclasses.replace(config, **dict(overrides))
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{key}={value!r}" for key, value in overrides.items())
        raise InputError(f"The {owner} cannot have {given}: {error}.") from error
