"""Conditions: whether a gain grows with the difficulty that it is said to cure.

REN is argued from the competition between telling people apart and finding them, SAAN
from people who change their size (paper, sections III-B and III-C). Both are claims
about conditions: the gain should be larger where people look alike, crowd or walk
towards the camera. The same networks are measured on worlds that differ in one setting.
"""

import collections.abc as abc
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from cstrack_bench.documents import Document, read_document
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.records import Provenance, schema_field
from cstrack_bench.verdicts.contributions import COUNTS, contributions
from cstrack_bench.verdicts.rules import (
    ABOVE,
    BELOW,
    MARGIN_POINTS,
    WITHIN,
    decide,
)
from cstrack_bench.verdicts.statistics import Difference, Floats, crossed_difference

#: Folder of a profile's conditions, below its results.
FOLDER = "conditions"
METRICS = ("MOTA", "IDF1")
_TRENDS = {ABOVE: "grows", BELOW: "shrinks", WITHIN: "does not change"}


@dataclass(frozen=True)
class Dial:
    """One setting of the synthetic world, and whose gain should follow it.

    Attributes:
        name: of the setting (``SynthConfig``).
        title: what it makes more of.
        values: from easy to hard.
        table: of the two rows; first, second: the row with and the row without.
        gain: what the first row has more.
    """

    name: str
    title: str
    values: tuple[float, ...]
    table: str
    first: int
    second: int
    gain: str


_REN = ("table2", 4, 5, "REN")
_SAAN = ("table3", 6, 8, "SAAN")
DIALS = (
    Dial("lookalikes", "people in another one's clothes", (0.0, 0.25, 0.75), *_REN),
    Dial("crowding", "people in groups", (0.1, 0.45, 0.8), *_REN),
    Dial("scale_change", "people walking to or from the camera", (0, 0.3, 0.9), *_SAAN),
)


class ConditionRun(Document):
    """A trained network, measured under one condition.

    Attributes:
        condition: ``lookalikes 0.75``, or ``as trained``.
        table, row, seed: of the run whose network it is.
        training: identity of that network.
        data: hash of the ground truth.
        sequences: sequence -> its counts (``COUNTS``).
        provenance: of the measurement.
    """

    schema_number: Literal[1] = schema_field(1)
    condition: str
    table: str
    row: int
    seed: int
    training: str
    data: str
    sequences: dict[str, dict[str, int]]
    provenance: Provenance


@dataclass(frozen=True)
class Gain:
    """What the first row of a dial has more than the second at one of its values.

    Attributes:
        value: of the setting.
        mean: points; low, high: ends of the 95 % interval over seeds and sequences.
        seeds, sequences: that it is a mean over.
    """

    value: float
    mean: float
    low: float
    high: float
    seeds: int
    sequences: int


@dataclass(frozen=True)
class Trend:
    """How a gain follows a dial.

    Attributes:
        dial: the dial; metric: MOTA or IDF1.
        gains: at its values, from easy to hard.
        mean: gain at the hardest value less gain at the easiest; low, high: ends of its
            95 % interval.
        verdict: ``grows``, ``shrinks``, ``does not change`` (within the margin) or
            ``undecided``, corrected for all dials and metrics.
    """

    dial: Dial
    metric: str
    gains: tuple[Gain, ...]
    mean: float
    low: float
    high: float
    verdict: str


def condition_name(dial: Dial, value: float, usual: float) -> str:
    """What records call a world; the one that networks were trained in has one name."""
    return "as trained" if value == usual else f"{dial.name} {value:g}"


def condition_file(folder: Path, condition: str, table: str, row: int, s: int) -> Path:
    """Where a ``ConditionRun`` of seed ``s`` lies below a profile's results."""
    name = f"{table}-row{row}-seed{s}.json"
    return folder / FOLDER / condition.replace(" ", "-") / name


def read_condition(path: Path) -> ConditionRun:
    """One measurement.

    Raises:
        InputError: the file holds none.
    """
    return read_document(path, ConditionRun, "a run under a condition", "delete it")


def read_conditions(folder: Path) -> list[ConditionRun]:
    """Everything that was measured under conditions, by path.

    Args:
        folder: results of a profile.

    Raises:
        InputError: a file there is no such measurement.
    """
    return [
        read_condition(path)
        for path in sorted((folder / FOLDER).glob("*/*-row*-seed*.json"))
    ]


def trends(
    runs: abc.Sequence[ConditionRun], usual: abc.Mapping[str, float]
) -> list[Trend]:
    """How each gain follows its dial, where all its values have two seeds or more.

    Args:
        runs: of one profile.
        usual: setting -> its value in the world that networks were trained in.

    Raises:
        InputError: runs of one condition saw different sequences.
    """
    measured: dict[tuple[str, str, int], dict[int, ConditionRun]] = {}
    for run in runs:
        key = (run.condition, run.table, run.row)
        measured.setdefault(key, {})[run.seed] = run
    found: list[tuple[Dial, str, tuple[Gain, ...], Difference]] = []
    for dial in DIALS:
        names = [condition_name(dial, v, usual[dial.name]) for v in dial.values]
        sides = [
            [
                measured.get((n, dial.table, row), {})
                for row in (dial.first, dial.second)
            ]
            for n in names
        ]
        seeds = sorted(set.intersection(*(set(one) for pair in sides for one in pair)))
        if len(seeds) < 2:
            continue
        seen = {
            tuple(sorted(run.sequences))
            for pair in sides
            for one in pair
            for run in one.values()
        }
        if len(seen) > 1:
            raise InputError(
                f"Runs over {dial.name} saw different sequences: delete the folder of "
                "conditions and measure them again."
            )
        for metric in METRICS:
            tables = [
                _table([pair[0][s] for s in seeds], metric)
                - _table([pair[1][s] for s in seeds], metric)
                for pair in sides
            ]
            gains = tuple(map(_gain, dial.values, tables))
            found.append(
                (dial, metric, gains, crossed_difference(tables[-1] - tables[0]))
            )
    if not found:
        return []
    family = Difference.family([difference for *_, difference in found])
    margins = [MARGIN_POINTS[metric] for _, metric, *_ in found]
    codes = decide(family, margins)
    result = []
    for (dial, metric, gains, difference), code in zip(found, codes, strict=True):
        low, high = (float(end) for end in difference.interval())
        word = _TRENDS.get(int(code), "undecided")
        mean = float(difference.mean)
        result.append(Trend(dial, metric, gains, mean, low, high, word))
    return result


def _table(runs: abc.Sequence[ConditionRun], metric: str) -> Floats:
    """(R, S) contributions of seeds and sequences."""
    names = sorted(runs[0].sequences)
    for run in runs:
        if sorted(run.sequences) != names or run.data != runs[0].data:
            raise InputError(
                f"Runs under {run.condition!r} saw different sequences: delete that "
                "folder of conditions."
            )
    counts = [[[run.sequences[n][c] for c in COUNTS] for n in names] for run in runs]
    return contributions(np.array(counts, np.float64), metric)


def _gain(value: float, table: Floats) -> Gain:
    found = crossed_difference(table)
    low, high = found.interval()
    return Gain(value, float(found.mean), float(low), float(high), *table.shape)
