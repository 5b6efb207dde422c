"""Named splits of sequences into halves, with a hash each.

Three code bases cut MOT17 into a first half to train on and a second half to measure
on, at three different frames, and all call the second one "val half". Scores across
different splits are not comparable, so a split has a name and a hash here.
"""

import collections.abc as abc
import hashlib
import re
from dataclasses import dataclass

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.formats.sequences import Sequence

#: Splits of any data set.
SPLITS = ("full", "half/official", "half/fairmot", "half/bytetrack")
#: The split of a data set's own ``train/`` against its own ``val/``: no cut.
FOLDERS = "folders"
#: Parts to train on, and parts to test on.
Pair = tuple[list[Sequence], list[Sequence]]


@dataclass(frozen=True)
class Split:
    """A split that one data set brings.

    Attributes:
        name: such as ``hieve/holdout``.
        cut: whole training sequences -> parts to train on, and parts to test on; raises
            InputError where they are too few.
    """

    name: str
    cut: abc.Callable[[abc.Sequence[Sequence]], Pair]


# The official lists (docs/reference.md#half-split): number of the sequence -> length,
# training frames. They follow no rule: of the odd lengths 837 is rounded down, 525 up.
_OFFICIAL = {
    "02": (600, 300),
    "04": (1050, 525),
    "05": (837, 418),
    "09": (525, 263),
    "10": (654, 327),
    "11": (900, 450),
    "13": (750, 375),
}


def mot17_number(sequence: str) -> str:
    """``09`` of MOT17-09-SDP and MOT16-09, which show the same; else nothing."""
    found = re.match(r"MOT1[67]-(\d\d)(?!\d)", sequence)
    return found[1] if found else ""


def boundary(split: str, name: str, length: int) -> int:
    """First frame (0-based) of the second half; equal to the frames of the first.

    ``half/official`` is the list of the official code (docs/reference.md#half-split)
    for MOT16-xx and MOT17-xx[-detector]; every other sequence is cut in the middle, an
    odd frame going to the first half. ``half/fairmot`` starts the second half at
    ``length // 2`` and ``half/bytetrack`` (CenterTrack, mmtracking) one frame later,
    its upper bound being inclusive. ``full`` has no halves: 0.

    Args:
        split: one of ``SPLITS``.
        name: of the sequence, such as MOT17-09-SDP.
        length: frames of the whole sequence.

    Raises:
        InputError: unknown split.
    """
    if split == "full":
        return 0
    if split == "half/official":
        listed, frames = _OFFICIAL.get(mot17_number(name), (0, 0))
        return frames if listed == length else (length + 1) // 2
    if split == "half/fairmot":
        return length // 2
    if split == "half/bytetrack":
        return length // 2 + 1
    raise _unknown(split)


def check_split(split: str, own: abc.Sequence[Split] = ()) -> None:
    """Refuse a name of no split.

    Args:
        split: its name.
        own: the splits that the data set brings.

    Raises:
        InputError: unknown split, with the nearest name.
    """
    if split not in (*SPLITS, *(known.name for known in own)):
        raise _unknown(split, own)


def _unknown(split: str, own: abc.Sequence[Split] = ()) -> InputError:
    if split == FOLDERS:
        return InputError(
            "The split 'folders' trains on train/ and measures on val/, so it is set "
            "with data.split; results on val/ are evaluated with --subset val."
        )
    known = [*SPLITS, *(known.name for known in own)]
    return InputError(f"No split {split!r}: {nearest(split, known)}.")


def split_sequences(
    sequences: abc.Iterable[Sequence], split: str, own: abc.Sequence[Split] = ()
) -> Pair:
    """Cut whole sequences into (training parts, validation parts).

    With ``full`` both are the whole sequences: everything is trained on and tested on.

    Args:
        sequences: whole ones.
        split: one of ``SPLITS``, or of ``own``.
        own: the splits that the data set brings.

    Raises:
        InputError: unknown split, or sequences too short or too few for it.
    """
    check_split(split, own)
    for brought in own:
        if brought.name == split:
            return brought.cut(list(sequences))
    train, val = [], []
    for sequence in sequences:
        if split == "full":
            train.append(sequence)
            val.append(sequence)
            continue
        cut = boundary(split, sequence.name, sequence.length)
        if not 0 < cut < sequence.length:
            raise InputError(
                f"{sequence.name} has {sequence.length} frames, too few for the "
                f"halves of {split}; leave it out or use --split full."
            )
        train.append(sequence.part(0, cut))
        val.append(sequence.part(cut, sequence.length))
    return train, val


def split_hash(parts: abc.Iterable[Sequence]) -> str:
    """12 hex digits that change with any name, start or stop; not with the order."""
    rows = sorted(f"{part.name} {part.start} {part.stop}" for part in parts)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]
