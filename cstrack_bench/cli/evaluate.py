"""``cstrack evaluate``: any tracker's MOT files against a data set."""

from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench.cli.options import (
    DATA_ROOT,
    RESULTS_ROOT,
    Data,
    Json,
    Results,
    print_json,
)
from cstrack_bench.errors import InputError

if TYPE_CHECKING:
    from cstrack_bench.evaluation.crosscheck import Difference
    from cstrack_bench.evaluation.scores import Evaluation
    from cstrack_bench.formats.sequences import Sequence

COLUMNS = (
    *("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDP", "IDR"),
    *("MT", "PT", "ML", "FP", "FN", "IDSW", "Frag"),
)


class Subset(StrEnum):
    """Folder of the data set."""

    TRAIN = "train"
    VAL = "val"
    TUNE = "tune"
    TEST = "test"


def evaluate(
    results: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS",
            help="Folder of SEQUENCE.txt files, or one such file.",
        ),
    ],
    dataset_name: Annotated[
        str,
        typer.Option(
            "--dataset",
            metavar="NAME",
            help="The data set they belong to, such as mot17 (cstrack doctor lists "
            "them), or one of yours as package.module:NAME or FILE.py:NAME.",
        ),
    ],
    data: Data = DATA_ROOT,
    split: Annotated[
        str,
        typer.Option(
            "--split",
            help="full, or the second halves of half/official, half/fairmot, "
            "half/bytetrack; or a split that the data set brings.",
        ),
    ] = "full",
    subset: Annotated[
        Subset | None,
        typer.Option("--subset", help="By default the data set's own, mostly train."),
    ] = None,
    sequences: Annotated[
        str | None,
        typer.Option(
            "--sequences", help="Only these: names or patterns, such as '*-SDP'."
        ),
    ] = None,
    crosscheck: Annotated[
        bool,
        typer.Option("--crosscheck", help="Run motmetrics too; explain differences."),
    ] = False,
    name: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="Record the scores as this tracker's; fills its row of Table VI.",
        ),
    ] = None,
    ledger: Results = RESULTS_ROOT,
    json: Json = False,
) -> None:
    """Score results: HOTA, MOTA, IDF1 and the counts behind them."""
    from cstrack_bench.datasets.dataset_registry import find_dataset
    from cstrack_bench.datasets.splits import check_split, split_hash, split_sequences
    from cstrack_bench.evaluation import crosscheck as check
    from cstrack_bench.evaluation import motmetrics_scores, trackeval_scores
    from cstrack_bench.evaluation.scores import SequenceResult
    from cstrack_bench.formats.mot_files import read_tracks

    dataset = find_dataset(dataset_name)
    check_split(split, dataset.splits)
    chosen = subset.value if subset else dataset.default_subset
    everything = dataset.open(data, chosen)
    wanted, files = _select(everything, results, sequences)
    _, parts = split_sequences(wanted, split, dataset.splits)
    pairs = [SequenceResult.of(part, read_tracks(files[part.name])) for part in parts]
    rules = dataset.rules_for(parts)
    scores = trackeval_scores.evaluate(pairs, rules)
    differences = None
    if crosscheck:
        other = motmetrics_scores.evaluate(pairs, rules)
        differences = check.compare(scores, other)
    if name is not None:
        from cstrack_bench.report.others import write_other

        written = write_other(
            ledger,
            name,
            dataset.name,
            chosen,
            split,
            split_hash(parts),
            sum(len(part) for part in parts),
            {part.name: files[part.name] for part in parts},
            scores,
        )
        _refresh_views(name, dataset.name, written, ledger)
    if json:
        document = scores.as_dict()
        if differences is not None:
            document["crosscheck"] = [_as_row(item) for item in differences]
        print_json(document)
        return
    title = f"{results} on {everything[0].folder.parent} · {split} {split_hash(parts)}"
    _print(scores, title)
    if differences is not None:
        _print_differences(differences)


