"""Where numbers come from: the runs of a table, their cost, their sequences."""

from collections.abc import Sequence
from typing import Any

from cstrack_bench.report import words
from cstrack_bench.report.comparison import Record
from cstrack_bench.report.rows import Table
from cstrack_bench.report.words import MISSING

Grid = tuple[Sequence[str], list[list[str]]]

_RUN = ("№", "seed", "run", "code", "git", "measured", "device", "threads", "torch")
_COST = (
    "№",
    "seed",
    "parameters",
    "GFLOPs",
    "images",
    "identities",
    "epochs",
    "steps (skipped)",
    "training",
    "last loss box / obj / id",
    "tracking p50",
    "filtered",
)
_SEQUENCE = ("MOTA", "IDF1", "HOTA", "IDSW", "FP", "FN", "MT", "ML", "Frag")


def provenance(table: Table) -> list[Grid]:
    """What was run where, and what it cost; then the data, one line a distinct set."""
    runs, costs, data = [], [], {}
    for row in table.rows:
        for record in row.records:
            lead = [row.paper.mark, str(record["run"]["seed"])]
            runs.append([*lead, *_run(record)])
            costs.append([*lead, *_cost(record)])
            for part in ("train", "val"):
                found = record["data"][part]
                line = [part, *(str(found[k]) for k in ("sequences", "frames", "hash"))]
                data[tuple(line)] = line
    return [
        (_RUN, runs),
        (_COST, costs),
        (("part", "sequences", "frames", "hash"), list(data.values())),
    ]


def _run(record: Record) -> list[str]:
    source = record["provenance"]
    git = str(source["git"])[:10] + (" (changed)" if source["dirty"] else "")
    device = source.get("gpu") or source["cpu"]
    return [
        f"`{record['run']['hash']}`",
        f"`{source['code']}`",
        git,
        str(source["time"]),
        f"{source['device']}: {device}",
        str(source["threads"]),
        str(source["torch"]),
    ]


def _cost(record: Record) -> list[str]:
    training: dict[str, Any] = record["training"]
    loss = training.get("loss") or {}
    losses = [loss.get(name) for name in ("box", "objectness", "identity")]
    stages = record["tracking"]["stages"]
    tracking = sum(stage["wall_ms_p50"] for stage in stages.values())
    filtered = record["tracking"]["filtered"]
    return [
        f"{record['model']['parameters']:,}",
        words.number(record["model"]["gflops"], 2),
        str(training.get("images", MISSING)),
        str(training.get("identities", MISSING)),
        str(training.get("epochs", MISSING)),
        f"{training.get('steps', MISSING)} ({training.get('skipped_steps', 0)})",
        f"{training['wall_s']:.0f} s wall, {training['cpu_s']:.0f} s CPU",
        " / ".join(MISSING if x is None else f"{x:.3f}" for x in losses),
        f"{tracking:.1f} ms a frame",
        ", ".join(f"{name} {count}" for name, count in filtered.items()) or MISSING,
    ]


def per_sequence(table: Table) -> list[Grid]:
    """Scores of each sequence of each run."""
    rows = []
    for row in table.rows:
        for record in row.records:
            for name, scores in record["scores"]["sequences"].items():
                cells = [row.paper.mark, str(record["run"]["seed"]), name]
                rows.append([*cells, *(_score(scores.get(key)) for key in _SEQUENCE)])
    return [(("№", "seed", "sequence", *_SEQUENCE), rows)]


def _score(value: float | None) -> str:
    if value is None:
        return MISSING
    return words.number(value, 0 if isinstance(value, int) else 1)
