"""Trained cells: runs held against earlier runs of the same rows, by interval.

A training has another outcome with another seed, or on another machine. A number has
moved where the interval of new − old leaves out zero, corrected for the number of cells
of its table, and is not within the margin of that score (``verdicts.rules``).

The model is that of ``docs/verdicts.md``, seeds × sequences. A row against itself, on
the same sequences, has no interaction of row and sequence: under "nothing moved" only
seeds and the rest differ. Both are estimated from all earlier rows of the same frames
and system with several seeds, since three seeds of one row have two degrees of freedom,
too few to find anything among many cells. Where no earlier row has several seeds, the
row's own pairs of seeds are what there is, paired in their order; they are independent
draws.
"""

import collections.abc as abc
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.records import RunRecord, read_record
from cstrack_bench.experiments.staleness import setting_changes, version_changes
from cstrack_bench.gate.baseline_file import AcceptedMove
from cstrack_bench.gate.cell_states import Cell, Part, State
from cstrack_bench.gate.exact_cells import TOLERANCE
from cstrack_bench.verdicts.comparable import comparable_key
from cstrack_bench.verdicts.contributions import contributions, counts_by_sequence
from cstrack_bench.verdicts.power import pooled_components
from cstrack_bench.verdicts.rules import ABOVE, BELOW, WITHIN, decide, margin_of
from cstrack_bench.verdicts.statistics import (
    Components,
    Difference,
    Floats,
    crossed_difference,
)

#: Scores that follow from summed counts and have a margin.
METRICS = ("MOTA", "IDF1", "IDSW")
#: ``twin/table2/row4`` -> its runs, by seed.
Rows = abc.Mapping[str, abc.Sequence[RunRecord]]


@dataclass(frozen=True)
class _Question:
    """One score of one row that was measured again."""

    row: str
    metric: str
    old: float
    new: float
    component: str
    reason: str
    found: Difference | None


@dataclass(frozen=True)
class _Noise:
    """Variances of a difference of two runs, and their degrees of freedom."""

    parts: Components
    freedom: int


def read_rows(results: Path) -> dict[str, list[RunRecord]]:
    """The runs below a results folder, by row and seed.

    Raises:
        InputError: a file is not a run's record.
    """
    rows: dict[str, list[RunRecord]] = {}
    for path in Ledger(results).files():
        name = path.parent.relative_to(results).as_posix()
        rows.setdefault(name, []).append(read_record(path))
    return {
        name: sorted(records, key=lambda record: record.run.seed)
        for name, records in rows.items()
    }


def trained_cells(
    new: Rows, old: Rows, accepted: abc.Sequence[AcceptedMove] = ()
) -> tuple[Cell, ...]:
    """Every row that both sides have, in the columns that have a margin.

    Args:
        new: the runs under review; old: those that they are held against.
        accepted: moves that are meant.
    """
    cells: list[Cell] = []
    noise: dict[tuple[tuple[str, ...], str, str], _Noise | None] = {}
    families: dict[str, list[_Question]] = {}
    for row in sorted(new.keys() & old.keys()):
        if list(new[row]) == list(old[row]):
            cells += [_same(row, metric, new[row]) for metric in METRICS]
        elif _frames(new[row]) != _frames(old[row]):
            reason = "measured on other frames than before"
            cells += [_not_judged(row, m, new[row], old[row], reason) for m in METRICS]
        else:
            table = row.rpartition("/")[0]
            for metric in METRICS:
                key = (*_kind(old[row][0]), metric)
                if key not in noise:
                    noise[key] = _noise(old, key[:2], metric)
                question = _question(row, metric, new[row], old[row], noise[key])
                families.setdefault(table, []).append(question)
    for questions in families.values():
        cells += _judge(questions, accepted)
    return tuple(sorted(cells, key=lambda cell: _natural(cell.name)))


def _same(row: str, metric: str, records: abc.Sequence[RunRecord]) -> Cell:
    value = _mean(records, metric)
    return Cell(Part.TRAINED, _name(row, metric), State.SAME, value, value)


def _not_judged(
    row: str,
    metric: str,
    new: abc.Sequence[RunRecord],
    old: abc.Sequence[RunRecord],
    reason: str,
) -> Cell:
    values = _mean(old, metric), _mean(new, metric)
    name = _name(row, metric)
    return Cell(Part.TRAINED, name, State.NOT_JUDGED, *values, reason=reason)


def _name(row: str, metric: str) -> str:
    """``twin/table2/row4`` -> ``twin/table2/4/IDF1``, as ``cstrack why`` has cells."""
    folder, _, number = row.rpartition("/row")
    return f"{folder}/{number}/{metric}"


def _natural(name: str) -> tuple[str, int, str]:
    table, number, metric = name.rsplit("/", 2)
    return table, int(number), metric


def _mean(records: abc.Sequence[RunRecord], metric: str) -> float:
    return float(np.mean([record.scores.overall[metric] for record in records]))


def _frames(records: abc.Sequence[RunRecord]) -> set[object]:
    """The frames that were measured, and their blocks."""
    return {
        (*comparable_key(r), *((b.sequence, b.start, b.stop) for b in r.blocks))
        for r in records
    }


