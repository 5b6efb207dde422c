"""A table as lines of text, as DESIGN.md shows it."""

import collections.abc as abc
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len

from cstrack_bench.report import words
from cstrack_bench.report.direction_words import difference, pair, said
from cstrack_bench.report.rows import Table

GAP = 2  # spaces between columns
WIDE = "each cell: paper / ours"


def table_lines(table: Table, remark: str | None = None) -> list[str]:
    """Title, what the numbers are, rows, directions, and what to know.

    Args:
        table: what to show.
        remark: put in brackets behind the title, e.g. why this profile was picked.
    """
    heading = words.title(table) + (f" ({remark})" if remark else "")
    return [heading, *table.header, "", *_grid(table), "", *_below(table)]


def _below(table: Table) -> list[str]:
    lines = []
    previous = ""
    for direction in table.directions:
        lead = f"direction of {pair(table, direction.argument)}: "
        if direction.ours is None:
            text = said(table, direction)
        else:
            text = difference(table, direction)
        if lead != previous:
            lines.append(lead + text)
        elif direction.ours is not None:
            lines.append(" " * len(lead) + text)
        previous = lead
    baseline = words.baseline(table)
    if baseline:
        lines += ["", baseline]
    return [*lines, "", *words.notes(table)]


@dataclass(frozen=True)
class _Column:
    """One column on screen; ``group`` stands over the columns that share it."""

    group: str
    heading: str
    cells: list[str]
    right: bool = False

    @property
    def width(self) -> int:
        return max(map(cell_len, [self.heading, *self.cells]))

    def text(self, value: str) -> str:
        space = " " * (self.width - cell_len(value))
        return space + value if self.right else value + space


def _columns(table: Table) -> list[_Column]:
    paper, rows = table.paper, table.rows
    columns = [
        _Column("", "№", [str(row.paper.number) for row in rows]),
        _settings(table),
    ]
    for metric in paper.metrics:
        cells = [row.cells[metric.key] for row in rows]
        if table.wide:
            columns.append(_Column("", metric.title, [*map(words.both, cells)], True))
            continue
        ours = [words.ours(cell) for cell in cells]
        columns += [
            _Column(metric.title, "paper", [c.printed for c in cells], right=True),
            _Column(metric.title, "ours", ours, right=True),
        ]
    if paper.relation_weights:
        group = "λ det/re-id"
        printed = [words.printed_weights(table, row) for row in rows]
        columns += [
            _Column(group, "paper", printed),
            _Column(group, "ours (P3 P4 P5)", [words.weights(row) for row in rows]),
        ]
    if any(words.verdicts(row) for row in rows):
        columns.append(_Column("", "verdict", [words.verdict(row) for row in rows]))
    return columns


def _settings(table: Table) -> _Column:
    """Ticks under their headings; a sentence in the first column spans them all."""
    names = table.paper.settings
    found = [words.settings(table, row) for row in table.rows]
    spans = [
        len(names) > 1 and not any(rest) and len(first) > 1 for first, *rest in found
    ]
    # "Each resolution SAM", "Each resolution CAM": what they share stands above.
    over = [name.rpartition(" ")[0] for name in names]
    over = [shared if over.count(shared) > 1 else "" for shared in over]
    heads = [
        name.removeprefix(shared).strip()
        for name, shared in zip(names, over, strict=True)
    ]
    ticks = [
        cells for cells, spanning in zip(found, spans, strict=True) if not spanning
    ]
    widths = [
        max(cell_len(text) for text in column)
        for column in zip(heads, *ticks, strict=True)
    ]
    above = ""
    for shared, members in groupby(range(len(names)), key=lambda i: over[i]):
        inside = list(members)
        width = sum(widths[i] for i in inside) + GAP * (len(inside) - 1)
        widths[inside[-1]] += max(0, cell_len(shared) - width)
        above += shared.ljust(max(width, cell_len(shared)) + GAP)

    def line(values: abc.Sequence[str]) -> str:
        return (" " * GAP).join(
            value + " " * (width - cell_len(value))
            for value, width in zip(values, widths, strict=True)
        )

    cells = [
        values[0] if spanning else line(values)
        for values, spanning in zip(found, spans, strict=True)
    ]
    return _Column(above[:-GAP] if above.strip() else "", line(heads), cells)


def _grid(table: Table) -> list[str]:
    columns = _columns(table)
    over = ""
    for group, members in groupby(columns, key=lambda column: column.group):
        inside = list(members)
        width = sum(column.width for column in inside) + GAP * (len(inside) - 1)
        over += group.center(width) + " " * GAP
    gap = " " * GAP
    if table.wide:
        over = WIDE
    lines = [over, gap.join(column.text(column.heading) for column in columns)]
    group = ""
    for i, row in enumerate(table.rows):
        if row.paper.group != group:
            group = row.paper.group
            lines += ["", group]
        lines.append(gap.join(column.text(column.cells[i]) for column in columns))
    return [line.rstrip() for line in lines]
