"""Systems by name: those of this package, and users' own."""

import functools
import importlib
import pkgutil
from collections import abc

from cstrack_bench import systems
from cstrack_bench.extensions import extension_names, find_extension
from cstrack_bench.systems.system import AnySystem, System

#: What a recipe's networks are where it names no other.
DEFAULT = "cstrack"
_GROUP = "cstrack_bench.systems"


@functools.cache
def _built_in() -> abc.Mapping[str, AnySystem]:
    """Every ``SYSTEM`` that a module of this package declares, by name."""
    names = [module.name for module in pkgutil.iter_modules(systems.__path__)]
    modules = [importlib.import_module(f"{systems.__name__}.{name}") for name in names]
    declared = [getattr(module, "SYSTEM", None) for module in modules]
    return {system.name: system for system in declared if isinstance(system, System)}


def find_system(name: str) -> AnySystem:
    """The system that a name stands for.

    Args:
        name: ``cstrack``, ``jde``, ``deepsort``, of an entry point, or of a user's own
            as ``package.module:NAME`` or ``folder/file.py:NAME``.

    Raises:
        InputError: there is none, or it cannot be loaded.
    """
    return find_extension(name, _built_in(), _GROUP, System, "system")


def system_names() -> tuple[str, ...]:
    """Names of the systems of this package, then of those that are installed."""
    return (*_built_in(), *extension_names(_GROUP))
