"""Forest plots: every argued difference, print beside ours with its interval."""

import collections.abc as abc

from cstrack_bench.page.html_nodes import Node, figure, node
from cstrack_bench.page.svg_charts import Bend, Interval, strip, strip_axis
from cstrack_bench.report.direction_words import difference_here, pair
from cstrack_bench.report.rows import Table
from cstrack_bench.report.words import signed
from cstrack_bench.verdicts.directions import Direction
from cstrack_bench.verdicts.rules import MARGIN_SHARES

_UNITS = {"MOTA": "points of MOTA", "IDF1": "points of IDF1"}


def forest_plots(profile: str, tables: abc.Sequence[Table]) -> list[Node]:
    """One figure a column that the text argues from.

    Counts are shown in percent of the second row's, since a test of another length has
    other counts.

    Args:
        profile: whose runs.
        tables: its tables.
    """
    found = []
    for key in ("MOTA", "IDF1", "IDSW"):
        rows = [
            (table, direction)
            for table in tables
            for direction in table.directions
            if direction.metric.key == key and direction.ours is not None
        ]
        if rows:
            found.append(_forest(profile, key, rows))
    return found


def _forest(
    profile: str, key: str, rows: abc.Sequence[tuple[Table, Direction]]
) -> Node:
    intervals = [_interval(table, direction) for table, direction in rows]
    ends = [
        abs(value)
        for one in intervals
        for value in (one.printed, one.ours, one.low, one.high)
        if value is not None
    ]
    scale = Bend(1.05 * max(ends), 20.0 if key in MARGIN_SHARES else 1.0)
    body = []
    for (table, direction), interval in zip(rows, intervals, strict=True):
        decimals = direction.metric.decimals
        name = f"{table.paper.number} {pair(table, direction.argument)}"
        body.append(
            node(
                "div",
                node(
                    "span", name, node("small", direction.argument.why), class_="name"
                ),
                node("span", strip(interval, scale), class_="plot"),
                node(
                    "span",
                    f"{signed(direction.printed, decimals)} → ",
                    node("b", difference_here(direction)),
                    f" {direction.verdict}",
                    class_="numbers",
                ),
                class_="forest-row",
            )
        )
    axis = node(
        "div",
        node("span", class_="name"),
        node("span", strip_axis(scale), class_="plot"),
        node("span", class_="numbers"),
        class_="forest-row axis",
    )
    unit = _UNITS.get(key, "identity switches, % of the second row's")
    return figure(
        f"**{unit[0].upper()}{unit[1:]}**: first row less second, profile `{profile}`",
        node("div", *body, axis, class_="forest"),
        note="Ring: print. Disc and line: here, with its 95 % interval where there are "
        "several seeds. Grey band: too small to matter. The scale is compressed away "
        "from zero.",
        kind="wide",
    )


def _interval(table: Table, direction: Direction) -> Interval:
    printed, ours = direction.printed, direction.ours or 0.0
    low, high = direction.low, direction.high
    margin = direction.margin or 0.0
    share = MARGIN_SHARES.get(direction.metric.key)
    if share is not None:
        reference = margin / share or 1.0
        second = table.paper.row(direction.argument.second)
        printed *= 100 / max(1.0, second.claims[direction.metric.key].value)
        ours *= 100 / reference
        low = None if low is None else low * 100 / reference
        high = None if high is None else high * 100 / reference
        margin = 100 * share
    return Interval(printed, ours, low, high, margin, str(direction.verdict))
