"""How good association can be where the boxes are given (Table VIII,
docs/reference.md#upper-bound).

Embeddings are computed once a frame; every tracker over the same boxes gets them again.
"""

import collections.abc as abc
import dataclasses
from dataclasses import dataclass, field

from cstrack_bench.components import Component
from cstrack_bench.console import progress
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.datasets.experiment_data import ExperimentData
from cstrack_bench.detection.file_detector import FileDetector
from cstrack_bench.detection.oracle import OracleDetector
from cstrack_bench.evaluation.fast_scores import evaluate
from cstrack_bench.evaluation.scores import Scores, SequenceResult
from cstrack_bench.experiments.nested import TreeView
from cstrack_bench.experiments.records import BoundVariant, RuleLoss
from cstrack_bench.experiments.settings import TrackConfig
from cstrack_bench.formats.mot_files import Annotations
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.pipeline import Recorder, track_sequence
from cstrack_bench.structures import Detections, Embedder, TrackTable
from cstrack_bench.tracking.tracker_registry import (
    find_tracker,
    make_filter,
    make_tracker,
)

#: 0-based frame -> its detections.
ByFrame = abc.Mapping[int, Detections]

COMPONENT = Component("upper bound", 2)


@dataclass(frozen=True)
class Rule:
    """A rule of a tracker, and what switches it off.

    Attributes:
        name: what it is called.
        options: of the tracker.
        filter: of its output filter.
    """

    name: str
    options: TreeView = field(default_factory=dict)
    filter: TreeView = field(default_factory=dict)


ASPECT = Rule("aspect filter", filter={"max_aspect": float("inf")})
#: What loses boxes although every one is given (docs/reference.md#upper-bound-losses).
#: None of these rules
#: decides who is matched with whom.
RULES = (
    Rule("birth delay", options={"report_unconfirmed": True}),
    Rule("area filter", filter={"min_area": 0.0}),
    ASPECT,
    Rule("Kalman smoothing", options={"report": "detection"}),
)
TOGETHER = "all of these"
ASSOCIATION = "association"
# What would be left if nothing were lost.
_PERFECT: Scores = {"MOTA": 100, "IDF1": 100, "HOTA": 100, "FN": 0, "FP": 0, "IDSW": 0}


@dataclass(frozen=True)
class Bound:
    """What ground-truth boxes give, and what each rule of the tracker costs.

    Attributes:
        variants: scores by part of the data, with the aspect filter on and off.
        losses: by part and rule: what is lost by that rule while the others hold;
            then by all the rules together; then, without any of them, by association.
    """

    variants: list[BoundVariant]
    losses: list[RuleLoss]


def measure_bound(
    data: ExperimentData, embedder: Embedder | None, track: TrackConfig
) -> Bound:
    """Track ground-truth boxes, and find what each rule of the tracker costs.

    On the frames trained on, as printed, and on held-out ones where the split leaves
    any. The limit of a box's aspect is the tracker's published one (``on``) or none at
    all (``off``), whatever ``track`` says, as print does not tell which it was.

    Args:
        data: what was trained on, and what was not.
        embedder: gives each box its embedding; None for a tracker without appearance.
        track: the tracker.
    """
    variants: list[BoundVariant] = []
    losses: list[RuleLoss] = []
    # Table VIII's rows have the aspect filter off; here it is on, then off.
    limits = {k: v for k, v in track.filter.items() if k not in ASPECT.filter}
    track = dataclasses.replace(track, filter=limits)
    rules = [rule for rule in RULES if _holds(rule, track.name)]
    limits = {key: value for key, value in track.filter.items() if key != "max_aspect"}
    track = TrackConfig(track.name, track.options, limits)
    for part, (words, sequences) in parts(data).items():
        boxes = _describe(sequences, embedder, f"ground-truth boxes, {words}")

        def score(
            *off: Rule, boxes: abc.Sequence[tuple[Sequence, ByFrame]] = boxes
        ) -> _Scored:
            return _score(boxes, _without(off, track), data.rules)

        usual, free = score(), score(*rules)
        alone = {rule.name: score(rule) for rule in rules}
        for state, found in (("on", usual), ("off", alone[ASPECT.name])):
            variants.append(
                BoundVariant.model_validate(
                    {
                        "name": f"{words}, aspect filter {state}",
                        "part": part,
                        "filter": state,
                        "dropped": found.dropped,
                        "scores": found.scores,
                    }
                )
            )
        lost = {
            name: _loss(usual.scores, found.scores) for name, found in alone.items()
        }
        lost[TOGETHER] = _loss(usual.scores, free.scores)
        lost[ASSOCIATION] = _loss(free.scores, _PERFECT)
        losses += [
            RuleLoss.model_validate({"part": part, "rule": name, **row})
            for name, row in lost.items()
        ]
    return Bound(variants, losses)


