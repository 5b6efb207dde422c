"""Checks of label files in JDE's layout: every row, with its line."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.formats.jde_labels import read_labels
from cstrack_bench.verification.annotation_checks import Findings, repeats
from cstrack_bench.verification.faults import Fault, judge_outside


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
        rows = read_labels(file)
    except InputError:
        return [Fault(str(file), "cannot be read as text")]
    table, lines = rows.table, rows.lines
    people = rows.persons & np.isfinite(table).all(axis=1)
    identity = table[:, 1]
    repeated = people & (identity >= 0) & repeats(table[:, 0], identity)
    what = "its picture already has a box with its id"
    found = (*rows.faults, *((int(line), what) for line in lines[repeated]))
    faults = [Fault(f"{file}, line {line}", what) for line, what in found]
    count.boxes += int(people.sum())
    count.identities |= {int(i) for i in identity[people & (identity >= 0)]}
    outside = people & lies_outside(table[:, 2:4], table[:, 4:6])
    count.outside += [f"{file}, line {line}" for line in lines[outside]]
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
