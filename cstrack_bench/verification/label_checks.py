"""Checks of label files in JDE's layout: every row, with its line."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.verification.annotation_checks import Findings, repeats
from cstrack_bench.verification.faults import Fault, judge_outside

_COLUMNS = 6


@dataclass
class LabelCount:
    """What the labels of some pictures hold, and where boxes lie wholly outside.

    Attributes:
        boxes: rows.
        identities: numbers of persons who have one.
        outside: locations of boxes that do not meet their picture.
    """

    boxes: int = 0
    identities: set[int] = field(default_factory=set)
    outside: list[str] = field(default_factory=list)

    def judge(self) -> Findings:
        """Boxes outside: what is wrong, and what is only unusual (as sentences)."""
        return judge_outside(self.outside, self.boxes)


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
    locations: list[str] = []
    for number, line in enumerate(lines, 1):
        cells = line.split()
        location = f"{file}, line {number}"
        if not cells:
            continue
        if len(cells) != _COLUMNS:
            what = f"has {len(cells)} columns, not class id xc yc w h"
            faults.append(Fault(location, what))
            continue
        try:
            rows.append([float(cell) for cell in cells])
            locations.append(location)
        except ValueError:
            faults.append(Fault(location, "one of its cells is not a number"))
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
        faults += [Fault(locations[i], what) for i in np.flatnonzero(mask)]
    count.boxes += int(people.sum())
    count.identities |= {int(i) for i in identity[people & (identity >= 0)]}
    outside = people & lies_outside(table[:, 2:4], table[:, 4:6])
    count.outside += [locations[i] for i in np.flatnonzero(outside)]
    return faults


def lies_outside(
    centre: NDArray[np.float64], size: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """(M,) true where a box, in fractions of its picture, does not meet it.

    Args:
        centre: (M, 2).
        size: (M, 2).
    """
    before = (centre + size / 2 <= 0).any(axis=1)
    beyond = (centre - size / 2 >= 1).any(axis=1)
    return np.asarray(before | beyond, np.bool_)
