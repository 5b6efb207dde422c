"""What the paper prints, as data: every number a claim, every known slip beside it."""

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from cstrack_bench.errors import InputError, nearest


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
class Erratum:
    """One contradiction, difference or gap of the paper (see errata.yaml).

    Attributes:
        id: short name.
        kind: print, text, code, unstated or note.
        where: place in the paper.
        printed: what stands there.
        found: what tables, arithmetic or code say.
        handling: what this project does about it.
        cells: names of the claims that cannot be judged because of it.
    """

    id: str
    kind: str
    where: str
    printed: str
    found: str
    handling: str
    cells: tuple[str, ...] = ()


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
class Argument:
    """A comparison the text draws a conclusion from: row ``first`` minus ``second``."""

    first: int
    second: int
    why: str


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


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _described() -> dict[str, Any]:
    return yaml.safe_load(_text("tables.yaml"))


def table_names() -> tuple[str, ...]:
    """The tables whose print is in this package."""
    return tuple(_described())


@cache
def load_errata() -> tuple[Erratum, ...]:
    """Every known contradiction, difference and gap, in the order of errata.yaml."""
    entries = yaml.safe_load(_text("errata.yaml"))
    return tuple(
        Erratum(**{**entry, "cells": tuple(entry.get("cells", ()))})
        for entry in entries
    )


def _margin(printed: str) -> float:
    """Half of the last digit of a printed number: '66.0' -> 0.05, '535' -> 0.5."""
    return 0.5 * 10.0 ** -len(printed.partition(".")[2])


def _is_number(printed: str) -> bool:
    """False for "-" and for a bound such as "<8.6": neither claims a number."""
    return printed != "-" and not printed.startswith("<")


def _claims(
    name: str, metrics: tuple[Metric, ...], cells: Mapping[str, str]
) -> dict[str, Claim]:
    slips = {cell: slip for slip in load_errata() for cell in slip.cells}
    claims = {}
    for metric in metrics:
        printed = cells[metric.column]
        claim = f"{name}/{metric.key}"
        if _is_number(printed):
            claims[metric.key] = Claim(
                claim, printed, float(printed), _margin(printed), slips.get(claim)
            )
    return claims


def plain_name(method: str) -> str:
    """A method's name in print without its sign and citation.

    ``*Tracktor++ [24]`` is ``Tracktor++``; the signs # (one-shot) and * (no re-id) say
    what kind of tracker it is.
    """
    return re.sub(r"\s*\[\d+\]$", "", method).lstrip("*#").strip()


def _metrics(about: Mapping[str, Any], lines: list[dict[str, str]]) -> list[Metric]:
    metrics = []
    for column, meaning in about["metrics"].items():
        numbers = [line[column] for line in lines if _is_number(line[column])]
        metrics.append(
            Metric(
                column,
                meaning["key"],
                meaning["better"] == "higher",
                max(len(printed.partition(".")[2]) for printed in numbers),
                meaning.get("judged", True),
            )
        )
    return metrics


def _row(
    name: str,
    number: int,
    about: Mapping[str, Any],
    metrics: tuple[Metric, ...],
    cells: Mapping[str, str],
) -> PaperRow:
    if "labels" in about:
        label = about["labels"][number]
    else:
        label = plain_name(cells[about["label"]])
    return PaperRow(
        number=number,
        mark=cells.get("NUM", str(number)),
        label=label,
        cells=cells,
        claims=_claims(f"{name}/{number}", metrics, cells),
        group=cells[about["group"]] if "group" in about else "",
    )


@cache
def load_table(name: str) -> PaperTable:
    """A printed table with its claims.

    Args:
        name: e.g. ``table2``.

    Raises:
        InputError: the print of that table is not here.
    """
    if name not in _described():
        raise InputError(f"No printed table {name!r}: {nearest(name, table_names())}.")
    about = _described()[name]
    lines = list(csv.DictReader(_text(f"{name}.csv").splitlines()))
    columns = tuple(lines[0])
    metrics = tuple(_metrics(about, lines))
    weights = tuple(about.get("relation_weights", ()))
    marked = "NUM" in columns
    rows = tuple(
        _row(
            name,
            int(unicodedata.numeric(cells["NUM"])) if marked else count,
            about,
            metrics,
            cells,
        )
        for count, cells in enumerate(lines, start=1)
    )
    group = about.get("group", "")
    measured = {metric.column for metric in metrics}
    settings = {c for c in columns if c not in {"NUM", group, *measured, *weights}}
    return PaperTable(
        name=name,
        number=about["number"],
        title=about["title"],
        caption=about["caption"],
        split=about["split"],
        verifiable_by=about["verifiable_by"],
        columns=columns,
        settings=tuple(c for c in columns if c in settings),
        metrics=metrics,
        relation_weights=weights,
        rows=rows,
        arguments=tuple(Argument(**pair) for pair in about["argued"]),
        marked=marked,
        server=about.get("server", ""),
        group=group,
        dataset=about.get("dataset", ""),
        ours=tuple(about.get("ours", [row.number for row in rows])),
        others=about.get("others", ""),
        caveats={
            profile: tuple(lines) for profile, lines in about.get("caveats", {}).items()
        },
    )
