"""A printed table: columns, rows, and a claim for each printed number."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cstrack_bench.errors import InputError
from cstrack_bench.paper.arguments import Argument, Quotation
from cstrack_bench.paper.errata import Erratum


@dataclass(frozen=True)
class Metric:
    """One measured column of a printed table.

    Attributes:
        column: heading as printed, e.g. ``ID Sw.↓``.
        key: name in our scores, e.g. ``IDSW``.
        higher_is_better: which way the arrow points.
        decimals: digits after the point in print.
        judged: whether a printed number may be held against ours; frames a second of
            other hardware may not.
    """

    column: str
    key: str
    higher_is_better: bool
    decimals: int
    judged: bool = True

    @property
    def title(self) -> str:
        """The heading with a space before its arrow, e.g. ``ID Sw. ↓``."""
        return f"{self.name} {self.column[-1]}"

    @property
    def name(self) -> str:
        """The heading without its arrow, e.g. ``ID Sw.``."""
        return self.column[:-1]


@dataclass(frozen=True)
class Claim:
    """One printed number.

    Attributes:
        name: ``table2/4/IDF1``.
        printed: the characters in print.
        value: their number.
        margin: half of the last printed digit.
        inconsistent: the erratum that says why it cannot be right, if there is one.
    """

    name: str
    printed: str
    value: float
    margin: float
    inconsistent: Erratum | None = None


@dataclass(frozen=True)
class PaperRow:
    """One printed row.

    Attributes:
        number: from 1.
        mark: as printed, e.g. ``④``.
        label: what the row is, in a few words.
        cells: column -> characters in print.
        claims: our score key -> claim; a column without a number in print ("-",
            "<8.6") has none.
        group: what it was measured on, where a table has several; rows of different
            groups are never compared.
    """

    number: int
    mark: str
    label: str
    cells: Mapping[str, str]
    claims: Mapping[str, Claim]
    group: str = ""


@dataclass(frozen=True)
class PaperTable:
    """One printed table.

    Attributes:
        name: ``table2``.
        number: Roman, as printed.
        title: what it asks, in a few words of ours.
        caption: as printed.
        split: what it was measured on.
        verifiable_by: local-gt, server, print-audit or nobody-today.
        columns: all printed headings.
        settings: the headings that are settings, not measurements.
        metrics: the measured columns.
        relation_weights: the columns of learned λ; empty where there are none.
        rows: the printed rows.
        arguments: the comparisons the text argues from.
        quotations: further sentences whose numbers the table gives.
        marked: whether rows are numbered in print; else they are counted.
        server: who scores the paper's test set, where its ground truth is not public.
        group: the column that says what a row was measured on; empty where all rows
            were measured on the same.
        dataset: that same data set, where other trackers' files on it fill rows.
        ours: the rows that this project can run.
        others: why it does not run the other ones.
        caveats: profile (or ``all``) -> what to know about its numbers.
    """

    name: str
    number: str
    title: str
    caption: str
    split: str
    verifiable_by: str
    columns: tuple[str, ...]
    settings: tuple[str, ...]
    metrics: tuple[Metric, ...]
    relation_weights: tuple[str, ...]
    rows: tuple[PaperRow, ...]
    arguments: tuple[Argument, ...]
    quotations: tuple[Quotation, ...] = ()
    marked: bool = True
    server: str = ""
    group: str = ""
    dataset: str = ""
    ours: tuple[int, ...] = ()
    others: str = ""
    caveats: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[str, ...]:
        """What rows were measured on, in the order of print; one of them is usual."""
        return tuple(dict.fromkeys(row.group for row in self.rows))

    def measured_on(self, row: PaperRow) -> str:
        """The data set of a row as ``cstrack evaluate`` calls it; empty if unknown."""
        return (row.group or self.dataset).casefold()

    def row(self, number: int) -> PaperRow:
        """The row with this number.

        Raises:
            InputError: there is none.
        """
        for row in self.rows:
            if row.number == number:
                return row
        raise InputError(
            f"Table {self.number} has no row {number}: choose from 1 to "
            f"{len(self.rows)}."
        )
