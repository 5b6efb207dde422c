"""Recipe checks: each layer of a recipe by itself, before any hides another.

A wrong value that a row or a profile lays another over is found here too, so that
``--dry-run`` says what a later change of the recipe would bring up.
"""

import dataclasses
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from cstrack_bench.datasets.mixes import MixPart
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.experiments.nested import TreeView
from cstrack_bench.experiments.settings import SECTIONS
from cstrack_bench.systems.system_registry import built_in_systems

_ROW_KEYS = ("name", "profiles")
_PROFILE_KEYS = ("extends", "systems", "mixes")


def check_recipe(
    path: Path, rows: object, profiles: object, settings: TreeView, is_base: bool
) -> None:
    """Refuse what has the wrong form anywhere in a recipe's file.

    Args:
        path: of the file.
        rows: under ``rows``.
        profiles: under ``profiles``.
        settings: every other key, which all rows share.
        is_base: whether its profiles may extend each other.

    Raises:
        InputError: names the file and the key.
    """
    if not isinstance(rows, dict) or not isinstance(profiles, dict):
        raise InputError(f"{path}: rows and profiles are mappings.")
    _check_profiles(path, "profiles", profiles, is_base)
    # What stands outside of a profile is in all of them.
    _check_profiles(path, "every profile", {"": settings}, False)
    for number, row in rows.items():
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not 0 <= number < 10**6 or not isinstance(row, dict):
            raise InputError(
                f"{path}: a row is a number and its keys, as in "
                f"7: {{name: mine, model: {{ren: none}}}}, not {number!r}: "
                f"{str(row)[:60]!r}."
            )
        name = row.get("name", "")
        if isinstance(name, list | dict) or "\n" in str(name):
            raise InputError(f"{path}: the name of row {number} is not a short text.")
        rest = {key: value for key, value in row.items() if key not in _ROW_KEYS}
        _check_layer(path, f"rows.{number}", rest)
        changed = row.get("profiles")
        _check_profiles(path, f"rows.{number}.profiles", changed or {}, False)


def _check_profiles(path: Path, where: str, profiles: object, is_base: bool) -> None:
    if not isinstance(profiles, Mapping):
        raise InputError(f"{path}: {where} is a mapping, not {profiles!r}.")
    for name, profile in profiles.items():
        at = f"{where}.{name}" if name else ""
        if profile is None:
            continue
        if not isinstance(profile, Mapping):
            raise InputError(f"{path}: {at} is a mapping, not {str(profile)[:60]!r}.")
        parent = profile.get("extends")
        if parent is not None and not (is_base and isinstance(parent, str)):
            raise InputError(
                f"{path}: {at} extends {parent!r}; only the profiles of this program's "
                "own base.yaml extend each other."
            )
        for system, options in _mapping(path, at, profile, "systems").items():
            _check_layer(path, f"{at}.systems.{system}", options or {})
        for mix, parts in _mapping(path, at, profile, "mixes").items():
            _check_parts(path, f"{at}.mixes.{mix}", parts)
        rest = {k: v for k, v in profile.items() if k not in _PROFILE_KEYS}
        _check_layer(path, at, rest)


def _mapping(path: Path, at: str, profile: TreeView, key: str) -> TreeView:
    value = profile.get(key) or {}
    if not isinstance(value, Mapping):
        raise InputError(f"{path}: {at}.{key} is a mapping, not {value!r}.")
    return value


def _check_parts(path: Path, where: str, parts: object) -> None:
    if not isinstance(parts, list):
        raise InputError(f"{path}: {where} is a list of data sets, not {parts!r}.")
    for number, part in enumerate(parts):
        _check_options(path, f"{where}.{number}", MixPart, part)


def _check_layer(path: Path, where: str, layer: object) -> None:
    """Some settings of a recipe: known sections, each a mapping of known types."""
    prefix = f"{where}." if where else ""
    if not isinstance(layer, Mapping):
        raise InputError(f"{path}: {where} is a mapping, not {str(layer)[:60]!r}.")
    known = {"implementation", "model", *SECTIONS}
    for key, value in layer.items():
        if key not in known:
            hint = nearest(str(key), known)
            raise InputError(f"{path}: no setting {prefix + str(key)!r}; {hint}.")
        if key == "implementation":
            if not isinstance(value, str):
                raise InputError(f"{path}: {prefix}{key} is text, not {value!r}.")
        elif value is None:
            continue
        elif key == "model":
            _check_model(path, f"{prefix}model", value)
        else:
            _check_options(path, f"{prefix}{key}", SECTIONS[key], value)


def _check_model(path: Path, where: str, value: object) -> None:
    """Options of a network, of whatever system: its own configuration checks them."""
    if not isinstance(value, Mapping):
        raise InputError(f"{path}: {where} is a mapping, not {value!r}.")
    system = value.get("system")
    for key in ("size", "system"):
        if not isinstance(value.get(key, ""), str):
            raise InputError(f"{path}: {where}.{key} is text, not {value[key]!r}.")
    if system is not None and ":" in system:
        return  # a user's, whose options are its own
    configs = [found.config for found in built_in_systems().values()]
    for key, option in value.items():
        if key in ("size", "system"):
            continue
        kinds = [typing.get_type_hints(c).get(str(key)) for c in configs]
        _check_any(path, f"{where}.{key}", [k for k in kinds if k is not None], option)


def _check_options(path: Path, where: str, kind: type, value: object) -> None:
    """A mapping of an option class's fields, each of its type; some may be left out."""
    if not isinstance(value, Mapping):
        raise InputError(f"{path}: {where} is a mapping, not {str(value)[:60]!r}.")
    hints = typing.get_type_hints(kind)
    for key, option in value.items():
        at = f"{where}.{key}"
        if key not in {field.name for field in dataclasses.fields(kind)}:
            hint = nearest(at, {f"{where}.{f.name}" for f in dataclasses.fields(kind)})
            raise InputError(f"{path}: no setting {at!r}; {hint}.")
        nested = _option_class(hints[key])
        if nested is not None and isinstance(option, Mapping):
            _check_options(path, at, nested, option)
        elif nested is MixPart:
            # The name of a mix, or its parts.
            if not isinstance(option, str):
                _check_parts(path, at, option)
        else:
            _check_any(path, at, [hints[key]], option)


def _option_class(hint: object) -> type | None:
    """The option class in a field's type, if there is one."""
    inner = [hint, *typing.get_args(hint)]
    plain = (t for t in inner if isinstance(t, type))
    return next((t for t in plain if dataclasses.is_dataclass(t)), None)


def _check_any(path: Path, where: str, kinds: Iterable[type], value: object) -> None:
    """Refuse a value that is of none of some types; without any, all are right."""
    message = ""
    for kind in kinds:
        try:
            TypeAdapter(kind).validate_python(value)
        except ValidationError as error:
            message = error.errors()[0]["msg"]
        except PydanticUserError:
            return
        else:
            return
    if message:
        raise InputError(
            f"{path}: the setting {where} cannot be {str(value)[:60]!r}: {message}."
        )
