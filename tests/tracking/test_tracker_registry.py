"""The trackers of the package are found by themselves, and say what they need."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from cstrack_bench import tracking
from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections, Tracks
from cstrack_bench.tracking.cascade import CascadeTracker
from cstrack_bench.tracking.definition import TrackerDefinition
from cstrack_bench.tracking.iou import IoUTracker
from cstrack_bench.tracking.tracker_registry import (
    built_in_trackers,
    find_tracker,
    make_filter,
    make_tracker,
    needed_confidence,
    tracker_names,
)

NAMES = (
    *("bytetrack", "centertrack", "centertrack-rebirth", "cstrack", "deepsort"),
    *("fairmot", "iou", "jde", "sort", "steady"),
)


class Silent:
    def update(self, detections: Detections) -> Tracks:
        none = np.zeros(0)
        return Tracks(none.astype(np.int64), none.reshape(0, 4), none)


@dataclasses.dataclass(frozen=True)
class SilentConfig:
    limit: float = 0.5

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise ValueError("limit is negative")


SILENT = TrackerDefinition("silent", SilentConfig(), lambda config, rate: Silent())


def test_every_tracker_of_the_package_is_found() -> None:
    assert tuple(built_in_trackers()) == NAMES
    assert set(tracker_names()) >= set(NAMES)
    for name, found in built_in_trackers().items():
        assert find_tracker(name) is found
        assert (found.name, bool(found.summary)) == (name, True)


def test_trackers_of_one_module_are_one_component() -> None:
    components = {name: found.component for name, found in built_in_trackers().items()}
    assert components["cstrack"] is components["jde"] is components["fairmot"]
    assert components["centertrack"] is components["centertrack-rebirth"]
    assert components["bytetrack"] is components["steady"]
    assert len({component.name for component in components.values()}) == 6


def test_a_new_module_needs_no_other_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "silent_for_a_test.py").write_text(
        "from dataclasses import dataclass\n"
        "from cstrack_bench.tracking.definition import TrackerDefinition\n"
        "@dataclass(frozen=True)\n"
        "class Config: ...\n"
        "TRACKERS = (TrackerDefinition('silent', Config(), lambda c, r: None),)\n"
    )
    monkeypatch.setattr(tracking, "__path__", [*tracking.__path__, str(tmp_path)])
    assert tuple(built_in_trackers()) == tuple(sorted([*NAMES, "silent"]))
    assert find_tracker("silent").component.name == "tracker silent"
    (tmp_path / "silent_as_well.py").write_text(
        "from cstrack_bench.tracking.silent_for_a_test import TRACKERS\n"
    )
    with pytest.raises(ValueError, match="Two trackers are named 'silent'"):
        built_in_trackers()


def test_name_settings_and_make_are_enough() -> None:
    assert isinstance(SILENT.make(SILENT.config, 30.0), Silent)
    assert (SILENT.component.name, SILENT.component.version) == ("tracker silent", 1)
    assert SILENT.needed_confidence(SILENT.config, 0.4) == 0.4
    assert SILENT.confidence_options(SILENT.config, 0.4) == {}
    assert SILENT.options == {"limit"}
    assert not SILENT.uses_embeddings


@pytest.mark.parametrize("config", [SilentConfig, {"limit": 0.5}, None])
def test_settings_are_an_instance_of_a_dataclass(config: object) -> None:
    with pytest.raises(InputError, match="'silent' must be an instance of a frozen"):
        dataclasses.replace(SILENT, config=config)


def test_trackers_are_made_by_name_with_settings_of_ones_own() -> None:
    jde = make_tracker("jde", 25, gate=5.0)
    assert isinstance(jde, CascadeTracker)
    assert (jde.config.appearance_limit, jde.config.gate) == (0.7, 5.0)
    iou = make_tracker("iou", 25, max_lost=3)
    assert isinstance(iou, IoUTracker)
    assert iou.config.max_lost == 3


def test_misspelt_names_get_the_nearest() -> None:
    for wrong in (
        lambda: find_tracker("cstrak"),
        lambda: make_tracker("cstrak", 30),
        lambda: make_filter("cstrak"),
        lambda: needed_confidence("cstrak", 0.5),
    ):
        with pytest.raises(InputError, match="No tracker 'cstrak'; the nearest is 'c"):
            wrong()
    with pytest.raises(InputError, match=r"of tracker 'cstrack'.*'overlap_limit'"):
        make_tracker("cstrack", 30, overlap_limits=0.5)
    with pytest.raises(InputError, match="of filter of 'jde'; the nearest is 'min_ar"):
        make_filter("jde", minarea=3)


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        (-1, "'silent' cannot have limit=-1: "),
        ("many", "limit of tracker 'silent' is a number, not 'many'"),
        (True, "is a number, not True"),
        (float("nan"), "cannot be nan"),
        (10**400, "cannot be 1000"),
    ],
)
def test_a_value_that_the_settings_refuse_is_one_sentence(
    limit: object, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        SILENT.configured({"limit": limit})
