"""Further tables below a table: other frames, single rules, scores not in print."""

import collections.abc as abc
from collections import defaultdict

from cstrack_bench.evaluation.scores import Scores
from cstrack_bench.report import words
from cstrack_bench.report.direction_words import pair
from cstrack_bench.report.markdown import Grid
from cstrack_bench.report.rows import Table
from cstrack_bench.report.words import MISSING
from cstrack_bench.verdicts.contributions import hota_contributions
from cstrack_bench.verdicts.statistics import crossed_difference

_VARIANT = ("MOTA", "IDF1", "IDP", "IDR", "IDSW", "FP", "FN", "HOTA")
_LOSS = ("MOTA", "IDF1", "HOTA", "boxes", "FP", "IDSW")
_PARTS = {"train": "trained on", "val": "held out"}


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


def hota_differences(table: Table) -> list[Grid]:
    """HOTA of the argued pairs, which the paper does not print, with its interval."""
    by_row = {row.paper.number: row.records for row in table.rows}
    rows = []
    for argument in table.paper.arguments:
        first, second = by_row[argument.first], by_row[argument.second]
        seeds = {r.run.seed for r in first} & {r.run.seed for r in second}
        sides = [
            [record for record in side if record.run.seed in seeds]
            for side in (first, second)
        ]
        if len(seeds) < 2 or len(sides[0][0].scores.sequences) < 2:
            continue
        one, other = (hota_contributions(side) for side in sides)
        found = crossed_difference(one - other)
        ends = [words.signed(float(end), 1) for end in found.interval()]
        value = words.signed(float(found.mean), 1)
        rows.append([pair(table, argument), f"{value} [{', '.join(ends)}]"])
    return [(("pair", "HOTA [95 %]"), rows)]


def _means(scores: abc.Sequence[Scores], keys: abc.Sequence[str]) -> list[str]:
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
