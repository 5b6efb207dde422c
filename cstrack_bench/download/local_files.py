"""Files that a person downloaded by hand: which file of an item is which."""

import collections.abc as abc
from dataclasses import dataclass, field
from pathlib import Path

from cstrack_bench.datasets.catalogue_item import CatalogueItem, RemoteFile
from cstrack_bench.download.archives import is_archive
from cstrack_bench.errors import InputError


@dataclass(frozen=True)
class LocalFiles:
    """The files of an item that were downloaded by hand.

    Attributes:
        way: the files that it consists of; empty where the catalogue knows none.
        files: name in ``way`` -> the file.
        loose: the archives of an item of which the catalogue knows no files.
    """

    way: tuple[RemoteFile, ...] = ()
    files: abc.Mapping[str, Path] = field(default_factory=dict)
    loose: tuple[Path, ...] = ()


def match_files(item: CatalogueItem, paths: abc.Sequence[Path]) -> LocalFiles | None:
    """Say which file of an item each given one is.

    Args:
        item: of the catalogue.
        paths: files, or folders of files; a folder may hold others too.

    Returns:
        None where nothing was given.

    Raises:
        InputError: not there, or not a file of this item (names those).
    """
    if not paths:
        return None
    files = list(_files(paths))
    if not item.ways:
        archives = tuple(file for file in files if is_archive(file))
        if not archives:
            raise InputError(f"No archive of {item.title} in {_listed(paths)}.")
        return LocalFiles(loose=archives)
    single = [way for way in item.ways if len(way) == 1]
    if len(files) == 1 and single and not _matches(item.ways, files):
        # Browsers rename what they download; one file can only be one thing.
        return LocalFiles(single[0], {single[0][0].name: files[0]})
    matched = [_match(way, files) for way in item.ways]
    best = max(range(len(matched)), key=lambda number: len(matched[number]))
    others = [
        path for path in paths if path.is_file() and path not in matched[best].values()
    ]
    if others or not matched[best]:
        ways = " or ".join(", ".join(f.name for f in way) for way in item.ways)
        raise InputError(
            f"{_listed(others or paths)} is not one of the files of {item.name}: "
            f"{ways}."
        )
    return LocalFiles(item.ways[best], matched[best])


def _files(paths: abc.Sequence[Path]) -> abc.Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(entry for entry in path.iterdir() if entry.is_file())
        elif path.is_file():
            yield path
        else:
            raise InputError(f"No such file: {path}.")


def _match(way: abc.Sequence[RemoteFile], files: abc.Sequence[Path]) -> dict[str, Path]:
    known = {file.name.lower(): file.name for file in way}
    return {known[f.name.lower()]: f for f in files if f.name.lower() in known}


def _matches(
    ways: abc.Sequence[abc.Sequence[RemoteFile]], files: abc.Sequence[Path]
) -> bool:
    return any(_match(way, files) for way in ways)


def _listed(paths: abc.Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
