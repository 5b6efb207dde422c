"""Two runs side by side: in what they differ, and by how much their scores do."""

import collections.abc as abc
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.scores import COUNTS, PERCENTAGES
from cstrack_bench.experiments.records import RunRecord, read_record
from cstrack_bench.experiments.staleness import (
    Change,
    setting_changes,
    version_changes,
)
from cstrack_bench.report.cell_evidence import choose_profile, parse_row, runs_of
from cstrack_bench.verdicts.comparable import check_comparable
from cstrack_bench.verdicts.contributions import contributions, counts_by_sequence
from cstrack_bench.verdicts.statistics import crossed_difference

#: Scores whose difference has an interval, as verdicts have it.
WITH_INTERVAL = ("MOTA", "IDF1", "IDSW")
_ENVIRONMENT = (
    *("git", "code", "python", "torch", "numpy", "opencv", "trackeval", "motmetrics"),
    *("device", "cpu", "gpu", "cuda", "threads"),
)


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        name: ``table2/4 (twin, seeds 0, 1, 2)``, or the file.
        records: its runs, by seed.
    """

    name: str
    records: tuple[RunRecord, ...]


@dataclass(frozen=True)
class ScoreDifference:
    """One score of both sides, means over their seeds.

    Attributes:
        metric: its key; first, second: of the sides; None where one lacks it.
        difference: first − second; None where they may not be subtracted.
        low: lower end of the 95 % interval over seeds and sequences; high: upper end.
            None with fewer than two seeds in common or two sequences.
    """

    metric: str
    first: float | None
    second: float | None
    difference: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class RunDifferences:
    """In what two sides differ.

    Attributes:
        first, second: the sides.
        settings, data, components, training, environment: what is otherwise.
        scores: each score of both.
        apart: why their scores may not be subtracted; empty where they may.
    """

    first: Side
    second: Side
    settings: tuple[Change, ...]
    data: tuple[Change, ...]
    components: tuple[Change, ...]
    training: tuple[Change, ...]
    environment: tuple[Change, ...]
    scores: tuple[ScoreDifference, ...]
    apart: str


def find_side(
    results: Path, text: str, profile: str | None = None, seed: int | None = None
) -> Side:
    """The runs that a name stands for.

    Args:
        results: the results folder.
        text: ``table2/4``, or the file of a record.
        profile: whose runs; by default the first one that has some.
        seed: this one alone.

    Raises:
        InputError: no such row, no run of it, or a file that is no record.
    """
    if text.endswith(".json"):
        return Side(text, (read_record(Path(text)),))
    table, row = parse_row(text)
    chosen, _ = choose_profile(results, table, row, profile)
    records = [
        record
        for record in runs_of(results, chosen, table).values()
        if record.run.row == row and seed in (None, record.run.seed)
    ]
    if not records:
        which = "" if seed is None else f" seed {seed}"
        raise InputError(
            f"No run of {table}/{row}{which} under {results / chosen}: "
            f"`cstrack reproduce {table} --rows {row} --profile {chosen}` makes one."
        )
    records.sort(key=lambda record: record.run.seed)
    seeds = ", ".join(str(record.run.seed) for record in records)
    noun = "seed" if len(records) == 1 else "seeds"
    return Side(f"{table}/{row} ({chosen}, {noun} {seeds})", tuple(records))


def compare_sides(first: Side, second: Side) -> RunDifferences:
    """In what two sides differ; settings and machines are those of their first runs.

    Scores of other frames or profiles are shown, not subtracted.
    """
    one, other = first.records[0], second.records[0]
    apart = ""
    try:
        check_comparable([*first.records, *second.records])
    except InputError as error:
        apart = str(error)
    return RunDifferences(
        first,
        second,
        tuple(setting_changes(one.recipe, other.recipe)),
        tuple(setting_changes(one.data.plain(), other.data.plain())),
        tuple(version_changes(one.run.components, other.run.components)),
        tuple(setting_changes(_training(one), _training(other))),
        tuple(setting_changes(_environment(one), _environment(other))),
        tuple(_scores(first, second, bool(apart))),
        apart,
    )


def _training(record: RunRecord) -> dict[str, object]:
    """What the weights are: their hash, start and extent, not what they cost."""
    training = record.training
    facts = ("hash", "start", "images", "identities", "epochs", "steps", "precision")
    found: dict[str, object] = {name: getattr(training, name) for name in facts}
    return {
        **found,
        "weights_sha256": record.model.weights_sha256,
        "parameters": record.model.parameters,
        "gflops": record.model.gflops,
    }


def _environment(record: RunRecord) -> dict[str, object]:
    return {name: getattr(record.provenance, name) for name in _ENVIRONMENT}


def _scores(first: Side, second: Side, apart: bool) -> abc.Iterator[ScoreDifference]:
    intervals = {} if apart else _intervals(first, second)
    for metric in (*PERCENTAGES, *COUNTS):
        values = [_mean(side, metric) for side in (first, second)]
        if values[0] is None and values[1] is None:
            continue
        difference = None
        if values[0] is not None and values[1] is not None and not apart:
            difference = values[0] - values[1]
        ends = intervals.get(metric, (None, None))
        yield ScoreDifference(metric, values[0], values[1], difference, *ends)


def _mean(side: Side, metric: str) -> float | None:
    values = [
        r.scores.overall[metric] for r in side.records if metric in r.scores.overall
    ]
    return float(np.mean(values)) if len(values) == len(side.records) else None


def _intervals(first: Side, second: Side) -> dict[str, tuple[float, float]]:
    """By the crossed design, over the seeds that both sides have."""
    by_seed = [{r.run.seed: r for r in side.records} for side in (first, second)]
    shared = sorted(by_seed[0].keys() & by_seed[1].keys())
    if len(shared) < 2 or len(first.records[0].scores.sequences) < 2:
        return {}
    counts = [counts_by_sequence([side[seed] for seed in shared]) for side in by_seed]
    found = {}
    for metric in WITH_INTERVAL:
        table = contributions(counts[0], metric) - contributions(counts[1], metric)
        low, high = crossed_difference(table).interval()
        found[metric] = float(low), float(high)
    return found


def differences_document(found: RunDifferences) -> dict[str, object]:
    """For a script."""

    def rows(changes: abc.Iterable[Change]) -> list[dict[str, str]]:
        return [
            {"name": one.name, "first": one.old, "second": one.new} for one in changes
        ]

    return {
        "first": found.first.name,
        "second": found.second.name,
        "settings": rows(found.settings),
        "data": rows(found.data),
        "components": rows(found.components),
        "training": rows(found.training),
        "environment": rows(found.environment),
        "scores": [dataclasses.asdict(score) for score in found.scores],
        "not_subtracted_because": found.apart or None,
    }
