"""Named splits of sequences into halves, with a hash each.

Three code bases cut MOT17 into a first half to train on and a second half to measure
on, at three different frames, and all call the second one "val half". Scores across
different splits are not comparable, so a split has a name and a hash here.
"""

import hashlib
import re
from collections.abc import Iterable
from collections.abc import Sequence as Ordered
from typing import TYPE_CHECKING

from cstrack_bench.errors import InputError, nearest

if TYPE_CHECKING:
    from cstrack_bench.formats.sequences import Sequence

SPLITS = ("full", "half/official", "half/fairmot", "half/bytetrack")
#: HiEve's test server is closed, so its last training videos are tested on.
HOLDOUT = "hieve/holdout"
HELD_OUT = 4

# The official lists (REFERENCE 4.7): sequence number -> (length, training frames).
# They follow no rule: of the odd lengths 837 is rounded down, 525 up.
_OFFICIAL = {
    "02": (600, 300),
    "04": (1050, 525),
    "05": (837, 418),
    "09": (525, 263),
    "10": (654, 327),
    "11": (900, 450),
    "13": (750, 375),
}


def boundary(split: str, name: str, length: int) -> int:
    """First frame (0-based) of the second half; equal to the frames of the first.

    ``half/official`` is the list of the official code (REFERENCE 4.7) for MOT16-xx
    and MOT17-xx[-detector]; every other sequence is cut in the middle, an odd frame
    going to the first half. ``half/fairmot`` starts the second half at ``length // 2``
    and ``half/bytetrack`` (CenterTrack, mmtracking) one frame later, its upper bound
    being inclusive. ``full`` has no halves: 0.

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
        match = re.match(r"MOT1[67]-(\d\d)(?!\d)", name)
        listed, frames = _OFFICIAL.get(match[1] if match else "", (0, 0))
        return frames if listed == length else (length + 1) // 2
    if split == "half/fairmot":
        return length // 2
    if split == "half/bytetrack":
        return length // 2 + 1
    raise _unknown(split)


def check_split(split: str) -> None:
    """Refuse a name that is neither in ``SPLITS`` nor ``HOLDOUT``.

    Raises:
        InputError: unknown split, with the nearest name.
    """
    if split not in (*SPLITS, HOLDOUT):
        raise _unknown(split)


def _unknown(split: str) -> InputError:
    return InputError(f"No split {split!r}: {nearest(split, (*SPLITS, HOLDOUT))}.")


def split_sequences(
    sequences: Iterable["Sequence"], split: str
) -> tuple[list["Sequence"], list["Sequence"]]:
    """Cut whole sequences into (training parts, validation parts).

    With ``full`` both are the whole sequences: everything is trained on and tested on.
    With ``HOLDOUT`` the last ``HELD_OUT`` sequences, in the order they come in, are
    the validation part and the others the training part.

    Raises:
        InputError: unknown split, a sequence too short to have two halves, or too few
            sequences to hold any out.
    """
    if split == HOLDOUT:
        whole = list(sequences)
        if len(whole) <= HELD_OUT:
            raise InputError(
                f"{HOLDOUT} holds out {HELD_OUT} sequences of more than that, but "
                f"{len(whole)} are given."
            )
        return whole[:-HELD_OUT], whole[-HELD_OUT:]
    train, val = [], []
    for sequence in sequences:
        cut = boundary(split, sequence.name, sequence.length)
        if split == "full":
            train.append(sequence)
            val.append(sequence)
            continue
        if not 0 < cut < sequence.length:
            raise InputError(
                f"{sequence.name} has {sequence.length} frames, too few for the "
                f"halves of {split}; leave it out or use --split full."
            )
        train.append(sequence.part(0, cut))
        val.append(sequence.part(cut, sequence.length))
    return train, val


def split_hash(parts: Ordered["Sequence"]) -> str:
    """12 hex digits that change with any name, start or stop; not with the order."""
    rows = sorted(f"{part.name} {part.start} {part.stop}" for part in parts)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]
