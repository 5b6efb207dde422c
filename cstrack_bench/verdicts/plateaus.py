"""Learning curves over epochs, and the rows whose schedule ends before its plateau.

A rival is compared fairly when its own schedule has come to its end: twice the epochs
gain less than a point. The curves are measured on sequences on which settings are
chosen, never on those that verdicts are given on.
"""

import collections.abc as abc
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Literal

from cstrack_bench.documents import Document, read_document
from cstrack_bench.experiments.records import Provenance, schema_field

#: Folder of a profile's curves, below its results.
FOLDER = "curves"
#: Points that twice the epochs gain less of, at a plateau.
LEAST_GAIN = 1.0


class CurvePoint(Document):
    """One training: its epochs and seed, and what it scores on ``tune``.

    Attributes:
        epochs: of the schedule, which ends with them.
        seed: of the run; run: its identity.
        MOTA, IDF1: over all sequences, percent; recall: of its detections, percent.
        minutes: that the training took.
    """

    epochs: int
    seed: int
    run: str
    MOTA: float
    IDF1: float
    recall: float
    minutes: float


class CurveRecord(Document):
    """``<name>.json``: a system's scores against the epochs of its schedule.

    Attributes:
        profile: whose settings.
        name: of the system, as a person calls it.
        rows: the printed rows that are trained by this schedule, ``table1/1``.
        score: by which the plateau is judged: MOTA, or IDF1 of a system that finds no
            boxes.
        epochs: of the recipe's schedule.
        sequences: of ``tune`` that were measured; frames: in all.
        points: by epochs, then seed.
        provenance: of the last of them.
    """

    schema_number: Literal[1] = schema_field(1)
    profile: str
    name: str
    rows: tuple[str, ...]
    score: Literal["MOTA", "IDF1"]
    epochs: int
    sequences: int
    frames: int
    points: tuple[CurvePoint, ...]
    provenance: Provenance

    def mean(self, epochs: int) -> float | None:
        """The score at so many epochs, a mean over seeds; None: not measured."""
        found = [getattr(p, self.score) for p in self.points if p.epochs == epochs]
        return fmean(found) if found else None

    @property
    def gain(self) -> float | None:
        """Points of the score that twice the recipe's epochs gain, of the same seeds.

        None where they were not measured.
        """
        by_seed: dict[int, dict[int, float]] = defaultdict(dict)
        for point in self.points:
            by_seed[point.seed][point.epochs] = getattr(point, self.score)
        pairs = [
            found[2 * self.epochs] - found[self.epochs]
            for found in by_seed.values()
            if {self.epochs, 2 * self.epochs} <= found.keys()
        ]
        return fmean(pairs) if pairs else None


def read_curves(folder: Path) -> list[CurveRecord]:
    """The learning curves of a profile, by name.

    Args:
        folder: results of the profile.

    Raises:
        InputError: a file there is not a curve.
    """
    paths = sorted((folder / FOLDER).glob("*.json"))
    return [
        read_document(path, CurveRecord, "a learning curve", "delete it")
        for path in paths
    ]


def undertrained(curves: abc.Iterable[CurveRecord], table: str) -> dict[int, str]:
    """Rows of a table whose schedule has not reached its plateau, and why.

    Rows without a curve are not among them: nothing is known of them.

    Args:
        curves: of one profile.
        table: its name.
    """
    found = {}
    for curve in curves:
        gain = curve.gain
        if gain is None or gain < LEAST_GAIN:
            continue
        for row in curve.rows:
            name, _, number = row.partition("/")
            if name == table:
                found[int(number)] = (
                    f"{2 * curve.epochs} epochs in the place of {curve.epochs} gain "
                    f"{gain:.1f} {curve.score} on tune"
                )
    return found
