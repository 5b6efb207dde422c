"""How far an item of the catalogue is downloaded, and where it lies."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cstrack_bench.datasets.catalogue_item import WEIGHTS, CatalogueItem
from cstrack_bench.datasets.dataset_registry import owner
from cstrack_bench.download.http import file_size
from cstrack_bench.formats.names import simple_name

#: Folder below the root of the data sets that holds what is not complete yet.
DOWNLOADS = ".downloads"


@dataclass(frozen=True)
class ItemState:
    """How far an item is.

    Attributes:
        state: ``here``, ``incomplete`` (something of it lies there), ``begun`` (some
            of it is downloaded) or ``absent``.
        path: where it lies, or would.
        fetched: bytes that lie in the folder of downloads.
    """

    state: Literal["here", "incomplete", "begun", "absent"]
    path: Path
    fetched: int


def item_state(item: CatalogueItem, root: Path) -> ItemState:
    """How far an item is; writes nothing.

    Args:
        item: of the catalogue.
        root: of the data sets.
    """
    parts = root / DOWNLOADS / item.name
    # Not what is unpacked: that comes from files that are counted.
    fetched = sum(file_size(f) for f in parts.glob("*") if f.suffix != ".json")
    fetched += sum(file_size(file) for file in parts.glob("*.drive/*"))
    found = find_item_path(item, root)
    if found is not None and item.is_complete(found):
        return ItemState("here", found, fetched)
    if found is not None:
        return ItemState("incomplete", found, fetched)
    return ItemState("begun" if fetched else "absent", root / item.target, fetched)


def find_item_path(item: CatalogueItem, root: Path) -> Path | None:
    """Where something of an item lies: below the root in any case, or the root itself.

    Args:
        item: of the catalogue.
        root: of the data sets.

    Returns:
        Its folder (its file for weights); not necessarily complete.
    """
    expected = root / item.target
    if item.kind == WEIGHTS:
        return expected if expected.is_file() else None
    found = [folder for folder in _folders(item, root) if any(folder.iterdir())]
    # The exact name first: on a case-sensitive disk both may be there.
    found.sort(key=lambda folder: (not item.is_complete(folder), folder != expected))
    return found[0] if found else None


def _folders(item: CatalogueItem, root: Path) -> Iterator[Path]:
    if not root.is_dir():
        return
    for entry in sorted(root.iterdir()):
        named = simple_name(entry.name) in item.simple_names
        if entry.is_dir() and not entry.name.startswith(".") and named:
            yield entry
    dataset = owner(root)
    if dataset is not None and dataset.name == item.name:
        yield root
