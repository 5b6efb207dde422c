"""The page for readers: what was asked, how, what came out, what would change it."""

import collections.abc as abc
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from cstrack_bench.report import words
from cstrack_bench.report.direction_words import (
    difference_here,
    needed,
    pair,
    printed_difference,
)
from cstrack_bench.report.markdown import bullets, markdown_table
from cstrack_bench.report.rows import Table
from cstrack_bench.report.verdict_summary import attempted
from cstrack_bench.verdicts.conditions import Trend
from cstrack_bench.verdicts.directions import Direction
from cstrack_bench.verdicts.plateaus import LEAST_GAIN, CurveRecord
from cstrack_bench.verdicts.rules import Verdict

_DECIDED = (Verdict.SAME, Verdict.OPPOSITE, Verdict.NEGLIGIBLE)
_UNTRUSTED = (Verdict.FAILED, Verdict.UNDERTRAINED, Verdict.NONE)


class Asked(NamedTuple):
    """A question of the paper.

    Attributes:
        title: as a heading; anchor: of it.
        claim: what the paper says, in our words.
        tables: whose arguments answer it, but for those named by another question.
        pairs: of Table I, whose arguments are about different things: first and second
            row.
    """

    title: str
    anchor: str
    claim: str
    tables: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...] = ()


QUESTIONS = (
    Asked(
        "Does it help to part the two tasks (REN)?",
        "ren",
        "Detection and re-identification want different things of one feature; a "
        "cross-correlation network (REN) that makes a feature for each helps both "
        "(section III-B, Tables I and II).",
        ("table2",),
        ((3, 2),),
    ),
    Asked(
        "Does it help to gather identity over levels (SAAN)?",
        "saan",
        "A person's embedding from one level of the pyramid suffers when its scale "
        "changes; attention over all levels (SAAN) makes it whole (section III-C, "
        "Tables I and III).",
        ("table3",),
        ((5, 3),),
    ),
    Asked(
        "Does a heavy identity loss harm detection?",
        "eta",
        "Much of it ruins detection, little of it costs association; η = 0.02 is the "
        "balance (section IV-C, Table V).",
        ("table5",),
    ),
    Asked(
        "Are the embeddings better where boxes are given?",
        "boxes",
        "Over true boxes CSTrack's embeddings associate better than JDE's and than "
        "those of a network trained for re-identification alone (Table VIII).",
        ("table8",),
    ),
    Asked(
        "Is the whole better than its rivals?",
        "rivals",
        "CSTrack beats its baseline JDE and other one-shot trackers (Tables I, IV, VI "
        "and VII).",
        ("table1", "table4", "table6", "table7"),
    ),
)


@dataclass(frozen=True)
class _Compared:
    table: Table
    direction: Direction


def findings_page(
    tables: abc.Sequence[Table],
    found: abc.Sequence[Trend] = (),
    curves: abc.Sequence[CurveRecord] = (),
    stale: int = 0,
) -> str:
    """The page.

    Args:
        tables: of the profile ``twin``, settings unchanged.
        found: how gains follow conditions, where that was measured.
        curves: scores over epochs, where they were measured.
        stale: how many of the runs today's recipes and code would do otherwise.
    """
    compared = [_Compared(t, d) for t in tables for d in attempted([t])]
    lines = [
        "<!-- Written by scripts/write_findings_page.py. Do not edit. -->",
        "# What we found {#findings}",
        "",
        "Written by `python scripts/write_findings_page.py` from the records in "
        "`results/`; no number here was typed. Tables with every number, and the "
        "profiles on real frames, are in `RESULTS.md` and `results/`.",
        "",
        *_design(tables, curves, stale),
    ]
    for asked in QUESTIONS:
        lines += _question(asked, [one for one in compared if _asked_by(one) is asked])
    lines += _conditions(found)
    lines += _open(compared)
    return "\n".join(lines)


def _asked_by(one: _Compared) -> Asked:
    """The question that a comparison answers."""
    name, argument = one.table.paper.name, one.direction.argument
    if name == "table1":
        for asked in QUESTIONS:
            if (argument.first, argument.second) in asked.pairs:
                return asked
    return next(asked for asked in QUESTIONS if name in asked.tables)


