"""The tables of the page: print beside ours, and the argued comparisons below."""

import collections.abc as abc

from cstrack_bench.page.html_nodes import Content, Node, bullet_list, node
from cstrack_bench.page.page_provenance import PageProvenance
from cstrack_bench.report import words
from cstrack_bench.report.details import losses, variants
from cstrack_bench.report.direction_words import difference_here, pair, said
from cstrack_bench.report.markdown import Grid
from cstrack_bench.report.rows import Cell, Row, Table
from cstrack_bench.report.words import MISSING
from cstrack_bench.verdicts.directions import Direction
from cstrack_bench.verdicts.rules import Verdict


def table_section(table: Table, provenance: PageProvenance) -> Node:
    """One printed table with our numbers.

    Args:
        table: with or without runs.
        provenance: takes in what its cells open.
    """
    paper = table.paper
    return node(
        "section",
        node("h3", f"Table {paper.number}: {paper.title}"),
        node("p", f"{words.profile(table)} · ", *_header(table), class_="note"),
        node("p", f"In print: {paper.caption} ({paper.split}.)", class_="note"),
        _rows(table, provenance),
        *_directions(table, provenance),
        *_further("On other frames, with and without the filter", variants(table)),
        *_further("What each rule costs over given boxes", losses(table)),
        bullet_list(words.notes(table)),
        id=table_anchor(table),
    )


def table_anchor(table: Table) -> str:
    """Where a table is in the page."""
    return f"{table.profile}-{table.label}-{table.paper.name}"


def _header(table: Table) -> list[Content]:
    found: list[Content] = []
    for line in table.header or ("no runs of ours",):
        found += [line, node("br")]
    return found[:-1]


def sortable(
    head: abc.Sequence[str],
    rows: abc.Iterable[abc.Sequence[Node]],
    name: str,
) -> Node:
    """A table that the page's script sorts and filters.

    Args:
        head: titles of its columns.
        rows: cells (td); one with ``data-value`` is sorted by it, else by its text.
        name: of the table, for those who cannot see it.
    """
    body = [node("tr", *cells) for cells in rows]
    filter_box = node(
        "input",
        type="search",
        class_="filter",
        placeholder="filter rows",
        aria_label=f"filter rows of {name}",
    )
    table = node(
        "table",
        node("thead", node("tr", *(_column(title) for title in head))),
        node("tbody", *body),
        class_="sortable",
        aria_label=name,
    )
    return node(
        "div",
        filter_box if len(body) > 4 else None,
        node("div", table, class_="scroll", tabindex=0, role="group", aria_label=name),
    )


def _column(title: str) -> Node:
    return node("th", node("button", title, type="button"), scope="col")


def text_cell(text: str, kind: str = "") -> Node:
    """A cell of words."""
    return node("td", text, class_=kind or None)


def _rows(table: Table, provenance: PageProvenance) -> Node:
    paper = table.paper
    judged = any(words.verdicts(row) for row in table.rows)
    head = ["№", "what"]
    grouped = any(row.paper.group for row in table.rows)
    if grouped:
        head.append("on")
    head += [metric.title for metric in paper.metrics]
    head += list(table.further)
    if paper.relation_weights:
        head.append("λ det/re-id")
    head.append("n")
    if judged:
        head.append("verdict")
    rows = []
    for row in table.rows:
        key = provenance.row(table, row.paper.number)
        cells = [
            node("td", row.paper.mark, data_value=row.paper.number),
            text_cell(row.paper.label, "what"),
        ]
        if grouped:
            cells.append(text_cell(row.paper.group))
        cells += [_number_cell(row.cells[m.key], key) for m in paper.metrics]
        cells += [_further_cell(row, name) for name in table.further]
        if paper.relation_weights:
            cells.append(_weights_cell(table, row))
        cells.append(text_cell("files" if row.evaluated else str(len(row.records))))
        if judged:
            cells.append(text_cell(words.verdict(row) or MISSING, "what"))
        rows.append(cells)
    return sortable(head, rows, f"Table {paper.number}")


def _number_cell(cell: Cell, key: str) -> Node:
    """Print above ours; opens where ours comes from."""
    metric = cell.metric
    value = cell.ours.mean if cell.ours else None
    ours: list[Content] = [MISSING]
    if cell.ours:
        ours = [words.number(cell.ours.mean, metric.decimals)]
        if cell.ours.half_width is not None:
            half = words.number(cell.ours.half_width, metric.decimals)
            ours.append(node("small", f" ±{half}"))
    printed = cell.printed.lstrip("<")
    if value is None and printed.replace(".", "", 1).isdigit():
        value = float(printed)
    button = node(
        "button",
        node("span", cell.printed, class_="printed"),
        node("span", *ours, class_="ours"),
        type="button",
        class_="why",
        data_why=key,
        data_metric=metric.key,
        data_metric_name=metric.name,
        data_printed=cell.printed,
        data_ours=words.ours(cell),
        data_verdict=cell.verdict,
    )
    sorting = None if value is None else f"{value:.6f}"
    return node("td", button, data_value=sorting, class_="number")


def _further_cell(row: Row, key: str) -> Node:
    if key not in row.further:
        return node("td", MISSING, class_="number")
    mean = row.further[key].mean
    text = words.number(mean, 1 if key == "HOTA" else 0)
    return node("td", text, data_value=f"{mean:.6f}", class_="number")


def _weights_cell(table: Table, row: Row) -> Node:
    return node(
        "td",
        node("span", words.printed_weights(table, row), class_="printed"),
        node("span", words.weights(row), class_="ours"),
        class_="weights",
    )


def _directions(table: Table, provenance: PageProvenance) -> abc.Iterator[Node]:
    """A row a comparison and column; what was not run is told in one sentence."""
    run = [d for d in table.directions if d.verdict is not Verdict.NOT_ATTEMPTED]
    if run:
        yield node("h4", "What the paper argues from, and whether it shows here")
        head = ("pair", "argued", "score", "print", "ours", "95 % interval", "verdict")
        rows = [_direction(table, direction, provenance) for direction in run]
        yield sortable(head, rows, f"comparisons of Table {table.paper.number}")
    missing = {
        pair(table, d.argument): d.reason
        for d in table.directions
        if d.verdict is Verdict.NOT_ATTEMPTED
    }
    if missing:
        listed = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
        yield node("p", f"Not compared: {listed}.", class_="note")


def _direction(
    table: Table, direction: Direction, provenance: PageProvenance
) -> list[Node]:
    metric = direction.metric
    key = provenance.direction(table, direction)
    whole = difference_here(direction)
    ours, _, interval = whole.partition(" ")
    button = node("button", said(table, direction), type="button", class_="why verdict")
    button.set("data-why", key)
    button.set("data-verdict", str(direction.verdict))
    printed = words.signed(direction.printed, metric.decimals)
    value = None if direction.ours is None else f"{direction.ours:.6f}"
    return [
        text_cell(pair(table, direction.argument)),
        text_cell(direction.argument.why, "what"),
        text_cell(metric.name),
        node("td", printed, data_value=f"{direction.printed:.6f}", class_="number"),
        node("td", ours, data_value=value, class_="number"),
        text_cell(interval or MISSING, "number"),
        node("td", button, class_="what"),
    ]


def _further(title: str, grids: abc.Iterable[Grid]) -> abc.Iterator[Node]:
    for head, rows in grids:
        if rows:
            yield node("h4", title)
            yield sortable(head, [[text_cell(c) for c in row] for row in rows], title)
