"""MOT rows: the numbers of an annotation file with the line of each row, checked.

What the columns mean, ``mot_files`` says.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.files import read_bytes
from cstrack_bench.formats.numerals import (
    is_coordinate,
    is_score,
    is_whole,
    parse_table,
)
from cstrack_bench.formats.plain_rows import plain_rows
from cstrack_bench.input_limits import FRAME_BOXES, LARGEST_COORDINATE, SEQUENCE_FRAMES

COLUMN_NAMES = "frame, id, left, top, width, height, …"
_CLASS = 8
_SHOWN = 40


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
    content = read_bytes(path)
    plain = plain_rows(content)
    if plain is not None and plain.shape[1] >= columns:
        return plain, np.arange(1, len(plain) + 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(_no_text(path, content, error)) from error
    kept = [
        (number, line.replace(",", " ").split())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip(" \t,")
    ]
    lines = np.array([number for number, _ in kept], np.int64)
    if not kept:
        return np.zeros((0, columns)), lines
    width = len(kept[0][1])
    for number, cells in kept:
        if len(cells) < columns:
            raise InputError(
                f"{path}, line {number}: {len(cells)} columns where at least "
                f"{columns} are needed ({COLUMN_NAMES})."
            )
        if len(cells) != width:
            raise InputError(
                f"{path}, line {number}: {len(cells)} columns where the rows before "
                f"it have {width}."
            )
    table, wrong = parse_table(cells for _, cells in kept)
    if wrong is not None:
        row, cell = wrong
        column = kept[row][1].index(cell) + 1
        shown = cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}…"
        hint = ", which is the number of a class, 1 for a pedestrian"
        raise InputError(
            f"{path}, line {kept[row][0]}: {shown!r} is not a number (column "
            f"{column}{hint if column == _CLASS else ''})."
        )
    return table, lines


def _no_text(path: Path, content: bytes, error: UnicodeDecodeError) -> str:
    """A sentence on a file of another kind, which it may be recognised as."""
    kinds = (
        (b"\x93NUMPY", "a NumPy array; write its rows with np.savetxt(…, fmt='%g', "),
        (b"PK\x03\x04", "a zip archive; unpack it"),
        (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
        (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
        (b"\x1f\x8b", "compressed with gzip; unpack it"),
    )
    for start, what in kinds:
        if content.startswith(start):
            end = "delimiter=',')" if what.endswith(", ") else ""
            return f"{path} is {what}{end}."
    return f"Cannot read {path} as text (UTF-8): {error.reason} at byte {error.start}."


def check_rows(rows: NDArray[np.float64], lines: NDArray[np.int64], path: Path) -> None:
    """Refuse what no MOT file may hold, each with its line.

    That is: numbers that are not or are beyond what can be kept exactly, frames below 1
    or beyond any sequence, boxes of negative size, more boxes in a frame than fit.

    Args:
        rows: (M, C) with C at least 6.
        lines: (M,) number of each row's line.
        path: of the file.

    Raises:
        InputError: see above.
    """

    def check(wrong: NDArray[np.bool_], why: str) -> None:
        refuse(wrong, lines, path, why)

    check(np.any(~np.isfinite(rows[:, :7]), axis=1), "one of its numbers is not finite")
    frames, ids = rows[:, 0], rows[:, 1]
    check(frames < 1, "its frame is below 1 (files count from 1)")
    check(
        ~(is_whole(frames) & is_whole(ids)),
        "its frame or id is not a whole number, or beyond 2^53",
    )
    if len(frames):
        last = int(np.argmax(frames))
        SEQUENCE_FRAMES.check(int(frames[last]), f"{path}, line {lines[last]}")
    check(
        np.any(~is_coordinate(rows[:, 2:6]), axis=1),
        f"one of its coordinates is beyond {LARGEST_COORDINATE:,.0f} pixels",
    )
    check(
        np.any(rows[:, 4:6] < 0, axis=1),
        "its width or height (columns 5, 6) is negative",
    )
    if rows.shape[1] > 6:
        check(~is_score(rows[:, 6]), "its score (column 7) is beyond float32")
    if len(frames) > FRAME_BOXES.value:
        numbers, counts = np.unique(frames, return_counts=True)
        fullest = int(np.argmax(counts))
        owner = f"{path}, frame {int(numbers[fullest])}"
        FRAME_BOXES.check(int(counts[fullest]), owner)


def refuse(
    wrong: NDArray[np.bool_], lines: NDArray[np.int64], path: Path, why: str
) -> None:
    """Raise for the first line, in the order of the file, that is wrong.

    Args:
        wrong: (M,) mask of rows.
        lines: (M,) number of each row's line.
        path: of the file.
        why: what is wrong with such a row.

    Raises:
        InputError: a row is wrong.
    """
    if wrong.any():
        number = int(lines[wrong].min())
        raise InputError(f"{path}, line {number}: {why}.")
