"""Evaluation rules: what of a ground truth is scored, and what is removed before."""

import collections.abc as abc
from dataclasses import dataclass

from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import Sequence


@dataclass(frozen=True)
class EvaluationRules:
    """How results on a data set are preprocessed (docs/reference.md#distractors).

    Attributes:
        name: what records call them.
        trackeval: the benchmark whose preprocessing trackeval does: under MOT15 nothing
            is removed, under MOT16 and MOT17 boxes on classes 2, 7, 8 and 12, under
            MOT20 on class 6 too.
        has_classes: whether the ground truth tells pedestrians from others.
    """

    name: str
    trackeval: str
    has_classes: bool = True


MOT15 = EvaluationRules("mot15", "MOT15", has_classes=False)
MOT17 = EvaluationRules("mot17", "MOT17")


def rules_by_classes(sequences: abc.Iterable[Sequence]) -> EvaluationRules:
    """MOT15's rules where ground truth has no classes, MOT17's where it has.

    Raises:
        InputError: some of it has and some has not.
    """
    found = set()
    for sequence in sequences:
        annotations = sequence.annotations()
        if annotations is not None:
            classless = bool((annotations.classes < 0).all())
            found.add(MOT15 if classless else MOT17)
    if len(found) > 1:
        raise InputError(
            "MOT15 sequences and later ones lie in one folder but are evaluated by "
            "different rules; name one data set's folder with --data."
        )
    return found.pop() if found else MOT15
