"""The evidence behind one cell: print, runs, and the bytes that they were measured on.

``cstrack why`` shows it. Everything comes from records on disk and from print; nothing
is computed again but the verdicts, and no data is needed.
"""

import collections.abc as abc
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.experiments.recipe_files import ALIASES
from cstrack_bench.experiments.records import RunRecord, read_record
from cstrack_bench.experiments.staleness import PresentRuns
from cstrack_bench.files import check_results, sha256
from cstrack_bench.paper.claims import Claim, PaperTable, load_table, table_names
from cstrack_bench.report.direction_words import difference, pair
from cstrack_bench.report.profile_page import PROFILES
from cstrack_bench.report.rows import Row, Table, estimate_of
from cstrack_bench.report.tables import newest_comparable, table_from
from cstrack_bench.verdicts.comparable import measured
from cstrack_bench.verdicts.directions import Direction
from cstrack_bench.verdicts.statistics import Estimate


@dataclass(frozen=True)
class CellName:
    """``table2/4/IDF1``.

    Attributes:
        table: its name; row: number of the row; metric: key of a score.
    """

    table: str
    row: int
    metric: str

    def __str__(self) -> str:
        return f"{self.table}/{self.row}/{self.metric}"


@dataclass(frozen=True)
class RunEvidence:
    """One run behind a cell.

    Attributes:
        path: of the record, below the results folder.
        value: of the cell; None where the run did not measure it.
        record: all that is known.
        weights: whether its weights lie beside it; tracks: whether its tracks do, and
            are the ones that were scored (None: it kept none).
        stale: what would be otherwise if it were done again today.
    """

    path: str
    value: float | None
    record: RunRecord
    weights: bool
    tracks: bool | None
    stale: tuple[str, ...]


@dataclass(frozen=True)
class Reasoning:
    """A verdict that leans on the cell, with the numbers behind it.

    Attributes:
        pair: which rows, ``④ − ⑤``.
        said: the whole sentence.
        direction: its numbers.
    """

    pair: str
    said: str
    direction: Direction


@dataclass(frozen=True)
class CellEvidence:
    """Everything behind one cell.

    Attributes:
        name: which one.
        profile: whose runs; others: profiles that have runs of the row too.
        paper: the printed table.
        claim: the printed number; None where print has none.
        ours: mean over seeds; None without runs.
        reason: why there are no runs; else None.
        verdict: about the printed number; None outside the paper's own protocol.
        reasonings: argued differences that use the cell.
        runs: by seed.
        sequences: name -> seed -> value; empty where a score has no sequences.
    """

    name: CellName
    profile: str
    others: tuple[str, ...]
    paper: PaperTable
    claim: Claim | None
    ours: Estimate | None
    reason: str | None
    verdict: str | None
    reasonings: tuple[Reasoning, ...]
    runs: tuple[RunEvidence, ...]
    sequences: dict[str, dict[int, float]]


def parse_cell(text: str) -> CellName:
    """A cell by its name.

    Args:
        text: ``table2/4/IDF1``; the metric by its key or as print heads it.

    Raises:
        InputError: not of that form, or no such table, row or column.
    """
    parts = text.strip("/").split("/")
    if len(parts) != 3 or not parts[1].isdecimal():
        raise InputError(
            f"A cell is named TABLE/ROW/METRIC such as table2/4/IDF1, not {text!r}."
        )
    paper = load_table(_table_name(parts[0]))
    row = paper.row(int(parts[1]))
    return CellName(paper.name, row.number, _metric(paper, parts[2]))


def parse_row(text: str) -> tuple[str, int]:
    """A row by its name, ``table2/4``.

    Raises:
        InputError: not of that form, or no such table or row.
    """
    table, _, row = text.strip("/").partition("/")
    if not row.isdecimal():
        raise InputError(
            f"A run is named TABLE/ROW such as table2/4, or by its record's file, not "
            f"{text!r}."
        )
    paper = load_table(_table_name(table))
    return paper.name, paper.row(int(row)).number


def _table_name(text: str) -> str:
    name = ALIASES.get(text, text)
    if name not in table_names():
        raise InputError(f"No table {text!r}; {nearest(name, table_names())}.")
    return name


#: Scores that records have and no table prints.
_UNPRINTED = ("HOTA", "DetA", "AssA", "FP", "FN", "MT", "ML", "Frag", "IDP", "IDR")


