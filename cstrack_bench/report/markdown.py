"""RESULTS.md, a view of everything under results/."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from cstrack_bench.experiments.comparison_records import (
    AssociationRecord,
    LadderRecord,
    read_ladder,
)
from cstrack_bench.experiments.records import RunRecord, read_record
from cstrack_bench.files import write_text
from cstrack_bench.paper.claims import load_errata, load_table, table_names
from cstrack_bench.report import words
from cstrack_bench.report.association_table import (
    association_csv,
    association_section,
    read_associations,
    rule_grid,
    sequence_grid,
    tracker_grid,
)
from cstrack_bench.report.bound_tables import cost_lines, ladder_rows
from cstrack_bench.report.details import (
    Grid,
    losses,
    per_sequence,
    provenance,
    unprinted,
    variants,
)
from cstrack_bench.report.others import match_rows, read_others
from cstrack_bench.report.own_rows import printed_table
from cstrack_bench.report.rows import Row, Table
from cstrack_bench.report.tables import newest_comparable, table_from, write_csv
from cstrack_bench.report.words import MISSING

MARKER = (
    "<!-- Generated from results/ by scripts/results.py. Do not edit: the next run "
    "writes over it. -->"
)

INTRO = """\
# Results

Each table of the paper beside what this program measured. The files under `results/`
(one JSON a run, with everything that decided its numbers) are the source; this page
and the CSV files beside them are only views of it.

    cstrack reproduce table2      # measures what is missing, then writes this page
    python scripts/results.py     # writes this page and the CSV files again

| profile | data | what its numbers may be held against |
|---|---|---|
| `paper` | the paper's data sets, model and schedule | the printed numbers |
| `twin` | SynthMOT, made on the spot; small model | each other, print in direction |
| `real` | a few real sequences, halved; small model | each other, print in direction |
| `real-coco` | the same, started from COCO weights | each other, print in direction |
| `smoke` | a few SynthMOT frames | nothing: it shows that every part runs |

Profiles never share a table. A run whose settings differ from its profile is called
*custom*.

