"""Systems by name: the modules of this package that declare one, and users' own."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from cstrack_bench import systems
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.extensions import extension_names, find_extension
from cstrack_bench.models.network import Network, NetworkConfig
from cstrack_bench.systems.system import System

GROUP = "cstrack_bench.systems"
DEFAULT = "cstrack"


@cache
def built_in_systems() -> dict[str, System]:
    """The systems that a module of ``systems/`` declares as ``SYSTEM``, by name."""
    found = {}
    for module in pkgutil.iter_modules(systems.__path__):
        loaded = importlib.import_module(f"{systems.__name__}.{module.name}")
        system = getattr(loaded, "SYSTEM", None)
        if isinstance(system, System):
            found[system.name] = system
    return found


def find_system(name: str) -> System:
    """A system by its name, or a user's by entry point, import path or file.

    Raises:
        InputError: there is none (names the nearest), or it cannot be loaded.
    """
    return find_extension(name, built_in_systems(), GROUP, System, "model.system")


def system_names() -> tuple[str, ...]:
    """The systems of this package and of installed packages."""
    return (*built_in_systems(), *extension_names(GROUP))


def stored_config(document: Mapping[str, Any]) -> tuple[System, NetworkConfig]:
    """The system and configuration that ``systems.weights`` wrote.

    Args:
        document: ``system``, and the fields of its configuration.

    Raises:
        InputError: an unknown system, field or value.
    """
    options = dict(document)
    system = find_system(str(options.pop("system", DEFAULT)))
    known = {field.name for field in dataclasses.fields(system.config)}
    for name in options:
        if name not in known:
            raise InputError(f"Unknown setting model.{name}: {nearest(name, known)}.")
    config: NetworkConfig = system.config(**options)
    return system, config


def build_network(system: System, config: NetworkConfig) -> Network:
    """The network of a configuration, with random weights."""
    network: Network = system.network(config)
    return network
