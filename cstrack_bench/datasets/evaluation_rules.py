"""Evaluation rules: what of a ground truth is scored, and what is removed before."""

import collections.abc as abc
from dataclasses import dataclass

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.formats.mot_files import CLASSES, NO_CLASS, PEDESTRIAN, Annotations
from cstrack_bench.formats.sequences import Sequence

# Person on a vehicle, static person, distractor, reflection.
_DISTRACTORS = frozenset({2, 7, 8, 12})
# Vehicles without a motor.
_MOT20_DISTRACTORS = _DISTRACTORS | {6}


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

    @property
    def removes_others(self) -> bool:
        """Whether only pedestrians are scored; else every row whose mark is not 0."""
        return self.trackeval != "MOT15"

    @property
    def distractors(self) -> frozenset[int]:
        """Classes on which a tracker's box counts neither way."""
        if not self.removes_others:
            return frozenset()
        return _MOT20_DISTRACTORS if self.trackeval == "MOT20" else _DISTRACTORS

    def check(self, name: str, annotations: Annotations) -> None:
        """Refuse ground truth of another kind.

        Args:
            name: of the sequence.
            annotations: its ground truth.

        Raises:
            InputError: it has classes and should not, or the other way round, or a
                class that does not exist.
        """
        found = set(np.unique(annotations.classes).tolist())
        what = f"The ground truth of {name} has"
        unknown = sorted(found - {NO_CLASS} - set(CLASSES))
        if unknown:
            raise InputError(
                f"{what} class {unknown[0]} in column 8, not one of 1 to 13: write 1 "
                "there for pedestrians."
            )
        if not self.has_classes:
            others = sorted(found - {NO_CLASS, PEDESTRIAN})
            if others:
                raise InputError(
                    f"{what} class {others[0]}, which {self.trackeval} would score as "
                    "pedestrians; use --dataset mot16, mot17 or mot20."
                )
        elif NO_CLASS in found:
            raise InputError(
                f"{what} no classes (MOT15's format); use --dataset mot15."
            )


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
