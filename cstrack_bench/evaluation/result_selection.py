"""Selection: which sequences of a data set are evaluated, from which result files."""

import collections.abc as abc
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cstrack_bench.errors import InputError
from cstrack_bench.formats.result_files import find_result_files
from cstrack_bench.formats.sequences import Sequence


@dataclass(frozen=True)
class Selection:
    """What is evaluated.

    Attributes:
        sequences: whole ones, in the order of the data set.
        files: name of each -> its result file.
        unknown: names of result files that are of no sequence of the data set.
    """

    sequences: list[Sequence]
    files: dict[str, Path]
    unknown: list[str]


def select_results(
    everything: list[Sequence], results: Path, patterns: str | None = None
) -> Selection:
    """Pair the sequences of a data set with result files.

    Args:
        everything: the sequences of the data set.
        results: a folder of result files, or one file.
        patterns: names or shell patterns of sequences, separated by commas; all of
            them by default, or the one that a single file is called like.

    Raises:
        InputError: no such files, no sequence of that name, or files are missing (says
            which, and what is there).
    """
    names = [sequence.name for sequence in everything]
    files = find_result_files(results, names)
    wanted = everything
    if patterns is not None:
        listed = [pattern.strip() for pattern in patterns.split(",")]
        wanted = [s for s in everything if any(fnmatchcase(s.name, p) for p in listed)]
        if results.is_file() and len(wanted) == 1:
            # The only file for the only sequence, whatever it is called.
            return Selection(wanted, {wanted[0].name: results}, [])
    elif results.is_file():
        wanted = [sequence for sequence in everything if sequence.name in files]
    if not wanted:
        hint = "" if patterns else "; say whose it is with --sequences NAME"
        raise InputError(
            f"{patterns or results.name} names no sequence of the data set "
            f"({', '.join(names)}){hint}."
        )
    if any(sequence.name not in files for sequence in wanted):
        raise _missing(results, [s.name for s in wanted], files)
    return Selection(wanted, files, sorted(set(files) - set(names)))


def _missing(
    results: Path, wanted: abc.Sequence[str], files: dict[str, Path]
) -> InputError:
    """What lacks, what is there, and how that alone is evaluated."""
    there = [name for name in wanted if name in files]
    lacking = [name for name in wanted if name not in files]
    listed = ", ".join(_patterns(lacking, wanted, ".txt"))
    sentence = (
        f"{results} lacks {len(lacking)} of {len(wanted)} result files: {listed}; a "
        "file may be empty"
    )
    if there:
        chosen = _patterns(there, wanted)
        sentence += (
            f"; it has {len(there)}, {', '.join(chosen)}, which "
            f"--sequences '{','.join(chosen)}' evaluates"
        )
    else:
        others = ", ".join(sorted(files)[:3])
        sentence += f"; none of those it has ({others}) is of the data set"
    return InputError(f"{sentence}.")


def _patterns(
    names: abc.Sequence[str], wanted: abc.Sequence[str], suffix: str = ""
) -> list[str]:
    """Names, those of one detector (``MOT17-02-SDP``) as ``*-SDP`` if all are there."""
    total = Counter(_detector(name) for name in wanted)
    found = Counter(_detector(name) for name in names)
    whole = {d for d, count in found.items() if d and count == total[d] > 1}
    if len(total) < 2:
        whole = set()
    return [f"*-{detector}{suffix}" for detector in sorted(whole)] + [
        f"{name}{suffix}" for name in names if _detector(name) not in whole
    ]


def _detector(name: str) -> str:
    """What follows the last hyphen, where that is no number."""
    last = name.rpartition("-")[2]
    return last if last.isalpha() and last.isupper() else ""
