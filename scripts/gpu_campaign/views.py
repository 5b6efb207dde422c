"""Tables and plots of a campaign."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.files import replacing, write_text
from cstrack_bench.paper.claims import load_table
from cstrack_bench.report.tables import table_from, write_csv
from cstrack_bench.stopwatch import STAGES
from gpu_campaign.journal import Journal

Cell = dict[str, Any]
PLAIN = (
    *("network", "precision", "layout", "batch", "input", "parameters", "gflops"),
    *("tracker", "boxes_per_frame", "frames", "dropped_first_frames"),
    *("fps", "fps_paper_scope", "ratio_to_first", "frame_ms_p50", "frame_ms_p95"),
    "memory_peak_mb",
)
TIMED = tuple(stage for stage in STAGES if stage not in ("decode", "write"))


def speed_csv(cells: Sequence[Cell], hardware: dict[str, Any], first: str) -> str:
    """The speed table, every line complete in itself.

    Args:
        cells: measured.
        hardware: what they were measured on.
        first: name of the network that the ratios are to.
    """
    about = {
        "device": hardware.get("gpu") or hardware["cpu"],
        "driver": (hardware.get("nvidia_smi") or {}).get("driver_version", ""),
        "torch": hardware["torch"],
        "cuda": hardware.get("cuda") or "",
    }
    lines = []
    for cell in cells:
        line = {name: cell[name] for name in PLAIN}
        line[f"ratio to {first}"] = line.pop("ratio_to_first")
        for stage in TIMED:
            times = cell["stages"].get(stage, {})
            line[f"{stage} ms p50"] = times.get("wall_ms_p50")
            line[f"{stage} ms p95"] = times.get("wall_ms_p95")
        lines.append(line | about)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return buffer.getvalue()


def write_speed(journal: Journal, hardware: str, first: str) -> list[Path]:
    """CSV and plots of the speed cells; nothing where there are none."""
    cells = journal.document["speed"]["cells"]
    if not cells:
        return []
    folder = journal.folder
    about = journal.document["speed"]["hardware"]
    table = folder / f"speed-{hardware}.csv"
    write_text(table, speed_csv(cells, about, first))
    stages = folder / f"stages-{hardware}.png"
    _save(stage_plot(cells, hardware), stages)
    rates = folder / f"fps-{hardware}.png"
    _save(rate_plot(cells, hardware), rates)
    return [table, stages, rates]


def write_rows(
    folder: Path, hardware: str, records: dict[str, list[RunRecord]]
) -> list[Path]:
    """Table II beside the print, one CSV a size.

    Args:
        folder: where they go.
        hardware: for their names.
        records: size -> its rows' records.
    """
    written = []
    for size, rows in records.items():
        if rows:
            name = rows[0].run.table
            path = folder / f"{name}-{size}-{hardware}.csv"
            write_csv(table_from(rows, load_table(name)), path)
            written.append(path)
    return written


def write_training(journal: Journal, hardware: str) -> list[Path]:
    """The trainings' curves; nothing where no epoch ended."""
    curves = journal.document["trainings"]
    if not curves:
        return []
    path = journal.folder / f"training-{hardware}.png"
    _save(training_plot(curves, hardware), path)
    return [path]


def stage_plot(cells: Sequence[Cell], hardware: str) -> Figure:
    """Median milliseconds of each stage, stacked, a bar a cell."""
    figure = Figure(figsize=(9, 1.5 + 0.28 * len(cells)), layout="constrained")
    axes = figure.add_subplot()
    ordered = sorted(cells, key=lambda c: (c["network"], c["precision"], c["layout"]))
    ordered.reverse()  # bars are drawn from below
    names = [f"{c['network']} {_kind(c)}" for c in ordered]
    left = [0.0] * len(ordered)
    for stage in TIMED:
        widths = [c["stages"].get(stage, {}).get("wall_ms_p50") or 0.0 for c in ordered]
        axes.barh(names, widths, left=left, label=stage)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_xlabel("ms a frame, median of each stage")
    axes.set_title(f"batch 1, {ordered[0]['input']}, {hardware}")
    axes.legend(ncols=3, fontsize="small")
    return figure


def rate_plot(cells: Sequence[Cell], hardware: str) -> Figure:
    """Frames a second by precision and layout, networks side by side."""
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    kinds = list(dict.fromkeys(_kind(c) for c in cells))
    networks = list(dict.fromkeys(c["network"] for c in cells))
    width = 0.8 / len(networks)
    for number, network in enumerate(networks):
        mine = {_kind(c): c["fps"] for c in cells if c["network"] == network}
        bars_at = [i + (number + 0.5) * width - 0.4 for i in range(len(kinds))]
        bars = axes.bar(bars_at, [mine.get(k, 0) for k in kinds], width, label=network)
        axes.bar_label(bars, fmt="%.3g", fontsize="x-small")
    axes.set_xticks(range(len(kinds)), kinds, rotation=20, ha="right")
    axes.set_ylabel("frames a second")
    axes.set_title(f"preprocess to association, batch 1, {hardware}")
    axes.legend(fontsize="small")
    return figure


def training_plot(curves: dict[str, list[dict[str, Any]]], hardware: str) -> Figure:
    """Loss terms and images a second by epoch."""
    figure = Figure(figsize=(10, 7), layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    names = ("box", "objectness", "identity", "images_per_s")
    for axes, name in zip(panels, names, strict=True):
        for label, points in curves.items():
            shown = [(p["epoch"], p[name]) for p in points if p.get(name) is not None]
            if shown:
                axes.plot(*zip(*shown, strict=True), marker=".", label=label)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("images a second" if name == "images_per_s" else f"{name} loss")
    panels[0].legend(fontsize="x-small")
    figure.suptitle(hardware)
    return figure


def _kind(cell: Cell) -> str:
    layout = "" if cell["layout"] == "contiguous" else " channels-last"
    return f"{cell['precision']}{layout}"


def _save(figure: Figure, path: Path) -> None:
    draw: Callable[..., None] = FigureCanvasAgg(figure).print_png
    with replacing(path) as temporary:
        draw(temporary)
