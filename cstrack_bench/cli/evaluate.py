"""``cstrack evaluate``: any tracker's MOT files against a data set."""

from enum import StrEnum
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

if TYPE_CHECKING:
    from cstrack_bench.evaluation.crosscheck import Difference, LargestDifference
    from cstrack_bench.evaluation.scores import Evaluation


class Subset(StrEnum):
    """Folder of the data set."""

    TRAIN = "train"
    VAL = "val"
    TUNE = "tune"
    TEST = "test"


def evaluate(
    context: typer.Context,
    results: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS",
            help="Folder of SEQUENCE.txt files, one such file, or an archive of them "
            "such as a run's seed0.tracks.zip.",
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
        typer.Option(
            "--crosscheck",
            help="Run trackeval and motmetrics too; recompute each difference rule by "
            "rule.",
        ),
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="HOTA over thresholds: a .png, .svg or .pdf."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="The scores as CSV, unrounded.")
    ] = None,
    latex: Annotated[
        Path | None, typer.Option("--latex", help="The scores as a LaTeX table.")
    ] = None,
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
    import os
    from dataclasses import asdict

    from cstrack_bench.console import err
    from cstrack_bench.datasets.dataset_registry import find_dataset
    from cstrack_bench.datasets.splits import check_split, split_hash, split_sequences
    from cstrack_bench.evaluation import crosscheck as check
    from cstrack_bench.evaluation import (
        fast_scores,
        motmetrics_scores,
        trackeval_scores,
    )
    from cstrack_bench.evaluation.result_selection import select_results
    from cstrack_bench.evaluation.scored_truth import check_truth
    from cstrack_bench.evaluation.scores import SequenceResult
    from cstrack_bench.files import check_writable, write_text
    from cstrack_bench.formats.mot_files import read_tracks
    from cstrack_bench.formats.track_archives import unpacked_tracks
    from cstrack_bench.report.hota_plot import check_plot_path, write_hota_plot
    from cstrack_bench.report.score_files import (
        ScoreOrigin,
        scores_csv,
        scores_latex,
    )

    if name is not None:
        from cstrack_bench.report.others import check_tracker_name

        check_tracker_name(name)
    dataset = find_dataset(dataset_name)
    check_split(split, dataset.splits)
    for path in filter(None, (plot, csv, latex)):
        check_writable(path)
    if plot is not None:
        check_plot_path(plot)
    chosen = subset.value if subset else dataset.default_subset
    everything = dataset.open(data, chosen)
    where = results
    if results.is_file() and results.suffix.lower() == ".zip":
        where = context.with_resource(unpacked_tracks(results))
    selected = select_results(everything, where, sequences)
    if selected.unknown:
        listed = ", ".join(selected.unknown)
        err.print(f"not in the data set, left out: {listed}", markup=False)
    _, parts = split_sequences(selected.sequences, split, dataset.splits)
    files = {part.name: selected.files[part.name] for part in parts}
    pairs = [SequenceResult.of(part, read_tracks(files[part.name])) for part in parts]
    rules = dataset.rules_for(parts)
    check_truth([part.annotation_file for part in parts], pairs, rules)
    processes = fast_scores.useful_processes(pairs, os.cpu_count() or 1)
    scores = fast_scores.evaluate(pairs, rules, processes)
    differences = fast = None
    if crosscheck:
        reference = trackeval_scores.evaluate(pairs, rules)
        fast = check.largest_difference(scores, reference)
        scores = reference
        other = motmetrics_scores.evaluate(pairs, rules)
        differences = check.compare(pairs, rules, scores, other)
    tracker = name or results.resolve().stem
    origin = ScoreOrigin(tracker, dataset.name, chosen, split, split_hash(parts))
    if plot is not None:
        from cstrack_bench.evaluation.hota_curves import hota_curves

        write_hota_plot(plot, hota_curves(pairs, rules), str(origin))
    if csv is not None:
        write_text(csv, scores_csv(scores, origin))
    if latex is not None:
        write_text(latex, scores_latex(scores, origin))
    for path in filter(None, (plot, csv, latex)):
        err.print(f"written: {path}", markup=False)
    if name is not None:
        from cstrack_bench.report.others import write_other

        frames = sum(len(part) for part in parts)
        written = write_other(
            *(ledger, name, dataset.name, chosen, split, origin.split_hash),
            *(frames, files, scores),
        )
        _refresh_views(name, dataset.name, written, ledger)
    if json:
        document = scores.as_dict()
        if differences is not None and fast is not None:
            document["crosscheck"] = [_as_row(item) for item in differences]
            document["fast_pass"] = asdict(fast)
        print_json(document)
        return
    title = f"{results} on {everything[0].folder.parent} · {split} {origin.split_hash}"
    _print(scores, title)
    if differences is not None and fast is not None:
        _print_differences(differences, fast)


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


def _as_row(item: "Difference") -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(item), "reason": item.reason, "explained": item.explained}


def _print(scores: "Evaluation", title: str) -> None:
    from rich import box
    from rich.table import Table

    from cstrack_bench.cli.wide import print_wide
    from cstrack_bench.report.score_files import COLUMNS

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
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


def _print_differences(
    differences: list["Difference"], fast: "LargestDifference"
) -> None:

    from cstrack_bench.console import out

    if fast.value:
        apart = f"the fast pass differs from trackeval by up to {fast.value:.3g}"
        out.print(f"crosscheck: {apart} ({fast.where}): please report it")
    else:
        out.print("crosscheck: the fast pass equals trackeval in every score")
    if not differences:
        out.print("crosscheck: motmetrics agrees on every score but HOTA (it has none)")
        return
    explained = sum(item.explained for item in differences)
    out.print(
        f"crosscheck: motmetrics differs in {len(differences)} numbers; counted again "
        f"rule by rule, {explained} are explained (trackeval → motmetrics)"
    )
    rules = dict.fromkeys(step.rule for item in differences for step in item.steps)
    for rule in rules:
        out.print(f"\n{rule}:")
        for item in differences:
            for step in item.steps:
                if step.rule == rule:
                    where = f"  first in frame {step.frame}" if step.frame else ""
                    change = f"{step.before:.6g} → {step.after:.6g}"
                    out.print(f"  {item.sequence:16} {item.metric:5} {change}{where}")
    for item in differences:
        if not item.explained:
            pair = f"{item.trackeval:.6g} / {item.motmetrics:.6g}"
            out.print(f"{item.sequence} {item.metric} {pair} {item.reason}")
