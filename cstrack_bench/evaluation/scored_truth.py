"""Scored truth: whether ground truth has what rules can score, told before scoring."""

import collections.abc as abc
from pathlib import Path

from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.scores import SequenceResult


def check_truth(
    files: abc.Sequence[Path],
    results: abc.Sequence[SequenceResult],
    rules: EvaluationRules,
) -> None:
    """Refuse a sequence in which there is nothing to score.

    Its own scores would be 0 and every box of a tracker would count against the
    overall ones.

    Args:
        files: where the ground truth of each result lies.
        results: what is going to be evaluated.
        rules: of the data set.

    Raises:
        InputError: no row of a ground truth is scored (names file and column), or it
            has classes that the rules do not know.
    """
    for file, result in zip(files, results, strict=True):
        truth = result.annotations
        rules.check(result.name, truth)
        if not truth.is_pedestrian.any():
            why = truth.why_nothing_counts()
            raise InputError(
                f"{file} has nothing to score in frames {result.start + 1} to "
                f"{result.stop}: {why}; mend it, or leave {result.name} out with "
                "--sequences."
            )
