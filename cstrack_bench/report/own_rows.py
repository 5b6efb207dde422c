"""The printed table beside which the rows of a user's own recipe stand."""

from collections.abc import Sequence
from dataclasses import replace

from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.paper.claims import PaperRow, PaperTable, load_table

NOT_PRINTED = "—"


def printed_table(records: Sequence[RunRecord]) -> PaperTable:
    """The table in print that runs belong to.

    Runs of a user's recipe get that of the table which it extends, with a line for each
    row that print does not have. Nothing is claimed or argued there: what the recipe
    changes for all rows is not known to print.

    Args:
        records: runs of one table, at least one.

    Raises:
        InputError: the print of that table is not here.
    """
    run = records[0].run
    if run.paper_table is None:
        return load_table(run.table)
    paper = load_table(run.paper_table)
    names = {record.run.row: record.run.name for record in records}
    printed = {row.number for row in paper.rows}
    own = [
        _row(paper, run.table, number, names[number])
        for number in sorted(names.keys() - printed)
    ]
    return replace(
        paper,
        name=run.table,
        number=f"{paper.number} + {run.table}",
        rows=(*(replace(row, claims={}) for row in paper.rows), *own),
        arguments=(),
        ours=(*paper.ours, *(row.number for row in own)),
    )


def _row(paper: PaperTable, recipe: str, number: int, name: str) -> PaperRow:
    """A line without print; a row of several data sets is held against none."""
    cells = dict.fromkeys(paper.columns, NOT_PRINTED)
    cells |= dict.fromkeys(paper.settings, "")
    if paper.settings:
        cells[paper.settings[0]] = name
    if paper.group:
        cells[paper.group] = recipe
    group = recipe if paper.group else ""
    return PaperRow(number, str(number), name, cells, {}, group)
