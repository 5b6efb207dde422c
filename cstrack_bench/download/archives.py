"""Archives into a folder, and nowhere else: zip, zip in parts, tar in any compression.

An archive from the internet is not trusted: only ordinary files and folders come out
of it, below the folder that it is unpacked into, and not more of them than its own
size makes likely.
"""

import collections.abc as abc
import io
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cstrack_bench.download.http import ProgressReport, check_disk_space
from cstrack_bench.download.split_zip import join
from cstrack_bench.errors import CstrackError

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ARCHIVE_NAME = re.compile(r"\.(zip|z\d\d|tar|tgz|tar\.\w+)$", re.IGNORECASE)
_PART_NAME = re.compile(r"\.(z\d\d|zip)$", re.IGNORECASE)
_CHUNK, _BLOCK = 1 << 20, tarfile.BLOCKSIZE
_ENCRYPTED = 0x1
_LITTER = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db"})
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    NotImplementedError,
)


class BadArchiveError(CstrackError):
    """An archive that is damaged or that is not to be trusted.

    Args:
        files: it consists of.
        reason: a clause, such as: is damaged.
    """

    def __init__(self, files: abc.Sequence[Path], reason: str) -> None:
        super().__init__(f"{files[-1].name} {reason}")
        self.files = tuple(files)


@dataclass(frozen=True)
class ArchiveLimits:
    """How large an archive may become: pictures hardly shrink, labels to a hundredth.

    Attributes:
        ratio: unpacked bytes to packed ones.
        always_allowed: unpacked bytes that are allowed at any ratio.
        total: unpacked bytes.
        entries: files and folders.
    """

    ratio: float = 200.0
    always_allowed: int = 100_000_000
    total: int = 1_000_000_000_000
    entries: int = 5_000_000

    def allowed(self, packed: int) -> int:
        """Bytes that an archive of a size may unpack to."""
        return min(max(int(packed * self.ratio), self.always_allowed), self.total)


@dataclass(frozen=True)
class _Entry:
    """A file in an archive; its content is opened when it is written."""

    name: str
    open: abc.Callable[[], IO[bytes]]


def group_archives(files: abc.Sequence[Path]) -> list[tuple[Path, ...]]:
    """Files that belong together: the parts of a zip, any other file by itself.

    Args:
        files: in any order.

    Returns:
        Groups in the order of their first files.
    """
    groups: dict[str, list[Path]] = {}
    parted = {
        _stem(file) for file in files if re.search(r"\.z\d\d$", file.name.lower())
    }
    for file in files:
        together = bool(_PART_NAME.search(file.name)) and _stem(file) in parted
        key = _stem(file) if together else str(file)
        groups.setdefault(key, []).append(file)
    return [tuple(group) for group in groups.values()]


def is_archive(file: Path) -> bool:
    """Whether a file is one to unpack, by its name or by its content."""
    if _ARCHIVE_NAME.search(file.name):
        return True
    with file.open("rb") as content:
        return content.read(4) in _ZIP_STARTS


def unpack(
    files: abc.Sequence[Path],
    folder: Path,
    limits: ArchiveLimits = ArchiveLimits(),
    report: ProgressReport = lambda done, total: None,
) -> None:
    """Unpack an archive into a folder, over what may be there.

    Args:
        files: one, or the parts of one zip.
        folder: is made if need be; after an error some of the archive may lie in it.
        limits: of what the archive may become.
        report: called with bytes written and, where known, with all there are.

    Raises:
        BadArchiveError: it is damaged, holds something else than files and folders,
            names a path outside of the folder, or becomes too much.
        CstrackError: the disk is full, or refused.
    """
    packed = sum(file.stat().st_size for file in files)
    allowed = limits.allowed(packed)
    written = 0
    try:
        with _opened(files) as (entries, total):
            if total is not None and total > allowed:
                raise BadArchiveError(files, _too_much(total, packed))
            folder.mkdir(parents=True, exist_ok=True)
            check_disk_space(folder, total or 0)
            for count, entry in enumerate(entries, 1):
                if count > limits.entries:
                    raise BadArchiveError(
                        files, f"has more than {limits.entries} entries"
                    )
                target = _target(folder, entry.name, files)
                if target is None:
                    continue
                with entry.open() as source:
                    for chunk in _written(source, target, files):
                        written += chunk
                        if written > allowed:
                            raise BadArchiveError(files, _too_much(written, packed))
                        report(written, total)
    except _DAMAGE as error:
        raise BadArchiveError(files, f"is damaged ({_words(error)})") from error
    except OSError as error:
        # Decompressors raise it too, without a number.
        if error.errno is None:
            raise BadArchiveError(files, f"is damaged ({_words(error)})") from error
        raise CstrackError(
            f"Cannot unpack {files[-1].name} into {folder}: {error.strerror}; when "
            "that is mended, the same command resumes from there."
        ) from error


