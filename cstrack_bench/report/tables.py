"""A printed table and our runs of it, side by side: built, printed, written as CSV."""

import collections.abc as abc
import csv
import io
from collections import defaultdict
from pathlib import Path

from rich.console import Console

from cstrack_bench.console import out
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.files import write_text
from cstrack_bench.paper.claims import PaperTable
from cstrack_bench.report.others import Evaluated, match_rows
from cstrack_bench.report.rows import Row, Table, row_from
from cstrack_bench.report.screen import table_lines
from cstrack_bench.report.server_entries import ServerEntry
from cstrack_bench.verdicts.comparable import check_comparable, comparable_key
from cstrack_bench.verdicts.design import Design, Reasons
from cstrack_bench.verdicts.directions import directions
from cstrack_bench.verdicts.printed_values import printed_verdicts


def comparable_groups(records: abc.Iterable[RunRecord]) -> list[list[RunRecord]]:
    """Runs that may share a table, each group for itself; the newest group first."""
    groups: dict[tuple[str, ...], list[RunRecord]] = defaultdict(list)
    for record in records:
        groups[record.run.table, *comparable_key(record)].append(record)
    return sorted(
        groups.values(),
        key=lambda group: max(r.provenance.time for r in group),
        reverse=True,
    )


def newest_comparable(
    records: abc.Sequence[RunRecord], paper: PaperTable
) -> tuple[list[RunRecord], dict[int, str]]:
    """The runs that may stand in one table, the newest where there is a choice.

    Rows of different print groups (data sets) are not held against each other, so each
    group has its own newest frames.

    Args:
        records: runs of one table and folder.
        paper: the printed table.

    Returns:
        The runs, and row number -> why a row's runs were left out.

    Raises:
        InputError: a run of a row that is not in print.
    """
    kept: list[RunRecord] = []
    reasons: dict[int, str] = {}
    for name in paper.groups:
        group = [r for r in records if paper.row(r.run.row).group == name]
        newest, *older = comparable_groups(group) or [[]]
        kept += newest
        present = {record.run.row for record in newest}
        reasons |= {
            record.run.row: "measured earlier on other frames; run it again"
            for runs in older
            for record in runs
            if record.run.row not in present
        }
    return kept, reasons


def table_from(
    records: abc.Sequence[RunRecord],
    paper: PaperTable,
    profile: str | None = None,
    reasons: Reasons | None = None,
    others: abc.Iterable[Evaluated | ServerEntry] = (),
    design: Design | None = None,
) -> Table:
    """Put runs beside the printed table.

    Args:
        records: ledger records (one JSON document each), any order.
        paper: the printed table.
        profile: whose table it is; by default that of the runs.
        reasons: row number -> why it was not run.
        others: trackers evaluated here from their files, and servers' scores. They
            belong beside numbers of the paper's own data sets, so only the profile
            ``paper`` shows them.
        design: which rows no verdict leans on, and the level of verdicts.

    Raises:
        InputError: a run of another table or profile, two runs of one row and seed, or
            runs that may not be compared.
    """
    if profile is None:
        if not records:
            raise InputError(f"No runs of {paper.name}, and no profile was named.")
        profile = records[0].run.profile
    rows: dict[int, list[RunRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.run.row, r.run.seed)):
        run = record.run
        if (run.table, run.profile) != (paper.name, profile):
            raise InputError(
                f"A run of {run.table}, profile {run.profile}, does not belong "
                f"in {paper.name}, profile {profile}: profiles never share a table."
            )
        paper.row(run.row)
        seeds = rows[run.row]
        if seeds and seeds[-1].run.seed == run.seed:
            raise InputError(
                f"Two runs of {paper.name} row {run.row} seed {run.seed}: "
                f"give one of them."
            )
        seeds.append(record)
    ordered = [record for number in sorted(rows) for record in rows[number]]
    for name in paper.groups:
        check_comparable([r for r in ordered if paper.row(r.run.row).group == name])
    why = {row.number: "not run" for row in paper.rows if row.number in paper.ours}
    why |= reasons or {}
    label = ordered[0].run.label if ordered else profile
    # Only the paper's own protocol can reproduce the paper's numbers.
    judged = label == "paper"
    shown = list(others) if judged else []
    filled, rest = match_rows(paper, shown)
    used = {id(other) for other in (*filled.values(), *rest)}
    said = printed_verdicts(paper, rows, why, design or Design()) if judged else {}
    return Table(
        paper,
        profile,
        label,
        _header(ordered, paper),
        tuple(
            row_from(
                paper,
                row,
                rows.get(row.number, []),
                {
                    key: text
                    for (number, key), text in said.items()
                    if number == row.number
                },
                why.get(row.number, paper.others),
                filled.get(row.number),
            )
            for row in paper.rows
        ),
        directions(paper, rows, why, design),
        tuple(other for other in rest if isinstance(other, Evaluated)),
        tuple(o for o in shown if isinstance(o, ServerEntry) and id(o) in used),
    )


