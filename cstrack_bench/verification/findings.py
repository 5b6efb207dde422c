"""What verification found in a data set's folder."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.verification.faults import Fault

#: Scores ground truth against itself; returns what is not 100.
Measure = Callable[[list[Sequence]], list[Fault]]


@dataclass(frozen=True)
class Problem:
    """One wrong thing, and the command that mends it.

    Attributes:
        location: file, with line where it is one.
        what: what is wrong with it.
        mend: a command line.
    """

    location: str
    what: str
    mend: str


@dataclass(frozen=True)
class SequenceFacts:
    """What a sequence or list has: frames, pictures, scored boxes, their identities."""

    subset: str
    name: str
    frames: int
    pictures: bool
    boxes: int | None
    identities: int | None


@dataclass(frozen=True)
class SplitFacts:
    """The two parts of a split: hash and frames of each."""

    train: str
    val: str
    train_frames: int
    val_frames: int


@dataclass(frozen=True)
class Verification:
    """What was found in a data set's folder.

    Attributes:
        name: of the data set.
        folder: its own.
        mend: the command that brings the data set back as it was published.
        sequences: facts of each sequence that can be opened, or of each list.
        problems: what is wrong; none means that what is there is sound.
        missing: what a complete data set has and this has not, with what it is for.
        remarks: unusual, but published so.
        splits: those that its training sequences can be cut into, by name.
        scored: whether ground truth was scored against itself: images have no order
            in which to track.
    """

    name: str
    folder: Path
    mend: str
    sequences: list[SequenceFacts] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    splits: dict[str, SplitFacts] = field(default_factory=dict)
    scored: bool = True

    def add(self, faults: Iterable[Fault]) -> None:
        """Note wrong things, with what mends them."""
        self.problems.extend(Problem(f.location, f.what, self.mend) for f in faults)