def parts(data: ExperimentData) -> dict[str, tuple[str, list[Sequence]]]:
    """``train`` and, if no frame of it was trained on, ``val``: words and sequences."""
    found = {"train": ("training frames", data.own)}
    if held_out(data):
        found["val"] = ("held-out frames", data.val)
    return found


def held_out(data: ExperimentData) -> bool:
    """Whether no frame of the test part is among those trained on."""
    return not any(
        test.folder == trained.folder
        and test.start < trained.stop
        and trained.start < test.stop
        for test in data.val
        for trained in data.own
    )


def pedestrians(sequence: Sequence) -> Annotations:
    """The boxes that Table VIII gives a tracker: mark not 0, class pedestrian."""
    annotations = sequence.annotations()
    assert annotations is not None, f"{sequence.name} was opened with ground truth"
    return annotations.pedestrians()


def track_again(
    sequence: Sequence, found: ByFrame, track: TrackConfig
) -> tuple[TrackTable, dict[str, int]]:
    """Track detections that were made before.

    Args:
        sequence: whose frames.
        found: its detections.
        track: the tracker.

    Returns:
        The tracks, and the number of boxes that the output filter dropped, by reason.
    """
    tracker = make_tracker(track.name, sequence.frame_rate, **track.options)
    keep = make_filter(track.name, **track.filter)
    return track_sequence(sequence, FileDetector(found), tracker, keep), keep.dropped


def _holds(rule: Rule, tracker: str) -> bool:
    """Whether a tracker has the rule, and so the option to switch it off."""
    return rule.options.keys() <= find_tracker(tracker).options


def _without(rules: abc.Iterable[Rule], track: TrackConfig) -> TrackConfig:
    options, limits = dict(track.options), dict(track.filter)
    for rule in rules:
        options |= rule.options
        limits |= rule.filter
    return TrackConfig(track.name, options, limits)


def _describe(
    sequences: abc.Sequence[Sequence], embedder: Embedder | None, label: str
) -> list[tuple[Sequence, ByFrame]]:
    """The pedestrians' boxes of every frame, with their embeddings."""
    result: list[tuple[Sequence, ByFrame]] = []
    with progress() as display:
        task = display.add_task(label, total=sum(len(s) for s in sequences))
        for sequence in sequences:
            recorder = Recorder(OracleDetector(pedestrians(sequence), embedder))
            for frame in sequence:
                recorder.detect(frame)
                display.advance(task)
            result.append((sequence, recorder.detections))
    return result


@dataclass(frozen=True)
class _Scored:
    """Scores over all sequences, and the boxes that the filter dropped, by reason."""

    scores: Scores
    dropped: dict[str, int]


def _score(
    boxes: abc.Sequence[tuple[Sequence, ByFrame]],
    track: TrackConfig,
    rules: EvaluationRules,
) -> _Scored:
    results = []
    dropped: dict[str, int] = {}
    for sequence, detections in boxes:
        table, counts = track_again(sequence, detections, track)
        results.append(SequenceResult.of(sequence, table))
        for reason, count in counts.items():
            dropped[reason] = dropped.get(reason, 0) + count
    return _Scored(evaluate(results, rules).overall, dropped)


def _loss(less: Scores, more: Scores) -> dict[str, float | int]:
    points = {key: more[key] - less[key] for key in ("MOTA", "IDF1", "HOTA")}
    errors = {"boxes": "FN", "FP": "FP", "IDSW": "IDSW"}
    return points | {name: less[key] - more[key] for name, key in errors.items()}
