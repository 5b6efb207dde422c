"""``cstrack plan``: what is known of argued pairs, and what it takes to know more."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench import console
from cstrack_bench.cli.options import (
    DATA_ROOT,
    RESULTS_ROOT,
    Data,
    Json,
    Profile,
    Results,
    print_json,
)
from cstrack_bench.files import check_results

if TYPE_CHECKING:
    from cstrack_bench.report.budget import Purchase
    from cstrack_bench.report.planning import PlannedComparison, RowAccess

Budget = Annotated[
    str | None, typer.Option(help="Time to spend, such as 3h or 90m.", metavar="TIME")
]


def plan(
    tables: Annotated[list[str], typer.Argument(help="table1, …, table8, or all.")],
    profile: Profile = None,
    budget: Budget = None,
    data: Data = DATA_ROOT,
    results: Results = RESULTS_ROOT,
    as_json: Json = False,
) -> None:
    """Say what is known of each argued pair, and what would show its printed effect.

    Noise and cost are those of the runs under --results; without runs of both rows a
    pair has neither.
    """
    from cstrack_bench.experiments.ledger import Ledger
    from cstrack_bench.experiments.plan import default_jobs, make_plan
    from cstrack_bench.experiments.recipe_files import list_tables
    from cstrack_bench.experiments.workspace import Workspace
    from cstrack_bench.report.budget import parse_budget, purchase
    from cstrack_bench.report.planning import plan as plan_table
    from cstrack_bench.report.planning import row_access, sequence_choice
    from cstrack_bench.report.views import table_of
    from cstrack_bench.training.distributed import pick_device

    # Nothing was run yet, or the folder that was named has to be one.
    if results != RESULTS_ROOT or results.exists():
        check_results(results)
    minutes = None if budget is None else parse_budget(budget)
    chosen = list_tables() if "all" in tables else list(dict.fromkeys(tables))
    workspace = Workspace(data, Ledger(results), pick_device("auto"))
    pairs: list[PlannedComparison] = []
    rows: list[RowAccess] = []
    bought: dict[str, Purchase] = {}
    for name in chosen:
        usual = make_plan(name, data, profile)
        console.err.print(f"{name}: profile {usual.profile} ({usual.reason})")
        table, lengths = table_of(results, name, usual.profile), sequence_choice(usual)
        pairs += plan_table(table, lengths)
        rows += row_access(table, make_plan(name, data, "paper"), workspace)
        if minutes is not None:
            one = purchase(table, minutes, default_jobs(workspace), lengths)
            bought |= {} if one is None else {name: one}
    if as_json:
        document: dict[str, object] = {
            "pairs": [pair.as_dict() for pair in pairs],
            "rows": [row.as_dict() for row in rows],
        }
        if minutes is not None:
            document["budget"] = {name: asdict(one) for name, one in bought.items()}
        print_json(document)
        return
    _print_pairs(pairs)
    _print_rows(rows)
    for name, one in bought.items():
        console.out.print(_bought(name, one), highlight=False)


def _print_pairs(pairs: "list[PlannedComparison]") -> None:
    console.out.print(
        "First row less second: in print, ours [95 % interval], runs as seeds × test "
        "sequences, and the smallest effect that they show in four of five "
        "repetitions. Then the runs that would show the printed effect (at least the "
        "margin), and the minutes beyond what is there by the measured times of these "
        "rows: for the comparison alone, and at the level that its table asks of the "
        "strongest of all.",
        highlight=False,
    )
    for one in pairs:
        console.out.print(_line(one), highlight=False, markup=False)


def _line(one: "PlannedComparison") -> str:
    """``table2 4−5 MOTA: print +1.4, ours +0.9 [−10.5, +12.2] of 3 × 4: …``."""
    from cstrack_bench.report.words import number, signed

    text = f"{one.table} {one.first}−{one.second} {one.metric}: "
    text += f"print {signed(one.printed, 1)}"
    if one.ours is not None:
        text += f", ours {signed(one.ours, 1)}"
        if one.low is not None and one.high is not None:
            text += f" [{signed(one.low, 1)}, {signed(one.high, 1)}]"
        text += f" of {one.seeds} × {one.sequences}"
    text += f": {one.verdict}"
    if one.reason:
        text += f" ({one.reason})"
    if one.ours is None or one.detectable is None:
        return text
    alone = _runs(one.seeds_needed, one.sequences_needed, one.minutes)
    among = _runs(one.seeds_corrected, one.sequences_corrected, one.minutes_corrected)
    text += f"; shows {number(one.detectable, 1)}"
    return f"{text}; needs {alone} (among all {among})"


def _runs(seeds: int | None, sequences: int | None, minutes: float | None) -> str:
    from cstrack_bench.report.direction_words import duration
    from cstrack_bench.verdicts.power import MOST_SEEDS

    if seeds is None or minutes is None:
        return f"more than {MOST_SEEDS} seeds"
    return f"{seeds} × {sequences}, {duration(minutes)}"


def _print_rows(rows: "list[RowAccess]") -> None:
    from cstrack_bench.report.planning import GPU_TERAFLOPS

    trained = [row for row in rows if row.way == "trained"]
    for row in trained:
        text = f"{row.table} row {row.row}, {row.name}: trained here"
        if row.weights:
            text += f", or loaded ({', '.join(row.weights)})"
        if row.gpu_hours is not None:
            text += f"; {row.gpu_hours:.1f} GPU hours at {GPU_TERAFLOPS} TFLOP/s"
        console.out.print(text, highlight=False, markup=False)
    others = len(rows) - len(trained)
    if others:
        console.out.print(
            f"{others} further printed rows are only audited; result files fill them "
            "(cstrack evaluate RESULTS --as NAME).",
            highlight=False,
        )


def _bought(name: str, one: "Purchase") -> str:
    from cstrack_bench.report.direction_words import duration

    return (
        f"{name}: {duration(one.budget)} buy {one.seeds} seeds of each argued row on "
        f"{one.sequences} sequences ({duration(one.minutes)}), which show the printed "
        f"effect of {one.shown} of {one.comparisons} comparisons in four of five "
        "repetitions, each for itself"
    )
