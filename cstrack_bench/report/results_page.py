"""RESULTS.md: the answer, a row a claim, what to know, and where the rest is."""

import collections.abc as abc

from cstrack_bench.paper.claims import Argument, load_table, table_names
from cstrack_bench.report.direction_words import difference_here, pair
from cstrack_bench.report.markdown import MARKER, bullets, markdown_table
from cstrack_bench.report.rows import Table
from cstrack_bench.report.verdict_summary import WORLDS, attempted, sentences, worlds
from cstrack_bench.report.words import MISSING, number, signed
from cstrack_bench.verdicts.directions import Direction
from cstrack_bench.verdicts.rules import Verdict

#: A first screen and one table; the rest is on other pages.
MOST_LINES = 120

_DECIDED = (Verdict.SAME, Verdict.OPPOSITE, Verdict.NEGLIGIBLE)
_SHOWN = ("twin", "real")


def results_page(tables: abc.Sequence[Table], stale: int = 0) -> str:
    """The page.

    Args:
        tables: every table with runs.
        stale: how many of these runs today's recipes and code would do otherwise.
    """
    tested = worlds(tables)
    lines = [
        MARKER,
        "# Results",
        "",
        *bullets(sentences(tables)),
        "",
        "Made by `cstrack reproduce`, which measures what is missing and writes this "
        "page again. Verdicts come from rules and from simulated error rates, "
        "[explained here](docs/verdicts.md).",
        "",
        "## Claims, one a row",
        "",
        "First row less second, mean over seeds [95 % interval]; *n* is seeds × "
        "sequences; *detectable* the smallest effect that such runs show in four of "
        "five repetitions; verdicts are corrected for the comparisons of a table.",
        "",
    ]
    if tested:
        lines += _claims(tested)
    else:
        lines += ["No run yet."]
    lines += [
        "",
        "## What to know",
        "",
        *bullets(_stale(tables, stale) + caveats(tables, tested)),
        "",
    ]
    lines += ["## More", "", *bullets(_links(tested)), ""]
    return "\n".join(lines)


def _claims(tested: abc.Mapping[str, abc.Sequence[Table]]) -> list[str]:
    shown = [name for name in WORLDS if name in tested or name in _SHOWN]
    by_name = {
        (profile, table.paper.name): table
        for profile, own in tested.items()
        for table in own
    }
    rows = []
    for name in table_names():
        here = {p: by_name[p, name] for p in shown if (p, name) in by_name}
        for argument in load_table(name).arguments:
            row = _claim(name, argument, shown, here)
            if row is not None:
                rows.append(row)
    head = ["claim", "print", *shown, "n", "detectable", "verdict"]
    return markdown_table(head, rows)


def _claim(
    name: str,
    argument: Argument,
    shown: abc.Sequence[str],
    here: abc.Mapping[str, Table],
) -> list[str] | None:
    """One argued pair, a line a column within each cell; None: no world has it."""
    mine = {
        profile: {d.metric.key: d for d in table.directions if d.argument == argument}
        for profile, table in here.items()
    }
    mine = {profile: found for profile, found in mine.items() if found}
    if not mine:
        return None
    first = next(iter(mine.values()))
    keys = list(first)
    title = f"{load_table(name).number} {pair(next(iter(here.values())), argument)}"
    by_key = [[mine[profile][key] for profile in mine] for key in keys]
    return [
        f"{title}: {argument.why}",
        _stacked(
            f"{d.metric.name} {signed(d.printed, d.metric.decimals)}"
            for d in first.values()
        ),
        *(
            _stacked(difference_here(mine[p][key]) for key in keys)
            if p in mine
            else MISSING
            for p in shown
        ),
        _stacked(_sizes(mine)),
        _stacked(_detectable(found) for found in by_key),
        _stacked(_verdict(found) for found in by_key),
    ]


def _stacked(lines: abc.Iterable[str]) -> str:
    """Lines of one cell; one where they agree."""
    found = list(lines)
    return found[0] if len(set(found)) == 1 else "<br>".join(found)


def _sizes(mine: abc.Mapping[str, abc.Mapping[str, Direction]]) -> list[str]:
    found = [next(iter(one.values())) for one in mine.values()]
    return [f"{d.seeds} × {d.sequences}" if d.seeds else MISSING for d in found]


def _detectable(found: abc.Sequence[Direction]) -> str:
    """Of the first world that knows one."""
    known = [d.detectable for d in found if d.detectable is not None]
    return number(known[0], 1) if known else MISSING


def _verdict(found: abc.Sequence[Direction]) -> str:
    """Of the first world with both rows, and of others that decide otherwise."""
    with_runs = [d for d in found if d.ours is not None] or list(found)
    first, *others = with_runs
    text = str(first.verdict)
    for other in others:
        if other.verdict in _DECIDED and other.verdict is not first.verdict:
            text += f" (elsewhere {other.verdict})"
    return text


def _stale(tables: abc.Sequence[Table], stale: int) -> list[str]:
    if not stale:
        return []
    count = sum(len(table.records) for table in tables)
    return [
        f"**{stale} of the {count} runs are of earlier settings or code:** today's "
        "would train or measure otherwise (`cstrack check` says in what). Each table's "
        "header says what its numbers were measured on; `cstrack reproduce` measures "
        "them again."
    ]


def caveats(
    tables: abc.Sequence[Table], tested: abc.Mapping[str, abc.Sequence[Table]]
) -> list[str]:
    """What to know before leaning on the numbers, in sentences.

    Args:
        tables: every table with runs.
        tested: profile -> its tables, settings unchanged.
    """
    found = []
    if "paper" not in tested:
        found.append(
            "Nothing here ran under the paper's own protocol: other data, a small "
            "model, a short schedule. Only directions compare with print, not values."
        )
    if not any(record.provenance.gpu for table in tables for record in table.records):
        found.append(
            "**No GPU figure exists yet:** every number was measured on a CPU. "
            "`scripts/gpu_campaign.sh OUT` measures where there is a GPU."
        )
    if any(table.profile.startswith("real") for table in tables):
        found.append(
            "Profiles `real` and `real-coco` are a few real sequences, halved: not "
            "comparable with print."
        )
    scored = {entry.describe(): None for table in tables for entry in table.submissions}
    if scored:
        found.append(
            f"Scored by servers, on the test sets of the print: {'; '.join(scored)}. "
            "They stand in the tables of profile `paper` as what they are "
            "([results/paper](results/paper/README.md))."
        )
    for verdict in (Verdict.FAILED, Verdict.UNDERTRAINED):
        reasons = sorted(
            {
                f"{table.paper.number} {d.reason} ({profile})"
                for profile, own in tested.items()
                for table in own
                for d in attempted([table])
                if d.verdict is verdict
            }
        )
        if reasons:
            found.append(f"Rows that {verdict}: {'; '.join(reasons)}.")
    found.append(
        "Each table has its own caveats (settings, data, what was chosen where) on the "
        "page of its profile; runs with changed settings are called *custom* and are "
        "not counted above."
    )
    return found


def _links(tested: abc.Mapping[str, abc.Sequence[Table]]) -> list[str]:
    return [
        *(
            f"all tables of profile `{name}`, {WORLDS[name]}: "
            f"[results/{name}](results/{name}/README.md)"
            for name in tested
        ),
        "slips and gaps of the paper: [ERRATA.md](ERRATA.md)",
        "how verdicts are made and how often they err: "
        "[docs/verdicts.md](docs/verdicts.md)",
        "one JSON a run with everything that decided its numbers, and CSV of runs and "
        "sequences: [results](results/README.md)",
    ]