def _kind(record: RunRecord) -> tuple[tuple[str, ...], str]:
    """Runs of one kind have the same noise: same frames, same boxes, same system."""
    model, measure = (record.recipe.get(name) or {} for name in ("model", "measure"))
    boxes = f"{measure.get('boxes', '')} {measure.get('part', '')}"
    return comparable_key(record), f"{model.get('system', '')} {boxes}"


def _noise(old: Rows, kind: tuple[tuple[str, ...], str], metric: str) -> _Noise | None:
    """From the rows of one kind that have several seeds."""
    several = [
        records
        for records in old.values()
        if len(records) > 1 and _kind(records[0]) == kind
    ]
    tables = [contributions(counts_by_sequence(r), metric) for r in several]
    parts = pooled_components([table for table in tables if table.shape[1] > 1])
    if parts is None:
        return None
    return _Noise(parts, sum(len(records) - 1 for records in several))


def _question(
    row: str,
    metric: str,
    new: abc.Sequence[RunRecord],
    old: abc.Sequence[RunRecord],
    noise: _Noise | None,
) -> _Question:
    seeds = min(len(new), len(old))
    found = None
    if noise is not None:
        samples = _contributions(new, metric), _contributions(old, metric)
        found = _by_noise(*samples, noise)
    elif seeds > 1 and len(new[0].scores.sequences) > 1:
        tables = [_contributions(side[:seeds], metric) for side in (new, old)]
        found = crossed_difference(tables[0] - tables[1])
    component, reason = _otherwise(old[0], new[0])
    values = _mean(old, metric), _mean(new, metric)
    return _Question(row, metric, *values, component, reason, found)


def _contributions(records: abc.Sequence[RunRecord], metric: str) -> Floats:
    return contributions(counts_by_sequence(records), metric)


def _by_noise(new: Floats, old: Floats, noise: _Noise) -> Difference:
    """The difference of two samples of seeds on the same S sequences.

    The variance of a mean over R seeds is (σ²(seed) + σ²(rest)/S) / R; the components
    are of a difference of two runs and so have both twice.

    Args:
        new: (R, S) contributions; old: the same of the earlier runs.
        noise: of one seed.
    """
    shares = 1 / new.shape[0] + 1 / old.shape[0]
    variance = (noise.parts.seed + noise.parts.rest / new.shape[1]) * shares / 2
    freedom = np.asarray(float(noise.freedom))
    mean = np.asarray(new.mean() - old.mean())
    return Difference(mean, np.asarray(variance**0.5), freedom, freedom)


def _otherwise(old: RunRecord, new: RunRecord) -> tuple[str, str]:
    """The component that moved between two runs of a row, and all that is otherwise."""
    versions = version_changes(old.run.components, new.run.components)
    settings = setting_changes(old.recipe, new.recipe)
    said = [str(change) for change in (*versions, *settings)]
    if old.run.seed != new.run.seed and not said:
        said = [f"seed {old.run.seed} → {new.run.seed} and nothing else"]
    for name in ("torch", "device", "cpu", "threads"):
        before, now = getattr(old.provenance, name), getattr(new.provenance, name)
        if before != now:
            said.append(f"{name} {before} → {now}")
    if old.provenance.code != new.provenance.code and not versions:
        said.append("code of the same versions moved")
    component = versions[0].name if versions else ""
    if not component and settings:
        component = f"setting {settings[0].name}"
    return component, "; ".join(said) or "nothing that a record keeps is otherwise"


def _judge(
    questions: abc.Sequence[_Question], accepted: abc.Sequence[AcceptedMove]
) -> list[Cell]:
    """The cells of one table, which are one family of tests."""
    judged = [one for one in questions if one.found is not None]
    codes: dict[tuple[str, str], int] = {}
    if judged:
        family = Difference.family([one.found for one in judged if one.found])
        margins = [margin_of(one.metric, one.old) or 0.0 for one in judged]
        codes = {
            (one.row, one.metric): int(code)
            for one, code in zip(judged, decide(family, margins), strict=True)
        }
    return [_cell(one, codes.get((one.row, one.metric)), accepted) for one in questions]


def _cell(
    one: _Question, code: int | None, accepted: abc.Sequence[AcceptedMove]
) -> Cell:
    name = _name(one.row, one.metric)
    low = high = None
    reason = one.reason
    if one.found is not None:
        low, high = map(float, one.found.interval())
    if code is None:
        state = State.NOT_JUDGED
        reason = "one sequence, or one seed and no row that shows the noise of seeds"
    elif code in (BELOW, ABOVE):
        state = State.MOVED
        for move in accepted:
            if (
                move.cell == name
                and _close(move.old, one.old)
                and _close(move.new, one.new)
            ):
                state, reason = State.ACCEPTED, move.reason
    else:
        state = State.SAME if code == WITHIN else State.OPEN
    return Cell(
        Part.TRAINED, name, state, one.old, one.new, one.component, reason, low, high
    )


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE
