"""Numbers as words: the same ones on screen, in CSV and in RESULTS.md."""

import collections.abc as abc
from itertools import pairwise

from cstrack_bench.paper.claims import Metric
from cstrack_bench.report.rows import Cell, Row, Table
from cstrack_bench.verdicts.statistics import Estimate

MISSING = "—"


def number(value: float, decimals: int) -> str:
    """``-0.04`` to one digit is ``0.0``; a true minus sign otherwise."""
    return f"{value:z.{decimals}f}".replace("-", "−")


def signed(value: float, decimals: int) -> str:
    """With its sign; zero has none."""
    text = f"{value:+z.{decimals}f}".replace("-", "−")
    return text[1:] if not any(c in "123456789" for c in text) else text


def estimate(value: Estimate, decimals: int) -> str:
    """``71.2 ±0.9`` over seeds; ``71.2`` where there is one."""
    text = number(value.mean, decimals)
    if value.half_width is None:
        return text
    # A mean of counts is rarely a whole number, but its spread is told in wholes.
    return f"{text} ±{number(value.half_width, decimals)}"


def ours(cell: Cell) -> str:
    """Our number of a cell, ``—`` where there is none."""
    return estimate(cell.ours, cell.metric.decimals) if cell.ours else MISSING


def both(cell: Cell) -> str:
    """``64.4 / 51.2 ±0.3``: print and ours in one cell, for wide tables."""
    return f"{cell.printed} / {ours(cell)}"


def weights(row: Row) -> str:
    """``.12/.31 .48/.52 .50/.50``: detection / re-id of P3, P4, P5."""
    if row.relation_weights is None:
        return MISSING
    return " ".join(
        "/".join(number(value, 3) for value in pair) for pair in row.relation_weights
    )


def printed_weights(table: Table, row: Row) -> str:
    """The printed λ pair, ``—`` where print has none."""
    cells = [row.paper.cells[column] for column in table.paper.relation_weights]
    return "/".join(cells) if any(c.strip("—") for c in cells) else MISSING


def settings(table: Table, row: Row) -> list[str]:
    """The printed settings; what fills only the first of them spans them all."""
    return [row.paper.cells[column] for column in table.paper.settings]


def profile(table: Table) -> str:
    """``profile twin``, and ``custom`` said wherever it is."""
    if not table.custom:
        return f"profile {table.profile}"
    return f"custom (profile {table.profile}, with other settings)"


def title(table: Table) -> str:
    """``Table II · what each relation in REN brings · profile twin``."""
    return f"Table {table.paper.number} · {table.paper.title} · {profile(table)}"


def baseline(table: Table) -> str | None:
    """The IoU-only line, or None where that tracker was not run."""
    parts = []
    for row in table.rows:
        if row.baseline is not None:
            idf1, loss = row.baseline.idf1, row.baseline.loss
            name = row.paper.mark if table.paper.marked else row.paper.label
            if row.paper.group:
                name += f" ({row.paper.group})"
            parts.append(f"{name} {number(idf1, 1)} ({signed(-loss, 1)})")
    if not parts:
        return None
    return "IoU-only tracker on the same detections, IDF1: " + " · ".join(parts)


def notes(table: Table) -> list[str]:
    """What a reader must know before leaning on the numbers."""
    found = []
    if table.single_seed:
        found.append(
            "n = 1: one seed in some rows, which gives a number and no verdict"
        )
    if any(len(row.records) > 1 for row in table.rows):
        found.append(
            "± is the half-width of a 95 % interval over seeds; [ ] the 95 % interval "
            "of a difference over seeds and sequences"
        )
    family = max((d.family for d in table.directions), default=0)
    if family:
        found.append(
            f"verdicts are corrected for {family} comparisons (Holm); how they are "
            "made: docs/verdicts.md"
        )
    if table.profile in ("real", "real-coco"):
        found.append("real frames, small, and not comparable with print")
    elif table.label != "paper":
        found.append(
            "print was measured on other data at full size: only directions compare"
        )
    mixed = _mixed_versions(table)
    if mixed:
        found.append(
            f"rows were measured by different versions of {', '.join(mixed)}: they do "
            "not compare"
        )
    found += [
        *table.paper.caveats.get("all", ()),
        # A smoke run is a twin of a few frames.
        *table.paper.caveats.get(table.profile.replace("smoke", "twin"), ()),
        *_speed(table),
    ]
    found += [
        f"row {row.paper.mark}: {row.evaluated.note()}{_own_runs(row)}"
        for row in table.rows
        if row.evaluated
    ]
    reasons: dict[str, list[int]] = {}
    for row in table.rows:
        if row.reason is not None:
            reasons.setdefault(row.reason, []).append(row.paper.number)
    return found + [
        f"row{'s' if len(rows) > 1 else ''} {_listed(table, rows)} {MISSING}: {reason}"
        for reason, rows in reasons.items()
    ]


def _own_runs(row: Row) -> str:
    """Where runs of a row are, whose numbers a server's stand in the place of."""
    if not row.records:
        return ""
    count = len(row.records)
    return (
        f"; the {count} run{'s' if count > 1 else ''} of this row here, on other "
        "frames, are in the CSV of runs and in the comparisons below"
    )


def _mixed_versions(table: Table) -> list[str]:
    """Components of which the table's runs used more than one version."""
    versions: dict[str, set[int]] = {}
    for record in table.records:
        for name, version in record.run.components.items():
            versions.setdefault(name, set()).add(version)
    return sorted(name for name, found in versions.items() if len(found) > 1)


def _listed(table: Table, rows: abc.Sequence[int]) -> str:
    """``1–12, 14``: rows by their marks, neighbours joined."""
    runs: list[list[int]] = [[rows[0]]]
    for before, count in pairwise(rows):
        if count == before + 1:
            runs[-1].append(count)
        else:
            runs.append([count])
    parts = []
    for run in runs:
        marks = [table.paper.row(n).mark for n in run]
        parts += [f"{marks[0]}–{marks[-1]}"] if len(marks) > 2 else marks
    return ", ".join(parts)


def _speed(table: Table) -> abc.Iterable[str]:
    """Whose hardware our frames a second are of, where the table has them."""
    row_with = [
        row for row in table.rows if "FPS" in row.cells and row.cells["FPS"].ours
    ]
    machines = dict.fromkeys(
        f"{source.gpu or source.cpu} (threads: {source.threads})"
        for row in row_with
        for source in (record.provenance for record in row.records)
    )
    if machines:
        yield (
            f"FPS of ours on {', '.join(machines)}, by the paper's timer (no decoding, "
            "letterboxing or writing); printed on an RTX 2080 Ti and a Xeon 5218, or "
            "copied from the server: not comparable"
        )


def verdicts(row: Row) -> abc.Sequence[tuple[Metric, str]]:
    """The verdicts of a row's cells; none outside the profile ``paper``."""
    return [(c.metric, c.verdict) for c in row.cells.values() if c.verdict]


def verdict(row: Row) -> str:
    """One verdict where a row's cells agree, else one a column; empty without any."""
    found = verdicts(row)
    if len({verdict for _, verdict in found}) == 1:
        return found[0][1]
    return ", ".join(f"{metric.name} {verdict}" for metric, verdict in found)
