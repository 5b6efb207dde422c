"""MOT text files: ground truth, results and detections, read and written.

One row is one box: ``frame,id,left,top,width,height,score…``. Frames are 1-based in
the file and 0-based in memory, and only here does one become the other. Commas or
spaces separate the columns, as in the official kit.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.boxes import xywh_to_xyxy, xyxy_to_xywh
from cstrack_bench.errors import InputError
from cstrack_bench.files import write_text
from cstrack_bench.formats.mot_rows import check_rows, read_rows, refuse
from cstrack_bench.formats.numerals import is_whole
from cstrack_bench.structures import Detections, TrackTable

#: Class numbers of MOTChallenge from MOT16 on; MOT15 has none and gets NO_CLASS.
CLASSES = {
    1: "pedestrian",
    2: "person on vehicle",
    3: "car",
    4: "bicycle",
    5: "motorbike",
    6: "non-motorised vehicle",
    7: "static person",
    8: "distractor",
    9: "occluder",
    10: "occluder on the ground",
    11: "occluder full",
    12: "reflection",
    13: "crowd",
}
PEDESTRIAN = 1
NO_CLASS = -1

# MOT15 has ten; no format of MOTChallenge has more.
_MOST_COLUMNS = 10
# More digits than any annotation has; a result file stays a third of repr's size.
_DECIMALS = 3


@dataclass(frozen=True)
class Annotations:
    """The ground truth of one sequence, in the order of its file.

    Attributes:
        frames: (M,) int64, 0-based.
        ids: (M,) int64.
        boxes: (M, 4) float64, x1 y1 x2 y2 in pixels; may leave the picture.
        marks: (M,) float64; 0 = not to be scored.
        classes: (M,) int64, keys of ``CLASSES``, or ``NO_CLASS`` where the file has
            no class column (MOT15).
        visibility: (M,) float64 in [0, 1]; 1 where the file does not say.
    """

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes: NDArray[np.float64]
    marks: NDArray[np.float64]
    classes: NDArray[np.int64]
    visibility: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frames)

    def keep(self, mask: NDArray[np.bool_]) -> "Annotations":
        """The rows where ``mask`` (M,) is true."""
        return Annotations(
            self.frames[mask],
            self.ids[mask],
            self.boxes[mask],
            self.marks[mask],
            self.classes[mask],
            self.visibility[mask],
        )

    def between(self, start: int, stop: int) -> "Annotations":
        """The rows with ``start <= frame < stop``; numbers unchanged."""
        return self.keep((self.frames >= start) & (self.frames < stop))

    @property
    def is_pedestrian(self) -> NDArray[np.bool_]:
        """(M,) mask of the rows that are scored and trained on.

        Mark not 0 and class pedestrian; where there are no classes, mark not 0
        (docs/reference.md#mot17-labels, docs/reference.md#scored-rows).
        """
        person = np.isin(self.classes, (PEDESTRIAN, NO_CLASS))
        # The official kit cuts marks to whole numbers before it compares them.
        return person & (self.marks.astype(np.int64) != 0)

    def pedestrians(self) -> "Annotations":
        """The rows of ``is_pedestrian``."""
        return self.keep(self.is_pedestrian)

    def why_nothing_counts(self) -> str:
        """A clause that says why no row is scored or trained on, naming the column."""
        if not len(self):
            return "it has no row"
        unmarked = self.marks.astype(np.int64) == 0
        if unmarked.all():
            return f"the mark (column 7) of all its {len(self)} rows is 0"
        others = set(self.classes[~unmarked].tolist()) - {PEDESTRIAN, NO_CLASS}
        listed = ", ".join(map(str, sorted(others)))
        return f"the class (column 8) of its marked rows is {listed}, never 1"

    def as_tracks(self) -> TrackTable:
        """These rows as a tracker's result with score 1, sorted by frame, then id."""
        order = np.lexsort((self.ids, self.frames))
        return TrackTable(
            self.frames[order],
            self.ids[order],
            self.boxes[order],
            np.ones(len(order)),
        )


def read_annotations(path: Path) -> Annotations:
    """Read a ``gt.txt`` of MOT15 (10 columns) or MOT16 and later (7 to 9 columns).

    Column 8 is a class where it is one by its numbers: whole, and not -1 in all rows.
    With a tenth column it may be a position in the world (MOT15), which is hardly ever
    whole; VisDrone and DarkLabel have a class there.

    Raises:
        InputError: no such file, or a row that is not what it should be (with line):
            marks that are scores, classes in some rows only, columns of no known
            meaning.
    """
    rows, lines = read_rows(path, columns=7)
    check_rows(rows, lines, path)
    count, width = rows.shape
    if count and width > _MOST_COLUMNS:
        raise InputError(
            f"{path}, line {lines[0]}: {width} columns, whose classes could be in any "
            "of the last; keep frame, id, left, top, width, height, mark, class, "
            "visibility."
        )
    marks = rows[:, 6]
    refuse(
        ~is_whole(marks),
        lines,
        path,
        "its mark (column 7) is neither 0 nor 1; a detector's score does not belong "
        "there: write 1 where a box is to be scored",
    )
    classes = np.full(count, float(NO_CLASS))
    if width in (8, 9) or (width > 9 and is_whole(rows[:, 7]).all()):
        classes = _classes(rows[:, 7], lines, path)
    if width > 9:
        why = (
            "it has a class in column 8 of 10 (VisDrone's order), whose numbers are "
            "not MOTChallenge's; keep nine columns and write 1 for a pedestrian and "
            "another of 1 to 13 for what is not to be scored"
        )
        refuse(~np.isin(classes, (NO_CLASS, PEDESTRIAN)), lines, path, why)
    visibility = rows[:, 8] if width == 9 else np.ones(count)
    why = "its visibility (column 9) is not a number"
    refuse(~np.isfinite(visibility), lines, path, why)
    return Annotations(
        frames=rows[:, 0].astype(np.int64) - 1,
        ids=rows[:, 1].astype(np.int64),
        boxes=_corners(rows),
        marks=marks,
        classes=classes.astype(np.int64),
        visibility=visibility,
    )


def _classes(
    column: NDArray[np.float64], lines: NDArray[np.int64], path: Path
) -> NDArray[np.float64]:
    """The classes of a file, all rows or none of which have one."""
    refuse(~is_whole(column), lines, path, "its class (column 8) is not a whole number")
    absent = column == NO_CLASS
    if not absent.all():
        why = (
            "its class (column 8) is -1, which is none, where other rows have one; "
            "write 1 for a pedestrian, or mark 0 (column 7) and class 13 for a region "
            "to ignore"
        )
        refuse(absent, lines, path, why)
    return column


def read_tracks(path: Path) -> TrackTable:
    """Read a result file; a missing score column reads as 1.

    Raises:
        InputError: no such file, or a row (named with its line) that is malformed,
            has a negative id (a detection, not a track), is of another class than
            pedestrian, or repeats an id in its frame.
    """
    rows, lines = read_rows(path, columns=6)
    check_rows(rows, lines, path)
    negative = "its id is negative: that is a detection, not a track"
    refuse(rows[:, 1] < 0, lines, path, negative)
    if rows.shape[1] > 7:
        # MOT15 puts a position in this column, hardly ever a whole one.
        other = np.isin(rows[:, 7], [c for c in CLASSES if c != PEDESTRIAN])
        refuse(other, lines, path, "its class (column 8) is not pedestrian (1 or -1)")
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    rows, lines = rows[order], lines[order]
    same = np.zeros(len(rows), np.bool_)
    same[1:] = (rows[1:, :2] == rows[:-1, :2]).all(axis=1)
    refuse(same, lines, path, "its frame already has a box with its id")
    scores = rows[:, 6] if rows.shape[1] > 6 else np.ones(len(rows))
    return TrackTable(
        frames=rows[:, 0].astype(np.int64) - 1,
        ids=rows[:, 1].astype(np.int64),
        boxes=_corners(rows),
        scores=scores.copy(),
    )


def write_tracks(path: Path, table: TrackTable) -> None:
    """Write a result file (``frame,id,x,y,w,h,score,-1,-1,-1``) atomically.

    Coordinates and scores are rounded to 3 decimals.

    Raises:
        InputError: two boxes of one frame share an id, or a number is not finite.
        CstrackError: the file system refused.
    """
    order = np.lexsort((table.ids, table.frames))
    keys = np.stack([table.frames, table.ids], axis=1)[order]
    again = (keys[1:] == keys[:-1]).all(axis=1)
    if again.any():
        frame, identity = keys[1:][again][0]
        raise InputError(
            f"Cannot write {path}: id {identity} is twice in frame {frame + 1}; "
            "a tracker gives each box of a frame its own id."
        )
    numbers = np.column_stack([xyxy_to_xywh(table.boxes), table.scores])[order]
    if not np.isfinite(numbers).all():
        frame = keys[~np.isfinite(numbers).all(axis=1)][0, 0]
        raise InputError(
            f"Cannot write {path}: a box or score of frame {frame + 1} is not a "
            "finite number."
        )
    turned = (numbers[:, 2:4] < 0).any(axis=1)
    if turned.any():
        raise InputError(
            f"Cannot write {path}: a box of frame {keys[turned][0, 0] + 1} has a "
            "negative width or height."
        )
    rows = [
        f"{frame + 1},{identity},"
        + ",".join(f"{value:.10g}" for value in values)
        + ",-1,-1,-1\n"
        for (frame, identity), values in zip(
            keys.tolist(), np.round(numbers, _DECIMALS).tolist(), strict=True
        )
    ]
    write_text(path, "".join(rows))


def read_detections(path: Path) -> dict[int, Detections]:
    """Read a ``det.txt``, or any file with the score in column 7; ids are ignored.

    Returns:
        0-based frame -> its boxes in the order of the file. Scores are as in the
        file, so DPM's go below 0 and above 1. A frame without boxes has no key.

    Raises:
        InputError: no such file, or a malformed row (with line).
    """
    rows, lines = read_rows(path, columns=7)
    check_rows(rows, lines, path)
    return detections_by_frame(rows)


def detections_by_frame(rows: NDArray[np.float64]) -> dict[int, Detections]:
    """Checked rows with the score in column 7, as detections.

    Args:
        rows: (M, C) with C at least 7: frame from 1, id, left, top, width, height,
            score.

    Returns:
        0-based frame -> its boxes in the order of the rows.
    """
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    frames, first = np.unique(rows[:, 0].astype(np.int64), return_index=True)
    boxes = _corners(rows).astype(np.float32)
    scores = rows[:, 6].astype(np.float32)
    ends = np.append(first, len(rows))[1:].tolist()
    return {
        frame - 1: Detections(boxes[start:end], scores[start:end])
        for frame, start, end in zip(frames.tolist(), first.tolist(), ends, strict=True)
    }


def _corners(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M, 4) x1 y1 x2 y2 from the left, top, width and height of columns 3 to 6."""
    return np.asarray(xywh_to_xyxy(rows[:, 2:6]), np.float64)
