"""An item of the catalogue, from its sources to its place."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rich.progress import Progress

from cstrack_bench import console
from cstrack_bench.datasets.catalogue import (
    DRIVE,
    WEIGHTS,
    Item,
    RemoteFile,
    is_drive,
    site,
)
from cstrack_bench.download.fetch import Patience, Report, Unavailable, length
from cstrack_bench.download.given import Given, claim
from cstrack_bench.download.lock import Checksums, one_at_a_time
from cstrack_bench.download.obtain import obtain, what_is_wrong
from cstrack_bench.download.placing import (
    Unlike,
    copy_in_place,
    put_in_place,
    stage,
)
from cstrack_bench.download.state import WORKSHOP, look
from cstrack_bench.download.unpack import BadArchive, Limits
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import sha256

_UNPACKED = "unpacked"
_DRIVE_PAGE = "https://drive.google.com/file/d/"


@dataclass(frozen=True)
class Wishes:
    """How to download.

    Attributes:
        files: downloaded by hand; these are not fetched.
        mirror: URL of a folder that has ``ITEM/FILE`` for items of the catalogue; is
            tried before their own sources.
        fresh: also where the item is in its place; what is there is set aside.
        keep: the archives, when they are unpacked.
        patience: with servers.
        limits: of what an archive may become.
    """

    files: tuple[Path, ...] = ()
    mirror: str | None = None
    fresh: bool = False
    keep: bool = False
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Check the mirror.

        Raises:
            InputError: no URL of HTTP.
        """
        if self.mirror is not None and not self.mirror.startswith(
            ("http://", "https://")
        ):
            raise InputError(f"A mirror is an http(s) URL, not {self.mirror!r}.")


@dataclass(frozen=True)
class Outcome:
    """What became of a download.

    Attributes:
        name: of the item.
        place: where it lies.
        done: ``here`` where nothing was to do.
        remarks: sentences on what was done to it, and what is odd about it.
    """

    name: str
    place: Path
    done: Literal["here", "downloaded"]
    remarks: list[str] = field(default_factory=list)


def download(item: Item, root: Path, wishes: Wishes = Wishes()) -> Outcome:
    """Bring an item to its place; what was done before is not done again.

    Only one process works on an item at a time; another waits and finds it done.

    Args:
        item: of the catalogue.
        root: of the data sets.
        wishes: how.

    Raises:
        InputError: files were given that are not this item's.
        CstrackError: it cannot be had, with how to go on by hand; the disk is full; or
            something else of its name is in its place.
    """
    given = claim(item, wishes.files)
    waiting = f"another process downloads {item.name}; waiting for it"
    with one_at_a_time(
        root / WORKSHOP / f"{item.name}.lock", lambda: console.err.print(waiting)
    ):
        return _Download(item, root, wishes, given).run()


