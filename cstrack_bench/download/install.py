"""From archives to a data set under its final name, where it appears whole or not."""

import collections.abc as abc
import os
import shutil
from pathlib import Path

from cstrack_bench.datasets.catalogue_item import CatalogueItem
from cstrack_bench.datasets.dataset_registry import built_in_datasets
from cstrack_bench.datasets.folder_moves import unwrap
from cstrack_bench.download.archives import (
    ArchiveLimits,
    group_archives,
    is_archive,
    unpack,
)
from cstrack_bench.download.http import ProgressReport
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import replacing
from cstrack_bench.formats.jde_lists import LISTS


class WrongContentError(CstrackError):
    """What came out of the archives is not the data set."""


def stage(
    item: CatalogueItem,
    files: abc.Sequence[Path],
    scratch: Path,
    root: Path,
    limits: ArchiveLimits,
    report: ProgressReport,
) -> tuple[Path, list[str]]:
    """Unpack a data set's archives and normalise it, in a folder of no final name.

    Args:
        item: the data set.
        files: its archives, unpacked over one another, and its other files.
        scratch: a folder on the disk of ``root``; emptied first.
        root: of the data sets; lists of images in it choose among the pictures.
        limits: of what an archive may become.
        report: called with the bytes of each archive.

    Returns:
        The folder to install, and what was done to it, as sentences.

    Raises:
        BadArchiveError: one is damaged or not to be trusted.
        WrongContentError: what they hold is something else.
        CstrackError: the disk is full, or refused.
    """
    folder = scratch / item.target.name
    try:
        if scratch.exists():
            shutil.rmtree(scratch)
        folder.mkdir(parents=True)
        for group in group_archives(files):
            if is_archive(group[0]):
                unpack(group, folder, limits, report)
            else:
                shutil.copyfile(group[0], folder / group[0].name)
        if (root / LISTS).is_dir() and item.target.name != LISTS:
            shutil.copytree(root / LISTS, scratch / LISTS)
        try:
            done = normalise_item(item, folder)
        except InputError as error:
            raise WrongContentError(str(error).rstrip(".")) from None
    except OSError as error:
        raise CstrackError(
            f"Cannot write {folder}: {error.strerror or error}; when that is mended, "
            "the same command resumes from there."
        ) from error
    if not item.is_complete(folder):
        raise WrongContentError(f"no {' or no '.join(item.holds)} in it")
    return folder, done


def normalise_item(item: CatalogueItem, folder: Path) -> list[str]:
    """Bring what was unpacked into the layout that is read.

    Args:
        item: a data set, or lists of images.
        folder: its own.

    Returns:
        What was done, as sentences.

    Raises:
        InputError: its files are not what they should be (named).
        CstrackError: the file system refused.
    """
    dataset = built_in_datasets().get(item.name)
    return unwrap(folder) if dataset is None else dataset.normalise(folder)


def install_folder(staged: Path, target: Path) -> Path | None:
    """Rename a staged folder to its final name; set aside what has that name.

    Returns:
        Where that lies now, if there was any.

    Raises:
        CstrackError: the file system refused.
    """
    aside = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not target.is_symlink() and not any(target.iterdir()):
            target.rmdir()
        elif os.path.lexists(target):
            aside = _free_name(target)
            target.rename(aside)
        staged.rename(target)
    except OSError as error:
        raise CstrackError(
            f"Cannot move {staged} to {target}: {error.strerror or error}."
        ) from error
    return aside


def install_file(file: Path, target: Path) -> None:
    """Copy a file to its final name, atomically.

    Raises:
        CstrackError: the disk is full, or refused.
    """
    with replacing(target) as temporary:
        shutil.copyfile(file, temporary)


def _free_name(target: Path) -> Path:
    number = 1
    while True:
        name = f"{target.name}.old" if number == 1 else f"{target.name}.old-{number}"
        if not os.path.lexists(target.with_name(name)):
            return target.with_name(name)
        number += 1
