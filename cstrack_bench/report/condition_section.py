"""The section on conditions: whether gains grow with what they are said to cure."""

import collections.abc as abc

from cstrack_bench.report import words
from cstrack_bench.report.markdown import markdown_table
from cstrack_bench.verdicts.conditions import FOLDER, Trend

_VALUES = ("easy", "middle", "hard")


def condition_section(found: abc.Sequence[Trend]) -> list[str]:
    """Gains at each value of a dial, and their trend; nothing without a measurement.

    Args:
        found: of one profile.
    """
    if not found:
        return []
    body = [_row(trend) for trend in found]
    head = ("gain of", "with more", "in", *_VALUES, "hard − easy [95 %]", "the gain")
    sizes = {(gain.seeds, gain.sequences) for t in found for gain in t.gains}
    counts = ", ".join(f"{seeds} seeds × {count}" for seeds, count in sorted(sizes))
    return [
        "## Where REN and SAAN should matter",
        "",
        "Networks trained as in Tables II (④ with REN, ⑤ without) and III (⑥ with "
        "SAAN, ⑧ without), measured on worlds that differ in one setting from the one "
        "they were trained in. If a module cures what the paper says, its gain grows "
        f"with the setting. {counts} sequences; verdicts are corrected for all rows; "
        "the margins are those of the tables. Made by `scripts/conditions.py`.",
        "",
        *markdown_table(head, body),
        "",
        f"![Gains over each setting]({FOLDER}/conditions.svg)",
        "",
    ]


def _row(trend: Trend) -> list[str]:
    dial = trend.dial
    gains = [
        f"{words.signed(gain.mean, 1)} [{words.signed(gain.low, 1)}, "
        f"{words.signed(gain.high, 1)}] at {gain.value:g}"
        for gain in trend.gains
    ]
    ends = f"[{words.signed(trend.low, 1)}, {words.signed(trend.high, 1)}]"
    change = f"{words.signed(trend.mean, 1)} {ends}"
    lead = [dial.gain, f"{dial.title} (`{dial.name}`)", trend.metric]
    return [*lead, *gains, change, trend.verdict]
