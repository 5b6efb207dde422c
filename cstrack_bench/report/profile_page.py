"""The page of one folder of results: its tables in full, and what to know of them."""

import collections.abc as abc

from cstrack_bench.experiments.comparison_records import AssociationRecord, LadderRecord
from cstrack_bench.report import words
from cstrack_bench.report.association_table import (
    association_section,
    rule_grid,
    sequence_grid,
    tracker_grid,
)
from cstrack_bench.report.bound_tables import cost_lines, ladder_rows
from cstrack_bench.report.condition_section import condition_section
from cstrack_bench.report.curve_section import curve_section
from cstrack_bench.report.details import hota_differences, losses, unprinted, variants
from cstrack_bench.report.direction_words import difference_cell, pair, said
from cstrack_bench.report.markdown import (
    MARKER,
    bullets,
    folded,
    grids,
    markdown_table,
)
from cstrack_bench.report.rows import Row, Table
from cstrack_bench.report.server_entries import server_grid
from cstrack_bench.report.task_tables import task_differences, task_rows
from cstrack_bench.report.words import MISSING
from cstrack_bench.verdicts.conditions import Trend
from cstrack_bench.verdicts.plateaus import CurveRecord

PROFILES = {
    "paper": "the paper's protocol",
    "twin": "SynthMOT",
    "real": "real frames, small, not comparable with print",
    "real-coco": "the same real frames, started from COCO weights",
    "smoke": "only that every part runs",
}


def profile_page(
    tables: abc.Sequence[Table],
    ladders: abc.Sequence[LadderRecord] = (),
    found: abc.Sequence[Trend] = (),
    curves: abc.Sequence[CurveRecord] = (),
) -> str:
    """The page of one profile.

    Args:
        tables: of one folder.
        ladders: what ``cstrack upper-bound --gt --ladder`` wrote there.
        found: how gains follow conditions, where that was measured.
        curves: scores over epochs, where they were measured.
    """
    profile = tables[0].profile
    lines = [
        MARKER,
        f"# Profile `{profile}`: {PROFILES[profile]}",
        "",
        "Each table of the paper beside what was measured here. *± x* is the "
        "half-width of a 95 % interval over seeds; *[a, b]* the 95 % interval of a "
        "difference of two rows over seeds and sequences. Overall scores come from "
        "summed counts. How verdicts are made, and how often they err: "
        "`docs/verdicts.md`. Runs with their provenance: `<table>-runs.csv`; scores by "
        "sequence: `<table>-sequences.csv`.",
        "",
    ]
    for table in tables:
        lines += _section(table)
    lines += curve_section(curves)
    lines += condition_section(found)
    for record in ladders:
        lines += _ladder(record)
    return "\n".join(lines)


def association_page(records: abc.Sequence[AssociationRecord]) -> str:
    """The page of comparisons of trackers by motion alone."""
    lines = [MARKER, "# Trackers over given detections", ""]
    for record in records:
        lines += association_section(record)
        lines += [*markdown_table(*tracker_grid(record)), ""]
        lines += [*bullets(record.caveats), ""]
        lines += folded("What single rules bring", [rule_grid(record)])
        lines += folded("HOTA by sequence", [sequence_grid(record)])
    return "\n".join(lines)


def _section(table: Table) -> list[str]:
    paper = table.paper
    custom = " · custom settings" if table.custom else ""
    lines = [f"## Table {paper.number}: {paper.title}{custom}", ""]
    if table.profile in ("real", "real-coco"):
        lines += [
            "**Real frames, but few, a small model and not the paper's protocol: these "
            "numbers are not comparable with print.**",
            "",
        ]
    lines += [f"In print: {paper.caption} ({paper.split}.)", ""]
    lines += [*bullets(table.header), ""]
    lines += _rows(table)
    lines += grids("**On other frames, with and without filter:**", variants(table))
    lines += grids(
        "**What each rule costs** (points; missed boxes, false ones, switches):",
        losses(table),
    )
    lines += grids("**Scored by a server:**", server_grid(table.submissions))
    lines += grids("**Evaluated here, in no row above:**", unprinted(table))
    lines += _directions(table)
    lines += grids("**HOTA, which is not in print:**", hota_differences(table))
    lines += grids(
        "**Detection and identity apart:** average precision of the boxes at IoU 0.5, "
        "and true boxes whose own template is the nearest of the frame "
        "(`scripts/task_scores.py`).",
        [task_rows(table)],
    )
    lines += grids("**The same, of the argued pairs:**", [task_differences(table)])
    baseline = words.baseline(table)
    if baseline:
        lines += [baseline + ".", ""]
    lines += [*bullets(words.notes(table)), ""]
    return lines


