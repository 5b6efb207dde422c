"""Sentences of the text as data: what they compare, and the numbers they quote."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from cstrack_bench.paper.package_files import Entry

#: Two rows of a table, first minus second, or one row alone.
Rows = tuple[int, int | None]
Listed = TypeVar("Listed", int, float)


@dataclass(frozen=True)
class QuotedNumber:
    """A number of the text that follows from cells of a table.

    Attributes:
        metric: key of the column.
        rows: what it is about: a row's value, or the difference of two rows. Several
            for a range, whose ends are the least and the largest of them.
        printed: the number with its sign, or both ends of a range, the lower first.
        decimals: digits after the point in print.
        relative: whether the difference is in percent of the second row.
    """

    metric: str
    rows: tuple[Rows, ...]
    printed: tuple[float, ...]
    decimals: int
    relative: bool = False


@dataclass(frozen=True)
class Ordering:
    """That one row is said to be better than others, without a number.

    Attributes:
        metrics: keys of the columns that it is said of.
        first: the better row.
        others: the rows it is better than.
    """

    metrics: tuple[str, ...]
    first: int
    others: tuple[int, ...]


@dataclass(frozen=True)
class Quotation:
    """A sentence that can be checked against a table but compares no two of our rows.

    Attributes:
        quote: the sentence, or the part of it that says so.
        where: section and paragraph.
        numbers: those it quotes.
        orderings: what it says is better than what.
    """

    quote: str
    where: str
    numbers: tuple[QuotedNumber, ...] = ()
    orderings: tuple[Ordering, ...] = ()


@dataclass(frozen=True)
class Argument:
    """A comparison the text draws a conclusion from: row ``first`` minus ``second``.

    Attributes:
        first: number of the row that is argued for or against.
        second: number of the row it is compared with.
        why: what the comparison is to show, in a few words of ours.
        quote: the sentence, or the part of it that says so.
        where: section and paragraph.
        metrics: keys of the columns that the sentence speaks of. Where it says
            "performance" or "results" alone, MOTA and IDF1: section IV-A takes them
            for overall and for association performance.
        quoted: metric -> first − second as the sentence has it, in the column's unit.
        endpoints: metric -> (second, first) where it says "from … to …".
        relative: metric -> first − second in percent of the second, where it says so.
    """

    first: int
    second: int
    why: str
    quote: str = ""
    where: str = ""
    metrics: tuple[str, ...] = ()
    quoted: Mapping[str, float] = field(default_factory=dict, hash=False)
    endpoints: Mapping[str, tuple[float, float]] = field(
        default_factory=dict, hash=False
    )
    relative: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def numbers(self) -> tuple[QuotedNumber, ...]:
        """Every number that the sentence quotes, to be checked against the table."""
        pair = ((self.first, self.second),)
        found = []
        for metric, (second, first) in self.endpoints.items():
            for row, value in ((self.second, second), (self.first, first)):
                found.append(_number(metric, ((row, None),), [value]))
        for metric, value in self.quoted.items():
            if metric not in self.endpoints:
                found.append(_number(metric, pair, [value]))
        for metric, value in self.relative.items():
            found.append(_number(metric, pair, [value], relative=True))
        return tuple(found)


def parse_arguments(entries: list[Entry]) -> Iterator[Argument]:
    """The arguments of one table, from its ``argued`` list in tables.yaml.

    ``first`` or ``second`` may list several rows: the sentence then argues each pair.
    A quoted ``[from, to]`` is a change from the second row's value to the first's.
    """
    for entry in entries:
        quoted = dict(entry.get("quoted", {}))
        endpoints = {k: tuple(v) for k, v in quoted.items() if isinstance(v, list)}
        for metric, (before, after) in endpoints.items():
            quoted[metric] = round(after - before, 1)
        relative = dict(entry.get("relative", {}))
        metrics = entry.get("metrics", [*quoted, *relative])
        for first in _listed(entry["first"]):
            for second in _listed(entry["second"]):
                yield Argument(
                    first,
                    second,
                    entry["why"],
                    entry["quote"],
                    entry["where"],
                    tuple(metrics),
                    quoted,
                    endpoints,
                    relative,
                )


def parse_quotations(entries: list[Entry]) -> Iterator[Quotation]:
    """The quotations of one table, from its ``quoted`` list in tables.yaml."""
    for entry in entries:
        numbers = tuple(
            _number(
                number["metric"],
                tuple(_rows(rows) for rows in number["rows"]),
                _listed(number["printed"]),
                number.get("relative", False),
            )
            for number in entry.get("numbers", [])
        )
        orderings = tuple(
            Ordering(tuple(o["metrics"]), o["first"], tuple(o["others"]))
            for o in entry.get("orderings", [])
        )
        yield Quotation(entry["quote"], entry["where"], numbers, orderings)


def _listed(value: Listed | list[Listed]) -> list[Listed]:
    return value if isinstance(value, list) else [value]


def _rows(rows: int | list[int]) -> Rows:
    return (rows, None) if isinstance(rows, int) else (rows[0], rows[1])


def _number(
    metric: str, rows: tuple[Rows, ...], printed: list[float], relative: bool = False
) -> QuotedNumber:
    decimals = 0 if all(isinstance(value, int) for value in printed) else 1
    return QuotedNumber(metric, rows, tuple(map(float, printed)), decimals, relative)
