"""Seqinfo: the file that describes a sequence, read within limits."""

import configparser
import math
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cstrack_bench.errors import InputError
from cstrack_bench.files import read_text
from cstrack_bench.formats.numerals import parse_number
from cstrack_bench.input_limits import (
    LARGEST_RATE,
    LARGEST_WHOLE,
    PICTURE_PIXELS,
    SEQUENCE_FRAMES,
    SETTINGS_BYTES,
)

_SECTION = "Sequence"
_SHOWN = 40


@dataclass(frozen=True)
class SequenceInfo:
    """What a seqinfo.ini says.

    Attributes:
        frame_rate: frames a second.
        width: of a frame, in pixels.
        height: of a frame, in pixels.
        length: frames.
        image_folder: of the frames, within the sequence's folder.
    """

    frame_rate: float
    width: int
    height: int
    length: int
    image_folder: str


def read_seqinfo(file: Path) -> SequenceInfo:
    """Read a seqinfo.ini; keys in any case, comments behind values, a rate such as
    ``30000/1001``.

    Raises:
        InputError: no plain file, no section, a key that lacks or is out of range.
    """
    parser = configparser.ConfigParser(
        interpolation=None, inline_comment_prefixes=("#", ";")
    )
    try:
        parser.read_string(read_text(file, SETTINGS_BYTES))
        section = dict(parser[_SECTION])
    except KeyError:
        raise InputError(f"{file} lacks the section [{_SECTION}].") from None
    except (configparser.Error, ValueError) as error:
        reason = " ".join(str(error).replace("'<string>'", "it").split())
        raise InputError(f"Cannot read {file}: {reason}.") from error
    length, width, height = (
        _count(file, section, key) for key in ("seqLength", "imWidth", "imHeight")
    )
    SEQUENCE_FRAMES.check(length, f"{file}: seqLength")
    PICTURE_PIXELS.check(width * height, f"{file}: imWidth × imHeight")
    return SequenceInfo(
        _rate(file, section), width, height, length, _folder(file, section)
    )


def _value(file: Path, section: dict[str, str], key: str) -> str:
    # The parser makes keys small.
    if key.lower() not in section:
        raise InputError(f"{file} lacks {key}.")
    return section[key.lower()].strip()


def _count(file: Path, section: dict[str, str], key: str) -> int:
    text = _value(file, section, key)
    number = parse_number(text)
    if number is None or not math.isfinite(number) or number % 1:
        raise InputError(f"{file}: {key} is {text[:_SHOWN]!r}, not a whole number.")
    if not 1 <= number <= LARGEST_WHOLE:
        raise InputError(
            f"{file}: seqLength, imWidth and imHeight must be positive, and {key} is "
            f"{text[:_SHOWN]}."
        )
    return int(number)


def _rate(file: Path, section: dict[str, str]) -> float:
    text = _value(file, section, "frameRate")
    parts = [parse_number(part.strip()) for part in text.split("/")]
    numbers = [n for n in parts if n is not None and math.isfinite(n)]
    if len(numbers) != len(parts) or len(parts) > 2:
        raise InputError(f"{file}: frameRate is {text[:_SHOWN]!r}, not a number.")
    below = numbers[1] if len(numbers) == 2 else 1.0
    rate = numbers[0] / below if below else math.inf
    if not 0 < rate <= LARGEST_RATE:
        raise InputError(
            f"{file}: frameRate is {text[:_SHOWN]}; it must be above 0 and at most "
            f"{LARGEST_RATE:,.0f} frames a second."
        )
    return rate


def _folder(file: Path, section: dict[str, str]) -> str:
    name = section.get("imdir", "img1").strip() or "img1"
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not name.isprintable():
        raise InputError(
            f"{file}: imDir is {name[:_SHOWN]!r}; it names a folder within the "
            "sequence's own."
        )
    return name
