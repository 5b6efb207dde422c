"""The baseline of the gate: what was computed when it was last accepted, on disk."""

import collections.abc as abc
from pathlib import Path
from typing import Literal

from cstrack_bench.documents import Document, read_document
from cstrack_bench.evaluation.scores import Scores
from cstrack_bench.experiments.nested import Tree
from cstrack_bench.experiments.records import schema_field
from cstrack_bench.gate.cached_detections import FOLDER

FILE = "baseline.json"
MENDING = 'write it with `cstrack check --update --reason "…"`'


class ComponentState(Document):
    """Version and fingerprint of a component's code."""

    version: int
    fingerprint: str


class TrackerBaseline(Document):
    """One tracker over the cached detections.

    Attributes:
        component: name of the component that computes its tracks.
        settings: published ones of the tracker; filter: of its output.
        identities: sequence -> hash of which frame has which ids
            (``exact_numbers.identity_hash``).
        scores: over all sequences.
    """

    component: str
    settings: Tree
    filter: Tree
    identities: dict[str, str]
    scores: Scores


class RulesBaseline(Document):
    """The cached tracks under one benchmark's rules.

    Attributes:
        rules: fields of ``EvaluationRules``.
        scores: over all sequences.
    """

    rules: dict[str, str]
    scores: Scores


class AcceptedMove(Document):
    """A number of trained runs that moved by intent.

    Attributes:
        cell: ``twin/table2/4/MOTA``; old, new: its values; reason: why.
    """

    cell: str
    old: float
    new: float
    reason: str


class KnownStale(Document):
    """Records that were not measured again although something changed.

    Attributes:
        records: paths below the results folder; changes: what is otherwise today.
        reason: why they stay.
    """

    records: list[str]
    changes: list[str]
    reason: str


class Baseline(Document):
    """``gate/baseline.json`` of a results folder.

    Attributes:
        reason: why it was last written.
        inputs: file of the folder -> SHA-256, what the exact numbers come from.
        components: name -> state of its code.
        libraries: name -> version.
        association: tracker -> its numbers.
        evaluation: evaluator and benchmark -> its numbers.
        accepted: moves of trained numbers.
        stale: records that may stay as they are.
    """

    schema_number: Literal[1] = schema_field(1)
    reason: str
    inputs: dict[str, str]
    components: dict[str, ComponentState]
    libraries: dict[str, str]
    association: dict[str, TrackerBaseline]
    evaluation: dict[str, RulesBaseline]
    accepted: list[AcceptedMove]
    stale: list[KnownStale]


def baseline_path(results: Path) -> Path:
    """Where the baseline of a results folder lies."""
    return results / FOLDER / FILE


def read_baseline(results: Path) -> Baseline | None:
    """The baseline of a results folder; None where there is none.

    Raises:
        InputError: the file is something else.
    """
    path = baseline_path(results)
    if not path.is_file():
        return None
    return read_document(path, Baseline, "a baseline of the gate", MENDING)


def known_changes(known: abc.Iterable[KnownStale], record: str) -> frozenset[str]:
    """What may be otherwise about a record; a change beyond it makes it stale again."""
    return frozenset(
        change for entry in known if record in entry.records for change in entry.changes
    )
