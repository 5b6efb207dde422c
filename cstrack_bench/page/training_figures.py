"""Figures of trainings: losses over the epochs, and λ beside the printed pair."""

import collections.abc as abc
from collections import defaultdict
from statistics import fmean

from cstrack_bench.experiments.records import EpochFacts, RunRecord
from cstrack_bench.page.html_nodes import Node, figure, numbers_table
from cstrack_bench.page.svg_charts import (
    Axes,
    Series,
    labelled_bars,
    line_chart,
    names_legend,
)
from cstrack_bench.report.rows import Row, Table
from cstrack_bench.report.words import number

_LEVELS = ("P3", "P4", "P5")
_TASKS = ("detection", "re-id")
_TERMS = {"box": "box", "objectness": "objectness", "identity": "identity (before η)"}


def training_figures(profile: str, tables: abc.Sequence[Table]) -> list[Node]:
    """Losses over the epochs, a figure a term and six rows.

    Args:
        profile: whose runs.
        tables: its tables.
    """
    curves = {
        f"{table.paper.number} {row.paper.mark}": found
        for table in tables
        for row in table.rows
        if (found := _curves(row.records))
    }
    figures = []
    for term, title in _TERMS.items():
        series: list[Series] = []
        for name, found in curves.items():
            points = _mean_points(
                [[(e.epoch, e.loss[term]) for e in c if term in e.loss] for c in found]
            )
            if points:
                series.append(Series(name, points, len(series)))
        for start in range(0, len(series), 6):
            part = series[start : start + 6]
            figures.append(
                figure(
                    f"**Loss over training: {title}**, profile `{profile}`",
                    line_chart(part, Axes("epoch", "loss", whole_x=True)),
                    numbers_table(
                        ("row", "epoch", "loss"),
                        [
                            (one.name, number(x, 0), number(y, 5))
                            for one in part
                            for x, y in one.points
                        ],
                    ),
                )
            )
    return figures


def without_curves(profile: str, tables: abc.Sequence[Table]) -> str:
    """How many rows have no curve, in one sentence; empty where all have."""
    missing = [
        row
        for table in tables
        for row in table.rows
        if row.records and not _curves(row.records)
    ]
    if not missing:
        return ""
    return (
        f"{len(missing)} rows of profile `{profile}` were trained before curves were "
        "kept: of them the records have the last epoch alone."
    )


def last_losses(profile: str, tables: abc.Sequence[Table]) -> Node | None:
    """Mean losses of the last epoch of every row, as bars; equal rows once.

    Args:
        profile: whose runs.
        tables: its tables.
    """
    rows: dict[tuple[str | None, ...], tuple[str, dict[str, float]]] = {}
    for table in tables:
        for row in table.rows:
            losses = _last(row.records)
            if losses:
                key = tuple(record.training.hash for record in row.records)
                name = f"{table.paper.number} {row.paper.mark} {row.paper.label}"
                rows.setdefault(key if all(key) else (name,), (name, losses))
    if not rows:
        return None
    most = max(sum(losses.values()) for _, losses in rows.values())
    names = list(dict.fromkeys(name for _, losses in rows.values() for name in losses))
    return figure(
        f"**Loss of the last epoch**, by term, profile `{profile}`",
        labelled_bars(
            [
                (name, [(n, losses.get(n, 0.0)) for n in names], sum(losses.values()))
                for name, losses in rows.values()
            ],
            most,
            3,
        ),
        names_legend(names),
        note="Means over seeds; identity before it is weighed by η. Rows that are the "
        "same training are shown once.",
        kind="wide",
    )


def _last(records: abc.Sequence[RunRecord]) -> dict[str, float]:
    return {
        name: fmean(r.training.loss[name] for r in records)
        for name in (records[0].training.loss if records else ())
        if all(name in r.training.loss for r in records)
    }


def _curves(records: abc.Sequence[RunRecord]) -> list[list[EpochFacts]]:
    return [r.training.curve for r in records if r.training.curve]


