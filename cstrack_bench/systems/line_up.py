"""Every system, size and arrangement that differs, for ``cstrack models``."""

from collections.abc import Mapping
from typing import NamedTuple

from cstrack_bench.models.network_base import NetworkConfig
from cstrack_bench.models.sizes import SIZES
from cstrack_bench.systems.system import AnySystem
from cstrack_bench.systems.system_registry import built_in_systems


class Entry(NamedTuple):
    """One line: a size of one arrangement of a system."""

    size: str
    name: str
    system: AnySystem
    config: NetworkConfig
    options: Mapping[str, object]  # fields of the system's own configuration


def line_up(input_size: tuple[int, int]) -> list[Entry]:
    """Every configuration once, by size.

    Args:
        input_size: height, width in pixels.
    """
    listed = [
        (system, arrangement)
        for system in built_in_systems().values()
        for arrangement in system.arrangements
    ]
    own = dict.fromkeys(size for _, found in listed for size in found.sizes)
    sizes = dict.fromkeys([*(size for size in SIZES if size in own), *own])
    entries: dict[NetworkConfig, Entry] = {}
    for size in sizes:
        for system, found in listed:
            if size in found.sizes:
                config = system.make_config(size, "official", input_size, found.options)
                # Equal ones (DeepSORT's network has two widths) are listed once.
                entry = Entry(size, found.name, system, config, found.options)
                entries.setdefault(config, entry)
    return list(entries.values())
