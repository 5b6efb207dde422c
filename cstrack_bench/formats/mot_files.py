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
from cstrack_bench.formats.plain_rows import plain_rows
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

    A tenth column means MOT15, whose columns 8 to 10 are positions in the world (or
    -1), not class and visibility.

    Raises:
        InputError: no such file, or a row that is not what it should be (with line).
    """
    rows, lines = read_rows(path, columns=7)
    _check(rows, lines, path)
    count, width = rows.shape
    has_classes = width in (8, 9)
    classes = rows[:, 7] if has_classes else np.full(count, float(NO_CLASS))
    visibility = rows[:, 8] if width == 9 else np.ones(count)
    for name, column in (("class", classes), ("visibility", visibility)):
        _refuse(~np.isfinite(column), lines, path, f"its {name} is not a number")
    return Annotations(
        frames=rows[:, 0].astype(np.int64) - 1,
        ids=rows[:, 1].astype(np.int64),
        boxes=_corners(rows),
        marks=rows[:, 6],
        classes=classes.astype(np.int64),
        visibility=visibility,
    )


def read_tracks(path: Path) -> TrackTable:
    """Read a result file; a missing score column reads as 1.

    Raises:
        InputError: no such file, or a row (named with its line) that is malformed,
            has a negative id (a detection, not a track), is of another class than
            pedestrian, or repeats an id in its frame.
    """
    rows, lines = read_rows(path, columns=6)
    _check(rows, lines, path)
    negative = "its id is negative: that is a detection, not a track"
    _refuse(rows[:, 1] < 0, lines, path, negative)
    if rows.shape[1] > 7:
        # MOT15 puts a position in this column, hardly ever a whole one.
        other = np.isin(rows[:, 7], [c for c in CLASSES if c != PEDESTRIAN])
        _refuse(other, lines, path, "its class (column 8) is not pedestrian (1 or -1)")
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    rows, lines = rows[order], lines[order]
    same = np.zeros(len(rows), np.bool_)
    same[1:] = (rows[1:, :2] == rows[:-1, :2]).all(axis=1)
    _refuse(same, lines, path, "its frame already has a box with its id")
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
    _check(rows, lines, path)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    frames, first = np.unique(rows[:, 0].astype(np.int64), return_index=True)
    boxes = _corners(rows).astype(np.float32)
    scores = rows[:, 6].astype(np.float32)
    ends = np.append(first, len(rows))[1:].tolist()
    return {
        frame - 1: Detections(boxes[start:end], scores[start:end])
        for frame, start, end in zip(frames.tolist(), first.tolist(), ends, strict=True)
    }


def read_rows(
    path: Path, columns: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The numbers of a MOT file.

    Args:
        path: the file; a blank line is skipped, a separator at a line's end allowed.
        columns: the fewest columns a row may have.

    Returns:
        (M, C) float64 with C the columns of the first row (``columns`` if there is
        none), and the (M,) line numbers, from 1.

    Raises:
        InputError: unreadable, not numbers, or rows of different lengths (with line).
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"No such file: {path}.") from None
    except OSError as error:
        raise InputError(f"Cannot read {path} as text: {error}.") from error
    plain = plain_rows(content)
    if plain is not None and plain.shape[1] >= columns:
        return plain, np.arange(1, len(plain) + 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"Cannot read {path} as text: {error}.") from error
    kept = [
        (number, line.replace(",", " ").split())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    lines = np.array([number for number, _ in kept], np.int64)
    if not kept:
        return np.zeros((0, columns)), lines
    width = len(kept[0][1])
    for number, cells in kept:
        if len(cells) < columns:
            raise InputError(
                f"{path}, line {number}: {len(cells)} columns where at least "
                f"{columns} are needed (frame, id, left, top, width, height, …)."
            )
        if len(cells) != width:
            raise InputError(
                f"{path}, line {number}: {len(cells)} columns where the rows before "
                f"it have {width}."
            )
    try:
        return np.array([cells for _, cells in kept], np.float64), lines
    except ValueError:
        number, cell = next(
            (number, cell)
            for number, cells in kept
            for cell in cells
            if not _is_number(cell)
        )
        raise InputError(f"{path}, line {number}: {cell!r} is not a number.") from None


def _corners(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M, 4) x1 y1 x2 y2 from the left, top, width and height of columns 3 to 6."""
    return np.asarray(xywh_to_xyxy(rows[:, 2:6]), np.float64)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _check(rows: NDArray[np.float64], lines: NDArray[np.int64], path: Path) -> None:
    """Refuse what no MOT file may hold: numbers that are not, frames below 1."""
    infinite = (~np.isfinite(rows[:, :7])).any(axis=1)
    _refuse(np.asarray(infinite), lines, path, "one of its numbers is not finite")
    _refuse(rows[:, 0] < 1, lines, path, "its frame is below 1 (files count from 1)")
    broken = (rows[:, :2] % 1 != 0).any(axis=1)
    _refuse(np.asarray(broken), lines, path, "its frame or id is not a whole number")


def _refuse(
    wrong: NDArray[np.bool_], lines: NDArray[np.int64], path: Path, why: str
) -> None:
    """Raise for the first line, in the order of the file, that is wrong."""
    if wrong.any():
        number = int(lines[wrong].min())
        raise InputError(f"{path}, line {number}: {why}.")
