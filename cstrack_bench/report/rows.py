"""The rows of a table: a printed number, ours beside it, and what was learned."""

import collections.abc as abc
from dataclasses import dataclass

from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.experiments.task_scores import TaskScores
from cstrack_bench.paper.claims import Metric, PaperRow, PaperTable
from cstrack_bench.report.others import Evaluated
from cstrack_bench.report.server_entries import ServerEntry
from cstrack_bench.verdicts.comparable import Scored, measured
from cstrack_bench.verdicts.directions import Direction
from cstrack_bench.verdicts.statistics import Estimate, over_seeds

# Columns beside those the paper prints, in CSV and RESULTS.md.
FURTHER = ("HOTA", "FP", "FN", "MT", "ML")


@dataclass(frozen=True)
class Cell:
    """One measured number beside its printed one.

    Attributes:
        metric: the column.
        printed: the characters in print.
        ours: mean over seeds; None where the row was not run.
        verdict: about the printed number; None outside the paper's own protocol.
    """

    metric: Metric
    printed: str
    ours: Estimate | None
    verdict: str | None


@dataclass(frozen=True)
class Baseline:
    """An IoU-only tracker on the same detections.

    Attributes:
        mota: mean over seeds.
        idf1: mean over seeds.
        loss: how many points of IDF1 it has less than the row's own tracker.
    """

    mota: float
    idf1: float
    loss: float


@dataclass(frozen=True)
class Row:
    """One row of the paper and our runs of it.

    Attributes:
        paper: as printed.
        cells: score key -> cell.
        further: ``FURTHER`` key -> mean over seeds; empty where the row was not run.
        relation_weights: learned (detection, re-id) weights of levels P3, P4, P5,
            means over seeds; None where there are none.
        baseline: the IoU-only tracker; None where it was not run.
        records: its runs, by seed.
        reason: why it has no numbers of ours; None where it has.
        evaluated: a server's scores, or another tracker's from its result files, in
            the place of ours; None where the row has neither.
    """

    paper: PaperRow
    cells: abc.Mapping[str, Cell]
    further: abc.Mapping[str, Estimate]
    relation_weights: tuple[tuple[float, float], ...] | None
    baseline: Baseline | None
    records: tuple[RunRecord, ...]
    reason: str | None
    evaluated: Evaluated | ServerEntry | None = None

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds it was run with."""
        return tuple(record.run.seed for record in self.records)


@dataclass(frozen=True)
class Table:
    """A table of one profile, ready to be printed.

    Attributes:
        paper: the printed table.
        profile: paper, twin, real or smoke.
        label: the profile, or "custom" where settings differ from it.
        header: what the numbers are, in words: data, split and hash, input, seeds,
            checkpoint, precision of training, threads. Empty without a run.
        rows: in the order of print.
        directions: the comparisons the paper argues from.
        unprinted: other trackers evaluated here that fill no row.
        submissions: every submission that a server scored, on the table's data.
        tasks: detection and identity of the runs' networks, where it was measured.
    """

    paper: PaperTable
    profile: str
    label: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    directions: tuple[Direction, ...]
    unprinted: tuple[Evaluated, ...] = ()
    submissions: tuple[ServerEntry, ...] = ()
    tasks: tuple[TaskScores, ...] = ()

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """Every run in the table."""
        return tuple(record for row in self.rows for record in row.records)

    @property
    def further(self) -> tuple[str, ...]:
        """The columns that print does not have."""
        printed = {metric.key.removesuffix("R") for metric in self.paper.metrics}
        return tuple(key for key in FURTHER if key not in printed)

    @property
    def wide(self) -> bool:
        """Whether it has so many columns that print and ours share one."""
        return len(self.paper.metrics) > 5

    @property
    def custom(self) -> bool:
        """Whether settings differ from the profile."""
        return self.label == "custom"

    @property
    def single_seed(self) -> bool:
        """Whether some row has one seed only."""
        return any(len(row.records) == 1 for row in self.rows)


def row_from(
    table: PaperTable,
    row: PaperRow,
    records: abc.Sequence[RunRecord],
    verdicts: abc.Mapping[str, str],
    why: str,
    evaluated: Evaluated | ServerEntry | None = None,
) -> Row:
    """One row of a table.

    Args:
        table: the printed table.
        row: its row.
        records: the runs of that row, by seed; may be none.
        verdicts: score key -> verdict about the printed number.
        why: the reason why there are none.
        evaluated: scores for this row without a run. A server's come before our runs,
            which are not on its test set; files evaluated here come after them.
    """
    shown = evaluated
    if records and not isinstance(evaluated, ServerEntry):
        shown = None
    sources: abc.Sequence[Scored] = [shown.record] if shown else records
    cells = {
        metric.key: Cell(
            metric,
            row.cells[metric.column],
            estimate_of(sources, metric.key),
            None if isinstance(shown, ServerEntry) else verdicts.get(metric.key),
        )
        for metric in table.metrics
    }
    further = {key: estimate_of(sources, key) for key in FURTHER}
    return Row(
        row,
        cells,
        {key: found for key, found in further.items() if found is not None},
        _relation_weights(records),
        _baseline(records),
        tuple(records),
        None if sources else why,
        shown,
    )


def estimate_of(records: abc.Sequence[Scored], key: str) -> Estimate | None:
    """One column's mean over the seeds of a row; None where a seed lacks it."""
    values = [measured(record, key) for record in records]
    known = [value for value in values if value is not None]
    return over_seeds(known) if known and len(known) == len(values) else None


def _relation_weights(
    records: abc.Sequence[RunRecord],
) -> tuple[tuple[float, float], ...] | None:
    learned = [
        record.model.relation_weights
        for record in records
        if record.model.relation_weights is not None
    ]
    if not learned or len(learned) < len(records):
        return None
    n = len(learned)
    levels = zip(*learned, strict=True)  # level -> one (detection, re-id) a seed
    return tuple(
        (sum(pair[0] for pair in level) / n, sum(pair[1] for pair in level) / n)
        for level in levels
    )


def _baseline(records: abc.Sequence[RunRecord]) -> Baseline | None:
    scored = [
        record.baselines["iou"].overall
        for record in records
        if "iou" in record.baselines
    ]
    if not scored or len(scored) < len(records):
        return None
    mota = over_seeds([one["MOTA"] for one in scored]).mean
    idf1 = over_seeds([one["IDF1"] for one in scored]).mean
    ours = over_seeds([r.scores.overall["IDF1"] for r in records]).mean
    return Baseline(mota, idf1, ours - idf1)
