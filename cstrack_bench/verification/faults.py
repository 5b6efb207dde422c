"""A fault: one thing that is wrong with a file, and where."""

import collections.abc as abc
import re
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.errors import InputError

# Locations of one kind of fault that are named before the rest is only counted.
_NAMED = 20
#: More boxes than this wholly outside their pictures are wrong: MOT17 as published has
#: 2 of 12,839.
OUTSIDE_SHARE = 0.01


@dataclass(frozen=True)
class Fault:
    """One wrong thing.

    Attributes:
        location: file, with line where it is one.
        what: what is wrong with it.
    """

    location: str
    what: str


def fault_of(error: InputError, path: Path) -> Fault:
    """A reader's sentence, taken apart into location and reason where it has both."""
    text = str(error).rstrip(".")
    location, colon, what = text.partition(": ")
    inside = location.removeprefix(str(path))
    # The file itself or one below it, with or without a line.
    if colon and re.fullmatch(r"(/[^:]*?)?(, line \d+)?", inside):
        return Fault(location, what)
    return Fault(str(path), text)


def name_locations(locations: abc.Sequence[str], what: str) -> list[Fault]:
    """One fault for each of the first locations, one for all that follow."""
    faults = [Fault(location, what) for location in locations[:_NAMED]]
    if len(locations) > _NAMED:
        rest = f"{len(locations) - _NAMED} more lines: {what}"
        faults.append(Fault(locations[_NAMED].partition(", line ")[0], rest))
    return faults


def judge_outside(
    locations: abc.Sequence[str], total: int, size: str = ""
) -> tuple[list[Fault], list[str]]:
    """Boxes wholly outside their pictures: a few are published so, many are wrong.

    Args:
        locations: of those boxes.
        total: of all boxes.
        size: of the picture, such as ``1920×1080``, where all have one.

    Returns:
        What is wrong, and what is only unusual (as sentences).
    """
    picture = f"{size} picture" if size else "picture"
    what = f"its box lies wholly outside the {picture}"
    if len(locations) > OUTSIDE_SHARE * total:
        return name_locations(locations, what), []
    if locations:
        return [], [
            f"{locations[0]}: {what}, as {len(locations)} of {total} do (some do as "
            "published)"
        ]
    return [], []
