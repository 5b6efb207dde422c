"""What ``cstrack models`` lists."""

from cstrack_bench.models.cstrack_config import SIZES
from cstrack_bench.models.jde_config import JdeConfig
from cstrack_bench.systems.line_up import line_up
from cstrack_bench.systems.system_registry import built_in_systems, system_names


def test_every_system_and_size_is_listed_once() -> None:
    entries = line_up((608, 1088))
    assert len({entry.config for entry in entries}) == len(entries)
    assert {entry.size for entry in entries} == set(SIZES)
    listed = [a for system in built_in_systems().values() for a in system.arrangements]
    assert {entry.name for entry in entries} == {found.name for found in listed}
    jde = {e.size: e.config for e in entries if e.name == "JDE(yolov3)"}
    assert set(jde) == {"l", "m", "s", "n"}
    assert jde["l"] == JdeConfig()
    # Nobody published a backbone of these sizes.
    new = {e.size for e in entries if e.name == "CSTrack on YOLOv5 v6"}
    assert new == {"l", "m", "s", "n"}


def test_the_systems_of_the_package() -> None:
    assert set(system_names()) >= {"cstrack", "jde", "deepsort"}
