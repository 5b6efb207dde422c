"""How far an item of the catalogue is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cstrack_bench.datasets.catalogue import Item
from cstrack_bench.download.fetch import length

#: Below the root of the data sets: what is on its way.
WORKSHOP = ".downloads"


@dataclass(frozen=True)
class State:
    """How far an item is.

    Attributes:
        state: ``here``, ``incomplete`` (something of it lies there), ``begun`` (some
            of it is downloaded) or ``absent``.
        place: where it lies, or would.
        fetched: bytes that lie in the workshop.
    """

    state: Literal["here", "incomplete", "begun", "absent"]
    place: Path
    fetched: int


def look(item: Item, root: Path) -> State:
    """How far an item is; writes nothing."""
    depot = root / WORKSHOP / item.name
    # Not what is unpacked: that comes from files that are counted.
    fetched = sum(length(f) for f in depot.glob("*") if f.suffix != ".json")
    fetched += sum(length(file) for file in depot.glob("*.drive/*"))
    found = item.find(root)
    if found is not None and item.is_complete(found):
        return State("here", found, fetched)
    if found is not None:
        return State("incomplete", found, fetched)
    return State("begun" if fetched else "absent", root / item.place, fetched)
