"""Checks of a sequence's ground truth and public detections, row by row."""

import collections.abc as abc
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.boxes import xywh_to_xyxy
from cstrack_bench.errors import InputError
from cstrack_bench.formats.mot_files import CLASSES, read_annotations, read_detections
from cstrack_bench.formats.mot_rows import read_rows
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.verification.faults import (
    Fault,
    fault_of,
    judge_outside,
    name_locations,
)

#: What is wrong, and what is unusual but published so (as sentences).
Findings = tuple[list[Fault], list[str]]


@dataclass(frozen=True)
class BoxRows:
    """Finite rows of ground truth, and where each stands.

    Attributes:
        frames: (M,) float64, as its files count.
        ids: (M,) float64.
        boxes: (M, 4) float64, x1 y1 x2 y2 in pixels.
        locate: number of a row -> its file, with line where it is one.
    """

    frames: NDArray[np.float64]
    ids: NDArray[np.float64]
    boxes: NDArray[np.float64]
    locate: abc.Callable[[int], str]

    def name(self, mask: NDArray[np.bool_], what: str) -> list[Fault]:
        """A fault for each of the first rows where a mask is true."""
        return name_locations([self.locate(int(i)) for i in np.flatnonzero(mask)], what)


def check_rows(rows: BoxRows, sequence: Sequence, first: int = 1) -> Findings:
    """Frames, ids, boxes and repeats, whatever the files' format.

    Args:
        rows: of the sequence's ground truth.
        sequence: gives length and size; a width of 0 stands for unknown.
        first: number of the first frame in the files.
    """
    frame, identity = rows.frames, rows.ids
    last = first + sequence.length - 1
    x1, y1, x2, y2 = rows.boxes.T
    wrong: list[tuple[NDArray[np.bool_], str]] = [
        (
            (frame < first) | (frame > last) | (frame % 1 != 0),
            f"its frame is not one of {first} to {last}",
        ),
        ((identity < 0) | (identity % 1 != 0), "its id is not a whole number from 0"),
        (repeats(frame, identity), "its frame already has a box with its id"),
        ((x2 <= x1) | (y2 <= y1), "its box has no width or no height"),
    ]
    faults = [fault for mask, what in wrong for fault in rows.name(mask, what)]
    if not sequence.width:
        return faults, []
    outside = (x2 <= 0) | (y2 <= 0) | (x1 >= sequence.width) | (y1 >= sequence.height)
    locations = [rows.locate(int(i)) for i in np.flatnonzero(outside)]
    size = f"{sequence.width}×{sequence.height}"
    more, remarks = judge_outside(locations, len(frame), size)
    return faults + more, remarks


def check_annotations(sequence: Sequence) -> Findings:
    """Ground truth in any format, as it was read.

    Args:
        sequence: with ground truth.
    """
    path = sequence.annotation_file
    try:
        found = sequence.whole_annotations()
    except InputError as error:
        return [fault_of(error, path)], []
    if found is None or not len(found):
        return [Fault(str(path), "has no person")], []
    if not np.isfinite(found.boxes).all():
        return [Fault(str(path), "one of its numbers is not finite")], []
    frames, ids = (
        column.astype(np.float64) for column in (found.frames + 1, found.ids)
    )
    rows = BoxRows(frames, ids, found.boxes, lambda row: f"{path}, box {row + 1}")
    return check_rows(rows, sequence)


def check_mot_annotations(sequence: Sequence) -> Findings:
    """Every row of a ground truth of MOTChallenge's format, with its line.

    Args:
        sequence: with ground truth.
    """
    path = sequence.annotation_file
    try:
        table, lines = read_rows(path, columns=7)
    except InputError as error:
        return [fault_of(error, path)], []
    if not len(table):
        return [Fault(str(path), "has no rows")], []
    finite = np.isfinite(table).all(axis=1)
    locations = [f"{path}, line {number}" for number in lines[~finite]]
    faults = name_locations(locations, "one of its numbers is not finite")
    table, lines = table[finite], lines[finite]
    boxes = np.asarray(xywh_to_xyxy(table[:, 2:6]), np.float64)
    rows = BoxRows(
        table[:, 0], table[:, 1], boxes, lambda row: f"{path}, line {lines[row]}"
    )
    common, remarks = check_rows(rows, sequence)
    marks = table[:, 6]
    wrong: list[tuple[NDArray[np.bool_], str]] = [
        ((marks < 0) | (marks > 1), "its mark (column 7) is not within 0 to 1")
    ]
    if table.shape[1] in (8, 9):
        unknown = ~np.isin(table[:, 7], list(CLASSES))
        wrong.append((unknown, "its class (column 8) is not one of 1 to 13"))
    if table.shape[1] == 9:
        seen = table[:, 8]
        wrong.append(
            ((seen < 0) | (seen > 1), "its visibility (column 9) is not within 0 to 1")
        )
    faults += [fault for mask, what in wrong for fault in rows.name(mask, what)]
    faults += common
    if not faults:
        try:
            read_annotations(path)
        except InputError as error:
            faults.append(fault_of(error, path))
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


def repeats(
    frame: NDArray[np.float64], identity: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """(M,) true where an earlier row has the same frame and id."""
    keys = np.stack([frame, identity], axis=1)
    first = np.unique(keys, axis=0, return_index=True)[1]
    repeated = np.ones(len(frame), np.bool_)
    repeated[first] = False
    return repeated
