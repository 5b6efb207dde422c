"""Systems by name: the modules of this package that declare one, and users' own."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from cstrack_bench import systems
from cstrack_bench.extensions import extension_names, find_extension
from cstrack_bench.models.network_base import Network, NetworkConfig
from cstrack_bench.models.sizes import build_config
from cstrack_bench.systems.system import AnySystem, System

GROUP = "cstrack_bench.systems"
DEFAULT = "cstrack"


@cache
def built_in_systems() -> dict[str, AnySystem]:
    """The systems that a module of ``systems/`` declares as ``SYSTEM``, by name."""
    found = {}
    for module in pkgutil.iter_modules(systems.__path__):
        loaded = importlib.import_module(f"{systems.__name__}.{module.name}")
        system = getattr(loaded, "SYSTEM", None)
        if isinstance(system, System):
            found[system.name] = system
    return found


def find_system(name: str) -> AnySystem:
    """A system by its name, or a user's by entry point, import path or file.

    Raises:
        InputError: there is none (names the nearest), or it cannot be loaded.
    """
    return find_extension(name, built_in_systems(), GROUP, System, "model.system")


def system_names() -> tuple[str, ...]:
    """The systems of this package and of installed packages."""
    return (*built_in_systems(), *extension_names(GROUP))


def stored_config(document: Mapping[str, object]) -> tuple[AnySystem, NetworkConfig]:
    """The system and configuration that ``systems.weights`` wrote.

    Args:
        document: ``system``, and the fields of its configuration.

    Raises:
        InputError: an unknown system, field or value.
    """
    options = dict(document)
    system = find_system(str(options.pop("system", DEFAULT)))
    return system, build_config(system.config, options)


def build_network(system: AnySystem, config: NetworkConfig) -> Network:
    """The network of a configuration, with random weights."""
    return system.network(config)
