"""Systems by name, what they declare, and the code that each consists of."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from cstrack_bench import extensions
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.recipes import PROFILES, load_recipe
from cstrack_bench.fingerprints import Sources, find_components
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.systems import centertrack, cstrack
from cstrack_bench.systems.system_registry import find_system, system_names


@pytest.fixture(scope="module")
def components() -> Mapping[str, Sources]:
    return find_components()


def test_the_systems_of_the_paper_are_found() -> None:
    assert {n: find_system(n).finds_boxes for n in system_names()} == {
        "centertrack": True,
        "cstrack": True,
        "deepsort": False,
        "fairmot": True,
        "jde": True,
    }
    with pytest.raises(InputError, match=r"No model.system 'cstrak'; the nearest is"):
        find_system("cstrak")


def test_an_installed_package_adds_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(
        "mine", "cstrack_bench.systems.cstrack:SYSTEM", "cstrack_bench.systems"
    )
    monkeypatch.setattr(extensions, "entry_points", lambda group: [point])
    assert find_system("mine") is cstrack.SYSTEM
    assert system_names()[-1] == "mine"


def test_a_system_detects_or_describes() -> None:
    with pytest.raises(ValueError, match="'cstrack' has either a finder"):
        replace(cstrack.SYSTEM, make_finder=None)
    with pytest.raises(ValueError, match="'centertrack' has either a finder"):
        replace(centertrack.SYSTEM, make_finder=cstrack.SYSTEM.make_finder)


def test_the_detector_of_rows_that_differ_in_their_heads_is_one() -> None:
    system = find_system("cstrack")
    rows: list[dict[str, Any]] = [
        {},
        {"ren": "none"},
        {"reid_head": "basic"},
        {"level_attention": "both", "attention_order": "serial"},
    ]
    found = {system.shared_detector(make_config("n", **row)) for row in rows}
    assert found == {make_config("n", ren="none", reid_head="basic")}
    assert system.shared_detector(make_config("s")) not in found


def test_a_system_consists_of_its_network_its_loss_and_what_these_use(
    components: Mapping[str, Sources],
) -> None:
    own = {
        "cstrack": {
            "models/cstrack_network.py",
            "training/losses.py",
            "training/targets.py",
        },
        "jde": {
            "models/jde_network.py",
            "training/jde_loss.py",
            "training/jde_targets.py",
        },
        "deepsort": {"models/wide_resnet.py", "training/reid_loss.py"},
        "fairmot": {
            "models/fairmot_network.py",
            "training/fairmot_loss.py",
            "training_data/fairmot_set.py",
        },
        "centertrack": {
            "models/centertrack_network.py",
            "training/centertrack_loss.py",
            "training_data/centertrack_pairs.py",
        },
    }
    assert own.keys() == set(system_names())
    for name, modules in own.items():
        found = set(components[f"system {name}"].modules)
        assert components[f"system {name}"].module == f"systems/{name}.py"
        assert modules <= found
        for other, theirs in own.items():
            assert other == name or not theirs & found
        # How boxes are suppressed or files are read trains no network.
        assert not {"detection/nms.py", "checkpoints/reading.py"} & found


def test_reading_of_checkpoints_is_in_no_other_component(
    components: Mapping[str, Sources],
) -> None:
    holders = {
        name
        for name, found in components.items()
        if any(module.startswith("checkpoints/") for module in found.modules)
    }
    assert holders == {"checkpoints"}


def test_the_call_decides_the_system_and_the_rows_own_options_go_with_its_own() -> None:
    recipe = load_recipe("table2")
    (usual,) = recipe.runs("smoke", [5])
    (run,) = recipe.runs("smoke", [5], overrides=["model.system=jde"])
    assert (usual.settings.system, run.settings.system) == ("cstrack", "jde")
    assert run.label == "custom"
    assert (run.settings.nms.kind, run.settings.track.name) == ("iou", "jde")
    assert run.settings.nms.confidence == 0.5  # of the profile, for JDE
    (same,) = recipe.runs("smoke", [5], overrides=["model.system=cstrack"])
    assert same.label == "smoke"
    assert same.settings == usual.settings
    (crops,) = recipe.runs("smoke", [5], overrides=["model.system=deepsort"])
    assert crops.detector is not None
    assert crops.detector.settings.system == "cstrack"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_system_brings_its_settings_along(profile: str) -> None:
    for table, row, system in (
        ("table1", 1, "jde"),
        ("table8", 2, "deepsort"),
        ("table6", 24, "fairmot"),
        ("table6", 22, "centertrack"),
        ("table7", 3, "fairmot"),
        ("upper-bound", 4, "fairmot"),
    ):
        (run,) = load_recipe(table).runs(profile, [row])
        assert run.settings.system == system
        assert run.settings.track.name == system


def test_what_networks_start_from_consists_of_no_network(
    components: Mapping[str, Sources],
) -> None:
    found = set(components["starts"].modules)
    assert not found & {"models/cstrack_network.py", "models/official_weights.py"}
