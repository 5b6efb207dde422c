"""Checks of CrowdHuman's odgt files: every line, with its number."""

from pathlib import Path

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import picture_size
from cstrack_bench.formats.odgt import parse_line, picture_of
from cstrack_bench.verification.faults import Fault, fault_of, name_locations
from cstrack_bench.verification.label_checks import LabelCount, lies_outside


def check_odgt(
    file: Path, subset: str, images: Path, count: LabelCount, others: dict[str, str]
) -> tuple[list[Fault], int]:
    """Every line of an odgt file: JSON, its picture, its boxes, repeats.

    Args:
        file: of one subset.
        subset: train or val.
        images: folder of the pictures.
        count: of all boxes so far; it is added to.
        others: picture -> where another subset has it; this one's are added.

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
        location = f"{file}, line {number}"
        if not line.strip():
            continue
        pictures += 1
        try:
            image = parse_line(line, location, number)
        except InputError as error:
            faults.append(fault_of(error, file))
            continue
        if image.name in others:
            what = f"{image.name} is in {others[image.name]} too"
            faults.append(Fault(location, what))
        others.setdefault(image.name, location)
        boxes = image.boxes
        if not np.isfinite(boxes).all():
            faults.append(Fault(location, "one of its numbers is not finite"))
            continue
        if (boxes[:, 2:] <= 0).any():
            faults.append(Fault(location, "a box has no width or no height"))
        count.boxes += len(boxes)
        picture = picture_of(images, subset, image.name)
        if not picture.is_file():
            absent.append(location)
            continue
        try:
            size = np.array(picture_size(picture), np.float64)
        except InputError:
            continue  # named with the pictures
        outside = lies_outside(
            (boxes[:, :2] + boxes[:, 2:] / 2) / size, boxes[:, 2:] / size
        )
        count.outside += [location] * int(outside.sum())
    if len(absent) < pictures:
        faults += name_locations(absent, "its picture is absent")
    return faults, pictures
