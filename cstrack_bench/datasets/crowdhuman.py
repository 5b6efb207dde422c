"""CrowdHuman as published: ``Images/`` and two odgt files, one JSON document a picture.

A line is ``{"ID": …, "gtboxes": [{"tag": "person", "fbox": [x, y, w, h], "extra":
{"ignore": 1}, …}, …]}``: ``fbox`` is the full body's box in pixels, also where it is
hidden or leaves the picture; ``Images/ID.jpg`` is the picture. Nobody has an identity
that holds from one picture to another. The mixes of the paper train on full boxes
without identity (REFERENCE 4.6); the other convention gives every box its own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError, nearest

#: Subset -> file of its annotations.
ODGT = {"train": "annotation_train.odgt", "val": "annotation_val.odgt"}
#: ``none``: everybody has id -1. ``unique``: every box is a person of its own.
Identities = Literal["none", "unique"]


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


def picture_of(images: Path, subset: str, name: str) -> Path:
    """A picture: in the folder of all, as published, or in one for each subset.

    Args:
        images: folder of the pictures.
        subset: train or val.
        name: of the picture, without ``.jpg``.
    """
    inside = images / subset / f"{name}.jpg"
    return inside if inside.is_file() else images / f"{name}.jpg"


def read_odgt(file: Path) -> Iterator[CrowdImage]:
    """The pictures of an odgt file, in its order; full boxes, ignored ones left out.

    Raises:
        InputError: no such file, or a line that is not what it should be (with line).
    """
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield parse_line(line, f"{file}, line {number}", number)
    except FileNotFoundError:
        raise InputError(f"No such file: {file}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {file} as text: {error}.") from error


def parse_line(line: str, place: str, number: int) -> CrowdImage:
    """One line of an odgt file.

    Args:
        line: its text.
        place: what an error calls it.
        number: of the line.

    Raises:
        InputError: not JSON, or without an ID or a person's full box.
    """
    try:
        document = json.loads(line)
        persons = [p for p in document["gtboxes"] if not _ignored(p)]
        boxes = [[float(side) for side in person["fbox"]] for person in persons]
        table = np.array(boxes, np.float64).reshape(-1, 4)
        return CrowdImage(str(document["ID"]), table, number)
    except json.JSONDecodeError as error:
        raise InputError(f"{place}: is not JSON ({error.msg}).") from None
    except KeyError as error:
        raise InputError(f"{place}: lacks {error.args[0]!r}.") from None
    except (ValueError, TypeError, AttributeError):
        raise InputError(
            f"{place}: is not a picture with gtboxes, each with an fbox of four "
            "numbers."
        ) from None


def label_rows(
    image: CrowdImage,
    size: tuple[int, int],
    identities: Identities = "none",
    first: int = 1,
) -> str:
    """A picture's label file in JDE's layout: ``class id xc yc w h`` a person.

    Args:
        image: its boxes.
        size: width, height of the picture.
        identities: whose boxes are whose.
        first: id of the first box where each is a person of its own.

    Raises:
        InputError: a convention that is none.
    """
    if identities not in get_args(Identities):
        hint = nearest(identities, get_args(Identities))
        raise InputError(f"No identities {identities!r} of CrowdHuman: {hint}.")
    unique = identities == "unique"
    rows = []
    for number, (left, top, width, height) in enumerate(image.boxes.tolist()):
        identity = first + number if unique else -1
        numbers = (
            (left + width / 2) / size[0],
            (top + height / 2) / size[1],
            width / size[0],
            height / size[1],
        )
        rows.append(f"0 {identity} " + " ".join(f"{n:.6f}" for n in numbers) + "\n")
    return "".join(rows)


def _ignored(person: dict[str, Any]) -> bool:
    """Whether a box is no person: a group, a picture of one, or marked so."""
    return person["tag"] != "person" or bool(person.get("extra", {}).get("ignore"))
