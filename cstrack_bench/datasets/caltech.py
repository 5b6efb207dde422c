"""Caltech Pedestrians as published: films ``set00/V000.seq`` of JPEG pictures.

The labels come in JDE's layout (REFERENCE 8), one file for each picture with people,
``set00_V000_12.txt`` or ``set00/V000/12.txt``: set, film, picture from 0. A ``.seq`` of
StreamPix is a header of 1,024 bytes, which has little-endian 32-bit width, height and
number of pictures at 548, 552 and 572, and then for each picture its length, that word
included, its JPEG file, and a time stamp of 8 bytes (16 after the first in some).
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cstrack_bench.errors import InputError
from cstrack_bench.files import replacing

_HEADER, _COUNT_AT, _STAMP = 1024, 572, 8
_JPEG = b"\xff\xd8"
_NAME = re.compile(r"(set\d\d)\D+(V\d\d\d)\D+(\d+)$")


@dataclass(frozen=True)
class FilmFrame:
    """A picture of the data set by its place.

    Attributes:
        set: such as set00.
        film: such as V000.
        number: from 0.
    """

    set: str
    film: str
    number: int


def frame_of(label: str) -> FilmFrame | None:
    """The picture that a label file is for; None for a name of another form.

    Args:
        label: its path without suffix, with ``/``.
    """
    found = _NAME.search(label)
    return FilmFrame(found[1], found[2], int(found[3])) if found else None


def read_seq(file: Path) -> Iterator[bytes]:
    """The JPEG files of a film, in order.

    Raises:
        InputError: not such a film, or one that ends before its last picture.
    """
    try:
        with file.open("rb") as film:
            header = film.read(_HEADER)
            if len(header) < _HEADER:
                raise InputError(f"{file} is too short for a .seq film.")
            (count,) = struct.unpack_from("<I", header, _COUNT_AT)
            for number in range(count):
                yield _picture(file, film, number, count)
                film.seek(_STAMP, 1)
    except OSError as error:
        raise InputError(f"Cannot read {file}: {error.strerror or error}.") from error


def _picture(file: Path, film: BinaryIO, number: int, count: int) -> bytes:
    for _ in range(2):
        start = film.read(6)
        if len(start) == 6 and start[4:] == _JPEG:
            (length,) = struct.unpack_from("<I", start)
            content = _JPEG + film.read(length - 6)
            if len(content) == length - 4:
                return content
            break
        # Some films have a stamp twice as long after the first picture.
        film.seek(_STAMP - len(start), 1)
    raise InputError(f"{file} ends or breaks at picture {number + 1} of {count}.")


def extract(film: Path, wanted: dict[int, Path]) -> int:
    """Write some pictures of a film as the JPEG files that they are.

    Args:
        film: the .seq file.
        wanted: number of a picture -> file to write; one that is there is kept.

    Returns:
        How many were written.

    Raises:
        InputError: the film is broken, or ends before a wanted picture.
        CstrackError: the file system refused.
    """
    waiting = {n: file for n, file in wanted.items() if not file.is_file()}
    written = 0
    if waiting:
        for number, content in enumerate(read_seq(film)):
            if number in waiting:
                with replacing(waiting.pop(number)) as temporary:
                    temporary.write_bytes(content)
                written += 1
            if not waiting:
                break
    if waiting:
        raise InputError(
            f"{film} has no picture {min(waiting)}, which {len(waiting)} label files "
            "are for."
        )
    return written
