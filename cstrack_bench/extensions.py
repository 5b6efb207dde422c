"""What a user adds from outside: an object by entry point, import path or file.

A tracker, a data set or a system is an object that a module declares. Those of this
package are found by their names; one of a user's is named in one of three ways, and
nothing of this package is edited:

- by the name of an entry point in the group ``cstrack_bench.trackers``,
  ``cstrack_bench.datasets`` or ``cstrack_bench.systems`` of an installed package;
- by an import path, ``package.module:NAME``, of what is installed or on PYTHONPATH;
- by a file, ``folder/my_tracker.py:NAME``, which may import only what is installed.
"""

import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from cstrack_bench.errors import InputError, nearest

T = TypeVar("T")


def find_extension(
    name: str, built_in: Mapping[str, T], group: str, kind: type[T], what: str
) -> T:
    """The object that a name stands for.

    Args:
        name: of a built-in object or an entry point, or an import path or file with
            ``:NAME`` behind it.
        built_in: the objects of this package.
        group: of entry points, such as ``cstrack_bench.trackers``.
        kind: what the object must be.
        what: what messages call it, such as ``tracker``.

    Raises:
        InputError: nothing of that name (names the nearest), it cannot be imported, or
            it is not of that kind.
    """
    if name in built_in:
        return built_in[name]
    points = {point.name: point for point in entry_points(group=group)}
    if name in points:
        found = _load(points[name], what)
    elif ":" in name:
        found = _import(name, what)
    else:
        raise InputError(
            f"No {what} {name!r}; {nearest(name, [*built_in, *points])}, or name one "
            "of yours as package.module:NAME or folder/file.py:NAME."
        )
    if not isinstance(found, kind):
        raise InputError(
            f"The {what} {name!r} is of type {type(found).__name__}, not "
            f"{kind.__name__}."
        )
    return found


def extension_names(group: str) -> tuple[str, ...]:
    """Names of the entry points of a group that are installed, sorted."""
    return tuple(sorted(point.name for point in entry_points(group=group)))


def _load(point: EntryPoint, what: str) -> object:
    try:
        return point.load()
    except (Exception, SystemExit) as error:
        raise _not_loaded(what, point.name, error) from error


def _import(path: str, what: str) -> object:
    source, _, attribute = path.rpartition(":")
    is_file = source.endswith(".py")
    if is_file and not Path(source).is_file():
        raise InputError(f"No file {source!r} to load the {what} {path!r} from.")
    try:
        module = _from_file(Path(source)) if is_file else _from_path(source)
    except (Exception, SystemExit) as error:
        raise _not_loaded(what, path, error) from error
    if not hasattr(module, attribute):
        raise InputError(f"{source} has no {attribute!r} to use as a {what}.")
    found: object = getattr(module, attribute)
    return found


def _from_path(source: str) -> ModuleType:
    try:
        return importlib.import_module(source)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{source}.".startswith(f"{error.name}."):
            raise  # it is there, and imports something that is not
        raise ImportError(
            f"no module {error.name!r}; install it, put the folder that holds it on "
            "PYTHONPATH, or name the file as folder/file.py:NAME"
        ) from None


def _from_file(path: Path) -> ModuleType:
    path = path.resolve()
    # The same file is the same module: its classes are made once.
    name = f"cstrack_extension_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _not_loaded(what: str, name: str, error: BaseException) -> InputError:
    reason = " ".join(str(error).split()).rstrip(".")
    if not isinstance(error, ImportError | InputError):
        reason = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
    return InputError(f"The {what} {name!r} cannot be loaded{_line(error)}: {reason}.")


def _line(error: BaseException) -> str:
    """Where in the code of an extension an error came up, if it did so there."""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename != __file__ and "importlib" not in frame.filename:
            return f" (line {frame.lineno} of {Path(frame.filename).name})"
    return ""