def _stem(file: Path) -> str:
    return _PART_NAME.sub("", file.name).lower()


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__


def _too_much(size: int, packed: int) -> str:
    return f"would become {size:,} bytes from {packed:,}: not unpacked"


@contextmanager
def _opened(
    files: abc.Sequence[Path],
) -> abc.Iterator[tuple[abc.Iterator[_Entry], int | None]]:
    """The files in an archive, and how many bytes they say they have together."""
    if len(files) > 1:
        with join(files) as whole, zipfile.ZipFile(whole) as archive:
            yield _zip_entries(archive, files), _zip_size(archive)
    elif zipfile.is_zipfile(files[0]):
        with zipfile.ZipFile(files[0]) as archive:
            yield _zip_entries(archive, files), _zip_size(archive)
    else:
        with tarfile.open(files[0]) as archive_of_tar:
            yield _tar_entries(archive_of_tar, files), None


def _zip_size(archive: zipfile.ZipFile) -> int:
    return sum(info.file_size for info in archive.infolist())


def _zip_entries(
    archive: zipfile.ZipFile, files: abc.Sequence[Path]
) -> abc.Iterator[_Entry]:
    # Names and kinds of all of it before the first byte is written.
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise BadArchiveError(files, f"holds {info.filename!r}, a link or a device")
        if info.flag_bits & _ENCRYPTED:
            raise BadArchiveError(files, "is encrypted")
        # zipfile turns backslashes into slashes on Windows alone.
        _target(Path(), info.orig_filename, files)
    for info in archive.infolist():
        if not info.is_dir():
            yield _Entry(info.filename, lambda info=info: archive.open(info))  # type: ignore[misc]


def _tar_entries(
    archive: tarfile.TarFile, files: abc.Sequence[Path]
) -> abc.Iterator[_Entry]:
    end = 0
    for info in archive:
        end = info.offset_data + (
            -(-info.size // _BLOCK) * _BLOCK if info.isreg() else 0
        )
        if info.isdir():
            _target(Path(), info.name, files)
            continue
        if not info.isreg():
            raise BadArchiveError(files, f"holds {info.name!r}, a link or a device")

        def content(info: tarfile.TarInfo = info) -> IO[bytes]:
            found = archive.extractfile(info)
            assert found is not None, "an ordinary file"
            return found

        yield _Entry(info.name, content)
    archive_file = archive.fileobj
    assert archive_file is not None, "opened by name"
    if isinstance(archive_file, io.BufferedReader):
        # One that was cut between two entries would seem complete.
        archive_file.seek(end)
        if archive_file.read(_BLOCK) != bytes(_BLOCK):
            raise BadArchiveError(files, "is damaged (its end is missing)")
    # The checksum of a compressed one is behind all that tarfile reads.
    while archive_file.read(_CHUNK):
        pass


def _target(folder: Path, name: str, files: abc.Sequence[Path]) -> Path | None:
    """The file that an entry becomes; None for what file managers leave behind.

    Raises:
        BadArchiveError: it leaves the folder, in the notation of any system.
    """
    parts = re.split(r"[/\\]", name)
    absolute = name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name)
    if absolute or ".." in parts or "\0" in name:
        raise BadArchiveError(files, f"names {name!r}, a path outside of its folder")
    if _LITTER.intersection(parts):
        return None
    kept = [part for part in parts if part not in ("", ".")]
    return folder.joinpath(*kept) if kept else None


def _written(
    source: IO[bytes], target: Path, files: abc.Sequence[Path]
) -> abc.Iterator[int]:
    """Write an entry; yields the bytes of each piece."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise BadArchiveError(files, f"has {target.name!r} within a file") from None
    if target.is_dir():
        raise BadArchiveError(files, f"has {target.name!r} as a file and as a folder")
    with target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            file.write(chunk)
            yield len(chunk)