def _ladder(record: LadderRecord) -> list[str]:
    made = record.provenance
    lines = [
        f"## What each stage costs · profile `{record.profile}`",
        "",
        "Every stage of a trained tracker replaced by the ground truth in turn, and "
        "given boxes made worse (`cstrack upper-bound --gt --ladder`; differences are "
        "to the tracker as it is).",
        "",
        *bullets(line[0].upper() + line[1:] for line in cost_lines(record)),
        f"- measured {made.time} at {made.git[:10]} on {made.cpu}",
        "",
    ]
    for system in record.systems:
        title, head, rows = ladder_rows(system)
        lines += folded(title, [(head, rows)])
    return lines


def _rows(table: Table) -> list[str]:
    """The rows, a table a print group, each under the group's name."""
    judged = any(words.verdicts(row) for row in table.rows)
    lines = []
    for group in table.paper.groups:
        if group:
            lines += [f"**{group}**", ""]
        rows = [row for row in table.rows if row.paper.group == group]
        body = [_row(table, row, judged) for row in rows]
        lines += [*markdown_table(_head(table, judged), body), ""]
    return lines


def _head(table: Table, judged: bool) -> list[str]:
    head = ["№", "what"]
    for metric in table.paper.metrics:
        if table.wide:
            head.append(f"{metric.title} paper / ours")
        else:
            head += [f"{metric.title} paper", "ours"]
    head += table.further
    if table.paper.relation_weights:
        head += ["λ det/re-id paper", "ours P3 P4 P5"]
    head.append("n")
    if judged:
        head.append("verdict")
    return head


def _row(table: Table, row: Row, judged: bool) -> list[str]:
    cells = [row.paper.mark, row.paper.label]
    for metric in table.paper.metrics:
        cell = row.cells[metric.key]
        if table.wide:
            cells.append(words.both(cell))
        else:
            cells += [cell.printed, words.ours(cell)]
    cells += [_further(row, key) for key in table.further]
    if table.paper.relation_weights:
        cells += [words.printed_weights(table, row), words.weights(row)]
    n = str(len(row.records) or MISSING)
    cells.append(row.evaluated.kind if row.evaluated else n)
    if judged:
        cells.append(words.verdict(row) or MISSING)
    return cells


def _further(row: Row, key: str) -> str:
    if key not in row.further:
        return MISSING
    return words.number(row.further[key].mean, 1 if key == "HOTA" else 0)


def _directions(table: Table) -> list[str]:
    """A row a comparison; the ones that lack a row are told in one sentence."""
    if not table.paper.arguments:
        return []
    lines = ["What the paper argues from, and whether it shows here:", ""]
    keys = list(dict.fromkeys(d.metric.key for d in table.directions))
    names = {d.metric.key: d.metric.name for d in table.directions}
    body = []
    missing = []
    for argument in table.paper.arguments:
        mine = {d.metric.key: d for d in table.directions if d.argument == argument}
        if not mine:
            continue
        first = next(iter(mine.values()))
        name = pair(table, argument)
        if first.ours is None:
            missing.append(f"- {name}: {said(table, first)}")
            continue
        cells = [
            difference_cell(table, mine[k]) if k in mine else MISSING for k in keys
        ]
        body.append([name, argument.why, *cells])
    head = ["pair", "argued", *(f"{names[k]}: print → here [95 %]" for k in keys)]
    if body:
        lines += [*markdown_table(head, body), ""]
    if missing:
        lines += [*missing, ""]
    return lines
