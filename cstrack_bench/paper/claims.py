"""What the paper prints, read from this package: every number is a claim."""

import csv
import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.paper.arguments import Argument, parse_arguments, parse_quotations
from cstrack_bench.paper.errata import Erratum, load_errata
from cstrack_bench.paper.package_files import Entry, read_text, read_yaml
from cstrack_bench.paper.printed import Claim, Metric, PaperRow, PaperTable

__all__ = [
    "Argument",
    "Claim",
    "Erratum",
    "Metric",
    "PaperRow",
    "PaperTable",
    "load_errata",
    "load_table",
    "parse_table",
    "plain_name",
    "table_names",
    "table_text",
]


@cache
def _described() -> Entry:
    return read_yaml("tables.yaml")


def table_names() -> tuple[str, ...]:
    """The tables whose print is in this package."""
    return tuple(_described())


def _margin(printed: str) -> float:
    """Half of the last digit of a printed number: '66.0' -> 0.05, '535' -> 0.5."""
    return 0.5 * 10.0 ** -len(printed.partition(".")[2])


def _is_number(printed: str) -> bool:
    """False for "-" and for a bound such as "<8.6": neither claims a number."""
    return printed != "-" and not printed.startswith("<")


def _claims(
    name: str, metrics: tuple[Metric, ...], cells: Mapping[str, str]
) -> dict[str, Claim]:
    errata = [erratum for erratum in load_errata() if erratum.withdraws]
    withdrawn = {cell: erratum for erratum in errata for cell in erratum.cells}
    claims = {}
    for metric in metrics:
        printed = cells[metric.column]
        claim = f"{name}/{metric.key}"
        if _is_number(printed):
            claims[metric.key] = Claim(
                claim, printed, float(printed), _margin(printed), withdrawn.get(claim)
            )
    return claims


def plain_name(method: str) -> str:
    """A method's name in print without its sign and citation.

    ``*Tracktor++ [24]`` is ``Tracktor++``; the signs # (one-shot) and * (no re-id) say
    what kind of tracker it is.
    """
    return re.sub(r"\s*\[\d+\]$", "", method).lstrip("*#").strip()


def _metrics(about: Entry, lines: list[dict[str, str]]) -> list[Metric]:
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
    about: Entry,
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
    return parse_table(name, table_text(name))


def table_text(name: str) -> str:
    """The printed table as CSV, every cell as printed."""
    return read_text(f"{name}.csv")


def parse_table(name: str, text: str) -> PaperTable:
    """A table from its print.

    Args:
        name: e.g. ``table2``, for what surrounds its numbers.
        text: the print, as ``table_text`` gives it.
    """
    about = _described()[name]
    lines = list(csv.DictReader(text.splitlines()))
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
        arguments=tuple(parse_arguments(about["argued"])),
        quotations=tuple(parse_quotations(about.get("quoted", []))),
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
