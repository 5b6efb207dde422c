"""A check of printed cells: what stands there, what follows, whether the two agree."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from cstrack_bench.paper.claims import load_table, table_names
from cstrack_bench.paper.package_files import Entry, read_yaml
from cstrack_bench.paper.printed import Claim, PaperRow, PaperTable

#: Name -> printed table, all that are audited together.
Tables = Mapping[str, PaperTable]
# What a float sum of numbers with one decimal may be off by.
EPSILON = 1e-9


@dataclass(frozen=True)
class Check:
    """One rule, held against some cells.

    Attributes:
        rule: what was computed.
        cells: names of the cells that went in, ``table6/13/MOTA`` first where MOTA is
            what the rule gives.
        printed: what stands in print, or what the text says.
        implied: what the rule gives.
        agrees: whether the two can both be right, print being rounded.
        where: place in the text, where it is the text that is checked.
    """

    rule: str
    cells: tuple[str, ...]
    printed: str
    implied: str
    agrees: bool
    where: str = ""


def printed_tables() -> dict[str, PaperTable]:
    """Every printed table, by name."""
    return {name: load_table(name) for name in table_names()}


@cache
def relations() -> Entry:
    """What ties printed cells together (relations.yaml)."""
    return read_yaml("relations.yaml")


def find_row(tables: Tables, row: str) -> PaperRow:
    """The row called ``table6/13``."""
    table, _, number = row.partition("/")
    return tables[table].row(int(number))


def find_value(tables: Tables, cell: str) -> float | None:
    """The number of the cell called ``table6/13/MOTA``; None where it has none.

    Of a bound such as ``<8.6`` the limit.
    """
    row, _, key = cell.rpartition("/")
    printed = find_row(tables, row)
    if key in printed.claims:
        return printed.claims[key].value
    metrics = tables[row.partition("/")[0]].metrics
    column = next(metric.column for metric in metrics if metric.key == key)
    bound = re.fullmatch(r"<(\d+(?:\.\d+)?)", printed.cells[column])
    return float(bound[1]) if bound else None


def with_value(tables: Tables, cell: str, printed: str) -> dict[str, PaperTable]:
    """The same tables, other characters in one cell that is a claim."""
    name, number, key = cell.split("/")
    table = tables[name]
    column = next(metric.column for metric in table.metrics if metric.key == key)

    def changed(row: PaperRow) -> PaperRow:
        if row.number != int(number):
            return row
        claim: Claim = replace(row.claims[key], printed=printed, value=float(printed))
        return replace(
            row,
            cells={**row.cells, column: printed},
            claims={**row.claims, key: claim},
        )

    rows = tuple(changed(row) for row in table.rows)
    return {**tables, name: replace(table, rows=rows)}


def other_cells(cells: tuple[str, ...]) -> list[str]:
    """All but the first cell, those of its row by their column alone."""
    row = cells[0].rpartition("/")[0]
    return [cell.removeprefix(f"{row}/") for cell in cells[1:]]


def plain(value: float, decimals: int) -> str:
    """A number to some decimals, ``-0.04`` to one as ``0.0``."""
    return f"{value:z.{decimals}f}"
