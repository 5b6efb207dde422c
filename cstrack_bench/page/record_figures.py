"""Figures from records of runs: η, the ladder, speed by stage."""

import collections.abc as abc
from collections import defaultdict
from statistics import fmean

from cstrack_bench.experiments.comparison_records import LadderRecord
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.page.html_nodes import Node, figure, node, numbers_table
from cstrack_bench.page.svg_charts import (
    Axes,
    Series,
    labelled_bars,
    line_chart,
    names_legend,
    stacked_bar,
)
from cstrack_bench.report.rows import Table
from cstrack_bench.report.words import number

_STAGES = (
    *("decode", "preprocess", "upload", "forward", "nms", "embed", "associate"),
    "write",
)
_SCORES = ("MOTA", "IDF1", "HOTA")


def eta_figures(table: Table) -> list[Node]:
    """η against MOTA and IDF1, print beside ours (Table V)."""
    figures = []
    for key in ("MOTA", "IDF1"):
        printed, ours, spread = [], [], []
        for row in sorted(table.rows, key=lambda row: float(row.paper.cells["η"])):
            eta, cell = float(row.paper.cells["η"]), row.cells[key]
            printed.append((eta, row.paper.claims[key].value))
            if cell.ours:
                ours.append((eta, cell.ours.mean))
                half, mean = cell.ours.half_width, cell.ours.mean
                spread.append(None if half is None else (mean - half, mean + half))
        series = [Series("print", printed, 0, dashed=True)]
        if ours:
            series.append(Series(f"ours, {table.profile}", ours, 1, spread=spread))
        figures.append(
            figure(
                f"**η against {key}** (Table {table.paper.number})",
                line_chart(series, Axes("η", key, log_x=True)),
                numbers_table(
                    ("", "η", key),
                    [
                        (one.name, f"{x:g}", number(y, 1))
                        for one in series
                        for x, y in one.points
                    ],
                ),
            )
        )
    return figures


def ladder_figures(record: LadderRecord) -> list[Node]:
    """What each stage costs, as a waterfall from the tracker as it is up to 100."""
    figures = []
    rows: dict[tuple[int, str], list[tuple[dict[str, float], dict[str, float]]]]
    rows = defaultdict(list)
    for system in record.systems:
        usual = {s: float(system.rows[0].scores[s]) for s in _SCORES}
        shares = {
            f"{part} {score}": share[score]
            for part, share in system.costs.items()
            for score in _SCORES
        }
        rows[system.row, system.name].append((usual, shares))
    parts = list(record.systems[0].costs)
    for score in _SCORES:
        body = []
        for (_, name), found in rows.items():
            at = fmean(usual[score] for usual, _ in found)
            body.append(_step(f"{name} as it is", [("", at)], at, 0.0, lead=True))
            for index, part in enumerate(parts):
                lost = fmean(shares[f"{part} {score}"] for _, shares in found)
                blank = [("", 0.0)] * (index + 1)
                body.append(_step(f"+ {part}", [*blank, ("", lost)], lost, at))
                at += lost
        figures.append(
            figure(
                f"**Ladder: where the points of {score} go**, Table VIII systems, "
                f"profile `{record.profile}`",
                node("div", *body, class_="bars"),
                note="From the tracker as it is up to 100: what ground truth in the "
                "place of each part adds, means over seeds. A bar to the left is a "
                "part whose ground truth takes points away.",
            )
        )
    return figures


def _step(
    name: str,
    parts: abc.Sequence[tuple[str, float]],
    value: float,
    start: float,
    lead: bool = False,
) -> Node:
    named = [(name if length else "", length) for _, length in parts]
    return node(
        "div",
        node("span", name, class_="name"),
        node("span", stacked_bar(named, 100.0, start), class_="plot"),
        node("span", number(value, 1), class_="value"),
        class_="bar-row lead" if lead else "bar-row",
    )


def speed_figures(tables: abc.Sequence[Table]) -> list[Node]:
    """Milliseconds a frame by stage, a figure for each table of systems."""
    figures = []
    for table in tables:
        if table.paper.name not in ("table1", "table6", "table7"):
            continue
        rows = [(row, stages) for row in table.rows if (stages := _stages(row.records))]
        if not rows:
            continue
        names = [s for s in _STAGES if any(s in stages for _, stages in rows)]
        bars = [
            (
                " ".join((row.paper.mark, row.paper.label, row.paper.group)),
                [(name, stages.get(name, 0.0)) for name in names],
                sum(stages.values()),
            )
            for row, stages in rows
        ]
        machines = dict.fromkeys(
            f"{r.provenance.gpu or r.provenance.cpu}, {r.provenance.threads} thread"
            f"{'s' if r.provenance.threads > 1 else ''}, {r.data.input_size}"
            for row, _ in rows
            for r in row.records
        )
        figures.append(
            figure(
                f"**Speed by stage**, Table {table.paper.number}, profile "
                f"`{table.profile}`: ms a frame",
                labelled_bars(bars, max(total for _, _, total in bars), 1),
                names_legend(names),
                note=f"Medians of each stage, means over seeds; {'; '.join(machines)}. "
                "Rows measured on different machines do not compare.",
                kind="wide",
            )
        )
    return figures


def _stages(records: abc.Sequence[RunRecord]) -> dict[str, float]:
    found = [record.tracking.stages for record in records if record.tracking.stages]
    names = dict.fromkeys(name for stages in found for name in stages)
    return {
        name: fmean(s[name].wall_ms_p50 if name in s else 0.0 for s in found)
        for name in names
    }
