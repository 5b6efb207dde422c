"""What a person, GitHub and a script see of the gate."""

import dataclasses
from collections.abc import Iterator

from cstrack_bench.gate.baseline_file import FILE
from cstrack_bench.gate.cached_detections import FOLDER
from cstrack_bench.gate.cell_states import Cell, Part, State
from cstrack_bench.gate.metrics_gate import Gate

#: Changes of one record that are written out.
SHOWN_CHANGES = 3
_SUMMARY = {
    Part.ASSOCIATION: "association: every tracker over the cached detections",
    Part.EVALUATION: "evaluation: cached tracks under every benchmark's rules",
    Part.PARITY: "parity: recorded outputs of other implementations",
    Part.RECORD: "records: measured with these settings and components",
    Part.TRAINED: "trained: rows against their earlier runs, by interval",
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """Failing cells that have one cause.

    Attributes:
        title: which cells, in a few words.
        component: that moved.
        reason: what is otherwise.
        cells: all of them.
    """

    title: str
    component: str
    reason: str
    cells: tuple[Cell, ...]


def findings(gate: Gate, *states: State) -> list[Finding]:
    """Cells in some states, those of one tracker, benchmark or cause together."""
    groups: dict[tuple[str, str, str, str], list[Cell]] = {}
    for cell in gate.cells:
        if cell.state in states:
            of = cell.path.rpartition("/")[0]
            if cell.part is Part.RECORD:
                of = ""
            key = (cell.part, of, cell.component, cell.reason)
            groups.setdefault(key, []).append(cell)
    return [
        Finding(_title(part, of, cells), component, _shortened(reason), tuple(cells))
        for (part, of, component, reason), cells in groups.items()
    ]


def _title(part: str, of: str, cells: list[Cell]) -> str:
    if part != Part.RECORD:
        return of
    seeds: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        table, row, file = cell.name.rsplit("/", 2)
        number = file.removesuffix(".json").removeprefix("seed")
        seeds.setdefault((table, row.removeprefix("row")), []).append(number)
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (table, row), numbers in seeds.items():
        rows.setdefault((table, tuple(numbers)), []).append(row)
    return ", ".join(
        f"{table} row {' '.join(sorted(listed, key=int))} seed {' '.join(numbers)}"
        for (table, numbers), listed in rows.items()
    )


def _shortened(reason: str) -> str:
    said = reason.split("; ")
    more = len(said) - SHOWN_CHANGES
    if more < 2:
        return reason
    return "; ".join([*said[:SHOWN_CHANGES], f"and {more} more"])


def number(value: float | int | None) -> str:
    """A score as it is shown: whole, or with enough digits to see that it moved."""
    if value is None:
        return "—"
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def cell_line(cell: Cell) -> str:
    """``HOTA 63.8037 → 63.9012``, with the interval where there is one."""
    text = f"{cell.name.rpartition('/')[2]} {number(cell.old)} → {number(cell.new)}"
    if cell.low is not None and cell.high is not None:
        text += f" (new − old [{cell.low:+.2f}, {cell.high:+.2f}])"
    return text


def text_lines(gate: Gate) -> Iterator[str]:
    """The whole report, a line each."""
    for finding in findings(gate, State.MOVED, State.STALE):
        stale = finding.cells[0].part is Part.RECORD
        yield f"{'STALE' if stale else 'MOVED'}  {finding.title}"
        if finding.component:
            yield f"       component: {finding.component}"
        if finding.reason:
            yield f"       otherwise: {finding.reason}"
        if not stale:
            for cell in finding.cells:
                yield f"       {cell_line(cell)}"
    for finding in findings(gate, State.ACCEPTED):
        yield f"accepted  {finding.title}: {finding.reason}"
    for part, said in _SUMMARY.items():
        counts = _counts(gate, part)
        if counts:
            yield f"{said}: {counts}"
    for name, how in gate.components.items():
        yield f"component {name}: {how}"
    if gate.new:
        yield f"new rows, not compared: {', '.join(gate.new)}"
    if gate.gone:
        yield f"rows without runs now: {', '.join(gate.gone)}"


def _counts(gate: Gate, part: Part) -> str:
    """``42 same, 2 moved``; empty where the part has no cell."""
    numbers = {state: gate.count(part, state) for state in State}
    return ", ".join(f"{count} {state}" for state, count in numbers.items() if count)


def annotations(gate: Gate) -> Iterator[str]:
    """GitHub workflow commands, one a finding, on the file that the number is in."""
    base = (gate.results / FOLDER / FILE).as_posix()
    for finding in findings(gate, State.MOVED, State.STALE):
        first = finding.cells[0]
        if first.part is Part.RECORD:
            said = [finding.title]
            file = (gate.results / first.name).as_posix()
            title = "stale records"
        else:
            said = [cell_line(cell) for cell in finding.cells]
            title, file = f"{finding.title} moved", base
            if first.part is Part.TRAINED:
                file = gate.results.as_posix()
        said = [
            f"component: {finding.component}",
            f"otherwise: {finding.reason}",
            *said,
        ]
        yield (
            f"::error file={_property(file)},title={_property(title)}::"
            f"{_message(chr(10).join(said))}"
        )


def _message(text: str) -> str:
    """As GitHub's workflow commands want it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def summary_table(gate: Gate) -> str:
    """One Markdown table for the summary of a job: what moved, or how much did not."""
    lines = [
        f"### Metrics: {'nothing moved' if gate.passed else 'numbers moved'}",
        "",
        "| cell | old | new | component | what is otherwise |",
        "|---|---|---|---|---|",
    ]
    for finding in findings(gate, State.MOVED, State.STALE, State.ACCEPTED):
        if finding.cells[0].part is Part.RECORD:
            row = [finding.title, "", "stale", finding.component, finding.reason]
            lines.append(_row(row))
            continue
        for cell in finding.cells:
            new = number(cell.new)
            if cell.low is not None and cell.high is not None:
                new += f" [{cell.low:+.2f}, {cell.high:+.2f}]"
            name = f"{finding.title}/{cell.name.rpartition('/')[2]}"
            accepted = "accepted: " if cell.state is State.ACCEPTED else ""
            reason = accepted + finding.reason
            row = [name, number(cell.old), new, finding.component, reason]
            lines.append(_row(row))
    for part, said in _SUMMARY.items():
        counts = _counts(gate, part)
        if counts:
            lines.append(_row([said, "", counts, "", ""]))
    for name, how in gate.components.items():
        lines.append(_row([f"component {name}", "", how, name, ""]))
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def document(gate: Gate) -> dict[str, object]:
    """Everything, for a script."""
    return {
        "passed": gate.passed,
        "results": str(gate.results),
        "against": str(gate.against),
        "counts": {
            part: {state: n for state in State if (n := gate.count(part, state))}
            for part in Part
        },
        "cells": [
            dataclasses.asdict(c) for c in gate.cells if c.state is not State.SAME
        ],
        "components": gate.components,
        "new_rows": list(gate.new),
        "gone_rows": list(gate.gone),
    }
