"""Rules of one result file of a submission: its text, its rows, its numbers."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.formats.mot_files import CLASSES, PEDESTRIAN
from cstrack_bench.submission.benchmarks import Benchmark

COLUMNS = 10
_CELL = r"[ \t]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t]*"
_NUMBER = re.compile(_CELL, re.ASCII)
_ROW = re.compile(",".join([_CELL] * COLUMNS), re.ASCII)
_NOT_FINITE = re.compile(r"\s*[+-]?(nan|inf|infinity)\s*", re.I)

Rows = NDArray[np.float64]
Lines = NDArray[np.int64]
# Which rows break a rule, and what to say of one of them.
Rule = tuple[NDArray[np.bool_], Callable[[int], str]]


@dataclass(frozen=True)
class RowFault:
    """One kind of fault in a file.

    Attributes:
        line: the first with it, from 1; 0 where it is the whole file.
        what: is wrong with that line.
        more: further lines with a fault of this kind.
    """

    line: int
    what: str
    more: int = 0

    def __str__(self) -> str:
        if not self.more:
            return self.what
        return f"{self.what} (and {self.more:,} more line{'s' * (self.more > 1)})"


@dataclass(frozen=True)
class CheckedRows:
    """What was found in one file.

    Attributes:
        rows: that it has.
        faults: by line, the first of each kind.
    """

    rows: int
    faults: tuple[RowFault, ...]


def check_rows(content: bytes, length: int, benchmark: Benchmark) -> CheckedRows:
    """Hold a result file against the rules of a server.

    Of a line the first rule that it breaks is named; a file without a row is allowed.

    Args:
        content: of the file.
        length: frames of its sequence.
        benchmark: whose rules.
    """
    text = _decode(content)
    if isinstance(text, RowFault):
        return CheckedRows(0, (text,))
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    faults: list[RowFault] = []
    sound: list[tuple[int, str]] = []
    broken: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines, start=1):
        if _ROW.fullmatch(line):
            sound.append((number, line))
        else:
            kind, what = _form(line, number)
            broken.setdefault(kind, []).append((number, what))
    for found in broken.values():
        faults.append(RowFault(*found[0], len(found) - 1))
    if sound:
        faults += _numbers(sound, length, benchmark)
    return CheckedRows(
        len(lines), tuple(sorted(faults, key=lambda fault: (fault.line, fault.what)))
    )


def _decode(content: bytes) -> str | RowFault:
    if content.startswith(b"\xef\xbb\xbf"):
        return RowFault(1, "begins with a byte order mark, which is read as a digit")
    if b"\0" in content:
        return RowFault(0, "holds NUL bytes: it is not plain text")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return RowFault(line, "holds bytes that are not UTF-8 text")
    if "\r" in text.replace("\r\n", "\n"):
        line = text[: text.index("\r")].count("\n") + 1
        return RowFault(line, "ends in a carriage return alone; lines end in \\n")
    return text


def _form(line: str, number: int) -> tuple[str, str]:
    """Kind and words of what is wrong with a line's form."""
    if not line.strip():
        return "blank", "is blank"
    count = line.count(",") + 1
    if count == COLUMNS:
        return _cells(line.split(","), number)
    if line.rstrip().endswith(","):
        return "trailing", "ends in a comma"
    if count == 1 and len(re.split(r"[\s;]+", line.strip())) > 1:
        return "separator", "separates its columns by something else than commas"
    return "columns", f"has {count} columns, not {COLUMNS}"


def _cells(cells: list[str], number: int) -> tuple[str, str]:
    bad = [cell for cell in cells if not _NUMBER.fullmatch(cell)]
    if number == 1 and len(bad) > COLUMNS // 2 and not any(map(_is_infinite, bad)):
        return "heading", "is a heading; a result file holds rows alone"
    if _is_infinite(bad[0]):
        return "finite", f"has {bad[0].strip()}, which is no finite number"
    if not bad[0].strip():
        return "empty", "has an empty column"
    return "number", f"has {bad[0].strip()[:20]!r} where a number has to be"


def _is_infinite(cell: str) -> bool:
    return bool(_NOT_FINITE.fullmatch(cell))


