"""Checks of label files in JDE's layout, of lists of images, and of odgt files."""

from collections.abc import Iterable
from collections.abc import Sequence as Many
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.datasets.crowdhuman import parse_line, picture_of
from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import picture_size, read_picture
from cstrack_bench.formats.jde_lists import IMAGES
from cstrack_bench.verification.checks import (
    OUTSIDE_SHARE,
    SAMPLE,
    Fault,
    fault_of,
    is_cut_off,
    name_places,
    repeats,
)

_COLUMNS = 6


@dataclass
class LabelCount:
    """What the labels of some pictures hold, and where boxes lie wholly outside.

    Attributes:
        boxes: rows.
        identities: numbers of persons who have one.
        outside: places of boxes that do not meet their picture.
    """

    boxes: int = 0
    identities: set[int] = field(default_factory=set)
    outside: list[str] = field(default_factory=list)

    def judge(self) -> tuple[list[Fault], list[str]]:
        """Boxes outside: what is wrong, and what is only unusual (as sentences)."""
        if len(self.outside) > OUTSIDE_SHARE * self.boxes:
            what = "its box lies wholly outside the picture"
            return name_places(self.outside, what), []
        if self.outside:
            return [], [
                f"{self.outside[0]}: its box lies wholly outside the picture, as "
                f"{len(self.outside)} of {self.boxes} do (some do as published)"
            ]
        return [], []


def check_labels(file: Path, count: LabelCount) -> list[Fault]:
    """Every row of a label file: numbers, class, id, box, repeats; adds to ``count``.

    Args:
        file: rows ``class id xc yc w h``, the box as fractions of the picture.
        count: of all files so far.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return [Fault(str(file), "cannot be read as text")]
    faults: list[Fault] = []
    rows: list[list[float]] = []
    places: list[str] = []
    for number, line in enumerate(lines, 1):
        cells = line.split()
        place = f"{file}, line {number}"
        if not cells:
            continue
        if len(cells) != _COLUMNS:
            what = f"has {len(cells)} columns, not class id xc yc w h"
            faults.append(Fault(place, what))
            continue
        try:
            rows.append([float(cell) for cell in cells])
            places.append(place)
        except ValueError:
            faults.append(Fault(place, "one of its cells is not a number"))
    table = np.array(rows, np.float64).reshape(-1, _COLUMNS)
    finite = np.isfinite(table).all(axis=1)
    people = finite & (table[:, 0] == 0)
    identity = table[:, 1]
    wrong = [
        (~finite, "one of its numbers is not finite"),
        (
            finite & ((identity < -1) | (identity % 1 != 0)),
            "its id is not -1 or a whole number from 0",
        ),
        (
            people & ((table[:, 4] <= 0) | (table[:, 5] <= 0)),
            "its box has no width or no height",
        ),
        (
            people & (identity >= 0) & repeats(table[:, 0], identity),
            "its picture already has a box with its id",
        ),
    ]
    for mask, what in wrong:
        faults += [Fault(places[i], what) for i in np.flatnonzero(mask)]
    count.boxes += int(people.sum())
    count.identities |= {int(i) for i in identity[people & (identity >= 0)]}
    outside = people & _outside(table[:, 2:4], table[:, 4:6])
    count.outside += [places[i] for i in np.flatnonzero(outside)]
    return faults


def _outside(
    centre: NDArray[np.float64], size: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """(M,) true where a box, in fractions of its picture, does not meet it."""
    before = (centre + size / 2 <= 0).any(axis=1)
    beyond = (centre - size / 2 >= 1).any(axis=1)
    return np.asarray(before | beyond, np.bool_)


def check_files(pictures: Many[Path], every: bool) -> list[Fault]:
    """Pictures of any size: cut off (all are looked at), or not to be decoded.

    Args:
        pictures: files that are there.
        every: decode all of them, not a sample.
    """
    picks = np.linspace(0, len(pictures) - 1, min(SAMPLE, len(pictures))).astype(int)
    decoded = set(pictures) if every else {pictures[i] for i in picks}
    faults = []
    for file in pictures:
        if is_cut_off(file):
            faults.append(Fault(str(file), "is cut off: its end is missing"))
        elif file in decoded:
            try:
                read_picture(file)
            except InputError:
                what = "cannot be decoded as a picture"
                faults.append(Fault(str(file), what))
    return faults


def read_listing(file: Path) -> tuple[dict[str, str], list[Fault]]:
    """A list of pictures.

    Returns:
        Path of each picture relative to ``images/`` -> its place in the list; and what
        is wrong with the list's lines.
    """
    paths: dict[str, str] = {}
    faults = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}, [Fault(str(file), "cannot be read as text")]
    for number, line in enumerate(lines, 1):
        parts = PurePosixPath(line.strip().replace("\\", "/")).parts
        place = f"{file}, line {number}"
        if not parts:
            continue
        if IMAGES not in parts:
            faults.append(Fault(place, f"has no {IMAGES}/ in its path"))
            continue
        path = "/".join(parts[parts.index(IMAGES) + 1 :])
        if path in paths:
            faults.append(Fault(place, f"{path} is in the list already"))
        paths.setdefault(path, place)
    return paths, faults


def check_odgt(
    file: Path, subset: str, images: Path, count: LabelCount, others: dict[str, str]
) -> tuple[list[Fault], int]:
    """Every line of an odgt file: JSON, its picture, its boxes, repeats.

    Args:
        file: of one subset.
        subset: train or val.
        images: folder of the pictures.
        count: of all boxes so far; it is added to.
        others: picture -> the place where another subset has it; this one's are added.

    Returns:
        What is wrong, and how many pictures the file has.
    """
    faults: list[Fault] = []
    absent: list[str] = []
    pictures = 0
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return [Fault(str(file), "cannot be read as text")], 0
    for number, line in enumerate(lines, 1):
        place = f"{file}, line {number}"
        if not line.strip():
            continue
        pictures += 1
        try:
            image = parse_line(line, place, number)
        except InputError as error:
            faults.append(fault_of(error, file))
            continue
        if image.name in others:
            faults.append(Fault(place, f"{image.name} is in {others[image.name]} too"))
        others.setdefault(image.name, place)
        boxes = image.boxes
        if not np.isfinite(boxes).all():
            faults.append(Fault(place, "one of its numbers is not finite"))
            continue
        if (boxes[:, 2:] <= 0).any():
            faults.append(Fault(place, "a box has no width or no height"))
        count.boxes += len(boxes)
        picture = picture_of(images, subset, image.name)
        if not picture.is_file():
            absent.append(place)
            continue
        try:
            size = np.array(picture_size(picture), np.float64)
        except InputError:
            continue  # named with the pictures
        outside = _outside(
            (boxes[:, :2] + boxes[:, 2:] / 2) / size, boxes[:, 2:] / size
        )
        count.outside += [place] * int(outside.sum())
    if len(absent) < pictures:
        faults += name_places(absent, "its picture is absent")
    return faults, pictures


def check_apart(train: dict[str, str], held: dict[str, str]) -> list[Fault]:
    """Pictures of a training list that are tested on as well.

    Args:
        train: picture -> its place in the training list.
        held: picture -> its place in a list that is tested on.
    """
    both: Iterable[str] = train.keys() & held.keys()
    return [
        Fault(train[path], f"trains on {path}, which is tested on ({held[path]})")
        for path in sorted(both)
    ]
