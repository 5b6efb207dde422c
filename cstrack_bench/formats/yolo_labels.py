"""YOLO labels: a folder with one text file a picture, boxes as fractions of it.

A row is ``class xc yc width height``, with a score behind it where the tool was asked
for one, and an id behind that where it tracked. The number of the frame is the last one
in a file's name; a picture without a box may have no file.
"""

from pathlib import Path

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.formats.mot_rows import check_rows, read_rows
from cstrack_bench.formats.names import last_number, natural_key
from cstrack_bench.input_limits import SEQUENCE_FRAMES
from cstrack_bench.structures import Detections

_PERSON = 0.0
# Fractions may leave the picture by what a box that is cut off leaves it.
_FARTHEST = 4.0


def yolo_files(folder: Path) -> list[Path]:
    """The text files of a folder whose names end in a number, in natural order."""
    files = [
        file
        for file in folder.glob("*.txt")
        if not file.name.startswith(".") and last_number(file.stem) is not None
    ]
    return sorted(files, key=lambda file: natural_key(file.name))


def read_yolo(
    folder: Path, size: tuple[int, int]
) -> tuple[dict[int, Detections], tuple[str, ...]]:
    """The persons (class 0) of a folder.

    Args:
        folder: of the text files; frames count from 1, or from 0 where one is 0.
        size: width and height of the frames, in pixels.

    Returns:
        0-based frame -> boxes in pixels; and what was left out or assumed.

    Raises:
        InputError: no such folder, no files, or a row that is not what it should be.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder} is not a folder: in YOLO's form every picture has a file of its "
            "own, and the folder of them is given."
        )
    files = yolo_files(folder)
    if not files:
        raise InputError(f"{folder} has no text files with a frame's number as name.")
    numbers = [last_number(file.stem) or 0 for file in files]
    if len(set(numbers)) < len(numbers):
        raise InputError(f"{folder} has two files for one frame; give one sequence's.")
    first = min(1, *numbers) if numbers else 1
    SEQUENCE_FRAMES.check(max(numbers), str(folder))
    found: dict[int, Detections] = {}
    others = unscored = 0
    for file, number in zip(files, numbers, strict=True):
        detections, left_out, without = _read_file(file, size)
        others += left_out
        unscored += without
        if len(detections):
            found[number - first] = detections
    remarks = []
    if first == 0:
        remarks.append(f"{folder} counts frames from 0: {files[0].name} is frame 1.")
    if others:
        remarks.append(f"{folder}: {others} boxes of other classes than 0 left out.")
    if unscored:
        remarks.append(f"{folder}: {unscored} boxes without a score are taken as 1.")
    return found, tuple(remarks)


def _read_file(file: Path, size: tuple[int, int]) -> tuple[Detections, int, int]:
    """The persons of a file; how many others it has, and how many have no score."""
    rows, lines = read_rows(file, columns=5)
    if not len(rows):
        return Detections.empty(), 0, 0
    fractions = rows[:, 1:5]
    with np.errstate(invalid="ignore"):
        sound = (np.abs(fractions) <= _FARTHEST).all(axis=1)
    if not sound.all():
        raise InputError(
            f"{file}, line {int(lines[~sound][0])}: columns 2 to 5 are fractions of "
            "the picture (centre, width, height), which these are not."
        )
    scale = np.array([*size, *size], np.float64)
    pixels = fractions * scale
    scores = rows[:, 5] if rows.shape[1] > 5 else np.ones(len(rows))
    frame, unknown = np.ones(len(rows)), np.full(len(rows), -1.0)
    corner = pixels[:, :2] - pixels[:, 2:] / 2
    table = np.column_stack([frame, unknown, corner, pixels[:, 2:], scores])
    check_rows(table, lines, file)
    person = rows[:, 0] == _PERSON
    boxes = np.concatenate([corner, corner + pixels[:, 2:]], axis=1)[person]
    detections = Detections(boxes.astype(np.float32), scores[person].astype(np.float32))
    without = 0 if rows.shape[1] > 5 else int(person.sum())
    return detections, int((~person).sum()), without
