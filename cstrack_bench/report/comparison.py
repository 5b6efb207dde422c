"""What a number says about the paper: verdicts by rule, never by hand."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.comparison_records import OtherRecord
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.paper.claims import Argument, Claim, Metric, PaperTable
from cstrack_bench.report.statistics import (
    Blocks,
    Estimate,
    follows,
    interval_of_difference,
    interval_over_time,
    over_seeds,
    stack_blocks,
)

REPRODUCED = "reproduced"
WITHIN_NOISE = "within noise"
NOT_REPRODUCED = "not reproduced"
NOT_ATTEMPTED = "not attempted"
INCONSISTENT = "inconsistent in print"
SAME = "same direction"
OPPOSITE = "opposite direction"
UNDECIDED = "not distinguishable"

# The columns that the text argues from; each follows from summed counts.
ARGUED = ("MOTA", "IDF1", "IDSW")

Scored = RunRecord | OtherRecord


def measured(record: Scored, key: str) -> float | None:
    """One number of a run, by the key of a printed column.

    Args:
        record: a run, or another tracker's evaluation.
        key: a score of ``evaluation.scores``; MTR or MLR, mostly tracked or lost
            identities in percent of all; FPS, frames a second by the paper's timer
            (REFERENCE 5.10).

    Returns:
        The number, or None where it was not measured.
    """
    overall = record.scores.overall
    if key == "FPS":
        speed = record.speed if isinstance(record, RunRecord) else None
        return speed.fps_paper_scope if speed else None
    if key in ("MTR", "MLR"):
        return 100.0 * overall[key[:2]] / max(1, overall["IDs"])
    value: float = overall[key]
    return value


def comparable_key(record: RunRecord) -> tuple[str, ...]:
    """What two runs must share before one may be subtracted from the other.

    Profile, label (the profile's name or "custom"), data set, split, the synthetic
    world, and the hash of the frames that were measured.
    """
    return (
        record.run.profile,
        record.run.label,
        record.data.dataset,
        record.data.split,
        _world(record),
        record.data.val.hash,
    )


def _world(record: RunRecord) -> str:
    """Stands for the synthetic world that was measured; a dash without one.

    Its sequences have the same names and lengths whatever is in them, so the hash of
    the frames does not tell two worlds apart.
    """
    recipe = record.recipe
    place = (recipe.get("measure") or {}).get("data") or recipe.get("data") or {}
    synth = place.get("synth")
    if not synth:
        return "-"
    content = {key: synth[key] for key in ("config", "seed")}
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def check_comparable(records: Sequence[RunRecord]) -> None:
    """Refuse runs that may not be held against each other.

    Raises:
        InputError: two of them differ; the sentence says in what.
    """
    names = (
        *("profile", "label", "data set", "split", "synthetic world"),
        "frames measured (hash)",
    )
    for record in records[1:]:
        ours, theirs = comparable_key(records[0]), comparable_key(record)
        for name, a, b in zip(names, ours, theirs, strict=True):
            if a != b:
                rows = [r.run.row for r in (records[0], record)]
                raise InputError(
                    f"Rows {rows[0]} and {rows[1]} of {record.run.table} differ "
                    f"in {name} ({a} and {b}) and are not compared: run both the "
                    f"same way."
                )


@dataclass(frozen=True)
class Direction:
    """One comparison the paper argues from, in print and here.

    Attributes:
        argument: which rows, and why.
        metric: the column.
        printed: first − second in print.
        ours: the mean difference over the seeds that both rows have; None without
            both rows.
        low: lower end of its 95 % interval; None where there is none.
        high: upper end.
        seeds: how many seeds both rows have.
        verdict: same direction, opposite direction or not distinguishable; or
            "not attempted: reason".
    """

    argument: Argument
    metric: Metric
    printed: float
    ours: float | None
    low: float | None
    high: float | None
    seeds: int
    verdict: str


def direction_verdict(printed: float, interval: tuple[float, float] | None) -> str:
    """Does our difference point where the printed one does?

    Args:
        printed: first − second in print.
        interval: 95 % interval of ours, or None where there is too little to tell.

    Returns:
        Same or opposite direction where zero lies outside the interval and print has
        a direction at all, else not distinguishable.
    """
    if interval is None or interval[0] <= 0 <= interval[1] or printed == 0:
        return UNDECIDED
    return SAME if (interval[0] > 0) == (printed > 0) else OPPOSITE


def claim_verdict(
    claim: Claim, ours: Estimate, over_time: tuple[float, float] | None
) -> str:
    """Is a printed number reproduced? Asked of the profile ``paper`` only.

    * inconsistent in print: an erratum says the number cannot be right.
    * reproduced: it lies inside our interval over seeds (with one seed: it is our
      number), give or take half of its last digit.
    * within noise: it lies inside the interval over sequences and time.
    * not reproduced: neither.
    """
    if claim.inconsistent is not None:
        return INCONSISTENT
    distance = abs(ours.mean - claim.value)
    if distance <= (ours.half_width or 0.0) + claim.margin:
        return REPRODUCED
    if over_time is not None:
        low, high = over_time
        if low - claim.margin <= claim.value <= high + claim.margin:
            return WITHIN_NOISE
    return NOT_REPRODUCED


def cell_verdict(claim: Claim, records: Sequence[RunRecord], key: str) -> str:
    """The verdict of one cell from the runs of its row (none: see the errata)."""
    if claim.inconsistent is not None:
        return INCONSISTENT
    ours = estimate_of(records, key)
    if ours is None:
        return f"{NOT_ATTEMPTED}: not measured"
    over_time = None
    if follows(key):
        over_time = interval_over_time(stack_blocks(records), key)
    return claim_verdict(claim, ours, over_time)


def estimate_of(records: Sequence[Scored], key: str) -> Estimate | None:
    """One column's mean over the seeds of a row; None where a seed lacks it."""
    values = [measured(record, key) for record in records]
    known = [value for value in values if value is not None]
    return over_seeds(known) if known and len(known) == len(values) else None


def _by_seed(records: Sequence[RunRecord]) -> dict[int, RunRecord]:
    return {record.run.seed: record for record in records}


def directions(
    paper: PaperTable,
    rows: Mapping[int, Sequence[RunRecord]],
    reasons: Mapping[int, str],
) -> tuple[Direction, ...]:
    """Every argued comparison in every column that the text argues from.

    Args:
        paper: the printed table.
        rows: row number -> its runs, one a seed; rows without runs are absent.
        reasons: row number -> why it has no runs.

    Raises:
        InputError: two rows may not be compared.
    """
    found = []
    for argument in paper.arguments:
        pair = (argument.first, argument.second)
        missing = [number for number in pair if not rows.get(number)]
        first, second = (_by_seed(rows.get(number, ())) for number in pair)
        shared = sorted(first.keys() & second.keys())
        if missing:
            reason = reasons.get(missing[0], "not run")
            why = f"{NOT_ATTEMPTED}: row {missing[0]}: {reason}"
        elif not shared:
            why = f"{NOT_ATTEMPTED}: no seed in common"
        else:
            why = ""
            check_comparable([*rows[pair[0]], *rows[pair[1]]])
        both = [[side[seed] for seed in shared] for side in (first, second)]
        blocks = [] if why else [stack_blocks(side) for side in both]
        for metric in paper.metrics:
            in_print = [paper.row(n).claims.get(metric.key) for n in pair]
            if metric.key not in ARGUED or None in in_print:
                continue
            values = [claim.value for claim in in_print if claim is not None]
            printed = round(values[0] - values[1], metric.decimals)
            if why:
                found.append(
                    Direction(argument, metric, printed, None, None, None, 0, why)
                )
            else:
                found.append(_measured(argument, metric, printed, both, blocks))
    return tuple(found)


def _measured(
    argument: Argument,
    metric: Metric,
    printed: float,
    both: Sequence[Sequence[RunRecord]],
    blocks: Sequence[Blocks],
) -> Direction:
    values = [[r.scores.overall[metric.key] for r in side] for side in both]
    differences = [a - b for a, b in zip(*values, strict=True)]
    interval = interval_of_difference(blocks[0], blocks[1], metric.key, differences)
    low, high = interval or (None, None)
    return Direction(
        argument,
        metric,
        printed,
        float(over_seeds(differences).mean),
        low,
        high,
        len(differences),
        direction_verdict(printed, interval),
    )