**How to read it.** *± x* is the half-width of a 95 % Student interval over seeds; with
one seed there is none. *[a, b]* is a 95 % interval of a difference between two rows:
a bootstrap over sequences and blocks of time, paired because both rows saw the same
frames, with the spread between seeds added where there are several. Overall scores
come from summed counts, never from means of ratios. A difference has the *same
direction* as in print, or the *opposite direction*, when its interval leaves out zero;
otherwise it is *not distinguishable* from noise. For profile `paper`, a printed number
is *reproduced* inside the interval over seeds (with one seed: when it equals ours as
printed), *within noise* inside the bootstrap interval, *not reproduced* outside both,
*not attempted* without a run, and *inconsistent in print* where the paper contradicts
itself.
"""

NO_GPU = """\
**No GPU figure exists yet:** every number below was measured on a CPU.
`scripts/gpu_campaign.sh OUT` measures speed and full-size rows where there is a GPU.
"""

PROFILES = {
    "paper": "the paper's protocol",
    "twin": "SynthMOT",
    "real": "real frames, small, not comparable with print",
    "real-coco": "the same real frames, started from COCO weights",
    "smoke": "only that every part runs",
}


def find_tables(results_root: Path) -> list[tuple[Table, Path]]:
    """Every table that has a run, with the path of its CSV.

    Runs that may not share a table with the newest ones (other frames) are left out,
    and their rows say so.

    Args:
        results_root: the folder of results.

    Raises:
        InputError: a file there is not a run's record.
    """
    folders: dict[Path, list[RunRecord]] = {}
    for path in sorted(results_root.glob("**/row*/seed*.json")):
        folders.setdefault(path.parent.parent, []).append(read_record(path))
    others = read_others(results_root)
    for name in table_names():  # other trackers fill rows of the paper's own protocol
        filled, rest = match_rows(load_table(name), others)
        if filled or rest:
            folders.setdefault(results_root / "paper" / name, [])
    found = []
    for folder, records in folders.items():
        paper = printed_table(records) if records else load_table(folder.name)
        newest, reasons = newest_comparable(records, paper)
        profile = newest[0].run.profile if newest else "paper"
        table = table_from(newest, paper, profile, reasons, others)
        found.append((table, folder.parent / f"{folder.name}.csv"))
    order = list(PROFILES)
    found.sort(key=lambda t: (order.index(t[0].profile), t[0].custom, t[1].as_posix()))
    return found


def write_views(results_root: Path, page: Path) -> list[Path]:
    """Write the CSV tables and RESULTS.md from everything under the results folder.

    Args:
        results_root: the folder of results.
        page: where RESULTS.md goes.

    Returns:
        What was written, the page last.

    Raises:
        InputError: a file there is not a run's record.
    """
    tables = find_tables(results_root)
    for table, path in tables:
        write_csv(table, path)
    documents = read_associations(results_root)
    sheets = [path.with_suffix(".csv") for _, path in documents]
    for (document, _), sheet in zip(documents, sheets, strict=True):
        write_text(sheet, association_csv(document))
    associations = [document for document, _ in documents]
    ladders = [
        read_ladder(ladder)
        for _, path in tables
        if (ladder := path.with_suffix("") / "ladder.json").is_file()
    ]
    write_text(
        page, results_markdown([table for table, _ in tables], associations, ladders)
    )
    return [*(path for _, path in tables), *sheets, page]


def results_markdown(
    tables: Sequence[Table],
    associations: Sequence[AssociationRecord] = (),
    ladders: Sequence[LadderRecord] = (),
) -> str:
    """The page for these tables.

    Args:
        tables: the paper's, with our runs.
        associations: comparisons of trackers by motion alone.
        ladders: what ``cstrack upper-bound --gt --ladder`` wrote.
    """
    parts = [MARKER, INTRO]
    if not any(record.provenance.gpu for table in tables for record in table.records):
        parts.append(NO_GPU)
    for profile, meaning in PROFILES.items():
        own = [table for table in tables if table.profile == profile]
        if own:
            parts.append(f"## Profile `{profile}`: {meaning}\n")
        parts += [_section(table) for table in own]
    if not tables:
        parts.append("No run yet.\n")
    parts += [_ladder(document) for document in ladders]
    parts += [_association(document) for document in associations]
    parts.append(_errata())
    return "\n".join(parts)


def _section(table: Table) -> str:
    paper = table.paper
    custom = " · custom settings" if table.custom else ""
    lines = [f"### Table {paper.number}: {paper.title}{custom}", ""]
    if table.profile in ("real", "real-coco"):
        lines += [
            "**Real frames, but few, a small model and not the paper's protocol: these "
            "numbers are not comparable with print.**",
            "",
        ]
    lines += [f"In print: {paper.caption} ({paper.split}.)", ""]
    lines += [*_bullets(table.header), ""]
    lines += _rows(table)
    lines += _grids("**On other frames, with and without filter:**", variants(table))
    lines += _grids(
        "**What each rule costs** (points; missed boxes, false ones, switches):",
        losses(table),
    )
    lines += _grids("**Evaluated here, not in print:**", unprinted(table))
    lines += _directions(table)
    baseline = words.baseline(table)
    if baseline:
        lines += [baseline + ".", ""]
    lines += [*_bullets(words.notes(table)), ""]
    lines += _folded("Provenance, size and training cost", provenance(table))
    lines += _folded("Scores by sequence", per_sequence(table))
    return "\n".join(lines)


def _ladder(record: LadderRecord) -> str:
    made = record.provenance
    lines = [
        f"## What each stage costs · profile `{record.profile}`",
        "",
        "Every stage of a trained tracker replaced by the ground truth in turn, and "
        "given boxes made worse (`cstrack upper-bound --gt --ladder`; differences are "
        "to the tracker as it is).",
        "",
        *_bullets(line[0].upper() + line[1:] for line in cost_lines(record)),
        f"- measured {made.time} at {made.git[:10]} on {made.cpu}",
        "",
    ]
    for system in record.systems:
        title, head, rows = ladder_rows(system)
        lines += _folded(title, [(head, rows)])
    return "\n".join(lines)


def _association(record: AssociationRecord) -> str:
    lines = association_section(record)
    lines += [*markdown_table(*tracker_grid(record)), ""]
    lines += [*_bullets(record.caveats), ""]
    lines += _folded("What single rules bring", [rule_grid(record)])
    lines += _folded("HOTA by sequence", [sequence_grid(record)])
    return "\n".join(lines)


def _bullets(lines: Iterable[str]) -> list[str]:
    return [f"- {line}" for line in lines]


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; bars and stars within cells are escaped."""
    body = [head, ["---"] * len(head), *rows]
    return [
        "| " + " | ".join(re.sub(r"([|*])", r"\\\1", cell) for cell in row) + " |"
        for row in body
    ]


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
    cells.append("files" if row.evaluated else str(len(row.records) or MISSING))
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
        first = next(iter(mine.values()))
        if first.ours is None:
            missing.append(f"- {words.pair(table, first)}: {first.verdict}")
            continue
        cells = [words.difference_cell(mine[k]) if k in mine else MISSING for k in keys]
        body.append([words.pair(table, first), argument.why, *cells])
    head = ["pair", "argued", *(f"{names[k]}: print → here [95 %]" for k in keys)]
    if body:
        lines += [*markdown_table(head, body), ""]
    if missing:
        lines += [*missing, ""]
    return lines


def _grids(title: str, grids: Sequence[Grid]) -> list[str]:
    """Tables under a title; nothing where they are empty."""
    lines = []
    for head, rows in grids:
        if rows:
            lines += [title, "", *markdown_table(head, rows), ""]
    return lines


def _folded(title: str, tables: Sequence[Grid]) -> list[str]:
    """Tables behind a fold; nothing where they are empty."""
    lines: list[str] = []
    for head, rows in tables:
        if rows:
            lines += [*markdown_table(head, rows), ""]
    if not lines:
        return []
    return [f"<details><summary>{title}</summary>", "", *lines, "</details>", ""]


def _errata() -> str:
    kinds = {
        "print": "Numbers that cannot be right as printed",
        "text": "Sentences that misquote a table",
        "code": "Where the paper and the code that ran in public differ",
        "unstated": "What the paper does not say",
        "note": "What is known about reproducing it",
    }
    lines = ["## Slips and gaps of the paper", ""]
    for kind, title in kinds.items():
        rows = [
            [slip.where, slip.printed, slip.found, slip.handling]
            for slip in load_errata()
            if slip.kind == kind
        ]
        table = markdown_table(["where", "printed", "found", "here"], rows)
        if kind in ("print", "text"):
            lines += [f"**{title}**", "", *table, ""]
        else:
            lines += [
                f"<details><summary>{title}</summary>",
                "",
                *table,
                "",
                "</details>",
                "",
            ]
    return "\n".join(lines)
