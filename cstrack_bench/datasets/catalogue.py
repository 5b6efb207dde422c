"""Every published data set and checkpoint: where it is, and what it should hold."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from cstrack_bench.datasets.locations import owner
from cstrack_bench.errors import InputError, nearest

CATALOGUE = Path(__file__).with_name("catalogue.yaml")
DRIVE = "drive:"
WEIGHTS = "weights"

_STRICT = ConfigDict(extra="forbid")
_Source = Annotated[str, Field(pattern=r"^(https?://[^\s]+|drive:[\w-]{20,})$")]
#: A count: exact, or thousands as they are printed, such as ``112K``.
Count = int | Annotated[str, Field(pattern=r"^\d+(\.\d+)?K$")]


@checked(frozen=True, config=_STRICT)
class Expected:
    """What the training part of a data set holds; None where nobody says.

    Attributes:
        images: frames or pictures to train on.
        boxes: of persons.
        identities: that can be learnt; 0 where it has boxes alone.
        videos: of a data set of videos.
    """

    images: Count | None = None
    boxes: Count | None = None
    identities: Count | None = None
    videos: Count | None = None


@checked(frozen=True, config=_STRICT)
class RemoteFile:
    """One file to download.

    Attributes:
        name: what it is called here, and what a hand-made download is recognised by.
        sources: URLs and Google Drive ids (``drive:ID``), in the order of trying; none
            where it is only given out on registration.
        bytes: its exact length, where known.
        about: its length as its page rounds it, or as its content tells.
        sha256: where published.
    """

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
    sources: tuple[_Source, ...] = ()
    bytes: Annotated[int, Field(gt=0)] | None = None
    about: Annotated[int, Field(gt=0)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @property
    def size(self) -> int | None:
        """Bytes, exactly or about; None where not known."""
        return self.bytes or self.about


@checked(frozen=True, config=_STRICT)
class Item:
    """A data set or a checkpoint.

    Attributes:
        name: as typed behind ``cstrack download``.
        title: as a person calls it.
        licence: in a few words.
        page: where it is described, and can be got by hand.
        use: what it is for.
        tables: of the paper that need it.
        ways: each a complete set of files; the first that can be had is taken. The
            archives of a data set are unpacked over one another.
        register: what must be done before it can be downloaded, if anything.
        folder: of a data set, where it is not called by its name.
        also: other names that it, or its folder, may have.
        expects: what it holds.
        holds: patterns below its folder that it matches when it is complete.
        kind: a data set, or the weights of a network.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    title: str
    licence: str
    page: Annotated[str, Field(pattern=r"^https?://")]
    use: str
    tables: tuple[Annotated[int, Field(ge=1, le=8)], ...] = ()
    ways: tuple[tuple[RemoteFile, ...], ...] = ()
    register: str | None = None
    folder: str | None = None
    also: tuple[str, ...] = ()
    expects: Expected = Expected()
    holds: tuple[str, ...] = ()
    kind: Literal["data", "weights"] = "data"

    def __post_init__(self) -> None:
        """Check what is said against itself.

        Raises:
            ValueError: a file twice in a way, weights that are not one file, or an
                item that can neither be downloaded nor registered for.
        """
        for way in self.ways:
            names = [file.name.lower() for file in way]
            if not names or len(set(names)) < len(names):
                raise ValueError("each way needs files with names of their own")
        if self.kind == WEIGHTS and any(len(way) != 1 for way in self.ways):
            raise ValueError("weights are one file")
        if not self.ways and not self.register:
            raise ValueError("without files it needs a word on how to register")
        if self.kind == "data" and not self.holds:
            raise ValueError("a data set needs holds, to tell whether it is complete")
        for pattern in self.holds:
            if PurePosixPath(pattern).is_absolute() or ".." in pattern:
                raise ValueError(f"{pattern!r} leaves the folder")

    @property
    def place(self) -> Path:
        """Where it goes, below the root of the data sets."""
        if self.kind == WEIGHTS:
            return Path(WEIGHTS) / self.ways[0][0].name
        return Path(self.folder or self.name)

    @property
    def size(self) -> int | None:
        """Bytes to download on the first way, about; None where not all are known."""
        sizes = [file.size for file in self.ways[0]] if self.ways else [None]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def find(self, root: Path) -> Path | None:
        """Where something of it lies: below the root in any case, or the root itself.

        Args:
            root: of the data sets.

        Returns:
            Its folder (its file for weights); not necessarily complete.
        """
        expected = root / self.place
        if self.kind == WEIGHTS:
            return expected if expected.is_file() else None
        found = [folder for folder in self._folders(root) if any(folder.iterdir())]
        # The exact name first: on a case-sensitive disk both may be there.
        found.sort(
            key=lambda folder: (not self.is_complete(folder), folder != expected)
        )
        return found[0] if found else None

    def is_complete(self, place: Path) -> bool:
        """Whether what lies there has all that it should have.

        Args:
            place: as from ``find``.
        """
        if self.kind == WEIGHTS:
            return place.is_file()
        return all(next(place.glob(pattern), None) for pattern in self.holds)

    def _folders(self, root: Path) -> Iterator[Path]:
        names = {_simple(name) for name in (self.name, *self.also)}
        if root.is_dir():
            for entry in sorted(root.iterdir()):
                hidden = entry.name.startswith(".")
                if entry.is_dir() and not hidden and _simple(entry.name) in names:
                    yield entry
            if owner(root) == self.name:
                yield root


def _simple(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


@functools.cache
def load_catalogue(file: Path = CATALOGUE) -> dict[str, Item]:
    """Every item by its name, data sets first.

    Raises:
        InputError: the file is not a catalogue (names the place in it).
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        rows = [
            {"name": name, "kind": kind, **row}
            for section, kind in (("data_sets", "data"), (WEIGHTS, WEIGHTS))
            for name, row in document[section].items()
        ]
        items = TypeAdapter(tuple[Item, ...]).validate_python(rows)
    except ValidationError as error:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"]]
        where[0] = str(rows[int(where[0])]["name"])
        raise InputError(f"{file}: {'.'.join(where)}: {first['msg']}.") from None
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file} is not a catalogue: {error}.") from None
    found = {item.name: item for item in items}
    if len(found) < len(items):
        raise InputError(f"{file} has a data set and weights of the same name.")
    return found


def find_item(name: str) -> Item:
    """An item of the catalogue, in any case.

    Raises:
        InputError: no such item; names the nearest.
    """
    items = load_catalogue()
    for item in items.values():
        if _simple(name) in {_simple(known) for known in (item.name, *item.also)}:
            return item
    raise InputError(
        f"Nothing in the catalogue is called {name!r}; {nearest(name.lower(), items)}; "
        "cstrack download --list shows everything."
    )


def is_drive(source: str) -> bool:
    """Whether a source is an id of Google Drive, rather than a URL."""
    return source.startswith(DRIVE)


def site(source: str) -> str:
    """The name of the server behind a source."""
    if is_drive(source):
        return "drive.google.com"
    found = re.match(r"https?://([^/]+)", source)
    return found[1] if found else source
