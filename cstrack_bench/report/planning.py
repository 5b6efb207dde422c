"""What is known of every argued comparison, and what it takes to know more.

And of every row in print, how it can be had here.
"""

import collections.abc as abc
from dataclasses import asdict, dataclass

import torch

from cstrack_bench.download.catalogue import load_catalogue
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.plan import Plan
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.models.counting import gflops
from cstrack_bench.report.rows import Table
from cstrack_bench.systems.system_registry import build_network, find_system
from cstrack_bench.verdicts.directions import Direction, lengths, requirement
from cstrack_bench.verdicts.rules import LEVEL


@dataclass(frozen=True)
class PlannedComparison:
    """One column of one argued pair.

    Attributes:
        table: its name; first, second: rows; metric: key of the score.
        printed: first − second in print.
        ours, low, high: the difference here with its 95 % interval; None: not known.
        verdict: a word of ``verdicts.Verdict``; reason: what belongs to it, or empty.
        seeds, sequences: that are there.
        detectable: the smallest effect that these show in 80 % of repetitions.
        seeds_needed, sequences_needed, minutes: that show the printed effect (at least
            the margin) in 80 % of repetitions, for this comparison alone; minutes
            beyond what is there. None: not known, or more than ``power.MOST_SEEDS``.
        seeds_corrected, sequences_corrected, minutes_corrected: the same at the level
            that Holm's rule asks of the strongest of the table's comparisons.
    """

    table: str
    first: int
    second: int
    metric: str
    printed: float
    ours: float | None
    low: float | None
    high: float | None
    verdict: str
    reason: str
    seeds: int
    sequences: int
    detectable: float | None
    seeds_needed: int | None
    sequences_needed: int | None
    minutes: float | None
    seeds_corrected: int | None
    sequences_corrected: int | None
    minutes_corrected: float | None

    def as_dict(self) -> dict[str, object]:
        """The fields, for JSON."""
        return asdict(self)


def plan(
    table: Table, sequences: abc.Sequence[int] | None = None
) -> list[PlannedComparison]:
    """Every argued comparison of a table.

    Args:
        table: with its runs.
        sequences: numbers of test sequences to choose from (``sequence_choice``); by
            default the present one and, where sequences are made on the spot, its
            multiples.
    """
    family = max((direction.family for direction in table.directions), default=1)
    return [
        _planned(table, direction, sequences, LEVEL / max(1, family))
        for direction in table.directions
    ]


def sequence_choice(plan: Plan) -> list[int] | None:
    """Numbers of test sequences that a plan's profile can have.

    Args:
        plan: of one table.

    Returns:
        The recipe's own and its multiples where sequences are made on the spot; None
        where they are what they are.
    """
    data = plan.runs[0].settings.test_data
    if not data.resolved.is_generated:
        return None
    return [factor * data.synth.test_sequences for factor in (1, 2, 4)]


def _planned(
    table: Table,
    direction: Direction,
    sequences: abc.Sequence[int] | None,
    level: float,
) -> PlannedComparison:
    choice = sequences or lengths(direction, table.profile)
    alone = requirement(direction, choice)
    among = requirement(direction, choice, level)
    return PlannedComparison(
        table=table.paper.name,
        first=direction.argument.first,
        second=direction.argument.second,
        metric=direction.metric.key,
        printed=direction.printed,
        ours=direction.ours,
        low=direction.low,
        high=direction.high,
        verdict=str(direction.verdict),
        reason=direction.reason,
        seeds=direction.seeds,
        sequences=direction.sequences,
        detectable=direction.detectable,
        seeds_needed=alone.seeds if alone else None,
        sequences_needed=alone.sequences if alone else None,
        minutes=alone.minutes if alone else None,
        seeds_corrected=among.seeds if among else None,
        sequences_corrected=among.sequences if among else None,
        minutes_corrected=among.minutes if among else None,
    )


#: What a GPU reaches of its peak in such networks: an assumption, of a card like the
#: paper's 2080 Ti (13.4 TFLOP/s in single precision) at a third.
GPU_TERAFLOPS = 4.5


@dataclass(frozen=True)
class RowAccess:
    """How one printed row can be had.

    Attributes:
        table: its name; row: number; name: as printed.
        way: ``trained`` by a recipe here, or ``audited``: its numbers are checked by
            arithmetic, and result files fill it (``evaluate --as``, ``submit import``).
        weights: items of the catalogue that fill its network, as their authors trained
            it.
        gpu_hours: of one training under profile ``paper``, from 3 × the network's
            operations × images × epochs at ``GPU_TERAFLOPS``; None where the images are
            not here to be counted.
    """

    table: str
    row: int
    name: str
    way: str
    weights: tuple[str, ...]
    gpu_hours: float | None

    def as_dict(self) -> dict[str, object]:
        """The fields, for JSON."""
        return asdict(self)


def row_access(table: Table, full: Plan, workspace: Workspace) -> list[RowAccess]:
    """Every printed row of a table.

    Args:
        table: of any profile.
        full: the table's plan under the paper's own protocol.
        workspace: where its data would lie.
    """
    runs = {run.row: run for run in full.runs}
    found = []
    for row in table.paper.rows:
        run = runs.get(row.number)
        label = f"{table.paper.name}/{row.number}"
        weights = tuple(
            item.name for item in load_catalogue().values() if label in item.rows
        )
        hours = None if run is None else _gpu_hours(run, workspace)
        way = "audited" if run is None else "trained"
        name = ", ".join(filter(None, (row.label, row.group)))
        found.append(RowAccess(table.paper.name, row.number, name, way, weights, hours))
    return found


def _gpu_hours(run: Run, workspace: Workspace) -> float | None:
    settings = run.settings
    try:
        images = settings.data.planned_images()
        if images is None:
            images = sum(len(part) for part in workspace.open(settings.data).train)
    except InputError:
        return None
    with torch.device("meta"):
        network = build_network(find_system(settings.system), settings.model)
    work = 3 * gflops(network, settings.data.size) * images * settings.train.epochs
    return work / (1000 * GPU_TERAFLOPS) / 3600
