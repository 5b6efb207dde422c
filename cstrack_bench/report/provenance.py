"""Where numbers come from: the runs of a table, their cost, their sequences."""

from collections import defaultdict
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
_VARIANT = ("MOTA", "IDF1", "IDP", "IDR", "IDSW", "FP", "FN", "HOTA")
_LOSS = ("MOTA", "IDF1", "HOTA", "boxes", "FP", "IDSW")
_PARTS = {"train": "trained on", "val": "held out"}
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
            for added in record["data"].get("mix") or ():
                line = [f"mixed in: {added['name']}", MISSING]
                line += [str(added[key]) for key in ("images", "hash")]
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
    """Scores of each sequence of each row, means over seeds."""
    rows = []
    for row in table.rows:
        seeds = [record["scores"]["sequences"] for record in row.records]
        for name in seeds[0] if seeds else ():
            scores = [seed[name] for seed in seeds if name in seed]
            cells = [row.paper.mark, name, *_means(scores, _SEQUENCE)]
            rows.append(cells)
    return [(("№", "sequence", *_SEQUENCE), rows)]


def variants(table: Table) -> list[Grid]:
    """A row measured again on other frames, with and without the aspect filter."""
    rows = []
    for row in table.rows:
        found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for record in row.records:
            for variant in record.get("variants") or ():
                part = str(variant["part"])
                place = (_PARTS.get(part, part), str(variant["filter"]))
                found[place].append(variant["scores"])
        for place, scores in found.items():
            lead = [row.paper.mark, row.paper.label, *place]
            rows.append([*lead, *_means(scores, _VARIANT), str(len(scores))])
    head = ("№", "what", "frames", "aspect filter", *_VARIANT, "n")
    return [(head, rows)]


def losses(table: Table) -> list[Grid]:
    """What each rule of the tracker costs over given boxes; means over seeds."""
    rows = []
    for row in table.rows:
        found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for record in row.records:
            for loss in record.get("losses") or ():
                found[_PARTS.get(loss["part"], loss["part"]), loss["rule"]].append(loss)
        for place, lost in found.items():
            lead = [row.paper.mark, row.paper.label, *place]
            rows.append([*lead, *_means(lost, _LOSS), str(len(lost))])
    return [(("№", "what", "frames", "rule", *_LOSS, "n"), rows)]


def unprinted(table: Table) -> list[Grid]:
    """Other trackers, evaluated here from their files, that have no row in print."""
    rows = []
    for other in table.unprinted:
        scores = _means([other.record["scores"]["overall"]], _VARIANT)
        rows.append([other.name, other.dataset, other.place, *scores])
    return [(("tracker", "data", "frames", *_VARIANT), rows)]


def _means(scores: Sequence[dict[str, Any]], keys: Sequence[str]) -> list[str]:
    """Means over seeds; a count of one seed is a whole number."""
    cells = []
    for key in keys:
        values = [one[key] for one in scores if one.get(key) is not None]
        if not values:
            cells.append(MISSING)
            continue
        whole = len(values) == 1 and isinstance(values[0], int)
        cells.append(words.number(sum(values) / len(values), 0 if whole else 1))
    return cells