def _refresh_views(name: str, dataset: str, written: Path, ledger: Path) -> None:
    """Write the tables again, and say where the scores stand in them."""
    from cstrack_bench.console import err
    from cstrack_bench.paper.claims import load_table, table_names
    from cstrack_bench.report.others import match_rows, read_others
    from cstrack_bench.report.views import write_views

    page = write_views(ledger, ledger.resolve().parent / "RESULTS.md")[-1]
    where = "no table prints that data set"
    ours = [o for o in read_others(ledger) if (o.name, o.dataset) == (name, dataset)]
    for table in map(load_table, table_names()):
        filled, rest = match_rows(table, ours)
        if filled:
            where = f"row {next(iter(filled))} of Table {table.number}"
        elif rest:
            rows = [r.label for r in table.rows if table.measured_on(r) == dataset]
            where = (
                f"a list under Table {table.number}, whose rows for {dataset} are "
                f"{', '.join(rows)}"
            )
    err.print(f"written: {written} · {page.name}: {where}", markup=False)


def _result_files(results: Path) -> dict[str, Path]:
    """Sequence name -> result file."""
    if results.is_file():
        return {results.stem: results}
    if not results.is_dir():
        raise InputError(f"No such file or folder: {results}.")
    # The official kit's layout has the files one level down.
    for folder in (results, results / "data"):
        files = {file.stem: file for file in sorted(folder.glob("*.txt"))}
        if files:
            return files
    raise InputError(f"{results} holds no result files (SEQUENCE.txt).")


def _select(
    everything: list["Sequence"], results: Path, patterns: str | None
) -> tuple[list["Sequence"], dict[str, Path]]:
    """The sequences to evaluate, and the result file of each."""
    from cstrack_bench import console

    files = _result_files(results)
    names = [sequence.name for sequence in everything]
    wanted = everything
    if patterns is not None:
        listed = [pattern.strip() for pattern in patterns.split(",")]
        wanted = [s for s in everything if any(fnmatchcase(s.name, p) for p in listed)]
        if results.is_file() and len(wanted) == 1:
            # The only file for the only sequence, whatever it is called.
            return wanted, {wanted[0].name: results}
    elif results.is_file():
        wanted = [sequence for sequence in everything if sequence.name in files]
    if not wanted:
        hint = "" if patterns else "; say whose it is with --sequences NAME"
        raise InputError(
            f"{patterns or results.name} names no sequence of the data set "
            f"({', '.join(names)}){hint}."
        )
    missing = [sequence.name for sequence in wanted if sequence.name not in files]
    if missing:
        listed_files = ", ".join(f"{name}.txt" for name in missing)
        raise InputError(
            f"{results} lacks {len(missing)} of {len(wanted)} result files: "
            f"{listed_files}; a file may be empty, or --sequences can leave some out."
        )
    unknown = sorted(set(files) - set(names))
    if unknown:
        console.err.print(
            f"not in the data set, left out: {', '.join(unknown)}", markup=False
        )
    return wanted, files


def _as_row(item: "Difference") -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(item), "explained": item.explained}


def _print(scores: "Evaluation", title: str) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from cstrack_bench.cli.wide import print_wide

    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("sequence")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    rows = [*scores.sequences.items(), ("OVERALL", scores.overall)]
    for name, row in rows:
        if name == "OVERALL":
            table.add_section()
        cells = [row[column] for column in COLUMNS]
        table.add_row(
            name, *(f"{v:.3f}" if isinstance(v, float) else f"{v:,}" for v in cells)
        )
    print_wide(table)


def _print_differences(differences: list["Difference"]) -> None:
    from rich.markup import escape

    from cstrack_bench.console import out

    if not differences:
        out.print("crosscheck: motmetrics agrees on every score but HOTA (it has none)")
        return
    out.print("crosscheck: where motmetrics differs (trackeval / motmetrics)")
    for reason in dict.fromkeys(item.reason for item in differences):
        out.print(f"\n{escape(reason)}")
        for item in differences:
            if item.reason == reason:
                pair = f"{item.trackeval:.6g} / {item.motmetrics:.6g}"
                out.print(f"  {item.sequence:16} {item.metric:5} {pair}")
