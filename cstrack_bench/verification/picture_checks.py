"""Checks of pictures: cut off, not decodable, of another size, missing or too many."""

import collections.abc as abc
from pathlib import Path

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.formats.frame_names import number_frames
from cstrack_bench.formats.frames import list_pictures, picture_size, read_picture
from cstrack_bench.formats.names import last_number
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.verification.faults import Fault, fault_of

#: Pictures of a sequence or list that are decoded where not all are.
SAMPLE = 8
# Missing frames of a sequence that are named before the rest is only counted.
_NAMED = 20


def is_cut_off(file: Path) -> bool:
    """Whether a file is empty, or a JPEG or PNG without its end marker.

    OpenCV decodes one that stops half-way and fills the rest.
    """
    if not file.is_file():  # a folder, or a pipe that would be waited for
        return False
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(0, size - 512))
        tail = opened.read()
    if file.suffix.lower() in (".jpg", ".jpeg"):
        return b"\xff\xd9" not in tail
    if file.suffix.lower() == ".png":
        return b"IEND" not in tail
    return size == 0


def check_picture_files(pictures: abc.Sequence[Path], every: bool) -> list[Fault]:
    """Pictures of any size: cut off (all are checked), or not to be decoded.

    Args:
        pictures: files that are there.
        every: decode all of them, not a sample.
    """
    decoded = _sample(pictures, every)
    faults = []
    for file in pictures:
        if not file.is_file():
            faults.append(Fault(str(file), "is a folder, a pipe or a device"))
        elif is_cut_off(file):
            faults.append(Fault(str(file), "is cut off: its end is missing"))
        elif file in decoded:
            try:
                read_picture(file)
            except InputError:
                faults.append(Fault(str(file), "cannot be decoded as a picture"))
    return faults


def check_numbered_frames(sequence: Sequence, every: bool) -> list[Fault]:
    """Numbers, ends, sizes and decoding of a MOTChallenge sequence's pictures.

    All files are checked for having been cut off; 8 of them are decoded, or all.

    Args:
        sequence: with pictures.
        every: decode all of them.
    """
    folder = sequence.folder / sequence.image_folder
    names = number_frames(folder, list_pictures(folder))
    if names.problem:
        return [Fault(str(folder), names.problem.removeprefix(str(folder)).strip())]
    numbers = {frame + 1: file for frame, file in names.paths.items()}
    faults = [Fault(str(f), "its name is not a frame number") for f in names.ignored]
    expected = range(1, sequence.length + 1)
    absent = [n for n in expected if n not in numbers]
    if absent:
        listed = ", ".join(str(n) for n in absent[:_NAMED])
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        what = f"lacks {len(absent)} of {sequence.length} frames: {listed}{more}"
        faults.append(Fault(str(folder), what))
    beyond = sorted(n for n in numbers if n not in expected)
    if beyond:
        what = (
            f"is frame {beyond[0]} of {sequence.length} in seqinfo.ini "
            f"({len(beyond)} such pictures)"
        )
        faults.append(Fault(str(numbers[beyond[0]]), what))
    known = [numbers[n] for n in sorted(numbers)]
    decoded = _sample(known, every)
    for file in known:
        faults += _check_frame(file, sequence, file in decoded)
    return faults


def _check_frame(file: Path, sequence: Sequence, decode: bool) -> list[Fault]:
    if not file.is_file():
        return [Fault(str(file), "is a folder, a pipe or a device")]
    if is_cut_off(file):
        return [Fault(str(file), "is cut off: its end is missing")]
    if not decode:
        return []
    try:
        height, width = read_picture(file).shape[:2]
    except InputError:
        return [Fault(str(file), "cannot be decoded as a picture")]
    if (width, height) != (sequence.width, sequence.height):
        size = f"{sequence.width}×{sequence.height}"
        what = f"is {width}×{height} where seqinfo.ini says {size}"
        return [Fault(str(file), what)]
    return []


def check_ordered_frames(sequence: Sequence, every: bool) -> list[Fault]:
    """Gaps, sizes and decoding of frames in the order of their names, or of a video.

    Args:
        sequence: with pictures.
        every: decode all pictures, not a sample; of a video it is always the first
            frame and the last.
    """
    if sequence.folder.is_file():
        try:
            for number in (0, sequence.length - 1):
                _ = sequence.frame(number).image
        except InputError as error:
            return [fault_of(error, sequence.folder)]
        return []
    folder = sequence.folder / sequence.image_folder
    files = list_pictures(folder)
    faults = check_picture_files(files, every)
    numbers = {n for n in (last_number(f.stem) for f in files) if n is not None}
    if len(numbers) == len(files):
        absent = sorted(set(range(min(numbers), max(numbers) + 1)) - numbers)
        if absent:
            listed = ", ".join(map(str, absent[:_NAMED]))
            what = f"lacks {len(absent)} frames between others: {listed}"
            faults.append(Fault(str(folder), what))
    broken = {fault.location for fault in faults}
    for file in files:
        if str(file) in broken:
            continue
        try:
            width, height = picture_size(file)
        except InputError as error:
            faults.append(fault_of(error, file))
            continue
        if (width, height) != (sequence.width, sequence.height):
            first = f"{sequence.width}×{sequence.height}"
            what = f"is {width}×{height} where the video's first frame is {first}"
            faults.append(Fault(str(file), what))
    return faults


def _sample(files: abc.Sequence[Path], every: bool) -> set[Path]:
    """The files that are decoded: all, or a few that are spread over them."""
    picks = np.linspace(0, len(files) - 1, min(SAMPLE, len(files))).astype(int)
    return set(files) if every else {files[i] for i in picks}
