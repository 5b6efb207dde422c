"""Which runs may be held against each other, and what was measured in a run."""

import collections.abc as abc
import hashlib
import json

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.comparison_records import OtherRecord, ServerRecord
from cstrack_bench.experiments.records import RunRecord

Scored = RunRecord | OtherRecord | ServerRecord


def measured(record: Scored, key: str) -> float | None:
    """One number of a run, by the key of a printed column.

    Args:
        record: a run, another tracker's evaluation, or a server's scores.
        key: a score of ``evaluation.scores``; MTR or MLR, mostly tracked or lost
            identities in percent of all; FPS, frames a second by the paper's timer
            (docs/reference.md#speed-scope).

    Returns:
        The number, or None where it was not measured.
    """
    overall = record.scores.overall
    if isinstance(record, ServerRecord):
        return overall.get(key)
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
    data = (recipe.get("measure") or {}).get("data") or recipe.get("data") or {}
    synth = data.get("synth")
    if not synth:
        return "-"
    content = {key: synth[key] for key in ("config", "seed")}
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def check_comparable(records: abc.Sequence[RunRecord]) -> None:
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
