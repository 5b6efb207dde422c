"""The answer in a few sentences, counted from the verdicts."""

import collections.abc as abc
import textwrap
from collections import Counter
from statistics import median

from cstrack_bench.paper.claims import load_table, table_names
from cstrack_bench.report import words
from cstrack_bench.report.rows import Table
from cstrack_bench.verdicts.directions import ARGUED, Direction
from cstrack_bench.verdicts.rules import PrintedVerdict, Verdict

WORLDS = {
    "paper": "under the paper's own protocol",
    "twin": "on SynthMOT (profile twin)",
    "real": "on real frames, small (profile real)",
    "real-coco": "on real frames from COCO weights (profile real-coco)",
}
_SAID = {
    Verdict.SAME: "have the same direction as print",
    Verdict.OPPOSITE: "the opposite one",
    Verdict.NEGLIGIBLE: "are negligible",
    Verdict.UNDECIDED: "are undecided",
    Verdict.FAILED: "lean on a failed row",
    Verdict.UNDERTRAINED: "lean on an undertrained row",
    Verdict.NONE: "have no verdict (one seed or one sequence)",
}


def worlds(tables: abc.Iterable[Table]) -> dict[str, list[Table]]:
    """Profile -> its tables with runs, settings unchanged; in order of ``WORLDS``."""
    usual = [table for table in tables if table.records and not table.custom]
    found = {name: [t for t in usual if t.profile == name] for name in WORLDS}
    return {name: own for name, own in found.items() if own}


def attempted(tables: abc.Iterable[Table]) -> list[Direction]:
    """The argued comparisons whose rows were run."""
    return [d for table in tables for d in table.directions if d.ours is not None]


def sentences(tables: abc.Sequence[Table]) -> list[str]:
    """What was tested and what came out.

    Args:
        tables: every table with runs.
    """
    papers = [load_table(name) for name in table_names()]
    arguments = sum(len(paper.arguments) for paper in papers)
    tested = worlds(tables)
    said = _listed(_tested(tested)) or "none so far"
    lines = [
        f"The text of the paper argues from {arguments} pairs of rows in "
        f"{len(papers)} tables, each in up to three columns; tested are {said}."
    ]
    counted = [_counted(name, own) for name, own in tested.items()]
    if counted:
        first, *others = counted
        lines.append(_sentence([first, *_printed_values(tested.get("paper", ()))]))
        if others:
            lines.append(_sentence(others))
        lines += _detectable(*next(iter(tested.items())))
    return lines


def _sentence(parts: abc.Sequence[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def summary_lines(tables: abc.Sequence[Table], width: int = 88) -> list[str]:
    """The sentences as lines of text.

    Args:
        tables: every table with runs.
        width: columns.
    """
    lines = ["What it says about the paper"]
    for sentence in sentences(tables):
        lines += textwrap.wrap(
            sentence, width, initial_indent="- ", subsequent_indent="  "
        )
    return lines


def _tested(tested: abc.Mapping[str, abc.Sequence[Table]]) -> list[str]:
    parts = []
    for name, own in tested.items():
        pairs = {(t.paper.name, d.argument) for t in own for d in attempted([t])}
        parts.append(f"{len(pairs)} {WORLDS[name]}")
    return parts


def _counted(name: str, tables: abc.Sequence[Table]) -> str:
    """``on SynthMOT (…), of 114 comparisons 12 have the same direction, …``."""
    found = attempted(tables)
    counts = Counter(direction.verdict for direction in found)
    plain = (Verdict.SAME, Verdict.OPPOSITE, Verdict.NEGLIGIBLE, Verdict.UNDECIDED)
    parts = [
        f"{counts[verdict]} {said}"
        for verdict, said in _SAID.items()
        if counts[verdict] or verdict in plain
    ]
    return f"{WORLDS[name]}, of {len(found)} comparisons {_listed(parts)}"


def _printed_values(tables: abc.Sequence[Table]) -> list[str]:
    """Of a profile whose printed numbers are judged; else nothing."""
    counts: Counter[PrintedVerdict] = Counter()
    for table in tables:
        for row in table.rows:
            for _, text in words.verdicts(row):
                counts.update(kind for kind in PrintedVerdict if text.startswith(kind))
    parts = [f"{counts[kind]} {kind}" for kind in PrintedVerdict if counts[kind]]
    return [f"of the printed numbers {_listed(parts)}"] if parts else []


def _detectable(name: str, tables: abc.Sequence[Table]) -> list[str]:
    """What the runs could have shown beside what print claims, by the middle one."""
    parts = []
    for key in ARGUED:
        known = [d for d in attempted(tables) if d.metric.key == key and d.detectable]
        if known:
            shown = median(d.detectable or 0.0 for d in known)
            target = median(d.target or 0.0 for d in known)
            metric = known[0].metric.name
            parts.append(
                f"{words.number(shown, 1)} {metric} where print has "
                f"{words.number(target, 1)}"
            )
    if not parts:
        return []
    return [
        f"The smallest effect that these runs show in four of five repetitions is, "
        f"{WORLDS[name]} and in the middle of the comparisons, {_listed(parts)}."
    ]


def _listed(parts: abc.Sequence[str]) -> str:
    """``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
