"""Frame names: which frame each picture of a numbered folder is, by its file's name."""

import collections.abc as abc
import re
from dataclasses import dataclass, field
from pathlib import Path

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.ASCII | re.DOTALL)
_SHOWN = 3


@dataclass(frozen=True)
class FrameNames:
    """The pictures of a folder by frame.

    Attributes:
        paths: 0-based frame -> file, in the order of the frames.
        ignored: files whose names have no number beside others that are numbers.
        remark: what was made of names that do not follow MOTChallenge; empty for
            000001 and so on.
        problem: why no frame can be told; then there are no paths.
    """

    paths: dict[int, Path] = field(default_factory=dict)
    ignored: tuple[Path, ...] = ()
    remark: str = ""
    problem: str = ""


def number_frames(folder: Path, files: abc.Sequence[Path]) -> FrameNames:
    """Frames by the numbers in names: 000001.jpg, or frame_000001.jpg in all of them.

    Pictures that are numbered 0, 1, 2 … without a gap are taken as frames 1, 2, 3 …
    which is stated.

    Args:
        folder: of the pictures, for messages.
        files: the pictures.
    """
    plain = [f for f in files if f.stem.isascii() and f.stem.isdigit()]
    numbers = {f: int(f.stem) for f in plain} or _common_pattern(files)
    if not numbers:
        if not files:
            return FrameNames()
        return FrameNames(
            problem=f"{folder} has {len(files)} pictures whose names give no frame "
            f"({_listed(files)}): call them 000001{files[0].suffix} and so on"
        )
    by_number: dict[int, Path] = {}
    for file, number in sorted(numbers.items(), key=lambda pair: (pair[1], pair[0])):
        if number in by_number:
            return FrameNames(
                problem=f"{folder} has two pictures of one frame: "
                f"{by_number[number].name} and {file.name}"
            )
        by_number[number] = file
    ignored = tuple(f for f in files if f not in numbers)
    remark = ""
    if not plain:
        remark = f"{folder}: the frame is the number in names such as {_listed(files)}"
    if 0 in by_number:
        if max(by_number) != len(by_number) - 1:
            return FrameNames(
                problem=f"{folder} has a picture of number 0 ({by_number[0].name}) and "
                "gaps between the others, so their frames are uncertain: frames count "
                "from 1, as in 000001"
            )
        joined = f"{remark}; " if remark else f"{folder}: "
        remark = (
            f"{joined}pictures count from 0, so {by_number[0].name} is taken as frame 1"
        )
        by_number = {number + 1: file for number, file in by_number.items()}
    paths = {number - 1: file for number, file in by_number.items()}
    return FrameNames(paths, ignored, remark)


def _common_pattern(files: abc.Sequence[Path]) -> dict[Path, int]:
    """The last number in each name, where all else in the names is the same."""
    found = {file: _NUMBERED.fullmatch(file.stem) for file in files}
    patterns = {match and (match[1], match[3]) for match in found.values()}
    if None in patterns or len(patterns) != 1:
        return {}
    return {file: int(match[2]) for file, match in found.items() if match}


def _listed(files: abc.Sequence[Path]) -> str:
    names = ", ".join(file.name for file in files[:_SHOWN])
    return f"{names}, …" if len(files) > _SHOWN else names
