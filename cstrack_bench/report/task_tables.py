"""Beside a table: detection and identity of its rows, each by itself."""

import collections.abc as abc

import numpy as np

from cstrack_bench.experiments.task_scores import Score, TaskScores
from cstrack_bench.report import words
from cstrack_bench.report.direction_words import pair
from cstrack_bench.report.markdown import Grid
from cstrack_bench.report.rows import Table
from cstrack_bench.report.words import MISSING
from cstrack_bench.verdicts.contributions import pseudo_values
from cstrack_bench.verdicts.statistics import Floats, crossed_difference, over_seeds

_TASKS: dict[str, abc.Callable[[TaskScores], Score]] = {
    "AP": lambda one: one.detection,
    "rank-1": lambda one: one.identity,
}


def task_rows(table: Table) -> Grid:
    """Average precision and rank-1 of each row that has them, with ± over seeds."""
    by_row = _by_row(table)
    body = []
    for row in table.rows:
        seeds = by_row.get(row.paper.number)
        if seeds:
            cells = [_mean(seeds.values(), of) for of in _TASKS.values()]
            body.append([row.paper.mark, row.paper.label, *cells, str(len(seeds))])
    return ("№", "what", *(f"{name} ↑" for name in _TASKS), "n"), body


def task_differences(table: Table) -> Grid:
    """What the argued pairs differ by in each task, over their common seeds."""
    by_row = _by_row(table)
    body = []
    for argument in table.paper.arguments:
        sides = by_row.get(argument.first, {}), by_row.get(argument.second, {})
        seeds = sorted(sides[0].keys() & sides[1].keys())
        if len(seeds) < 2:
            continue
        cells = [_difference(*sides, seeds, of) for of in _TASKS.values()]
        body.append([pair(table, argument), *cells])
    return ("pair", *(f"{name} [95 %]" for name in _TASKS)), body


def _by_row(table: Table) -> dict[int, dict[int, TaskScores]]:
    """Row -> seed -> scores."""
    found: dict[int, dict[int, TaskScores]] = {}
    for one in table.tasks:
        found.setdefault(one.row, {})[one.seed] = one
    return found


def _mean(
    seeds: abc.Iterable[TaskScores], of: abc.Callable[[TaskScores], Score]
) -> str:
    found = over_seeds([of(one).overall for one in seeds])
    text = words.number(found.mean, 1)
    half = found.half_width
    return text if half is None else f"{text} ±{words.number(half, 1)}"


def _difference(
    first: abc.Mapping[int, TaskScores],
    second: abc.Mapping[int, TaskScores],
    seeds: abc.Sequence[int],
    of: abc.Callable[[TaskScores], Score],
) -> str:
    one, other = (_values([of(side[s]) for s in seeds]) for side in (first, second))
    if one.shape != other.shape:
        return MISSING
    found = crossed_difference(one - other)
    ends = [words.signed(float(end), 1) for end in found.interval()]
    return f"{words.signed(float(found.mean), 1)} [{', '.join(ends)}]"


def _values(scores: abc.Sequence[Score]) -> Floats:
    """(R, S) pseudo-values of the seeds, sequences by name."""
    names = sorted(scores[0].without)
    everything = np.array([[one.overall] for one in scores])
    without = np.array([[one.without[name] for name in names] for one in scores])
    return pseudo_values(everything, without)
