"""An item of the catalogue: what can be downloaded, from where, and what it holds."""

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

from cstrack_bench.formats.names import simple_name

#: Folder below the root of the data sets that holds weights, and the kind of their
#: items.
WEIGHTS = "weights"

_STRICT = ConfigDict(extra="forbid")
_Source = Annotated[str, Field(pattern=r"^(https?://[^\s]+|drive:[\w-]{20,})$")]
#: A count: exact, or thousands as they are printed, such as ``112K``.
Count = int | Annotated[str, Field(pattern=r"^\d+(\.\d+)?K$")]


@checked(frozen=True, config=_STRICT)
class Expected:
    """What the training part of a data set holds; None where no source says.

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
class CatalogueItem:
    """A data set or a checkpoint, as ``cstrack download`` knows it.

    No checksum is published for any of them: what the first download had is noted in
    ``checksums.json`` under ``--data``, and a later one that differs is pointed out.

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
        rows: of weights that track as they are: the printed rows whose network they
            are, such as ``table6/25``.
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
    rows: tuple[Annotated[str, Field(pattern=r"^table[1-8]/\d+$")], ...] = ()

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
    def target(self) -> Path:
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

    @property
    def simple_names(self) -> tuple[str, ...]:
        """The names that it, or its folder, may have, without case and hyphens."""
        return tuple(dict.fromkeys(map(simple_name, (self.name, *self.also))))

    def is_complete(self, path: Path) -> bool:
        """Whether what lies there has all that it should have.

        Args:
            path: of its folder, or of its file for weights.
        """
        if self.kind == WEIGHTS:
            return path.is_file()
        return all(next(path.glob(pattern), None) for pattern in self.holds)
