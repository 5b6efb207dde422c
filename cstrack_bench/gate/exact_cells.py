"""Exact cells: what this code computes, held against two baselines.

One is of the results that the change brings along (``declared``), one of those that it
is compared with (``old``); without a change under review both are the same. A number
that is not the old one passes only where it is declared.
"""

import collections.abc as abc
from dataclasses import replace

from cstrack_bench.evaluation.fast_scores import COMPONENT as EVALUATION
from cstrack_bench.evaluation.scores import Scores
from cstrack_bench.experiments.staleness import setting_changes
from cstrack_bench.gate.baseline_file import (
    Baseline,
    ComponentState,
    RulesBaseline,
    TrackerBaseline,
)
from cstrack_bench.gate.cell_states import Cell, Part, State
from cstrack_bench.gate.exact_numbers import DECIMALS, ExactNumbers

#: Two roundings of one number may differ by the last digit that is kept.
TOLERANCE = 1.5 * 10.0**-DECIMALS
NO_BASELINE = "not in the baseline"
GONE = "no longer computed"


def exact_cells(
    found: ExactNumbers, declared: Baseline, old: Baseline
) -> tuple[Cell, ...]:
    """Every number of ``found`` and of the baselines, once.

    Args:
        found: what this code computes.
        declared: of the results under review, made from the same inputs.
        old: of the results that they are compared with.
    """
    if old.inputs != declared.inputs:  # other detections: nothing to compare with
        old = declared
    evaluation = _cells(
        Part.EVALUATION,
        _scores(found.evaluation),
        _scores(declared.evaluation),
        _scores(old.evaluation),
        declared.reason,
    )
    association = _cells(
        Part.ASSOCIATION,
        _scores(found.association),
        _scores(declared.association),
        _scores(old.association),
        declared.reason,
    )
    explained = _Explanations(
        found, old, rules_moved=any(cell.fails for cell in evaluation)
    )
    return tuple(explained.of(cell) for cell in (*association, *evaluation))


def moved_components(
    found: abc.Mapping[str, ComponentState], old: abc.Mapping[str, ComponentState]
) -> dict[str, str]:
    """Component -> how its code moved since a baseline."""
    said = {}
    for name in sorted({*found, *old}):
        now, then = found.get(name), old.get(name)
        if then is None:
            said[name] = "new"
        elif now is None:
            said[name] = "gone"
        elif now.version != then.version:
            said[name] = f"version {then.version} → {now.version}"
        elif now.fingerprint != then.fingerprint:
            said[name] = f"code moved, still version {now.version}"
    return said


def _scores(
    numbers: abc.Mapping[str, TrackerBaseline] | abc.Mapping[str, RulesBaseline],
) -> dict[str, Scores]:
    return {name: one.scores for name, one in numbers.items()}


def _cells(
    part: Part,
    found: abc.Mapping[str, Scores],
    declared: abc.Mapping[str, Scores],
    old: abc.Mapping[str, Scores],
    reason: str,
) -> list[Cell]:
    names = sorted(
        {(n, key) for side in (found, declared, old) for n in side for key in side[n]}
    )
    cells = []
    for name, key in names:
        now, said, then = (
            side.get(name, {}).get(key) for side in (found, declared, old)
        )
        cell = f"{name}/{key}"
        if _equal(now, then) and _equal(said, then):
            cells.append(Cell(part, cell, State.SAME, then, now))
        elif _equal(now, said):
            cells.append(Cell(part, cell, State.ACCEPTED, then, now, reason=reason))
        else:
            # What is declared is what this code should give.
            before = then if said is None else said
            cells.append(Cell(part, cell, State.MOVED, before, now))
    return cells


def _equal(one: float | int | None, other: float | int | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= TOLERANCE


class _Explanations:
    """Names the component of a cell, and what is otherwise about it.

    Args:
        found: what this code computes.
        old: what it is compared with.
        rules_moved: whether fixed tracks are evaluated otherwise.
    """

    def __init__(self, found: ExactNumbers, old: Baseline, rules_moved: bool) -> None:
        self._found = found
        self._old = old
        self._rules_moved = rules_moved
        self._code = moved_components(found.components, old.components)

    def of(self, cell: Cell) -> Cell:
        """The cell with its component, and where it moved with a reason."""
        component, reasons = self._source(cell)
        if not cell.fails:
            return replace(cell, component=component)
        if component in self._code:
            reasons.append(f"{component}: {self._code[component]}")
        libraries = [
            f"{name} {then} → {now}"
            for name, then in self._old.libraries.items()
            if (now := self._found.libraries.get(name)) != then
        ]
        reasons += libraries
        if cell.old is None:
            reasons = [NO_BASELINE]
        elif cell.new is None:
            reasons = [GONE]
        elif not reasons:
            reasons = ["neither its settings nor its code nor the libraries moved"]
        return replace(cell, component=component, reason="; ".join(reasons))

    def _source(self, cell: Cell) -> tuple[str, list[str]]:
        name = cell.name.rpartition("/")[0]
        if cell.part is Part.EVALUATION:
            now, then = (side.evaluation.get(name) for side in (self._found, self._old))
            if now is None or then is None:
                return EVALUATION.name, []
            changes = setting_changes(then.rules, now.rules)
            return EVALUATION.name, [f"rules: {change}" for change in changes]
        tracker, before = (
            side.association.get(name) for side in (self._found, self._old)
        )
        either = tracker or before
        assert either is not None, "a cell is of one side at least"
        if tracker is None or before is None:
            return either.component, []
        changes = setting_changes(
            {**before.settings, "filter": before.filter},
            {**tracker.settings, "filter": tracker.filter},
        )
        same = tracker.identities == before.identities
        if same and not changes and self._rules_moved:
            return EVALUATION.name, ["the same boxes have the same ids"]
        return tracker.component, [f"{name}: {change}" for change in changes]
