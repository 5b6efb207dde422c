"""Which data sets there are: those of this folder, of installed packages, of a file."""

import functools
import importlib
import pkgutil
from pathlib import Path

from cstrack_bench.datasets.dataset import SUBSETS, Dataset
from cstrack_bench.errors import InputError
from cstrack_bench.extensions import extension_names, find_extension
from cstrack_bench.formats.jde_lists import LABELS

#: Entry points of packages that bring data sets.
GROUP = "cstrack_bench.datasets"


@functools.cache
def built_in_datasets() -> dict[str, Dataset]:
    """The data sets of this package by name: each ``DATASET`` of a module here."""
    package = importlib.import_module(GROUP)
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        declared = importlib.import_module(f"{GROUP}.{module.name}")
        dataset = getattr(declared, "DATASET", None)
        if isinstance(dataset, Dataset):
            found[dataset.name] = dataset
    return dict(sorted(found.items()))


def dataset_names() -> tuple[str, ...]:
    """Names of the data sets of this package and of installed ones, sorted."""
    return tuple(sorted({*built_in_datasets(), *extension_names(GROUP)}))


def find_dataset(name: str) -> Dataset:
    """The data set that a name stands for.

    Args:
        name: of one of ``dataset_names`` (of this package's in any case); or an import
            path or a file with ``:NAME`` behind it; any other name is that of a folder
            in MOTChallenge's or JDE's layout.

    Raises:
        InputError: an import path or file that gives no data set, or a name that is
            a path.
    """
    known = built_in_datasets()
    if name.lower() in known:
        return known[name.lower()]
    if ":" in name or name in extension_names(GROUP):
        # An abstract class cannot be a type[Dataset] for mypy.
        kind: type[Dataset] = Dataset  # type: ignore[type-abstract]
        return find_extension(name, known, GROUP, kind, "data set")
    _check_name(name)
    return _plain_folder(name)


def _check_name(name: str) -> None:
    """Refuse a path: a data set's folder is looked for in the root alone."""
    plain = name.isprintable() and 0 < len(name) <= 200
    if not plain or name[0] in ".~" or set("/\\") & set(name):
        raise InputError(
            f"A data set is named by a word, not {name[:60]!r}; the folder that holds "
            "its own is given as --data."
        )


def dataset_in(folder: Path) -> Dataset:
    """The data set that a folder holds, by its sequences or by its own name.

    Raises:
        InputError: it has the layout of no data set.
    """
    for dataset in built_in_datasets().values():
        if dataset.owns(folder):
            return dataset
    if has_subset(folder) or (folder / LABELS).is_dir():
        return _plain_folder(folder.resolve().name)
    raise InputError(f"{folder} holds none of train/, val/ and test/.")


def owner(folder: Path) -> Dataset | None:
    """The data set whose sequences a folder's train/, val/ or test/ holds.

    None where they have names of no known data set, or of more than one.
    """
    owners = {
        _named_by(entry.name)
        for subset in SUBSETS
        if (folder / subset).is_dir()
        for entry in (folder / subset).iterdir()
        if entry.is_dir()
    }
    return owners.pop() if len(owners) == 1 else None


def has_subset(folder: Path) -> bool:
    """Whether a folder has train/, val/ or test/."""
    return any((folder / subset).is_dir() for subset in SUBSETS)


def _named_by(sequence: str) -> Dataset | None:
    named = (d for d in built_in_datasets().values() if d.names_sequence(sequence))
    return next(named, None)


def _plain_folder(name: str) -> Dataset:
    """The data set of a folder that no module here declares (``FALLBACK``)."""
    module = importlib.import_module(f"{GROUP}.plain_folder")
    found: Dataset = module.FALLBACK(name=name)
    return found
