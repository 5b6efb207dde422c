"""Checks of one sequence's files: each wrong thing with its file and line."""

from collections.abc import Iterable
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import list_pictures, read_picture
from cstrack_bench.formats.mot_files import CLASSES, read_detections, read_rows
from cstrack_bench.formats.sequences import Sequence

# Lines named of one kind of wrong before the rest is only counted.
_NAMED = 20
#: More boxes than this wholly outside their pictures are wrong: MOT17 as published has
#: 2 of 12,839.
OUTSIDE_SHARE = 0.01
#: Pictures of a sequence or list that are decoded where not all are.
SAMPLE = 8


@dataclass(frozen=True)
class Fault:
    """One wrong thing.

    Attributes:
        place: file, with line where it is one.
        what: what is wrong with it.
    """

    place: str
    what: str


def check_pictures(sequence: Sequence, every: bool) -> list[Fault]:
    """Numbers, ends, sizes and decoding of a MOTChallenge sequence's pictures.

    All files are looked at for having been cut off; 8 of them are decoded, or all.

    Args:
        sequence: with pictures.
        every: decode all of them.
    """
    folder = sequence.folder / sequence.image_folder
    files = list_pictures(folder)
    numbers = {int(f.stem): f for f in files if f.stem.isdecimal()}
    faults = [
        Fault(str(f), "its name is not a frame number")
        for f in files
        if not f.stem.isdecimal()
    ]
    expected = range(1, sequence.length + 1)
    absent = [n for n in expected if n not in numbers]
    if absent:
        listed = ", ".join(str(n) for n in absent[:_NAMED])
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        what = f"lacks {len(absent)} of {sequence.length} frames: {listed}{more}"
        faults.append(Fault(str(folder), what))
    beyond = sorted(n for n in numbers if n not in expected)
    if beyond:
        what = (
            f"is frame {beyond[0]} of {sequence.length} in seqinfo.ini "
            f"({len(beyond)} such pictures)"
        )
        faults.append(Fault(str(numbers[beyond[0]]), what))
    known = [numbers[n] for n in sorted(numbers)]
    picks = np.linspace(0, len(known) - 1, min(SAMPLE, len(known))).astype(int)
    decoded = set(known) if every else {known[i] for i in picks}
    for file in known:
        faults += _check_picture(file, sequence, file in decoded)
    return faults


def _check_picture(file: Path, sequence: Sequence, decode: bool) -> list[Fault]:
    if is_cut_off(file):
        return [Fault(str(file), "is cut off: its end is missing")]
    if not decode:
        return []
    try:
        height, width = read_picture(file).shape[:2]
    except InputError:
        return [Fault(str(file), "cannot be decoded as a picture")]
    if (width, height) != (sequence.width, sequence.height):
        size = f"{sequence.width}×{sequence.height}"
        what = f"is {width}×{height} where seqinfo.ini says {size}"
        return [Fault(str(file), what)]
    return []


def is_cut_off(file: Path) -> bool:
    """Whether a file is empty, or a JPEG or PNG without its end marker.

    OpenCV decodes one that stops half-way and fills the rest.
    """
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(0, size - 512))
        tail = opened.read()
    if file.suffix.lower() in (".jpg", ".jpeg"):
        return b"\xff\xd9" not in tail
    if file.suffix.lower() == ".png":
        return b"IEND" not in tail
    return size == 0


def check_annotations(sequence: Sequence) -> tuple[list[Fault], list[str]]:
    """Every row of a ground truth: frames, ids, boxes, labels, repeats.

    Returns:
        What is wrong, and what is unusual but published so (as sentences).
    """
    path = sequence.annotation_file
    try:
        rows, lines = read_rows(path, columns=7)
    except InputError as error:
        return [fault_of(error, path)], []
    if not len(rows):
        return [Fault(str(path), "has no rows")], []
    finite = np.isfinite(rows).all(axis=1)
    faults = _lines(path, lines[~finite], "one of its numbers is not finite")
    rows, lines = rows[finite], lines[finite]
    frame, identity, marks = rows[:, 0], rows[:, 1], rows[:, 6]
    wrong: list[tuple[NDArray[np.bool_], str]] = [
        (
            (frame < 1) | (frame > sequence.length) | (frame % 1 != 0),
            f"its frame is not one of 1 to {sequence.length}",
        ),
        ((identity < 0) | (identity % 1 != 0), "its id is not a whole number from 0"),
        (repeats(frame, identity), "its frame already has a box with its id"),
        ((rows[:, 4] <= 0) | (rows[:, 5] <= 0), "its box has no width or no height"),
        ((marks < 0) | (marks > 1), "its mark (column 7) is not within 0 to 1"),
    ]
    if rows.shape[1] in (8, 9):
        unknown = ~np.isin(rows[:, 7], list(CLASSES))
        wrong.append((unknown, "its class (column 8) is not one of 1 to 13"))
    if rows.shape[1] == 9:
        seen = rows[:, 8]
        wrong.append(
            ((seen < 0) | (seen > 1), "its visibility (column 9) is not within 0 to 1")
        )
    outside = _outside(rows, sequence)
    remarks = []
    if outside.mean() > OUTSIDE_SHARE:
        size = f"{sequence.width}×{sequence.height}"
        wrong.append((outside, f"its box lies wholly outside the {size} picture"))
    elif outside.any():
        remarks.append(
            f"{path}: {outside.sum()} of {len(rows)} boxes lie wholly outside the "
            f"picture, the first in line {lines[outside][0]} (some do as published)"
        )
    for mask, what in wrong:
        faults += _lines(path, lines[mask], what)
    return faults, remarks


def check_detections(sequence: Sequence) -> list[Fault]:
    """Whether the public detections can be read and stay within the sequence."""
    path = sequence.detection_file
    try:
        last = max(read_detections(path), default=-1)
    except InputError as error:
        return [fault_of(error, path)]
    if last >= sequence.length:
        what = f"has frame {last + 1} of {sequence.length} in seqinfo.ini"
        return [Fault(str(path), what)]
    return []


def fault_of(error: InputError, path: Path) -> Fault:
    """A reader's sentence, taken apart into place and reason where it has both."""
    text = str(error).rstrip(".")
    place, colon, what = text.partition(": ")
    if colon and place.startswith(str(path)):
        return Fault(place, what)
    return Fault(str(path), text)


def _lines(path: Path, lines: Iterable[int], what: str) -> list[Fault]:
    """One fault for each of the first lines, one for all that follow."""
    return name_places([f"{path}, line {number}" for number in sorted(lines)], what)


def name_places(places: Many[str], what: str) -> list[Fault]:
    """One fault for each of the first places, one for all that follow."""
    faults = [Fault(place, what) for place in places[:_NAMED]]
    if len(places) > _NAMED:
        rest = f"{len(places) - _NAMED} more lines: {what}"
        faults.append(Fault(places[_NAMED].partition(", line ")[0], rest))
    return faults


def repeats(
    frame: NDArray[np.float64], identity: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """(M,) true where an earlier row has the same frame and id."""
    keys = np.stack([frame, identity], axis=1)
    first = np.unique(keys, axis=0, return_index=True)[1]
    repeated = np.ones(len(frame), np.bool_)
    repeated[first] = False
    return repeated


def _outside(rows: NDArray[np.float64], sequence: Sequence) -> NDArray[np.bool_]:
    """(M,) true where a box does not meet the picture at all."""
    x, y, width, height = rows[:, 2:6].T
    left_or_above = (x + width <= 0) | (y + height <= 0)
    return left_or_above | (x >= sequence.width) | (y >= sequence.height)
