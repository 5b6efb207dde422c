"""Where numbers come from: the runs of a table, their cost, their sequences."""

from collections import defaultdict
from collections.abc import Sequence

from cstrack_bench.evaluation.scores import Scores
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.report import words
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
            lead = [row.paper.mark, str(record.run.seed)]
            runs.append([*lead, *_run(record)])
            costs.append([*lead, *_cost(record)])
            for part in ("train", "val"):
                found = record.data.train if part == "train" else record.data.val
                line = [part, str(found.sequences), str(found.frames), found.hash]
                data[tuple(line)] = line
            for added in record.data.mix or ():
                line = [f"mixed in: {added.name}", MISSING]
                line += [str(added.images), added.hash]
                data[tuple(line)] = line
    return [
        (_RUN, runs),
        (_COST, costs),
        (("part", "sequences", "frames", "hash"), list(data.values())),
    ]


def _run(record: RunRecord) -> list[str]:
    source = record.provenance
    git = source.git[:10] + (" (changed)" if source.dirty else "")
    return [
        f"`{record.run.hash}`",
        f"`{source.migrated.code if source.migrated else source.code}`",
        git,
        source.time,
        f"{source.device}: {source.gpu or source.cpu}",
        str(source.threads),
        source.torch,
    ]


def _cost(record: RunRecord) -> list[str]:
    training, tracked = record.training, record.tracking
    losses = [training.loss.get(name) for name in ("box", "objectness", "identity")]
    tracking = sum(stage.wall_ms_p50 for stage in tracked.stages.values())
    filtered = tracked.filtered
    return [
        f"{record.model.parameters:,}",
        words.number(record.model.gflops, 2),
        str(training.images),
        str(training.identities),
        str(training.epochs),
        f"{training.steps} ({training.skipped_steps})",
        f"{training.wall_s:.0f} s wall, {training.cpu_s:.0f} s CPU",
        " / ".join(MISSING if x is None else f"{x:.3f}" for x in losses),
        f"{tracking:.1f} ms a frame",
        ", ".join(f"{name} {count}" for name, count in filtered.items()) or MISSING,
    ]


def per_sequence(table: Table) -> list[Grid]:
    """Scores of each sequence of each row, means over seeds."""
    rows = []
    for row in table.rows:
        seeds = [record.scores.sequences for record in row.records]
        for name in seeds[0] if seeds else ():
            scores = [seed[name] for seed in seeds if name in seed]
            cells = [row.paper.mark, name, *_means(scores, _SEQUENCE)]
            rows.append(cells)
    return [(("№", "sequence", *_SEQUENCE), rows)]


def variants(table: Table) -> list[Grid]:
    """A row measured again on other frames, with and without the aspect filter."""
    rows = []
    for row in table.rows:
        found: dict[tuple[str, str], list[Scores]] = defaultdict(list)
        for record in row.records:
            for variant in record.variants or ():
                found[_PARTS[variant.part], variant.filter].append(variant.scores)
        for condition, scores in found.items():
            lead = [row.paper.mark, row.paper.label, *condition]
            rows.append([*lead, *_means(scores, _VARIANT), str(len(scores))])
    head = ("№", "what", "frames", "aspect filter", *_VARIANT, "n")
    return [(head, rows)]


def losses(table: Table) -> list[Grid]:
    """What each rule of the tracker costs over given boxes; means over seeds."""
    rows = []
    for row in table.rows:
        found: dict[tuple[str, str], list[Scores]] = defaultdict(list)
        for record in row.records:
            for loss in record.losses or ():
                points: Scores = {key: getattr(loss, key) for key in _LOSS}
                found[_PARTS[loss.part], loss.rule].append(points)
        for condition, lost in found.items():
            lead = [row.paper.mark, row.paper.label, *condition]
            rows.append([*lead, *_means(lost, _LOSS), str(len(lost))])
    return [(("№", "what", "frames", "rule", *_LOSS, "n"), rows)]


def unprinted(table: Table) -> list[Grid]:
    """Other trackers, evaluated here from their files, that have no row in print."""
    rows = []
    for other in table.unprinted:
        scores = _means([other.record.scores.overall], _VARIANT)
        rows.append([other.name, other.dataset, other.frames_measured, *scores])
    return [(("tracker", "data", "frames", *_VARIANT), rows)]


def _means(scores: Sequence[Scores], keys: Sequence[str]) -> list[str]:
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