def _mean_points(
    curves: abc.Iterable[abc.Sequence[tuple[int, float]]],
) -> list[tuple[float, float]]:
    by_epoch: dict[int, list[float]] = defaultdict(list)
    for curve in curves:
        for epoch, value in curve:
            by_epoch[epoch].append(value)
    return [(float(epoch), fmean(values)) for epoch, values in sorted(by_epoch.items())]


def weight_figure(table: Table, row: Row) -> Node | None:
    """λ of all six scalars over training, with the two that are printed.

    Without a curve in the records the start, which the settings give, and the end are
    joined by a dashed line.
    """
    learned = row.relation_weights
    columns = table.paper.relation_weights
    if learned is None or not columns or not _is_learned(row.records[0]):
        return None
    curves = [
        curve
        for curve in _curves(row.records)
        if all(e.relation_weights is not None for e in curve)
    ]
    start = _start(row.records[0])
    epochs = fmean(record.training.epochs for record in row.records)
    series = []
    for level in range(3):
        for task in range(2):
            points = _mean_points(
                [
                    (e.epoch, e.relation_weights[level][task])
                    for e in curve
                    if e.relation_weights is not None
                ]
                for curve in curves
            )
            if not points:
                points = [(0.0, start), (epochs, learned[level][task])]
            name = f"{_LEVELS[level]} {_TASKS[task]}"
            series.append(Series(name, points, 2 * level + task, dashed=not curves))
    printed = {
        f"print {column} {text}": float(text)
        for column in columns
        if (text := row.paper.cells[column]).replace(".", "", 1).isdigit()
    }
    note = _pair_note(learned, [*printed.values()], start) if printed else ""
    if not curves:
        note = "Dashed: only start and end are in the records. " + note
    return figure(
        f"**λ over training**: Table {table.paper.number} {row.paper.mark}, profile "
        f"`{table.profile}`, means over {len(row.records)} seed"
        f"{'s' if len(row.records) > 1 else ''}",
        line_chart(series, Axes("epoch", "λ", levels=printed, whole_x=True)),
        numbers_table(
            ("scalar", "epoch", "λ"),
            [
                (one.name, number(x, 0), number(y, 5))
                for one in series
                for x, y in one.points
            ],
        ),
        note=note,
    )


def _is_learned(record: RunRecord) -> bool:
    """Whether λ is trained, not held; so it is where the settings do not say."""
    model = record.recipe.get("model")
    return not isinstance(model, dict) or model.get("ren", "full") == "full"


def _start(record: RunRecord) -> float:
    model = record.recipe.get("model")
    start = model.get("ren_lambda") if isinstance(model, dict) else None
    return float(start) if isinstance(start, int | float) else 0.5


def _pair_note(
    learned: abc.Sequence[tuple[float, float]],
    printed: abc.Sequence[float],
    start: float,
) -> str:
    """What the printed pair might be."""
    text = (
        "The network has six scalars, a pair on each of three levels; print has one "
        "pair and does not say which level it is of, nor whether it is a mean of all "
        "three (λ1 being of detection, λ2 of re-id, by their order in the text)."
    )
    if len(printed) != 2:
        return text

    def distance(pair: abc.Sequence[float]) -> float:
        return max(abs(a - b) for a, b in zip(pair, printed, strict=True))

    mean = [fmean(level[task] for level in learned) for task in range(2)]
    known = {f"{n}'s": p for n, p in zip(_LEVELS, learned, strict=True)}
    known["the mean of the levels"] = (mean[0], mean[1])
    name, nearest = min(known.items(), key=lambda item: distance(item[1]))
    return (
        f"{text} All start at {number(start, 2)}. Of our pairs {name} "
        f"({number(nearest[0], 3)} / {number(nearest[1], 3)}) is nearest to it, "
        f"{number(distance(nearest), 2)} off in one of the two."
    )
