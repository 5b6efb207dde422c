"""Annotations of CrowdHuman: odgt files, one JSON document a picture.

A line is ``{"ID": …, "gtboxes": [{"tag": "person", "fbox": [x, y, w, h], "extra":
{"ignore": 1}, …}, …]}``: ``fbox`` is the full body's box in pixels, also where it is
hidden or leaves the picture.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.files import check_regular


@dataclass(frozen=True)
class CrowdImage:
    """One line of an odgt file.

    Attributes:
        name: of the picture, without ``.jpg``.
        boxes: (N, 4) float64, left, top, width, height in pixels, of the persons that
            are not to be ignored.
        line: number of the line, from 1.
    """

    name: str
    boxes: NDArray[np.float64]
    line: int


def read_odgt(file: Path) -> Iterator[CrowdImage]:
    """The pictures of an odgt file, in its order; full boxes, ignored ones left out.

    Raises:
        InputError: no such file, or a line that is not what it should be (with line).
    """
    if file.exists():
        check_regular(file)
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield parse_line(line, f"{file}, line {number}", number)
    except FileNotFoundError:
        raise InputError(f"No such file: {file}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {file} as text: {error}.") from error


def parse_line(line: str, location: str, number: int) -> CrowdImage:
    """One line of an odgt file.

    Args:
        line: its text.
        location: what an error calls it.
        number: of the line.

    Raises:
        InputError: not JSON, or without an ID or a person's full box.
    """
    try:
        document = json.loads(line)
        boxes = [
            [float(side) for side in person["fbox"]]
            for person in document["gtboxes"]
            # Groups and pictures of persons have another tag.
            if person["tag"] == "person" and not person.get("extra", {}).get("ignore")
        ]
        table = np.array(boxes, np.float64).reshape(-1, 4)
        return CrowdImage(str(document["ID"]), table, number)
    except (json.JSONDecodeError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "too deep"
        raise InputError(f"{location}: is not JSON ({reason}).") from None
    except KeyError as error:
        raise InputError(f"{location}: lacks {error.args[0]!r}.") from None
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise InputError(
            f"{location}: is not a picture with gtboxes, each with an fbox of four "
            "numbers."
        ) from None


def picture_of(images: Path, subset: str, name: str) -> Path:
    """A picture: in the folder of all, as published, or in one for each subset.

    Args:
        images: folder of the pictures.
        subset: train or val.
        name: of the picture, without ``.jpg``.
    """
    inside = images / subset / f"{name}.jpg"
    return inside if inside.is_file() else images / f"{name}.jpg"