def _numbers(
    sound: list[tuple[int, str]], length: int, benchmark: Benchmark
) -> Iterator[RowFault]:
    """What is wrong with the numbers of rows that have the right form."""
    lines = np.array([number for number, _ in sound], np.int64)
    text = ",".join(line for _, line in sound)
    rows = np.fromstring(text, np.float64, sep=",").reshape(-1, COLUMNS)
    free = np.ones(len(rows), np.bool_)
    rules = [*_frame_rules(rows, length), *_id_rules(rows, benchmark)]
    rules += [*_box_rules(rows), *_ending_rules(rows, benchmark)]
    for mask, words in rules:
        wrong = np.flatnonzero(mask & free)
        if len(wrong):
            first = int(wrong[0])
            yield RowFault(int(lines[first]), words(first), len(wrong) - 1)
            free[wrong] = False
    yield from _repeated(rows[free], lines[free])
    yield from _unordered(rows[free], lines[free])


def _frame_rules(rows: Rows, length: int) -> Iterator[Rule]:
    frames = rows[:, 0]
    infinite = np.asarray((~np.isfinite(rows)).any(axis=1))
    yield infinite, lambda row: "has a number that is too large"
    yield frames % 1 != 0, lambda row: f"has frame {frames[row]:g}, no whole number"
    yield frames < 1, lambda row: f"has frame {frames[row]:.0f}; frames count from 1"
    yield (
        frames > length,
        lambda row: f"has frame {frames[row]:.0f} of a sequence of {length}",
    )


def _id_rules(rows: Rows, benchmark: Benchmark) -> Iterator[Rule]:
    ids = rows[:, 1]
    yield ids % 1 != 0, lambda row: f"has id {ids[row]:g}, no whole number"
    yield ids < 0, lambda row: f"has id {ids[row]:.0f}: a detection, not a track"
    yield (
        ids < benchmark.first_id,
        lambda row: f"has id {ids[row]:.0f}; ids count from {benchmark.first_id}",
    )


def _box_rules(rows: Rows) -> Iterator[Rule]:
    widths, heights = rows[:, 4], rows[:, 5]
    yield widths <= 0, lambda row: f"has a box of width {widths[row]:g}"
    yield heights <= 0, lambda row: f"has a box of height {heights[row]:g}"


def _ending_rules(rows: Rows, benchmark: Benchmark) -> Iterator[Rule]:
    if benchmark.ending:
        wanted = np.array([float(cell) for cell in benchmark.ending])
        yield (
            (rows[:, 6:] != wanted).any(axis=1),
            lambda row: f"does not end in {','.join(benchmark.ending)}",
        )
        return
    others = [number for number in CLASSES if number != PEDESTRIAN]
    yield (
        np.isin(rows[:, 7], others),
        lambda row: f"has class {rows[row, 7]:.0f} in column 8, not a pedestrian's",
    )


def _repeated(rows: Rows, lines: Lines) -> Iterator[RowFault]:
    """Rows whose frame already has their id."""
    order = np.lexsort((lines, rows[:, 1], rows[:, 0]))
    keys = rows[order, :2]
    again = np.flatnonzero((keys[1:] == keys[:-1]).all(axis=1)) + 1
    if len(again):
        first = int(again[np.argmin(lines[order][again])])
        frame, identity = keys[first]
        other = int(lines[order][first - 1])
        yield RowFault(
            int(lines[order][first]),
            f"has id {identity:.0f} in frame {frame:.0f}, as line {other} has",
            len(again) - 1,
        )


def _unordered(rows: Rows, lines: Lines) -> Iterator[RowFault]:
    """Rows that are sorted neither by frame nor by id and then frame."""
    frames, ids = rows[:, 0], rows[:, 1]
    back = np.flatnonzero(frames[1:] < frames[:-1]) + 1
    same = ids[1:] == ids[:-1]
    astray = (ids[1:] < ids[:-1]) | (same & (frames[1:] < frames[:-1]))
    if len(back) and astray.any():
        first = int(back[0])
        yield RowFault(
            int(lines[first]),
            f"has frame {frames[first]:.0f} after frame {frames[first - 1]:.0f}; rows "
            "are sorted by frame, or by id and then frame",
            len(back) - 1,
        )
