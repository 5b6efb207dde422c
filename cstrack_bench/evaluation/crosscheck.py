"""Where two evaluators disagree, and why, shown by computing both numbers again.

trackeval is the reference. The fast pass follows it to the last bit, ties included, so
any difference between those two is a bug. trackeval and motmetrics get the same boxes
and the same overlap matrices and differ by definitions (``rule_replay.Rule``). For each
number on which they disagree the sequence is counted again under trackeval's
definitions, which are then exchanged one by one: each step that moves the number is
part of the explanation. A number that the replay does not lead from the one evaluator's
to the other's is unexplained, which is a bug in one of the three of us.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.evaluation.preprocessing import preprocess
from cstrack_bench.evaluation.rule_replay import Replay, Rule, replay_chain
from cstrack_bench.evaluation.scores import (
    Evaluation,
    Scores,
    SequenceResult,
    ratios,
    sum_counts,
)

OVERALL = "OVERALL"
# Percentages may differ in their last bits.
_TOLERANCE = 1e-6
_UNEXPLAINED = (
    "unexplained: counting again under the definitions of both does not give both "
    "numbers, so please report it"
)


@dataclass(frozen=True)
class Step:
    """One definition exchanged, and what it does to a number.

    Attributes:
        rule: the definition, in words.
        before: the number under the definitions exchanged so far.
        after: with this one too.
        frame: first frame (from 1, as in MOT files) that is matched otherwise; None
            for a definition that is not of matching, and in the overall row.
    """

    rule: str
    before: float
    after: float
    frame: int | None = None


@dataclass(frozen=True)
class Difference:
    """One score on which the evaluators disagree.

    Attributes:
        sequence: its name, or OVERALL.
        metric: such as IDSW.
        trackeval: the reference's value.
        motmetrics: the other's value.
        steps: the definitions that lead from the one to the other; empty where the
            replay does not.
    """

    sequence: str
    metric: str
    trackeval: float
    motmetrics: float
    steps: tuple[Step, ...]

    @property
    def explained(self) -> bool:
        """Whether the replay leads from the one number to the other."""
        return bool(self.steps)

    @property
    def reason(self) -> str:
        """The definitions, or that none covers it."""
        return "; ".join(step.rule for step in self.steps) or _UNEXPLAINED


@dataclass(frozen=True)
class _Chain:
    """Scores after each exchange, and the first frame that it matches otherwise."""

    scores: list[Scores]
    frames: list[int | None]
    sound: bool = True


def compare(
    results: Sequence[SequenceResult],
    rules: EvaluationRules,
    trackeval: Evaluation,
    motmetrics: Evaluation,
) -> list[Difference]:
    """Every disagreement, the overall row first, then by sequence.

    Args:
        results: what both evaluated.
        rules: by which.
        trackeval: the reference.
        motmetrics: the cross-check of the same results.
    """
    chains: dict[str, _Chain] = {}
    for result in results:
        ours = trackeval.sequences[result.name]
        if _disagreeing(ours, motmetrics.sequences[result.name]):
            chains[result.name] = _chain(result, rules)
        else:
            chains[result.name] = _constant(ours)
    found = _differences(
        OVERALL, trackeval.overall, motmetrics.overall, _sum(list(chains.values()))
    )
    for name, row in trackeval.sequences.items():
        found += _differences(name, row, motmetrics.sequences[name], chains[name])
    return found


@dataclass(frozen=True)
class LargestDifference:
    """How far two evaluations of the same results are apart.

    Attributes:
        value: the largest difference of any score; 0 where all are equal.
        where: its score and sequence, such as "HOTA of MOT17-02-SDP"; "nowhere".
    """

    value: float
    where: str


def largest_difference(one: Evaluation, other: Evaluation) -> LargestDifference:
    """The largest difference of any score, overall or of a sequence.

    Args:
        one: of the results.
        other: of the same results, with the same scores.
    """
    found = LargestDifference(0.0, "nowhere")
    rows = {"OVERALL": (one.overall, other.overall)}
    rows |= {name: (row, other.sequences[name]) for name, row in one.sequences.items()}
    for name, (left, right) in rows.items():
        for key, value in left.items():
            if abs(value - right[key]) > found.value:
                where = f"{key} of {name}"
                found = LargestDifference(float(abs(value - right[key])), where)
    return found


def _chain(result: SequenceResult, rules: EvaluationRules) -> _Chain:
    replays = replay_chain(preprocess(result, rules))
    frames: list[int | None] = []
    for before, after in pairwise(replays):
        frame = before.first_other_frame(after)
        frames.append(None if frame is None else result.start + frame + 1)
    return _Chain([r.scores for r in replays], frames, _only_ties(replays))


def _only_ties(replays: list[Replay]) -> bool:
    return all(replay.only_ties for replay in replays)


def _constant(scores: Scores) -> _Chain:
    """Of a sequence on which the evaluators agree."""
    return _Chain([scores] * (1 + len(Rule)), [None] * len(Rule))


def _sum(chains: list[_Chain]) -> _Chain:
    """All sequences as one, from summed counts."""
    rows = []
    for scores in zip(*(chain.scores for chain in chains), strict=True):
        counts = sum_counts(scores)
        rows.append({**ratios(counts), **counts})
    return _Chain(rows, [None] * len(Rule), all(chain.sound for chain in chains))


def _disagreeing(ours: Scores, other: Scores) -> list[str]:
    return [
        key for key in ours if key in other and abs(ours[key] - other[key]) > _TOLERANCE
    ]


def _differences(
    name: str, ours: Scores, other: Scores, chain: _Chain
) -> list[Difference]:
    return [
        Difference(
            name, key, ours[key], other[key], _steps(chain, key, ours[key], other[key])
        )
        for key in _disagreeing(ours, other)
    ]


def _steps(chain: _Chain, key: str, ours: float, other: float) -> tuple[Step, ...]:
    """What leads from the one number to the other; nothing where the chain does not."""
    values = [scores[key] for scores in chain.scores]
    ends = (abs(values[0] - ours), abs(values[-1] - other))
    if not chain.sound or max(ends) > _TOLERANCE:
        return ()
    return tuple(
        Step(rule.value, before, after, frame)
        for rule, before, after, frame in zip(
            Rule, values[:-1], values[1:], chain.frames, strict=True
        )
        if abs(before - after) > _TOLERANCE
    )