def _metric(paper: PaperTable, text: str) -> str:
    known = {metric.key.casefold(): metric.key for metric in paper.metrics}
    known |= {metric.name.casefold(): metric.key for metric in paper.metrics}
    known |= {key.casefold(): key for key in _UNPRINTED}
    if text.casefold() not in known:
        choices = {*known.values()}
        raise InputError(
            f"{paper.name} has no column {text!r}; {nearest(text, choices)}."
        )
    return known[text.casefold()]


def runs_of(results: Path, profile: str, table: str) -> dict[Path, RunRecord]:
    """The records of a table under a profile, by path.

    Raises:
        InputError: a file there is not a run's record.
    """
    folder = results / profile / table
    return {path: read_record(path) for path in sorted(folder.glob("row*/seed*.json"))}


def choose_profile(
    results: Path, table: str, row: int, asked: str | None
) -> tuple[str, tuple[str, ...]]:
    """Whose runs are meant, and which other profiles have runs of the row.

    Args:
        results: the results folder.
        table: name of the table; row: number of the row.
        asked: the profile, or None for the first one that has runs.

    Raises:
        InputError: no such profile.
    """
    if asked is not None and asked not in PROFILES:
        raise InputError(f"No profile {asked!r}; {nearest(asked, PROFILES)}.")
    having = [
        profile
        for profile in PROFILES
        if any((results / profile / table / f"row{row}").glob("seed*.json"))
    ]
    chosen = asked or (having[0] if having else "twin")
    return chosen, tuple(profile for profile in having if profile != chosen)


def cell_evidence(
    results: Path, name: CellName, profile: str | None = None, seed: int | None = None
) -> CellEvidence:
    """Everything behind a cell.

    Args:
        results: the results folder.
        name: of the cell.
        profile: whose runs; by default the first one that has runs of the row.
        seed: this one alone; the mean and the verdicts are of all.

    Raises:
        InputError: no such folder, profile or seed, or a file there is no record.
    """
    check_results(results)
    paper = load_table(name.table)
    chosen, others = choose_profile(results, name.table, name.row, profile)
    found = runs_of(results, chosen, name.table)
    newest, reasons = newest_comparable(list(found.values()), paper)
    table = table_from(newest, paper, chosen, reasons)
    row = next(row for row in table.rows if row.paper.number == name.row)
    shown = [
        (path, record)
        for path, record in found.items()
        if record in row.records and seed in (None, record.run.seed)
    ]
    if seed is not None and not shown:
        have = ", ".join(map(str, row.seeds)) or "none"
        raise InputError(
            f"{name.table} row {name.row} has no seed {seed} under {chosen} "
            f"(there: {have})."
        )
    shown.sort(key=lambda pair: pair[1].run.seed)
    present = PresentRuns()
    cell = row.cells.get(name.metric)
    return CellEvidence(
        name,
        chosen,
        others,
        paper,
        row.paper.claims.get(name.metric),
        cell.ours if cell else estimate_of(row.records, name.metric),
        row.reason,
        cell.verdict if cell else None,
        tuple(_reasonings(table, row, name.metric)),
        tuple(_run(path, r, results, name.metric, present) for path, r in shown),
        _by_sequence([record for _, record in shown], name.metric),
    )


def _reasonings(table: Table, row: Row, metric: str) -> abc.Iterator[Reasoning]:
    for direction in table.directions:
        argument = direction.argument
        rows = (argument.first, argument.second)
        if direction.metric.key == metric and row.paper.number in rows:
            said = difference(table, direction)
            yield Reasoning(pair(table, argument), said, direction)


def _run(
    path: Path, record: RunRecord, results: Path, metric: str, present: PresentRuns
) -> RunEvidence:
    kept = None
    if record.tracks is not None:
        archive = path.with_name(record.tracks.file)
        kept = archive.is_file() and sha256(archive) == record.tracks.sha256
    return RunEvidence(
        path.relative_to(results).as_posix(),
        measured(record, metric),
        record,
        path.with_suffix(".safetensors").is_file(),
        kept,
        tuple(map(str, present.changes(record))),
    )


def _by_sequence(
    records: abc.Sequence[RunRecord], metric: str
) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for record in records:
        for name, scores in record.scores.sequences.items():
            if metric in ("MTR", "MLR"):
                value = 100.0 * scores[metric[:2]] / max(1, scores["IDs"])
            elif metric in scores:
                value = scores[metric]
            else:
                continue
            found.setdefault(name, {})[record.run.seed] = value
    return dict(sorted(found.items()))
