"""Numerals: text cells of annotation files as numbers within known ranges.

One reader for every file of numbers. Python's own ``float`` also takes ``1_0``, digits
of other scripts, ``nan`` and ``infinity``, none of which a writer of such files means.
"""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.input_limits import LARGEST_COORDINATE, LARGEST_SCORE, LARGEST_WHOLE

_NUMERAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NO_NUMBER = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def parse_number(cell: str) -> float | None:
    """The number in a cell; ``nan`` and ``inf`` are what they say, None is no number.

    Args:
        cell: without spaces around it.
    """
    if _NUMERAL.fullmatch(cell) or _NO_NUMBER.fullmatch(cell):
        return float(cell)
    return None


def parse_table(
    rows: Iterable[list[str]],
) -> tuple[NDArray[np.float64], tuple[int, str] | None]:
    """Rows of cells as numbers.

    Args:
        rows: of equal length.

    Returns:
        (M, C) float64, and row and text of the first cell that is no number, if one is.
    """
    numbers: list[list[float]] = []
    for index, cells in enumerate(rows):
        row: list[float] = []
        for cell in cells:
            number = parse_number(cell)
            if number is None:
                return np.zeros((0, len(cells))), (index, cell)
            row.append(number)
        numbers.append(row)
    return np.array(numbers, np.float64), None


def is_whole(column: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(M,) true where a number is whole and exact."""
    inside = np.abs(column) <= LARGEST_WHOLE
    return np.asarray(inside & (np.where(inside, column, 0.5) % 1 == 0), np.bool_)


def is_coordinate(columns: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where a number can be a position or a length in pixels."""
    return np.asarray(np.abs(columns) <= LARGEST_COORDINATE, np.bool_)


def is_score(column: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where a number can be kept as a score."""
    return np.asarray(np.abs(column) <= LARGEST_SCORE, np.bool_)
