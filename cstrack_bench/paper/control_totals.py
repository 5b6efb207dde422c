"""Control totals: sums of rows and columns, noted when the print was typed in.

Arithmetic cannot see every printed digit. These sums say nothing about the paper; they
find a cell of this package that was changed after it was compared with the print.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from cstrack_bench.paper.cell_checks import Check, Tables, relations
from cstrack_bench.paper.printed import PaperTable

RULE = "control_total"
#: A number, a bound (``<8.6``) or thousands (``54K``); a name or a dash is none.
_NUMBER = re.compile(r"<?(\d+(?:\.\d+)?)K?")


def control_totals(tables: Tables) -> Iterator[Check]:
    """A check for each row and each column; a changed cell lies where two disagree."""
    for name, table in tables.items():
        noted = relations()["control"][name]
        columns = numeric_columns(table)
        rows = {
            row.number: _total(row.cells[column] for column in columns)
            for row in table.rows
        }
        sums = {
            column: _total(row.cells[column] for row in table.rows)
            for column in columns
        }
        in_rows = {
            number: Decimal(str(total))
            for number, total in zip(rows, noted["rows"], strict=True)
        }
        in_columns = {
            column: Decimal(str(noted["columns"][column])) for column in columns
        }
        wrong_rows = [n for n in rows if rows[n] != in_rows[n]] or list(rows)
        wrong = [c for c in columns if sums[c] != in_columns[c]] or list(columns)
        for number, total in rows.items():
            agrees = total == in_rows[number]
            cells = tuple(
                _cell(table, number, column)
                for column in (columns if agrees else wrong)
            )
            yield Check(RULE, cells, str(total), str(in_rows[number]), agrees)
        for column, total in sums.items():
            agrees = total == in_columns[column]
            cells = tuple(
                _cell(table, number, column)
                for number in (rows if agrees else wrong_rows)
            )
            yield Check(RULE, cells, str(total), str(in_columns[column]), agrees)


def numeric_columns(table: PaperTable) -> tuple[str, ...]:
    """The printed headings under which at least one number stands."""
    return tuple(
        column
        for column in table.columns
        if any(_NUMBER.fullmatch(row.cells[column]) for row in table.rows)
    )


def _total(cells: Iterable[str]) -> Decimal:
    found = (_NUMBER.fullmatch(cell) for cell in cells)
    return sum((Decimal(match[1]) for match in found if match), Decimal(0))


def _cell(table: PaperTable, number: int, column: str) -> str:
    """``table2/4/MOTA``; a setting by its heading, ``table5/3/η``."""
    key = next((m.key for m in table.metrics if m.column == column), column)
    return f"{table.name}/{number}/{key}"
