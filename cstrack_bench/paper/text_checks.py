"""Numbers and orderings that the text quotes, against the tables."""

from collections.abc import Iterator

from cstrack_bench.paper.arguments import (
    Argument,
    Ordering,
    Quotation,
    QuotedNumber,
)
from cstrack_bench.paper.cell_checks import EPSILON, Check, Tables, find_value
from cstrack_bench.paper.printed import PaperTable


def text_checks(tables: Tables) -> Iterator[Check]:
    """A check for each quoted number and each ordering, in every table."""
    for table in tables.values():
        sentences: list[Argument | Quotation] = [*table.arguments, *table.quotations]
        for sentence in sentences:
            for number in sentence.numbers:
                yield quoted_number(tables, table.name, number, sentence.where)
        for quotation in table.quotations:
            for ordering in quotation.orderings:
                yield from ordering_checks(table, ordering, quotation.where)


def quoted_number(
    tables: Tables, table: str, number: QuotedNumber, where: str
) -> Check:
    """A number of the text against the cells that it is about.

    Args:
        tables: the printed tables.
        table: whose rows it is about.
        number: as quoted.
        where: it stands.
    """
    implied, cells = [], []
    for first, second in number.rows:
        names = [
            f"{table}/{row}/{number.metric}"
            for row in (first, second)
            if row is not None
        ]
        cells += names
        values = [find_value(tables, name) for name in names]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            continue
        value = known[0]
        if len(known) == 2:
            value -= known[1]
            if number.relative:
                value *= 100 / known[1]
        implied.append(value)
    compared = all(second is not None for _, second in number.rows)
    ends = [min(implied), max(implied)] if len(number.printed) == 2 else implied
    # The printed number is rounded, the cells are taken as they stand.
    margin = 0.5 * 10.0**-number.decimals + EPSILON
    agrees = len(ends) == len(number.printed) and all(
        abs(a - b) <= margin for a, b in zip(ends, number.printed, strict=True)
    )
    kind = "difference" if compared else "value"
    return Check(
        f"quoted_{kind}",
        tuple(dict.fromkeys(cells)),
        _words(list(number.printed), number, compared),
        _words(ends, number, compared),
        agrees,
        where,
    )


def ordering_checks(
    table: PaperTable, ordering: Ordering, where: str
) -> Iterator[Check]:
    """Whether a row is better than others where the text says so, column by column."""
    for key in ordering.metrics:
        metric = next(m for m in table.metrics if m.key == key)
        first = table.row(ordering.first).claims[key]
        better = {}
        for number in ordering.others:
            other = table.row(number).claims.get(key)
            sign = 1 if metric.higher_is_better else -1
            if other is not None and sign * (other.value - first.value) >= 0:
                better[number] = other.printed
        numbers = list(better) or list(ordering.others)
        yield Check(
            "ordering",
            tuple(f"{table.name}/{n}/{key}" for n in (ordering.first, *numbers)),
            f"{first.printed} as the best",
            ", ".join(f"{value} in row {n}" for n, value in better.items()) or "so",
            not better,
            where,
        )


def _words(values: list[float], number: QuotedNumber, compared: bool) -> str:
    """``+8.6``, ``633``, ``-3.6 to -2.3``, ``-25 %``."""
    sign = "+" if compared else ""
    texts = [f"{value:{sign}z.{number.decimals}f}" for value in values]
    return " to ".join(texts) + (" %" if number.relative else "")
