"""``cstrack why``: the chain behind one cell, or the differences of two runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench.cli.options import (
    RESULTS_ROOT,
    Json,
    Profile,
    Results,
    print_json,
)
from cstrack_bench.errors import InputError

if TYPE_CHECKING:
    from cstrack_bench.report.run_differences import RunDifferences


def why(
    cell: Annotated[
        str | None,
        typer.Argument(
            metavar="[TABLE/ROW/METRIC]",
            help="Such as table2/4/IDF1.",
            show_default=False,
        ),
    ] = None,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--diff",
            metavar="A B",
            help="In what two runs differ: table2/4 table2/5, or the files of two "
            "records.",
        ),
    ] = None,
    profile: Profile = None,
    seed: Annotated[int | None, typer.Option("--seed", help="This seed alone.")] = None,
    results: Results = RESULTS_ROOT,
    json: Json = False,
) -> None:
    """Show what stands behind a number: print, runs, data, settings, code, verdicts."""
    if (cell is None) == (diff is None):
        raise InputError(
            "Name one cell such as table2/4/IDF1, or two runs with --diff A B."
        )
    if diff is not None:
        from cstrack_bench.report.run_differences import (
            compare_sides,
            differences_document,
            find_side,
        )

        sides = [find_side(results, name, profile, seed) for name in diff]
        differences = compare_sides(*sides)
        if json:
            print_json(differences_document(differences))
        else:
            _print_differences(differences)
    elif cell is not None:
        from cstrack_bench.cli.wide import print_wide
        from cstrack_bench.report.cell_evidence import cell_evidence, parse_cell
        from cstrack_bench.report.evidence_tree import evidence_document, evidence_tree

        found = cell_evidence(results, parse_cell(cell), profile, seed)
        if json:
            print_json(evidence_document(found))
        else:
            print_wide(evidence_tree(found))


def _print_differences(found: "RunDifferences") -> None:
    from rich import box
    from rich.table import Table
    from rich.tree import Tree

    from cstrack_bench.cli.wide import print_wide
    from cstrack_bench.console import out
    from cstrack_bench.report.words import MISSING, number, signed

    top = Tree(f"{found.first.name}  →  {found.second.name}")
    for name in ("settings", "data", "components", "training", "environment"):
        changes = getattr(found, name)
        branch = top.add(name if changes else f"{name}: the same")
        for change in changes:
            branch.add(str(change))
    print_wide(top)
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("score", "first", "second", "first − second", "95 % interval"):
        table.add_column(heading, justify="left" if heading == "score" else "right")
    for score in found.scores:
        values = (score.first, score.second)
        shown = [MISSING if v is None else number(v, 2) for v in values]
        shown.append(
            MISSING if score.difference is None else signed(score.difference, 2)
        )
        interval = ""
        if score.low is not None and score.high is not None:
            interval = f"[{signed(score.low, 2)}, {signed(score.high, 2)}]"
        table.add_row(score.metric, *shown, interval)
    print_wide(table)
    if found.apart:
        out.print(f"not subtracted: {found.apart}", markup=False)
