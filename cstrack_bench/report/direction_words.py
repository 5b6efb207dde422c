"""Argued comparisons as words: the difference in print and here, and the verdict."""

from cstrack_bench.paper.claims import Argument
from cstrack_bench.report.rows import Table
from cstrack_bench.report.words import MISSING, number, signed
from cstrack_bench.verdicts.directions import Direction
from cstrack_bench.verdicts.power import MOST_SEEDS, Requirement
from cstrack_bench.verdicts.rules import MARGIN_POINTS, Verdict


def pair(table: Table, argument: Argument) -> str:
    """``④ − ⑤``; ``CSTrack − JDE, MOT16`` where print has no row numbers."""
    rows = [table.paper.row(n) for n in (argument.first, argument.second)]
    if table.paper.marked:
        return " − ".join(row.mark for row in rows)
    group = f", {rows[0].group}" if rows[0].group else ""
    return " − ".join(row.label for row in rows) + group


def printed_difference(direction: Direction) -> str:
    """``MOTA +1.4``."""
    metric = direction.metric
    return f"{metric.name} {signed(direction.printed, metric.decimals)}"


def difference(table: Table, direction: Direction) -> str:
    """``MOTA +1.4 in print, +0.8 [−0.3, +1.9] here: undecided (…)``."""
    text = f"{printed_difference(direction)} in print"
    if direction.ours is not None:
        text += f", {difference_here(direction)} here"
    return f"{text}: {said(table, direction)}"


def difference_cell(table: Table, direction: Direction) -> str:
    """``+1.4 → +0.8 [−0.3, +1.9]: undecided (…)``, for a table's cell."""
    printed = signed(direction.printed, direction.metric.decimals)
    return f"{printed} → {difference_here(direction)}: {said(table, direction)}"


def difference_here(direction: Direction) -> str:
    """``+0.8 [−0.3, +1.9]``: our difference and its interval; ``—`` without one."""
    if direction.ours is None:
        return MISSING
    metric = direction.metric
    # Means over seeds of small sequences move less than print's last digit of a count.
    value = signed(direction.ours, max(metric.decimals, int(direction.seeds > 1)))
    if direction.low is None or direction.high is None:
        return value
    low, high = (signed(x, metric.decimals) for x in (direction.low, direction.high))
    return f"{value} [{low}, {high}]"


def said(table: Table, direction: Direction) -> str:
    """A verdict with what belongs to it: reason, margin, or what would decide it."""
    text = str(direction.verdict)
    if direction.reason:
        text += f": {direction.reason}"
    elif direction.verdict is Verdict.NEGLIGIBLE and direction.margin is not None:
        decimals = direction.metric.decimals
        text += f" (within ±{number(direction.margin, decimals)}"
        small = abs(direction.printed) <= MARGIN_POINTS.get(direction.metric.key, 0.0)
        text += ", as in print)" if small else ")"
    elif direction.verdict is Verdict.UNDECIDED:
        text += f" ({needed(direction.need)})"
    if direction.repeats is not None:
        text += f" (the same runs as {pair(table, direction.repeats)})"
    return text


def needed(need: Requirement | None) -> str:
    """``about 9 seeds × 32 sequences, 40 min``."""
    if need is None:
        return f"more than {MOST_SEEDS} seeds"
    return (
        f"about {need.seeds} seeds × {need.sequences} sequences, "
        f"{duration(need.minutes)}"
    )


def duration(minutes: float) -> str:
    """``40 min``, ``3 h``, ``2 days``."""
    if minutes < 100:
        return f"{minutes:.0f} min"
    hours = minutes / 60
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
