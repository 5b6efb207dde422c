"""Submissions: results as the server of HiEve's track 1 takes them.

A submission is a folder with one text file a test video, ``NAME.txt``, of rows
``frame,id,x,y,w,h,1,-1,-1,-1``. It is scored by the MOT metrics over all annotated
persons, as under MOT15's rules.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.formats.mot_files import read_tracks, write_tracks
from cstrack_bench.structures import TrackTable
from cstrack_bench.verification.faults import Fault


def write_submission(folder: Path, tables: Mapping[str, TrackTable]) -> None:
    """Write a submission: all of its files, or none.

    Args:
        folder: absent or empty.
        tables: name of each video -> its tracks; one without rows is an empty file.

    Raises:
        InputError: no video, a folder that holds something, or a table that cannot be
            written (an id twice in a frame, numbers that are not finite).
        CstrackError: the file system refused.
    """
    if not tables:
        raise InputError("A submission needs the results of at least one video.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty; name another folder.")
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        partial.mkdir(parents=True)
        for name, table in tables.items():
            # The format has no scores: the seventh column is 1 in every row.
            plain = replace(table, scores=np.ones(len(table)))
            write_tracks(partial / f"{name}.txt", plain)
        os.replace(partial, folder)
    except OSError as error:
        reason = error.strerror or error
        raise CstrackError(f"Cannot write {folder}: {reason}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_submission(folder: Path, lengths: Mapping[str, int]) -> list[Fault]:
    """What a server would refuse in a submission.

    Args:
        folder: holds the files.
        lengths: name of each test video -> its frames.

    Returns:
        Every missing, unknown or malformed file, frames beyond a video's end, boxes
        without area and tables of another form; none where all is well.
    """
    files = {file.stem: file for file in sorted(folder.glob("*.txt"))}
    faults = [
        Fault(str(folder / f"{name}.txt"), "is absent")
        for name in lengths
        if name not in files
    ]
    for name, file in files.items():
        if name not in lengths:
            faults.append(Fault(str(file), "is of no test video"))
            continue
        try:
            table = read_tracks(file)
        except InputError as error:
            faults.append(Fault(str(file), str(error).rstrip(".")))
            continue
        faults += [Fault(str(file), what) for what in _faults(table, lengths[name])]
        faults += _malformed(file)
    return faults


def _faults(table: TrackTable, length: int) -> list[str]:
    """What is wrong with a table's numbers."""
    found = []
    if len(table) and table.frames.max() >= length:
        last = int(table.frames.max()) + 1
        found.append(f"goes on to frame {last} of a video of {length}")
    empty = (table.boxes[:, 2:] <= table.boxes[:, :2]).any(axis=1)
    if empty.any():
        frame = int(table.frames[empty][0]) + 1
        found.append(f"has a box without area in frame {frame}")
    return found


def _malformed(file: Path) -> list[Fault]:
    """The first row that does not end as the format says."""
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        if line.split(",")[6:] != ["1", "-1", "-1", "-1"]:
            what = "does not end in 1,-1,-1,-1"
            return [Fault(f"{file}, line {number}", what)]
    return []
