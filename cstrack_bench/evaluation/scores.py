"""What is evaluated, and what comes out: one set of names for every evaluator."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.formats.mot_files import Annotations
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.structures import TrackTable

Scores = dict[str, float | int]
#: Counts of a few frames: sequence, start, stop, and GT, TP, FP, FN, IDSW, IDTP, …
Block = dict[str, str | int]

#: Percentages, 0 to 100.
PERCENTAGES = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDP", "IDR")
#: Counts; GT = scored ground-truth boxes, IDs = their identities.
COUNTS = (
    *("MT", "PT", "ML", "FP", "FN", "IDSW", "Frag"),
    *("TP", "IDTP", "IDFP", "IDFN", "GT", "IDs"),
)


@dataclass(frozen=True)
class SequenceResult:
    """A tracker's boxes and the ground truth of the same frames of one sequence.

    Attributes:
        name: of the sequence.
        annotations: every row of ``start <= frame < stop``, distractors included.
        table: the tracker's rows of the same frames.
        start: first frame, 0-based.
        stop: one past the last.
    """

    name: str
    annotations: Annotations
    table: TrackTable
    start: int
    stop: int

    def __post_init__(self) -> None:
        for what, rows in (("ground truth", self.annotations), ("result", self.table)):
            _check_frames(f"The {what} of {self.name}", rows.frames, self)
            _check_ids(f"The {what} of {self.name}", rows.frames, rows.ids)

    @classmethod
    def of(cls, sequence: Sequence, table: TrackTable) -> "SequenceResult":
        """Pair a sequence, or a part of one, with a tracker's rows in its frames.

        Rows outside the part are left out; rows outside the whole are an error.

        Raises:
            InputError: no ground truth, a frame beyond the sequence, or rows only
                outside the part.
        """
        annotations = sequence.annotations()
        if annotations is None:
            raise InputError(
                f"{sequence.name} has no ground truth ({sequence.annotation_file}), "
                "so it cannot be evaluated here."
            )
        beyond = table.frames[table.frames >= sequence.length]
        if len(beyond):
            raise InputError(
                f"The result of {sequence.name} has frame {int(beyond[0]) + 1}, but "
                f"the sequence ends at {sequence.length}."
            )
        part = table.between(sequence.start, sequence.stop)
        if len(table) and not len(part):
            raise InputError(
                f"The result of {sequence.name} has no row in frames "
                f"{sequence.start + 1} to {sequence.stop}; frames count from the "
                "start of the whole sequence, not of its half."
            )
        return cls(sequence.name, annotations, part, sequence.start, sequence.stop)


@dataclass(frozen=True)
class Evaluation:
    """Scores over all sequences, from summed counts, and of each sequence.

    Attributes:
        overall: keys ``PERCENTAGES`` (floats) and ``COUNTS`` (ints); an evaluator
            that has no HOTA lacks HOTA, DetA and AssA.
        sequences: the same for each sequence, by name.
    """

    overall: Scores
    sequences: dict[str, Scores]

    def as_dict(self) -> dict[str, Any]:
        """``{"overall": {…}, "sequences": {name: {…}}}``."""
        return {
            "overall": dict(self.overall),
            "sequences": {name: dict(row) for name, row in self.sequences.items()},
        }


def ratios(counts: Scores) -> Scores:
    """MOTA, IDF1, IDP and IDR (percent) of summed counts; 0 where nothing is there.

    MOTA = 1 - (FP + FN + IDSW) / GT, IDF1 = 2 IDTP / (2 IDTP + IDFP + IDFN).
    """
    gt, idtp = counts["GT"], counts["IDTP"]
    idfp, idfn = counts["IDFP"], counts["IDFN"]
    errors = counts["FP"] + counts["FN"] + counts["IDSW"]
    # Without any ground truth MOTA is minus the errors, as in trackeval.
    return {
        "MOTA": 100.0 * (gt - errors) / max(1, gt),
        "IDF1": 100.0 * 2 * idtp / max(1, 2 * idtp + idfp + idfn),
        "IDP": 100.0 * idtp / max(1, idtp + idfp),
        "IDR": 100.0 * idtp / max(1, idtp + idfn),
    }


def sum_counts(rows: Iterable[Scores]) -> Scores:
    """``COUNTS`` added up over sequences."""
    listed = list(rows)
    return {key: sum(int(row[key]) for row in listed) for key in COUNTS}


def check_results(results: list[SequenceResult]) -> None:
    """Refuse an empty list, and two results of one sequence.

    Raises:
        InputError: see above.
    """
    if not results:
        raise InputError("There is no sequence to evaluate.")
    names = [result.name for result in results]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{twice[0]} is among the results more than once.")


def _check_frames(what: str, frames: NDArray[np.int64], result: SequenceResult) -> None:
    outside = frames[(frames < result.start) | (frames >= result.stop)]
    if len(outside):
        raise InputError(
            f"{what} has frame {int(outside[0]) + 1}, outside {result.start + 1} to "
            f"{result.stop}."
        )


def _check_ids(what: str, frames: NDArray[np.int64], ids: NDArray[np.int64]) -> None:
    order = np.lexsort((ids, frames))
    frames, ids = frames[order], ids[order]
    again = (frames[1:] == frames[:-1]) & (ids[1:] == ids[:-1])
    if again.any():
        frame, identity = int(frames[1:][again][0]), int(ids[1:][again][0])
        raise InputError(f"{what} has id {identity} twice in frame {frame + 1}.")