def _design(
    tables: abc.Sequence[Table], curves: abc.Sequence[CurveRecord], stale: int
) -> list[str]:
    records = [record for table in tables for record in table.records]
    runs = {record.run.hash for record in records}
    sizes = sorted({(d.seeds, d.sequences) for d in attempted(tables)})
    precisions = sorted(
        {r.training.precision for r in records if r.training is not None}
    )
    points = [
        "**The world.** SynthMOT: pictures of people that are drawn, with look-alikes, "
        "crowds, occlusion, changes of scale and of light, so that everything is known "
        "and anybody can make it again. Settings were chosen on sequences of their own "
        "(`tune`); every number is of test sequences that no setting has seen.",
        "**The systems.** The published networks, losses and trackers, held against "
        "recorded official outputs, at a size for two processor cores; each row starts "
        "from one shared detector and differs in its row's setting alone.",
        "**The verdicts.** Differences of two rows over the same seeds and sequences; "
        "95 % intervals that count both as random; margins and error rates fixed "
        "beforehand ([how](verdicts.md)). *Same*, *opposite* and *negligible* decide; "
        "*undecided* says that these runs could not.",
    ]
    if runs:
        counts = ", ".join(f"{seeds} × {count}" for seeds, count in sizes)
        points.append(
            f"**The runs.** {len(runs)} trainings and measurements; seeds × sequences "
            f"of a comparison: {counts}; trained in {' and '.join(precisions)}."
        )
    if curves:
        late = [c.name for c in curves if c.gain is not None and c.gain >= LEAST_GAIN]
        known = [c.name for c in curves if c.gain is not None and c.name not in late]
        text = (
            f"**Fair rivals.** Twice the epochs gain less than {LEAST_GAIN:g} point "
            f"for {', '.join(known) or 'no system'}"
        )
        points.append(f"{text}; not so for {', '.join(late)}." if late else f"{text}.")
    if stale:
        points.append(
            f"**Not all of today's code.** {stale} of {len(records)} records were "
            "measured by earlier settings or code and stand until they are measured "
            "again."
        )
    return ["## The design {#design}", "", *bullets(points), ""]


def _question(asked: Asked, compared: abc.Sequence[_Compared]) -> list[str]:
    lines = [f"## {asked.title} {{#{asked.anchor}}}", "", asked.claim, ""]
    if not compared:
        return [*lines, "Not measured yet.", ""]
    head = ("pair", "why it is argued", "in print", "here [95 %]", "verdict")
    body = [
        [
            f"{one.table.paper.number} {pair(one.table, one.direction.argument)}",
            one.direction.argument.why,
            printed_difference(one.direction),
            difference_here(one.direction),
            str(one.direction.verdict),
        ]
        for one in compared
    ]
    return [*lines, _answer(compared), "", *markdown_table(head, body), ""]


def _answer(compared: abc.Sequence[_Compared]) -> str:
    """The answer in a sentence, counted."""
    counts = Counter(one.direction.verdict for one in compared)
    decided = sum(counts[verdict] for verdict in _DECIDED)
    text = f"**Decided {decided} of {len(compared)}:** "
    parts = [
        f"{counts[verdict]} {said}"
        for verdict, said in (
            (Verdict.SAME, "as in print"),
            (Verdict.OPPOSITE, "the other way"),
            (Verdict.NEGLIGIBLE, "too small to matter"),
            (Verdict.UNDECIDED, "undecided"),
        )
    ]
    rest = sum(counts[verdict] for verdict in _UNTRUSTED)
    if rest:
        parts.append(f"{rest} without a verdict (one seed, or a row that failed)")
    return f"{text}{', '.join(parts)}."


def _conditions(found: abc.Sequence[Trend]) -> list[str]:
    lines = ["## Where it should matter {#conditions}", ""]
    lines.append(
        "The paper explains its modules by conditions: people who look alike, crowds, "
        "changes of scale. If that is why they help, they help more where there is "
        "more of it."
    )
    lines.append("")
    if not found:
        return [*lines, "Not measured yet (`scripts/conditions.py`).", ""]
    return [
        *lines,
        *bullets(
            f"{trend.dial.gain} with more {trend.dial.title}: {trend.metric} "
            f"{words.signed(trend.mean, 1)} [{words.signed(trend.low, 1)}, "
            f"{words.signed(trend.high, 1)}] from the easiest to the hardest; the gain "
            f"{trend.verdict}"
            for trend in found
        ),
        "",
    ]


def _open(compared: abc.Sequence[_Compared]) -> list[str]:
    points = [
        "Runs on the paper's own data and at its size. A drawn world asks whether the "
        "mechanism exists, not how large it is on MOT17.",
        "A defect in a system as we have it: whatever is not covered by the recorded "
        "outputs of the official code ([departures](reference.md)).",
    ]
    waiting = [one for one in compared if one.direction.verdict is Verdict.UNDECIDED]
    cheap = sorted(
        (one for one in waiting if one.direction.need is not None), key=_minutes
    )
    if waiting:
        points.append(
            f"More runs of the {len(waiting)} undecided comparisons; {len(cheap)} of "
            "them can be decided at their printed size by what `cstrack plan all "
            "--profile twin` lists"
            + (
                ", the cheapest being "
                + "; ".join(
                    f"{one.table.paper.number} "
                    f"{pair(one.table, one.direction.argument)} in "
                    f"{one.direction.metric.name} ({needed(one.direction.need)})"
                    for one in cheap[:3]
                )
                if cheap
                else ""
            )
            + "."
        )
    return ["## What would change our mind {#open}", "", *bullets(points), ""]


def _minutes(one: _Compared) -> float:
    need = one.direction.need
    return float("inf") if need is None else need.minutes
