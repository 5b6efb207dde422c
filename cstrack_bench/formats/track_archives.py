"""Track archives: the MOT files of one run in one compressed file beside its record.

A zip of ``SEQUENCE.txt`` as ``mot_files.write_tracks`` writes them; what was tracked
for comparison lies in folders below, ``baselines/iou/SEQUENCE.txt``. Equal tracks give
equal bytes: members are sorted and have no time of their own. An evaluator that has
changed measures these again; no network is needed.
"""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from cstrack_bench.errors import InputError
from cstrack_bench.files import replacing
from cstrack_bench.formats.mot_files import read_tracks, write_tracks
from cstrack_bench.structures import TrackTable

#: Of an archive beside the record ``seed0.json``.
TRACKS_SUFFIX = ".tracks.zip"
# What zip files can say at the earliest.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
#: Unpacked; a crowded data set under ten trackers has a tenth of it.
LARGEST = 2**30
# RuntimeError: a password, or a compression that Python does not have.
_UNREADABLE = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def write_track_archive(path: Path, tables: Mapping[str, TrackTable]) -> None:
    """Write tracks as one archive, atomically.

    Args:
        path: of the archive.
        tables: ``SEQUENCE``, or ``FOLDER/SEQUENCE`` below it, -> its tracks.

    Raises:
        InputError: a table that no MOT file can hold.
        CstrackError: the file system refused.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w") as archive,
    ):
        for name in sorted(tables):
            file = Path(folder) / "tracks.txt"
            write_tracks(file, tables[name])
            member = zipfile.ZipInfo(f"{name}.txt", _NO_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # the same on every system
            member.external_attr = _PLAIN_FILE
            archive.writestr(member, file.read_bytes(), compresslevel=9)


@contextmanager
def unpacked_tracks(path: Path) -> Iterator[Path]:
    """A folder with the MOT files of an archive, for as long as it is needed.

    Its name is the archive's, so that a message about a file in it can be understood.

    Args:
        path: of the archive, or of any zip that holds MOT files.

    Raises:
        InputError: it is no zip, is damaged, or has members that do not belong there.
    """
    with tempfile.TemporaryDirectory(prefix="cstrack-") as outer:
        folder = Path(outer) / path.name
        folder.mkdir()
        try:
            with zipfile.ZipFile(path) as archive:
                members = [m for m in archive.infolist() if not m.is_dir()]
                _check_members(path, members)
                for member in members:
                    target = folder / member.filename
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(member) as source, target.open("wb") as file:
                        shutil.copyfileobj(source, file)
        except _UNREADABLE as error:
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise InputError(f"{path} is not an archive of tracks: {reason}.") from None
        yield folder


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if sum(member.file_size for member in members) > LARGEST:
        raise InputError(
            f"{path} is not an archive of tracks: unpacked it is larger than "
            f"{LARGEST >> 20} MiB."
        )
    for member in members:
        name = PurePosixPath(member.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in member.filename:
            raise InputError(
                f"{path} is not an archive of tracks: its member {member.filename!r} "
                "lies outside it."
            )


def read_track_archive(path: Path) -> dict[str, TrackTable]:
    """The tracks of an archive, by the names that ``write_track_archive`` was given.

    Raises:
        InputError: it is no such archive, or a file in it is malformed.
    """
    with unpacked_tracks(path) as folder:
        return {
            file.relative_to(folder).with_suffix("").as_posix(): read_tracks(file)
            for file in sorted(folder.rglob("*.txt"))
        }
