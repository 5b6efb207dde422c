"""Where a cell's numbers come from, as JSON inside the page.

What several runs have in common (settings, data, machine) is written once.
"""

import collections.abc as abc
import json
from dataclasses import dataclass, field

from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.report import words
from cstrack_bench.report.direction_words import difference, pair, said
from cstrack_bench.report.rows import Table
from cstrack_bench.verdicts.directions import Direction

Plain = dict[str, object]
_SCORES = ("MOTA", "IDF1", "HOTA", "IDSW", "FP", "FN", "MT", "ML", "Frag", "GT")


@dataclass
class PageProvenance:
    """Collects what cells open.

    Attributes:
        parts: documents that runs share.
        runs: one a run: its own facts, and numbers of its parts.
        cells: key -> what a cell opens.
    """

    parts: list[object] = field(default_factory=list)
    runs: list[Plain] = field(default_factory=list)
    cells: dict[str, Plain] = field(default_factory=dict)
    _known: dict[str, int] = field(default_factory=dict)
    _numbers: dict[tuple[str, str, int, int], int] = field(default_factory=dict)

    def row(self, table: Table, number: int) -> str:
        """The key under which a row's runs are; its cells share it."""
        key = f"{table.profile}/{table.label}/{table.paper.name}/{number}"
        if key not in self.cells:
            row = next(row for row in table.rows if row.paper.number == number)
            self.cells[key] = {
                "title": f"{words.title(table)} · row {row.paper.mark} "
                f"{row.paper.label}",
                "runs": [self._run(record) for record in row.records],
            }
            if row.evaluated:
                self.cells[key]["note"] = row.evaluated.describe()
            elif row.reason:
                self.cells[key]["note"] = row.reason
        return key

    def direction(self, table: Table, direction: Direction) -> str:
        """The key of an argued comparison in one column."""
        argument, metric = direction.argument, direction.metric
        name = f"{argument.first}-{argument.second}/{metric.key}"
        key = f"{table.profile}/{table.label}/{table.paper.name}/{name}"
        rows = (argument.first, argument.second)
        self.cells[key] = {
            "title": f"{words.title(table)} · {pair(table, argument)}, {metric.name}",
            "note": f"{argument.why}. {difference(table, direction)}.",
            "facts": {
                "verdict": said(table, direction),
                "printed difference": direction.printed,
                "difference here": direction.ours,
                "95 % interval": [direction.low, direction.high],
                "seeds": direction.seeds,
                "sequences": direction.sequences,
                "margin": direction.margin,
                "printed effect in our unit": direction.target,
                "smallest effect these runs show in 80 %": direction.detectable,
                "comparisons corrected for": direction.family,
            },
            "see": [self.row(table, number) for number in rows],
        }
        return key

    def document(self) -> Plain:
        """All of it."""
        return {"parts": self.parts, "runs": self.runs, "cells": self.cells}

    def _run(self, record: RunRecord) -> int:
        run = record.run
        name = (run.hash, run.table, run.row, run.seed)
        if name not in self._numbers:
            self._numbers[name] = len(self.runs)
            self.runs.append(self._described(record))
        return self._numbers[name]

    def _described(self, record: RunRecord) -> Plain:
        training = record.training.plain()
        training.pop("curve", None)
        trained = training.pop("provenance", {})
        scores = {"overall": record.scores.overall, **record.scores.sequences}
        return {
            "run": record.run.plain(),
            "scores": {name: _rounded(one) for name, one in scores.items()},
            "model": record.model.plain(),
            "training": training,
            "speed": record.speed and record.speed.plain(),
            "shared": {
                "settings": self._part(record.recipe),
                "data": self._part(record.data.plain()),
                "measured by": self._part(record.provenance.plain()),
                "trained by": self._part(trained),
            },
        }

    def _part(self, document: object) -> int:
        text = json.dumps(document, sort_keys=True)
        if text not in self._known:
            self._known[text] = len(self.parts)
            self.parts.append(document)
        return self._known[text]


def _rounded(scores: abc.Mapping[str, float | int]) -> Plain:
    return {key: round(scores[key], 2) for key in _SCORES if key in scores}