def _distinct(values: abc.Iterable[object]) -> str:
    """Each value once, in order of appearance, joined: 'last', or '2, 4'."""
    return ", ".join(dict.fromkeys(str(value) for value in values))


def _header(records: abc.Sequence[RunRecord], paper: PaperTable) -> tuple[str, ...]:
    """What the numbers are, in words; a value that rows do not share is listed."""
    if not records:
        return ()
    seeds = sorted({record.run.seed for record in records})
    size = _distinct(record.data.input_size for record in records)
    threads = _distinct(r.provenance.threads for r in records)
    data: dict[str, list[str]] = defaultdict(list)
    for record in records:
        data[_measured_on(record)].append(paper.row(record.run.row).group)
    return (
        *(
            (f"{_distinct(groups)}: " if any(groups) else "") + frames
            for frames, groups in data.items()
        ),
        f"model {_distinct(r.recipe.get('size', '?') for r in records)} · "
        f"input {size} · "
        f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''} "
        f"({', '.join(map(str, seeds))}) · "
        f"checkpoint {_distinct(r.model.checkpoint for r in records)} · "
        f"trained in {_distinct(r.training.precision for r in records)} · "
        f"{threads} thread{'s' if threads != '1' else ''} · "
        f"{_distinct(r.provenance.device for r in records)}",
    )


def _measured_on(record: RunRecord) -> str:
    """What one run was measured on, in words."""
    data, part = record.data, record.data.val
    return (
        f"{data.dataset}, split {data.split} ({part.hash[:12]}): "
        f"measured on {part.sequences} sequences, {part.frames} frames"
    )


def print_table(
    table: Table, console: Console = out, remark: str | None = None
) -> None:
    """Print a table as DESIGN.md shows it: title, what it is, rows, directions.

    Args:
        table: what to print.
        console: where.
        remark: put in brackets behind the title, e.g. why this profile was picked.
    """
    for line in table_lines(table, remark):
        console.print(line, markup=False, emoji=False)


def table_csv(table: Table) -> str:
    """The table as CSV, one line a row, every line complete in itself.

    Numbers are not rounded for show (six decimals); a row that was not run has empty
    cells and its reason under ``status``.
    """
    lines = [_csv_row(table, row) for row in table.rows]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return buffer.getvalue()


def _csv_row(table: Table, row: Row) -> dict[str, object]:
    line: dict[str, object] = {
        "table": table.paper.name,
        "profile": table.profile,
        "label": table.label,
        "row": row.paper.number,
        "name": row.paper.label,
    }
    if table.paper.group:
        line[table.paper.group] = row.paper.group
    line |= {column: row.paper.cells[column] for column in table.paper.settings}
    for metric in table.paper.metrics:
        cell = row.cells[metric.key]
        line[f"{metric.key} paper"] = cell.printed
        line[metric.key] = _plain(cell.ours.mean if cell.ours else None)
        half = cell.ours.half_width if cell.ours else None
        line[f"{metric.key} ±"] = _plain(half)
        if table.label == "paper":
            line[f"{metric.key} verdict"] = cell.verdict
    for key in table.further:
        line[key] = _plain(row.further[key].mean if key in row.further else None)
    for index, column in enumerate(table.paper.relation_weights):
        line[f"{column} paper"] = row.paper.cells[column]
        for level in range(3):
            ours = row.relation_weights
            task = ("detection", "re-id")[index]
            line[f"λ {task} P{level + 3}"] = _plain(
                ours[level][index] if ours else None
            )
    line["IoU-only IDF1"] = _plain(row.baseline.idf1 if row.baseline else None)
    line["IoU-only MOTA"] = _plain(row.baseline.mota if row.baseline else None)
    line["n"] = len(row.records)
    line["seeds"] = " ".join(map(str, row.seeds))
    first = row.records[0] if row.records else None
    line["dataset"] = first.data.dataset if first else ""
    line["split"] = first.data.split if first else ""
    line["split hash"] = first.data.val.hash if first else ""
    line["input size"] = first.data.input_size if first else ""
    line["checkpoint"] = first.model.checkpoint if first else ""
    line["parameters"] = first.model.parameters if first else ""
    line["threads"] = first.provenance.threads if first else ""
    line["device"] = first.provenance.device if first else ""
    line["torch"] = first.provenance.torch if first else ""
    line["status"] = row.reason or "measured"
    if row.evaluated:
        line["status"] = row.evaluated.status
    return line


def _plain(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:z.6f}".rstrip("0").rstrip(".")


def write_csv(table: Table, path: Path) -> None:
    """Write the table as CSV, atomically."""
    write_text(path, table_csv(table))
