"""Films of StreamPix (``.seq``): JPEG pictures one behind the other.

A film is a header of 1,024 bytes, which has little-endian 32-bit width, height and
number of pictures at 548, 552 and 572, and then for each picture its length, that word
included, its JPEG file, and a time stamp of 8 bytes (16 after the first in some films).
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cstrack_bench.errors import InputError
from cstrack_bench.files import replacing

_HEADER, _COUNT_AT, _STAMP = 1024, 572, 8
_JPEG = b"\xff\xd8"


def read_film(file: Path) -> Iterator[bytes]:
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


def extract_pictures(film: Path, wanted: dict[int, Path]) -> int:
    """Write some pictures of a film as the JPEG files that they are.

    Args:
        film: the .seq file.
        wanted: number of a picture, from 0 -> file to write; one that is there is kept.

    Returns:
        How many were written.

    Raises:
        InputError: the film is broken, or ends before a wanted picture.
        CstrackError: the file system refused.
    """
    waiting = {n: file for n, file in wanted.items() if not file.is_file()}
    written = 0
    if waiting:
        for number, content in enumerate(read_film(film)):
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