class _Download:
    """One download of one item, under its lock."""

    def __init__(
        self, item: Item, root: Path, wishes: Wishes, given: Given | None
    ) -> None:
        self._item, self._root, self._wishes, self._given = item, root, wishes, given
        self._depot = root / WORKSHOP / item.name
        self._checksums = Checksums(root, root / WORKSHOP)
        self._remarks: list[str] = []
        # File -> the source it came from, and those whose copy was no good.
        self._came: dict[str, str] = {}
        self._rejected: dict[str, set[str]] = {}
        self._faults: list[str] = []

    def run(self) -> Outcome:
        """Download, unless it is there."""
        item = self._item
        found = look(item, self._root)
        if found.state == "here" and not self._wishes.fresh:
            return Outcome(item.name, found.place, "here")
        if found.state == "incomplete" and not self._wishes.fresh:
            arranged = self._arrange(found.place)
            if arranged:
                return Outcome(item.name, found.place, "here", arranged)
            raise CstrackError(
                f"{found.place} is there, but is not a whole {item.title}; cstrack "
                f"download {item.name} --fresh sets it aside and downloads it."
            )
        if self._given is None and not item.ways:
            raise CstrackError(
                f"{item.title} cannot be downloaded: {item.register}; when you have "
                f"its archives, cstrack download {item.name} --from-file ARCHIVE (once "
                "for each)."
            )
        self._depot.mkdir(parents=True, exist_ok=True)
        for way in item.ways if self._given is None else (self._given.way,):
            try:
                place = self._take(way)
            except Unavailable as error:
                self._faults.append(str(error))
                continue
            if not self._wishes.keep:
                shutil.rmtree(self._depot, ignore_errors=True)
            return Outcome(item.name, place, "downloaded", self._remarks)
        faults = dict.fromkeys(fault for fault in self._faults if fault)
        raise CstrackError(self._by_hand("; ".join(faults)))

    def _arrange(self, place: Path) -> list[str]:
        """Bring what was unpacked by hand into our layout.

        Returns:
            What was done; none where it is not whole after that.
        """
        if self._item.kind == WEIGHTS:
            return []
        from cstrack_bench.datasets.arrangement import arrange

        done = arrange(place, self._item.name)
        return done if self._item.is_complete(place) else []

    def _take(self, way: tuple[RemoteFile, ...]) -> Path:
        """Get the files of a way and put the item in its place.

        Raises:
            Unavailable: one of them cannot be had.
        """
        loose = self._given.loose if self._given else ()
        while True:
            files = {file.name: self._file(file) for file in way}
            if self._item.kind == WEIGHTS:
                return self._place_weights(*files.values())
            try:
                return self._place_data([*files.values(), *loose])
            except BadArchive as bad:
                damaged = [f for f in way if files[f.name] in bad.files]
                self._drop(damaged, files, f"{bad}")
            except Unlike as unlike:
                others = [f for f in way if self._sources(f, but_last=True)]
                self._drop(others, files, f"what came is something else ({unlike})")

    def _file(self, file: RemoteFile) -> Path:
        """One file: given, downloaded earlier, or downloaded now."""
        if self._given is not None and file.name in self._given.files:
            return self._check_given(file, self._given.files[file.name])
        ready = self._depot / file.name
        if ready.is_file():
            return ready
        with console.transfers() as bar:
            path, source, digest = obtain(
                file,
                self._sources(file),
                self._depot,
                self._wishes.patience,
                _shown(bar, file.name),
                copies=1 if self._item.kind == WEIGHTS else 2,
            )
        self._came[file.name] = source
        self._note(file.name, source, digest, path)
        return path

    def _sources(self, file: RemoteFile, but_last: bool = False) -> list[str]:
        """Where a file may still come from.

        Args:
            file: of the item.
            but_last: leave out the source that it came from.
        """
        sources = list(file.sources)
        if self._wishes.mirror:
            base = self._wishes.mirror.rstrip("/")
            sources.insert(0, f"{base}/{self._item.name}/{file.name}")
        refused = set(self._rejected.get(file.name, ()))
        if but_last:
            refused.add(self._came.get(file.name, ""))
        return [source for source in sources if source not in refused]

    def _drop(
        self, files: Sequence[RemoteFile], paths: dict[str, Path], reason: str
    ) -> None:
        """Remove files that are no good, so that another source is tried.

        Raises:
            CstrackError: they were given, or there is nothing to remove.
        """
        given = self._given is not None and (
            not files or any(file.name in self._given.files for file in files)
        )
        if given or not files:
            raise CstrackError(
                f"{self._item.name} was not put in place: {reason.rstrip('.')}."
            )
        for file in files:
            came = self._came.get(file.name, "")
            self._rejected.setdefault(file.name, set()).add(came)
            self._faults.append(f"{site(came)}: {reason}" if came else reason)
            paths[file.name].unlink(missing_ok=True)

    def _check_given(self, file: RemoteFile, path: Path) -> Path:
        digest = sha256(path)
        trouble = what_is_wrong(path, file, digest)
        if trouble:
            raise InputError(f"{path} is {trouble}, and not {file.name}.")
        self._note(file.name, None, digest, path)
        return path

    def _note(self, name: str, source: str | None, digest: str, path: Path) -> None:
        """Keep the checksum of a file, or point out that it is another one."""
        label = f"{self._item.name}/{name}"
        warning = self._checksums.note(label, source, digest, length(path))
        if warning:
            console.err.print(f"warning: {warning}")
            self._remarks.append(warning.rstrip("."))

    def _place_weights(self, file: Path) -> Path:
        place = self._root / self._item.place
        if file.parent == self._depot and not self._wishes.keep:
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                file.replace(place)
            except OSError as error:
                raise CstrackError(
                    f"Cannot write {place}: {error.strerror or error}."
                ) from error
        else:
            copy_in_place(file, place)
        return place

    def _place_data(self, files: Sequence[Path]) -> Path:
        workplace = self._depot / _UNPACKED
        try:
            with console.transfers() as bar:
                report = _shown(bar, f"unpacking {self._item.name}")
                limits = self._wishes.limits
                staged, done = stage(
                    self._item, files, workplace, self._root, limits, report
                )
            place = self._root / self._item.place
            aside = put_in_place(staged, place)
        finally:
            shutil.rmtree(workplace, ignore_errors=True)
        self._remarks += done
        if aside is not None:
            self._remarks.append(f"what was in its place is {aside} now")
        return place

    def _by_hand(self, reasons: str) -> str:
        """One sentence: why it cannot be had, and how to go on."""
        item = self._item
        way = item.ways[0] if self._given is None else self._given.way
        names = ", ".join(file.name for file in way)
        what, page = "FOLDER_WITH_THEM", item.page
        if len(way) == 1:
            what = way[0].name
            if way[0].sources and is_drive(way[0].sources[0]):
                page = way[0].sources[0].replace(DRIVE, _DRIVE_PAGE)
        return (
            f"Cannot download {item.name} ({reasons}); get {names} with a browser from "
            f"{page}, then: cstrack download {item.name} --from-file {what}."
        )


def _shown(bar: Progress, description: str) -> Report:
    """A line of a progress display that is told of bytes."""
    task = bar.add_task(description, total=None)
    begun = False

    def report(done: int, total: int | None) -> None:
        nonlocal begun
        if begun:
            bar.update(task, completed=done, total=total)
        else:
            # What was there before says nothing about the speed now.
            bar.reset(task, completed=done, total=total)
            begun = True

    return report
