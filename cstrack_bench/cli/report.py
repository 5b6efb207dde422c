"""``cstrack report``: RESULTS.md and CSV, or one HTML page, from the records."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench import console
from cstrack_bench.cli.options import (
    RESULTS_ROOT,
    Device,
    Json,
    Results,
    print_json,
)
from cstrack_bench.cli.trackers import Tracker
from cstrack_bench.errors import InputError
from cstrack_bench.files import check_results, check_writable

if TYPE_CHECKING:
    from cstrack_bench.formats.sequences import Sequence
    from cstrack_bench.page.picture_sections import Pictures


def report(
    html: Annotated[
        Path | None,
        typer.Option(help="Write one self-contained page here, and nothing else."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="For the page's pictures: a network, .safetensors or official .pt."
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="A second network, whose embeddings are compared (Fig. 6)."),
    ] = None,
    sequence: Annotated[
        list[Path] | None,
        typer.Option(
            help="For the page's pictures: a MOT sequence with ground truth; "
            "repeatable."
        ),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            help="Of the sequences: full, or the second halves of half/official, "
            "half/fairmot, half/bytetrack."
        ),
    ] = "full",
    dataset: Annotated[
        str | None,
        typer.Option(
            help="By whose rules the sequences are evaluated, such as mot20; by "
            "default as the classes in their ground truth ask for."
        ),
    ] = None,
    tracker: Tracker = "cstrack",
    results: Results = RESULTS_ROOT,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Where RESULTS.md goes, ERRATA.md beside it; by default beside the "
            "folder of results."
        ),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Write RESULTS.md and the CSV files again; with --html one page with figures."""
    from cstrack_bench.report.views import find_ladders, find_tables, write_views

    check_results(results)
    if html is None:
        _refuse_pictures(weights, against, sequence)
        page = output or results.resolve().parent / "RESULTS.md"
        check_writable(page)
        written = write_views(results, page)
        _tell([str(path) for path in written], (), as_json)
        return
    if output is not None:
        raise InputError(
            "Give --html (one page) or --output (RESULTS.md), one at a time."
        )
    check_writable(html)
    from cstrack_bench.files import write_text
    from cstrack_bench.page.html_page import html_page

    found = find_tables(results)
    pictures = _pictures(weights, against, sequence, split, dataset, tracker, device)
    sections = pictures.sections if pictures else ()
    tables = [table for table, _ in found]
    write_text(html, html_page(tables, find_ladders(found), sections))
    _tell([str(html)], pictures.lines if pictures else (), as_json)


def _refuse_pictures(
    weights: Path | None, against: Path | None, sequence: list[Path] | None
) -> None:
    if weights or against or sequence:
        raise InputError(
            "--weights, --against and --sequence are for the pictures of a page: give "
            "--html too."
        )


def _tell(written: list[str], lines: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        print_json({"written": written, "embeddings": list(lines)})
        return
    for line in lines:
        console.out.print(line.replace("**", ""), markup=False, emoji=False)
    for path in written:
        console.out.print(f"written: {path}", markup=False, emoji=False)


def _pictures(
    weights: Path | None,
    against: Path | None,
    paths: list[Path] | None,
    split: str,
    dataset: str | None,
    tracker: str,
    device: str,
) -> "Pictures | None":
    """Figs. 6 to 9, where they were asked for."""
    if weights is None and not paths and against is None:
        return None
    if weights is None or not paths:
        raise InputError(
            "The pictures need a network and a sequence: give both --weights and "
            "--sequence."
        )
    from cstrack_bench.datasets.dataset_registry import find_dataset
    from cstrack_bench.datasets.evaluation_rules import rules_by_classes
    from cstrack_bench.datasets.splits import split_sequences
    from cstrack_bench.page.picture_sections import (
        picture_sections,
        shown_network,
    )
    from cstrack_bench.tracking.tracker_registry import find_tracker

    find_tracker(tracker)  # before a network is read: a wrong name is told at once
    _, parts = split_sequences(_open(paths), split)
    rules = (
        rules_by_classes(parts)
        if dataset is None
        else find_dataset(dataset).rules_for(parts)
    )
    files = [path for path in (weights, against) if path is not None]
    networks = [shown_network(path, device) for path in files]
    return picture_sections(networks, parts, rules, tracker)


def _open(paths: list[Path]) -> "list[Sequence]":
    from cstrack_bench.formats.sequences import open_sequence

    found = [open_sequence(path) for path in paths]
    names = [sequence.name for sequence in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{name} is given more than once as --sequence.")
    return found
