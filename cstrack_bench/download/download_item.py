"""An item of the catalogue, from its sources to files under their final names."""

import collections.abc as abc
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rich.progress import Progress

from cstrack_bench import console
from cstrack_bench.datasets.catalogue_item import WEIGHTS, CatalogueItem, RemoteFile
from cstrack_bench.download.archives import ArchiveLimits, BadArchiveError
from cstrack_bench.download.checksums import Checksums
from cstrack_bench.download.http import (
    ProgressReport,
    RetryPolicy,
    UnavailableError,
    file_size,
)
from cstrack_bench.download.install import (
    WrongContentError,
    install_file,
    install_folder,
    normalise_item,
    stage,
)
from cstrack_bench.download.item_state import DOWNLOADS, item_state
from cstrack_bench.download.local_files import LocalFiles, match_files
from cstrack_bench.download.locks import one_at_a_time
from cstrack_bench.download.sources import (
    DRIVE,
    download_file,
    find_mismatch,
    is_drive,
    site,
)
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import sha256

_UNPACKED = "unpacked"
_DRIVE_PAGE = "https://drive.google.com/file/d/"


@dataclass(frozen=True)
class DownloadOptions:
    """How to download.

    Attributes:
        files: downloaded by hand; these are not fetched.
        mirror: URL of a folder that has ``ITEM/FILE`` for items of the catalogue; is
            tried before their own sources.
        fresh: also where the item is there already, which is set aside.
        keep: the archives, when they are unpacked.
        policy: how long servers are waited for.
        limits: of what an archive may become.
    """

    files: tuple[Path, ...] = ()
    mirror: str | None = None
    fresh: bool = False
    keep: bool = False
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    limits: ArchiveLimits = field(default_factory=ArchiveLimits)

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
class DownloadResult:
    """How a download ended.

    Attributes:
        name: of the item.
        path: where it lies.
        done: ``here`` where nothing was to do.
        remarks: sentences on what was done to it, and what is odd about it.
    """

    name: str
    path: Path
    done: Literal["here", "downloaded"]
    remarks: list[str] = field(default_factory=list)


def download(
    item: CatalogueItem, root: Path, options: DownloadOptions = DownloadOptions()
) -> DownloadResult:
    """Download an item and install it; what was done before is not done again.

    Only one process works on an item at a time; another waits and finds it done.

    Args:
        item: of the catalogue.
        root: of the data sets.
        options: how.

    Raises:
        InputError: files were given that are not this item's.
        CstrackError: it cannot be had, with how to get it by hand; the disk is full; or
            something else has its name.
    """
    local = match_files(item, options.files)
    waiting = f"another process downloads {item.name}; waiting for it"
    with one_at_a_time(
        root / DOWNLOADS / f"{item.name}.lock", lambda: console.err.print(waiting)
    ):
        return _Download(item, root, options, local).run()


