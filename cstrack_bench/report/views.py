"""Everything that is written from results/: pages and CSV files."""

import collections.abc as abc
from dataclasses import asdict, replace
from pathlib import Path

from cstrack_bench.experiments.comparison_records import LadderRecord, read_ladder
from cstrack_bench.experiments.recipes import load_recipe
from cstrack_bench.experiments.records import RunRecord, read_record
from cstrack_bench.experiments.staleness import PresentRuns
from cstrack_bench.experiments.task_scores import read_tasks
from cstrack_bench.files import write_text
from cstrack_bench.paper.claims import load_table, table_names
from cstrack_bench.report.association_table import (
    FOLDER,
    association_csv,
    read_associations,
)
from cstrack_bench.report.errata_list import errata_list
from cstrack_bench.report.findings_page import findings_page
from cstrack_bench.report.others import match_rows
from cstrack_bench.report.own_rows import printed_table
from cstrack_bench.report.profile_page import (
    PROFILES,
    association_page,
    profile_page,
)
from cstrack_bench.report.results_page import results_page
from cstrack_bench.report.rows import Table
from cstrack_bench.report.run_csv import runs_csv, sequences_csv
from cstrack_bench.report.server_entries import read_filling
from cstrack_bench.report.tables import newest_comparable, table_csv, table_from
from cstrack_bench.report.verdict_summary import worlds
from cstrack_bench.verdicts.conditions import Trend, read_conditions, trends
from cstrack_bench.verdicts.design import read_design
from cstrack_bench.verdicts.plateaus import read_curves


def find_tables(results_root: Path) -> list[tuple[Table, Path]]:
    """Every table that has a run, with the path of its CSV.

    Runs that may not share a table with the newest ones (other frames) are left out,
    and their rows say so.

    Args:
        results_root: the folder of results.

    Raises:
        InputError: a file there is not a run's record, or not a design.
    """
    folders: dict[Path, list[RunRecord]] = {}
    for path in sorted(results_root.glob("**/row*/seed*.json")):
        folders.setdefault(path.parent.parent, []).append(read_record(path))
    others = read_filling(results_root)
    for name in table_names():  # they fill rows of the paper's own protocol
        filled, rest = match_rows(load_table(name), others)
        if filled or rest:
            folders.setdefault(results_root / "paper" / name, [])
    found = []
    for folder, records in folders.items():
        paper = printed_table(records) if records else load_table(folder.name)
        newest, reasons = newest_comparable(records, paper)
        profile = newest[0].run.profile if newest else "paper"
        design = read_design(folder)
        table = table_from(newest, paper, profile, reasons, others, design)
        runs = {record.run.hash for record in newest}
        tasks = tuple(t for t in read_tasks(folder) if t.run in runs)
        table = replace(table, tasks=tasks)
        found.append((table, folder.parent / f"{folder.name}.csv"))
    order = list(PROFILES)
    found.sort(key=lambda t: (order.index(t[0].profile), t[0].custom, t[1].as_posix()))
    return found


def table_of(results_root: Path, name: str, profile: str) -> Table:
    """One table of one profile, with whatever runs of it there are.

    Args:
        results_root: the folder of results.
        name: of the table in print.
        profile: whose runs.

    Raises:
        InputError: a file there is not a run's record, or not a design.
    """
    folder = results_root / profile / name
    paths = sorted(folder.glob("row*/seed*.json"))
    records = [read_record(path) for path in paths]
    paper = load_table(name)
    newest, reasons = newest_comparable(records, paper)
    return table_from(newest, paper, profile, reasons, (), read_design(folder))


def find_ladders(found: abc.Iterable[tuple[Table, Path]]) -> list[LadderRecord]:
    """The ladders beside tables.

    Args:
        found: from ``find_tables``.

    Raises:
        InputError: a file there is no ladder.
    """
    return [record for _, path in found for record in _ladders(path)]


def _ladders(table: Path) -> list[LadderRecord]:
    """The ladder beside a table's CSV, if there is one."""
    path = table.with_suffix("") / "ladder.json"
    return [read_ladder(path)] if path.is_file() else []


def find_trends(folder: Path) -> list[Trend]:
    """How gains follow the conditions that were measured for a profile.

    Args:
        folder: its results; those of changed settings have none.

    Raises:
        InputError: a file there is no such measurement.
    """
    runs = read_conditions(folder)
    if not runs:
        return []
    (run,) = load_recipe(runs[0].table).runs(folder.name, [runs[0].row])
    return trends(runs, asdict(run.settings.data.synth.config))


def findings(results_root: Path) -> str:
    """The page on what profile twin shows, for the documentation.

    Args:
        results_root: the folder of results.

    Raises:
        InputError: a file there is not a run's record.
    """
    tables = [table for table, _ in find_tables(results_root)]
    twin = worlds(tables).get("twin", [])
    folder = results_root / "twin"
    present = PresentRuns()
    runs = [record for table in twin for record in table.records]
    stale = sum(bool(present.changes(record)) for record in runs)
    return findings_page(twin, find_trends(folder), read_curves(folder), stale)


def write_views(results_root: Path, page: Path) -> list[Path]:
    """Write RESULTS.md, ERRATA.md, a page a profile and the CSV files.

    Args:
        results_root: the folder of results.
        page: where RESULTS.md goes; ERRATA.md goes beside it.

    Returns:
        What was written, RESULTS.md last.

    Raises:
        InputError: a file there is not a run's record.
    """
    found = find_tables(results_root)
    folders: dict[Path, list[Table]] = {}
    texts: dict[Path, str] = {}
    ladders: dict[Path, list[LadderRecord]] = {}
    for table, path in found:
        folders.setdefault(path.parent, []).append(table)
        texts[path] = table_csv(table)
        texts[path.with_name(f"{path.stem}-runs.csv")] = runs_csv(table)
        texts[path.with_name(f"{path.stem}-sequences.csv")] = sequences_csv(table)
        ladders.setdefault(path.parent, []).extend(_ladders(path))
    for folder, tables in folders.items():
        texts[folder / "README.md"] = profile_page(
            tables, ladders.get(folder, []), find_trends(folder), read_curves(folder)
        )
    associations = read_associations(results_root)
    for record, path in associations:
        texts[path.with_suffix(".csv")] = association_csv(record)
    if associations:
        records = [record for record, _ in associations]
        texts[results_root / FOLDER / "README.md"] = association_page(records)
    texts[page.with_name("ERRATA.md")] = errata_list()
    # Read everything before writing anything: a damaged record leaves no half view.
    present = PresentRuns()
    runs = [record for table, _ in found for record in table.records]
    stale = sum(bool(present.changes(record)) for record in runs)
    texts[page] = results_page([table for table, _ in found], stale)
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)
