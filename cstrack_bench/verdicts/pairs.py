"""The runs behind one argued pair of rows: what they share, found and cost."""

import collections.abc as abc
from dataclasses import dataclass

import numpy as np

from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.paper.claims import Argument
from cstrack_bench.verdicts.comparable import check_comparable
from cstrack_bench.verdicts.contributions import contributions, counts_by_sequence
from cstrack_bench.verdicts.design import Reasons
from cstrack_bench.verdicts.power import Cost
from cstrack_bench.verdicts.rules import LEAST_RECALL, Verdict
from cstrack_bench.verdicts.statistics import Floats

#: Row number -> its runs, one a seed; rows without runs are absent.
Rows = abc.Mapping[int, abc.Sequence[RunRecord]]


@dataclass(frozen=True)
class Pair:
    """Two rows with the seeds that both have.

    Attributes:
        argument: which rows, and why.
        first: runs of one row, by seed; second: of the other.
        counts: (R, S, 7) of both rows.
    """

    argument: Argument
    first: tuple[RunRecord, ...]
    second: tuple[RunRecord, ...]
    counts: tuple[Floats, Floats]

    @property
    def runs(self) -> tuple[str, ...]:
        """Identities of the runs: equal for two arguments over the same runs."""
        return tuple(record.run.hash for record in (*self.first, *self.second))

    @property
    def seeds(self) -> int:
        """How many both rows have."""
        return len(self.first)

    @property
    def sequences(self) -> int:
        """How many were measured."""
        return self.counts[0].shape[1]

    def table(self, metric: str) -> Floats:
        """Contributions to the difference, (R, S); two sequences or more."""
        first, second = (contributions(one, metric) for one in self.counts)
        return first - second

    def difference(self, metric: str) -> float:
        """First less second, a mean over seeds."""
        return self._mean(self.first, metric) - self.reference(metric)

    def reference(self, metric: str) -> float:
        """The second row's score, a mean over seeds."""
        return self._mean(self.second, metric)

    @staticmethod
    def _mean(records: abc.Sequence[RunRecord], metric: str) -> float:
        return float(np.mean([record.scores.overall[metric] for record in records]))

    @property
    def cost(self) -> Cost:
        """Measured seconds of both rows."""
        costs = [recorded_cost(side) for side in (self.first, self.second)]
        return Cost(sum(one.training for one in costs), sum(c.tracking for c in costs))


def recorded_cost(records: abc.Sequence[RunRecord]) -> Cost:
    """Seconds of one row: means over its seeds."""
    tracking = [
        sum(stage.wall_ms_p50 for stage in record.tracking.stages.values())
        * record.tracking.frames
        / (1000 * max(1, record.data.val.sequences))
        for record in records
    ]
    training = [record.training.wall_s for record in records]
    return Cost(float(np.mean(training)), float(np.mean(tracking)))


def find_pair(argument: Argument, rows: Rows, reasons: Reasons) -> Pair | str:
    """The runs of an argued pair, or why there are none.

    Args:
        argument: which rows.
        rows: row number -> its runs, one a seed; rows without runs are absent.
        reasons: row number -> why it has no runs.

    Raises:
        InputError: the rows may not be compared.
    """
    numbers = (argument.first, argument.second)
    missing = [number for number in numbers if not rows.get(number)]
    if missing:
        return f"row {missing[0]}: {reasons.get(missing[0], 'not run')}"
    by_seed = [{record.run.seed: record for record in rows[n]} for n in numbers]
    shared = sorted(by_seed[0].keys() & by_seed[1].keys())
    if not shared:
        return "no seed in common"
    check_comparable([*rows[argument.first], *rows[argument.second]])
    first, second = (tuple(side[seed] for seed in shared) for side in by_seed)
    if [one.run.hash for one in first] == [one.run.hash for one in second]:
        return "both rows are the same runs"
    counts = counts_by_sequence(first), counts_by_sequence(second)
    return Pair(argument, first, second, counts)


def recall(records: abc.Sequence[RunRecord]) -> float:
    """Share of the ground-truth boxes that a row finds, a mean over seeds."""
    overall = [record.scores.overall for record in records]
    return float(np.mean([1 - one["FN"] / max(1, one["GT"]) for one in overall]))


def unfit(
    number: int, records: abc.Sequence[RunRecord], undertrained: Reasons
) -> tuple[Verdict, str] | None:
    """Why no verdict may lean on a row; None where one may.

    Args:
        number: of the row.
        records: its runs.
        undertrained: row number -> why its schedule has not reached its plateau.
    """
    found = recall(records)
    if found < LEAST_RECALL:
        return Verdict.FAILED, f"row {number} finds {100 * found:.1f} % of the boxes"
    if number in undertrained:
        return Verdict.UNDERTRAINED, f"row {number}: {undertrained[number]}"
    return None
