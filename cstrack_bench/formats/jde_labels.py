"""Label files in JDE's layout: rows ``class id xc yc w h``, boxes as fractions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.formats.numerals import is_coordinate, is_whole, parse_number

_PERSON = 0
_COLUMNS = 6


@dataclass(frozen=True)
class LabelRows:
    """The rows of a label file.

    Attributes:
        table: (N, 6) float64, class, id, centre x, y, width, height of the rows that
            are six numbers.
        lines: (N,) int64, their lines, from 1.
        faults: line and what is wrong with it, in the order of the rules.
    """

    table: NDArray[np.float64]
    lines: NDArray[np.int64]
    faults: tuple[tuple[int, str], ...]

    @property
    def persons(self) -> NDArray[np.bool_]:
        """(N,) true where a row is a person's."""
        return np.asarray(self.table[:, 0] == _PERSON, np.bool_)


def read_labels(file: Path) -> LabelRows:
    """The rows of a label file, and every line that cannot be meant.

    Args:
        file: a row a box; an id of -1 is a person without an identity.

    Raises:
        InputError: the file is absent or no text.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{file} is absent: a listed picture has no labels.") from None
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{file} cannot be read as text.") from None
    faults: list[tuple[int, str]] = []
    rows: list[list[float]] = []
    lines: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split()
        if not cells:
            continue
        if len(cells) != _COLUMNS:
            what = f"has {len(cells)} columns, not class id xc yc w h"
            faults.append((number, what))
            continue
        row = [parse_number(cell) for cell in cells]
        known = [cell for cell in row if cell is not None]
        if len(known) != _COLUMNS:
            faults.append((number, "one of its cells is not a number"))
            continue
        rows.append(known)
        lines.append(number)
    table = np.array(rows, np.float64).reshape(-1, _COLUMNS)
    finite = np.isfinite(table).all(axis=1)
    near = is_coordinate(np.where(np.isfinite(table), table, 0.0)[:, 2:]).all(axis=1)
    identity = np.where(finite, table[:, 1], 0.0)
    flat = (table[:, 4:] <= 0).any(axis=1)
    wrong = (
        (~finite, "one of its numbers is not finite"),
        (finite & ~near, "its box is too far away to be a fraction of a picture"),
        (
            (identity < -1) | ~is_whole(identity),
            "its id is not -1 or a whole number from 0",
        ),
        (
            finite & (table[:, 0] == _PERSON) & flat,
            "its box has no width or no height",
        ),
    )
    for mask, what in wrong:
        faults += [(lines[i], what) for i in np.flatnonzero(mask)]
    return LabelRows(table, np.array(lines, np.int64), tuple(faults))


def read_persons(file: Path) -> NDArray[np.float64]:
    """The persons of a label file to learn from.

    Args:
        file: see ``read_labels``.

    Returns:
        (N, 5) float64, id, centre x, y, width, height.

    Raises:
        InputError: it is absent or no text, or names the first line that is wrong.
    """
    found = read_labels(file)
    if found.faults:
        line, what = found.faults[0]
        more = f" ({len(found.faults) - 1} more such)" if len(found.faults) > 1 else ""
        raise InputError(f"{file}, line {line}: {what}{more}.")
    return found.table[found.persons][:, 1:]
