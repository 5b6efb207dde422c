"""From archives to a data set in its place, where it appears whole or not at all."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from cstrack_bench.datasets.catalogue import Item
from cstrack_bench.download.fetch import Report
from cstrack_bench.download.unpack import Limits, archives, is_archive, unpack
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import replacing

_LISTS = "image_lists"


class Unlike(CstrackError):
    """What came out of the archives is not the data set."""


def stage(
    item: Item,
    files: Sequence[Path],
    workplace: Path,
    root: Path,
    limits: Limits,
    report: Report,
) -> tuple[Path, list[str]]:
    """Unpack a data set's archives and bring it into our layout, out of sight.

    Args:
        item: the data set.
        files: its archives, unpacked over one another, and its other files.
        workplace: a folder on the disk of ``root``; emptied first.
        root: of the data sets; lists of images in it choose among the pictures.
        limits: of what an archive may become.
        report: told of the bytes of each archive.

    Returns:
        The folder to put in place, and what was done to it, as sentences.

    Raises:
        BadArchive: one is damaged or not to be trusted.
        Unlike: what they hold is something else.
        CstrackError: the disk is full, or refused.
    """
    # Our layout reads more than the download does: OpenCV among other things.
    from cstrack_bench.datasets.arrangement import arrange

    folder = workplace / item.place.name
    try:
        if workplace.exists():
            shutil.rmtree(workplace)
        folder.mkdir(parents=True)
        for group in archives(files):
            if is_archive(group[0]):
                unpack(group, folder, limits, report)
            else:
                shutil.copyfile(group[0], folder / group[0].name)
        if (root / _LISTS).is_dir() and item.place.name != _LISTS:
            shutil.copytree(root / _LISTS, workplace / _LISTS)
        try:
            done = arrange(folder, item.name)
        except InputError as error:
            raise Unlike(str(error).rstrip(".")) from None
    except OSError as error:
        raise CstrackError(
            f"Cannot write {folder}: {error.strerror or error}; when that is mended, "
            "the same command goes on from there."
        ) from error
    if not item.is_complete(folder):
        raise Unlike(f"no {' or no '.join(item.holds)} in it")
    return folder, done


def put_in_place(staged: Path, place: Path) -> Path | None:
    """Rename a staged folder to its final name; set aside what has that name.

    Returns:
        Where that lies now, if there was any.

    Raises:
        CstrackError: the file system refused.
    """
    aside = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir() and not place.is_symlink() and not any(place.iterdir()):
            place.rmdir()
        elif os.path.lexists(place):
            aside = _free_name(place)
            place.rename(aside)
        staged.rename(place)
    except OSError as error:
        raise CstrackError(
            f"Cannot move {staged} to {place}: {error.strerror or error}."
        ) from error
    return aside


def copy_in_place(file: Path, place: Path) -> None:
    """Copy a file to its final name, atomically.

    Raises:
        CstrackError: the disk is full, or refused.
    """
    with replacing(place) as temporary:
        shutil.copyfile(file, temporary)


def _free_name(place: Path) -> Path:
    number = 1
    while True:
        name = f"{place.name}.old" if number == 1 else f"{place.name}.old-{number}"
        if not os.path.lexists(place.with_name(name)):
            return place.with_name(name)
        number += 1
