"""What verification found in a data set's folder."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cstrack_bench.datasets.hieve import HIEVE
from cstrack_bench.datasets.published import TRAINING
from cstrack_bench.formats.jde_lists import IMAGE_LISTS
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.verification.checks import Fault

#: Scores ground truth against itself; returns what is not 100.
Measure = Callable[[list[Sequence]], list[Fault]]


@dataclass(frozen=True)
class Problem:
    """One wrong thing, and the command that mends it.

    Attributes:
        place: file, with line where it is one.
        what: what is wrong with it.
        mend: a command line.
    """

    place: str
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
class Verification:
    """What was found in a data set's folder.

    Attributes:
        name: of the data set, as asked for.
        folder: that holds train/, val/ or test/, or images/, or HiEve's folders.
        sequences: facts of each sequence that can be opened, or of each list.
        problems: what is wrong; none means that what is there is sound.
        missing: what a complete data set has and this has not, with what it is for.
        remarks: unusual, but published so.
        splits: split name -> hash and frames of both parts, over train/ (or val/).
        scored: whether ground truth was scored against itself: images have no order
            in which to track.
    """

    name: str
    folder: Path
    sequences: list[SequenceFacts] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    splits: dict[str, dict[str, Any]] = field(default_factory=dict)
    scored: bool = True

    def add(self, faults: Iterable[Fault]) -> None:
        """Note wrong things, with what mends them."""
        mend = mending(self.name, self.folder)
        self.problems.extend(Problem(f.place, f.what, mend) for f in faults)


def mending(name: str, folder: Path) -> str:
    """The command that brings a data set back as it was published."""
    if name == "synthmot":
        return f"rm -r {folder} && cstrack reproduce table2 --profile twin"
    if name in (*TRAINING, *IMAGE_LISTS, HIEVE):
        return f"cstrack download {name} --fresh --data {folder.parent}"
    return f"restore {folder} from where it came, then cstrack verify {folder}"
