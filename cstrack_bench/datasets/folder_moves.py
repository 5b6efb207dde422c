"""Moving what was unpacked: out of wrapping folders, and into other ones."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from cstrack_bench.datasets.dataset import SUBSETS
from cstrack_bench.errors import InputError
from cstrack_bench.formats.jde_lists import IMAGES, LABELS

_DEPTH = 3  # folders within folders, at most, before what is looked for
_KNOWN = (*SUBSETS, IMAGES, LABELS, "Images", "videos", "labels", "annotations")


def unwrap(folder: Path) -> list[str]:
    """Take what lies in a single folder within a data set's out of it.

    Args:
        folder: the data set's own.

    Returns:
        What was done, as sentences.
    """
    done = []
    for _ in range(_DEPTH):
        entries = [e for e in folder.iterdir() if not is_litter(e)]
        if len(entries) != 1 or not entries[0].is_dir() or _is_known(entries[0]):
            break
        (inner,) = entries
        # Its own name may be that of something in it.
        aside = inner.rename(folder / f".{inner.name}.{os.getpid()}.part")
        for entry in sorted(aside.iterdir()):
            entry.rename(folder / entry.name)
        aside.rmdir()
        done.append(f"took the content of {inner.name}/ out of it")
    return done


def is_litter(entry: Path) -> bool:
    """Whether a file or folder is what archives and file managers leave behind."""
    return entry.name.startswith(".") or entry.name == "__MACOSX"


def _is_known(entry: Path) -> bool:
    """Whether a folder has a meaning under its own name."""
    return entry.name in _KNOWN or (entry / "seqinfo.ini").is_file()


def below(folder: Path, name: str) -> Iterator[Path]:
    """Folders of a name, not deep, and never within one of pictures or labels."""
    for root, folders, _ in os.walk(folder):
        if name in folders:
            yield Path(root) / name
        deep = len(Path(root).relative_to(folder).parts) >= _DEPTH
        skipped = {IMAGES, LABELS}
        folders[:] = [] if deep else [f for f in folders if f not in skipped]


def merge(source: Path, target: Path) -> None:
    """Move a folder's content into another, file by file where both have a folder.

    Raises:
        InputError: both have a file of one name.
    """
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        return
    for entry in sorted(source.iterdir()):
        there = target / entry.name
        if entry.is_dir():
            merge(entry, there)
        elif there.exists():
            raise InputError(
                f"{entry} would overwrite {there}; remove the one that is wrong."
            )
        else:
            entry.rename(there)
    remove_empty(source)


def remove_empty(folder: Path) -> None:
    """Remove a folder that holds nothing but litter, if it is there."""
    if folder.is_dir() and not any(not is_litter(e) for e in folder.iterdir()):
        shutil.rmtree(folder)
