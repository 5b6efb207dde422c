"""Exact numbers: every tracker and every evaluator over the cached detections.

Nothing is random or trained here, so the same code gives the same numbers everywhere.
"""

import collections.abc as abc
import dataclasses
import hashlib
import math
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from cstrack_bench.console import progress
from cstrack_bench.datasets.dataset_registry import built_in_datasets
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.evaluation import (
    fast_scores,
    motmetrics_scores,
    trackeval_scores,
)
from cstrack_bench.evaluation.blocks import blocks
from cstrack_bench.evaluation.scores import COUNTS, Scores, SequenceResult
from cstrack_bench.experiments.settings import TrackConfig
from cstrack_bench.experiments.upper_bound import track_again
from cstrack_bench.fingerprints import present_components
from cstrack_bench.formats.mot_files import NO_CLASS
from cstrack_bench.gate.baseline_file import (
    ComponentState,
    RulesBaseline,
    TrackerBaseline,
)
from cstrack_bench.gate.cached_detections import CachedDetections, GateInputs
from cstrack_bench.structures import TrackTable
from cstrack_bench.tracking.tracker_registry import built_in_trackers

#: Whose rules the boxes of a SynthMOT sequence are scored by.
OWN_RULES = "synthmot"
#: Digits that are kept of a percentage; sums in another order differ behind them.
DECIMALS = 6
# What the fast evaluator is checked by, beside the reference.
_FAST = ("mot15", "mot17", "mot20")
_LIBRARIES = ("numpy", "scipy", "trackeval", "motmetrics")


@dataclass(frozen=True)
class ExactNumbers:
    """What this code computes, as a baseline keeps it.

    Attributes:
        components: name -> state of its code.
        libraries: name -> version.
        association: tracker -> its numbers.
        evaluation: evaluator and benchmark -> its numbers.
    """

    components: dict[str, ComponentState]
    libraries: dict[str, str]
    association: dict[str, TrackerBaseline]
    evaluation: dict[str, RulesBaseline]


def exact_numbers(inputs: GateInputs) -> ExactNumbers:
    """Track and evaluate everything.

    Args:
        inputs: of ``cached_detections.read_gate_inputs``.
    """
    return ExactNumbers(
        components={
            name: ComponentState(version=found.version, fingerprint=found.fingerprint)
            for name, found in present_components().items()
        },
        libraries={name: version(name) for name in _LIBRARIES},
        association=associate(inputs.detections),
        evaluation=evaluate(inputs.detections, inputs.tracks),
    )


def associate(
    detections: CachedDetections, rules: EvaluationRules | None = None
) -> dict[str, TrackerBaseline]:
    """Every tracker of this package, with its published settings and output filter.

    Args:
        detections: that each of them gets.
        rules: to be evaluated by; SynthMOT's by default.
    """
    rules = rules or _rules()[OWN_RULES]
    found = {}
    with progress() as display:
        trackers = built_in_trackers()
        task = display.add_task("association", total=len(trackers))
        for name, definition in trackers.items():
            tables = {
                sequence.name: track_again(
                    sequence, detections.boxes[sequence.name], TrackConfig(name)
                )[0]
                for sequence in detections.sequences
            }
            scores = trackeval_scores.evaluate(_pairs(detections, tables), rules)
            found[name] = TrackerBaseline(
                component=definition.component.name,
                settings=dataclasses.asdict(definition.config),
                filter=_finite(dataclasses.asdict(definition.filter)),
                identities={n: identity_hash(table) for n, table in tables.items()},
                scores=_rounded(scores.overall),
            )
            display.advance(task)
    return found


def _finite(limits: dict[str, float]) -> dict[str, float | str]:
    """Limits as a file holds them: JSON has no infinity."""
    return {k: v if math.isfinite(v) else str(v) for k, v in limits.items()}


def identity_hash(table: TrackTable) -> str:
    """Which ids each frame has: what association decides, whatever it is scored by.

    Whole numbers alone, so that no last digit of a coordinate is in it.
    """
    rows = np.stack([table.frames, table.ids], axis=1).astype("<i8")
    return hashlib.sha256(rows.tobytes()).hexdigest()[:12]


def evaluate(
    detections: CachedDetections, tracks: abc.Mapping[str, TrackTable]
) -> dict[str, RulesBaseline]:
    """Fixed tracks under the rules of every benchmark, and by every evaluator.

    Args:
        detections: their ground truth is scored against.
        tracks: sequence -> tracks.
    """
    found = {}
    for name, rules in _rules().items():
        pairs = _pairs(detections, tracks, rules.has_classes)
        scores = trackeval_scores.evaluate(pairs, rules).overall
        found[f"trackeval {name}"] = _scored(dataclasses.asdict(rules), scores)
    for name in _FAST:
        fast = _rules()[name]
        pairs = _pairs(detections, tracks, fast.has_classes)
        removed = ", ".join(map(str, sorted(fast.distractors)))
        said = {"has_classes": fast.has_classes, "distractors": removed}
        scores = fast_scores.evaluate(pairs, fast).overall
        found[f"fast {name}"] = _scored(said, scores)
    rules = _rules()[OWN_RULES]
    pairs = _pairs(detections, tracks)
    said = dataclasses.asdict(rules)
    scores = motmetrics_scores.evaluate(pairs, rules).overall
    found[f"motmetrics {OWN_RULES}"] = _scored(said, scores)
    rows = blocks(pairs, rules)
    counts = [key for key in COUNTS if key in rows[0]]
    sums: Scores = {key: sum(int(row[key]) for row in rows) for key in counts}
    found[f"blocks {OWN_RULES}"] = _scored(said, sums)
    return found


def _rules() -> dict[str, EvaluationRules]:
    """Data set -> its rules, of every one that has some."""
    return {
        name: dataset.rules
        for name, dataset in built_in_datasets().items()
        if dataset.rules is not None
    }


def _pairs(
    detections: CachedDetections,
    tables: abc.Mapping[str, TrackTable],
    has_classes: bool = True,
) -> list[SequenceResult]:
    """Tracks and ground truth; under rules without classes its pedestrians alone."""
    found = []
    for sequence in detections.sequences:
        pair = SequenceResult.of(sequence, tables[sequence.name])
        if not has_classes:
            people = pair.annotations.pedestrians()
            none = np.full(len(people), NO_CLASS)
            people = dataclasses.replace(people, classes=none)
            pair = dataclasses.replace(pair, annotations=people)
        found.append(pair)
    return found


def _scored(rules: abc.Mapping[str, object], scores: Scores) -> RulesBaseline:
    return RulesBaseline(
        rules={name: str(value) for name, value in rules.items()},
        scores=_rounded(scores),
    )


def _rounded(scores: Scores) -> Scores:
    return {
        key: round(value, DECIMALS) if isinstance(value, float) else value
        for key, value in scores.items()
    }
