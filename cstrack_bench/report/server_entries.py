"""Scores of servers in the tables: which rows they fill, and what is said of them.

They were measured on the test sets that print was measured on, so they come before runs
and files that were evaluated here; a server scores one result, so no verdict over seeds
follows from them.
"""

import collections.abc as abc
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.experiments.comparison_records import ServerRecord
from cstrack_bench.paper.claims import (
    PaperRow,
    PaperTable,
    load_table,
    plain_name,
    table_names,
)
from cstrack_bench.report.markdown import Grid
from cstrack_bench.report.others import Evaluated, read_others
from cstrack_bench.submission.importing import read_entries

_SHOWN = ("MOTA", "IDF1", "HOTA", "FP", "FN", "IDSW")


@dataclass(frozen=True)
class ServerEntry:
    """Scores of one submission.

    Attributes:
        record: what was imported.
    """

    record: ServerRecord

    #: What stands in the column of seeds.
    kind = "server"

    @property
    def name(self) -> str:
        """The tracker's, as given."""
        return self.record.name

    @property
    def dataset(self) -> str:
        """The benchmark, such as mot17."""
        return self.record.dataset

    @property
    def frames_measured(self) -> str:
        """``test, by the MOTChallenge server``."""
        return f"test, by the {self.record.server} server"

    def is_row(self, table: PaperTable, row: PaperRow) -> bool:
        """Whether it is for a printed row: one that it names, else that of its name."""
        if self.record.fills:
            return f"{table.name}/{row.number}" in self.record.fills
        return (
            table.measured_on(row) == self.dataset
            and row.label.casefold() == plain_name(self.name).casefold()
        )

    def describe(self) -> str:
        """Who submitted what, when, and to whom."""
        found = self.record
        text = (
            f"{found.server} server's scores of {self.name} on {self.dataset} test, "
            f"submitted by {found.submitted_by} on {found.submitted_on} (zip "
            f"{found.zip_sha256[:12]})"
        )
        return "; ".join([text, *found.remarks])

    def note(self) -> str:
        """What a reader must know of a row that it fills."""
        return f"{self.describe()}; one submission, not a run here: no verdict"

    @property
    def status(self) -> str:
        """For the table's CSV."""
        return self.describe()


def filled_rows(record: ServerRecord) -> list[str]:
    """The printed rows that an entry is for: ``row 25 of Table VI``."""
    entry = ServerEntry(record)
    return [
        f"row {row.number} of Table {table.number}"
        for table in map(load_table, table_names())
        for row in table.rows
        if entry.is_row(table, row)
    ]


def read_filling(root: Path) -> list[Evaluated | ServerEntry]:
    """All that fills rows without a run: evaluated files, then servers' scores.

    Of two for one row the later in this list fills it, so the newest submission does.

    Raises:
        InputError: a file is not such a record.
    """
    return [*read_others(root), *map(ServerEntry, read_entries(root))]


def server_grid(entries: abc.Iterable[Evaluated | ServerEntry]) -> list[Grid]:
    """Every entry with who, when and which zip, as a table."""
    rows = []
    for entry in entries:
        if isinstance(entry, ServerEntry):
            found = entry.record
            scores = (found.scores.overall.get(key) for key in _SHOWN)
            rows.append(
                [
                    *(entry.name, entry.dataset, found.server, found.submitted_by),
                    *(found.submitted_on, f"`{found.zip_sha256[:12]}`"),
                    *("" if value is None else f"{value:.10g}" for value in scores),
                ]
            )
    head = ("tracker", "test set", "server", "by", "on", "zip", *_SHOWN)
    return [(head, rows)]
