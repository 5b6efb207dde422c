"""Checks before work: the cheap ones of verification, made before hours are spent.

They read headers of pictures and annotations, and raise for the first thing that is
wrong; ``cstrack verify`` lists all of them.
"""

import collections.abc as abc
from pathlib import Path

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import FolderPictures, picture_size
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.verification.annotation_checks import check_annotations
from cstrack_bench.verification.faults import Fault
from cstrack_bench.verification.picture_checks import SAMPLE, is_cut_off

# Pictures of a sequence whose ends are read; more are sampled evenly.
_ENDS = 2_000
_NAMED = 3


def check_training(train: abc.Sequence[Sequence], val: abc.Sequence[Sequence]) -> None:
    """Refuse parts of sequences that cannot be learnt from, or not be measured.

    Args:
        train: parts to train on: every frame with a person needs its picture.
        val: parts to measure: every frame needs its picture.

    Raises:
        InputError: pictures that are absent, cut off or of another size than the
            sequence says, boxes that are impossible or lie outside, no person.
    """
    faults: list[Fault] = []
    for part in {part.folder: part for part in (*train, *val)}.values():
        faults += check_annotations(part)[0]
        _raise_first(faults, part)
    counts = 0
    for part in train:
        truth = part.annotations()
        people = truth.pedestrians() if truth is not None else None
        frames = [] if people is None else sorted(set(people.frames.tolist()))
        counts += len(frames)
        _raise_first(_picture_faults(part, frames), part)
    for part in val:
        frames = list(range(part.start, part.stop))
        _raise_first(_picture_faults(part, frames), part)
    if train and not counts:
        part = train[0]
        truth = part.annotations()
        why = "it is absent" if truth is None else truth.why_nothing_counts()
        raise InputError(
            f"There is no person to learn from: in {part.annotation_file}, frames "
            f"{part.start + 1} to {part.stop}, {why}."
        )


def check_tracking(sequence: Sequence) -> Sequence:
    """The part of a sequence that has pictures, each where it should be.

    Args:
        sequence: whose pictures are going to be read.

    Returns:
        All of it; without its first frames where only these have no pictures, as in
        second halves whose frames keep their numbers.

    Raises:
        InputError: pictures that are absent between others, too many, or of another
            size than the sequence says.
    """
    pictures = sequence.pictures
    if not isinstance(pictures, FolderPictures) or not len(pictures):
        return sequence
    first = max(sequence.start, min(pictures.first, sequence.stop))
    part = sequence.part(first, sequence.stop)
    _raise_first(_picture_faults(part, list(range(part.start, part.stop))), part)
    return part


def _raise_first(faults: abc.Sequence[Fault], sequence: Sequence) -> None:
    if not faults:
        return
    fault = faults[0]
    more = f" ({len(faults) - 1} more such)" if len(faults) > 1 else ""
    raise InputError(
        f"{fault.location}: {fault.what}{more}; `cstrack verify` lists all that is "
        f"wrong with {sequence.name}."
    )


def _picture_faults(part: Sequence, frames: abc.Sequence[int]) -> list[Fault]:
    """Names, numbers, sizes and ends of the pictures of some frames."""
    pictures = part.pictures
    if not isinstance(pictures, FolderPictures):
        return []
    folder = str(part.folder / part.image_folder)
    if pictures.names.problem:
        what = pictures.names.problem.removeprefix(folder).strip()
        return [Fault(folder, what)]
    if pictures.paths and pictures.last >= part.length:
        what = (
            f"has a picture of frame {pictures.last + 1} "
            f"({pictures.paths[pictures.last].name}), but seqLength is {part.length}"
        )
        return [Fault(folder, what)]
    absent = [frame + 1 for frame in frames if frame not in pictures.paths]
    if absent:
        listed = ", ".join(map(str, absent[:_NAMED]))
        more = ", …" if len(absent) > _NAMED else ""
        what = f"lacks the pictures of {len(absent)} frames: {listed}{more}"
        return [Fault(folder, what)]
    files = [pictures.paths[frame] for frame in frames]
    return _size_faults(files, part) or _cut_off(files)


def _size_faults(files: abc.Sequence[Path], part: Sequence) -> list[Fault]:
    said = (part.width, part.height)
    faults = []
    for file in _spread(files, SAMPLE):
        try:
            size = picture_size(file)
        except InputError as error:
            return [Fault(str(file), str(error).removeprefix(f"{file} ").rstrip("."))]
        if size != said:
            what = (
                f"is {size[0]}×{size[1]} where the sequence says {said[0]}×{said[1]} "
                "(seqinfo.ini), and boxes are in its pixels"
            )
            faults.append(Fault(str(file), what))
    return faults


def _cut_off(files: abc.Sequence[Path]) -> list[Fault]:
    return [
        Fault(str(file), "is cut off: its end is missing")
        for file in _spread(files, _ENDS)
        if is_cut_off(file)
    ]


def _spread(files: abc.Sequence[Path], count: int) -> list[Path]:
    picks = np.linspace(0, len(files) - 1, min(count, len(files))).astype(int)
    return [files[i] for i in picks]