class _Download:
    """One download of one item, under its lock."""

    def __init__(
        self,
        item: CatalogueItem,
        root: Path,
        options: DownloadOptions,
        local: LocalFiles | None,
    ) -> None:
        self._item, self._root, self._options, self._local = item, root, options, local
        self._folder = root / DOWNLOADS / item.name
        self._checksums = Checksums(root, root / DOWNLOADS)
        self._remarks: list[str] = []
        # File -> the source it was downloaded from, and those whose copy was bad.
        self._source_of: dict[str, str] = {}
        self._rejected: dict[str, set[str]] = {}
        self._faults: list[str] = []

    def run(self) -> DownloadResult:
        """Download, unless it is there."""
        item = self._item
        found = item_state(item, self._root)
        if found.state == "here" and not self._options.fresh:
            return DownloadResult(item.name, found.path, "here")
        if found.state == "incomplete" and not self._options.fresh:
            done = self._normalise(found.path)
            if done:
                return DownloadResult(item.name, found.path, "here", done)
            raise CstrackError(
                f"{found.path} is there, but is not a whole {item.title}; cstrack "
                f"download {item.name} --fresh sets it aside and downloads it."
            )
        if self._local is None and not item.ways:
            raise CstrackError(
                f"{item.title} cannot be downloaded: {item.register}; when you have "
                f"its archives, cstrack download {item.name} --from-file ARCHIVE (once "
                "for each)."
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        for way in item.ways if self._local is None else (self._local.way,):
            try:
                path = self._install(way)
            except UnavailableError as error:
                self._faults.append(str(error))
                continue
            if not self._options.keep:
                shutil.rmtree(self._folder, ignore_errors=True)
            return DownloadResult(item.name, path, "downloaded", self._remarks)
        faults = dict.fromkeys(fault for fault in self._faults if fault)
        raise CstrackError(self._by_hand("; ".join(faults)))

    def _normalise(self, folder: Path) -> list[str]:
        """Bring what was unpacked by hand into the layout that is read.

        Returns:
            What was done; none where it is not complete after that.
        """
        if self._item.kind == WEIGHTS:
            return []
        done = normalise_item(self._item, folder)
        return done if self._item.is_complete(folder) else []

    def _install(self, way: tuple[RemoteFile, ...]) -> Path:
        """Get the files of a way and install the item.

        Raises:
            UnavailableError: one of them cannot be had.
        """
        loose = self._local.loose if self._local else ()
        while True:
            files = {file.name: self._file(file) for file in way}
            if self._item.kind == WEIGHTS:
                return self._install_weights(*files.values())
            try:
                return self._install_data([*files.values(), *loose])
            except BadArchiveError as bad:
                damaged = [f for f in way if files[f.name] in bad.files]
                self._drop(damaged, files, f"{bad}")
            except WrongContentError as wrong:
                others = [f for f in way if self._sources(f, but_last=True)]
                self._drop(others, files, f"what came is something else ({wrong})")

    def _file(self, file: RemoteFile) -> Path:
        """One file: given, downloaded earlier, or downloaded now."""
        if self._local is not None and file.name in self._local.files:
            return self._check_local(file, self._local.files[file.name])
        ready = self._folder / file.name
        if ready.is_file():
            return ready
        with console.transfers() as bar:
            path, source, digest = download_file(
                file,
                self._sources(file),
                self._folder,
                self._options.policy,
                _progress_report(bar, file.name),
                copies=1 if self._item.kind == WEIGHTS else 2,
            )
        self._source_of[file.name] = source
        self._note(file.name, source, digest, path)
        return path

    def _sources(self, file: RemoteFile, but_last: bool = False) -> list[str]:
        """Where a file may still come from.

        Args:
            file: of the item.
            but_last: leave out the source that it was downloaded from.
        """
        sources = list(file.sources)
        if self._options.mirror:
            base = self._options.mirror.rstrip("/")
            sources.insert(0, f"{base}/{self._item.name}/{file.name}")
        refused = set(self._rejected.get(file.name, ()))
        if but_last:
            refused.add(self._source_of.get(file.name, ""))
        return [source for source in sources if source not in refused]

    def _drop(
        self, files: abc.Sequence[RemoteFile], paths: dict[str, Path], reason: str
    ) -> None:
        """Remove bad files, so that another source is tried.

        Raises:
            CstrackError: they were given, or there is nothing to remove.
        """
        given = self._local is not None and (
            not files or any(file.name in self._local.files for file in files)
        )
        if given or not files:
            raise CstrackError(
                f"{self._item.name} was not installed: {reason.rstrip('.')}."
            )
        for file in files:
            source = self._source_of.get(file.name, "")
            self._rejected.setdefault(file.name, set()).add(source)
            self._faults.append(f"{site(source)}: {reason}" if source else reason)
            paths[file.name].unlink(missing_ok=True)

    def _check_local(self, file: RemoteFile, path: Path) -> Path:
        digest = sha256(path)
        mismatch = find_mismatch(path, file, digest)
        if mismatch:
            raise InputError(f"{path} is {mismatch}, and not {file.name}.")
        self._note(file.name, None, digest, path)
        return path

    def _note(self, name: str, source: str | None, digest: str, path: Path) -> None:
        """Note the checksum of a file, or report that it differs."""
        label = f"{self._item.name}/{name}"
        warning = self._checksums.note(label, source, digest, file_size(path))
        if warning:
            console.err.print(f"warning: {warning}")
            self._remarks.append(warning.rstrip("."))

    def _install_weights(self, file: Path) -> Path:
        target = self._root / self._item.target
        if file.parent == self._folder and not self._options.keep:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)
            except OSError as error:
                raise CstrackError(
                    f"Cannot write {target}: {error.strerror or error}."
                ) from error
        else:
            install_file(file, target)
        return target

    def _install_data(self, files: abc.Sequence[Path]) -> Path:
        scratch = self._folder / _UNPACKED
        try:
            with console.transfers() as bar:
                report = _progress_report(bar, f"unpacking {self._item.name}")
                limits = self._options.limits
                staged, done = stage(
                    self._item, files, scratch, self._root, limits, report
                )
            target = self._root / self._item.target
            aside = install_folder(staged, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._remarks += done
        if aside is not None:
            self._remarks.append(f"what had its name is {aside} now")
        return target

    def _by_hand(self, reasons: str) -> str:
        """One sentence: why it cannot be had, and how to get it by hand."""
        item = self._item
        way = item.ways[0] if self._local is None else self._local.way
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


def _progress_report(bar: Progress, description: str) -> ProgressReport:
    """A function that shows bytes as a line of a progress display."""
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
