"""Whether a data set on disk is what it should be, and what of it is missing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cstrack_bench import console
from cstrack_bench.data.checks import (
    Fault,
    check_annotations,
    check_detections,
    check_pictures,
)
from cstrack_bench.data.locations import SUBSETS
from cstrack_bench.data.sequences import Sequence, open_sequence, sequence_folders
from cstrack_bench.data.splits import SPLITS, split_hash, split_sequences
from cstrack_bench.errors import InputError

_MOT17 = ("02", "04", "05", "09", "10", "11", "13")
_MOT17_DETECTORS = ("DPM", "FRCNN", "SDP")

#: Data set -> names of its published training sequences.
TRAINING = {
    "mot15": (
        *("ADL-Rundle-6", "ADL-Rundle-8", "ETH-Bahnhof", "ETH-Pedcross2"),
        *("ETH-Sunnyday", "KITTI-13", "KITTI-17", "PETS09-S2L1", "TUD-Campus"),
        *("TUD-Stadtmitte", "Venice-2"),
    ),
    "mot16": tuple(f"MOT16-{n}" for n in _MOT17),
    "mot17": tuple(f"MOT17-{n}-{d}" for n in _MOT17 for d in _MOT17_DETECTORS),
    "mot20": tuple(f"MOT20-{n}" for n in ("01", "02", "03", "05")),
}
#: Data set -> what its training sequences, and its test sequences, are for.
_USES = {
    "mot15": ("which no table needs", "which no table needs"),
    "mot16": ("needed for Table VIII", "needed for Tables I, IV and VI"),
    "mot17": ("needed for Tables I to VI", "needed for Table VI"),
    "mot20": ("needed for Table VI", "needed for Table VI"),
}


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
    """What a sequence has: frames, pictures, scored boxes, their identities."""

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
        folder: that holds train/, val/ or test/.
        sequences: facts of each sequence that can be opened.
        problems: what is wrong; none means that what is there is sound.
        missing: what a complete data set has and this has not, with what it is for.
        remarks: unusual, but published so.
        splits: split name -> hash and frames of both parts, over train/ (or val/).
    """

    name: str
    folder: Path
    sequences: list[SequenceFacts] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    splits: dict[str, dict[str, Any]] = field(default_factory=dict)


def verify(
    folder: Path,
    name: str,
    every_picture: bool = False,
    measure: Callable[[list[Sequence]], list[Fault]] | None = None,
) -> Verification:
    """Check layout, pictures, annotations and detections of a data set.

    Args:
        folder: that holds train/, val/ or test/.
        name: of the data set; decides what is missing and what mends it.
        every_picture: decode all pictures, not a sample.
        measure: scores ground truth against itself; called with the sequences whose
            ground truth is sound, returns what is not 100.

    Returns:
        What was found; it never raises for bad content.
    """
    result = Verification(name, folder)
    folders = [
        (subset, entry)
        for subset in SUBSETS
        if (folder / subset).is_dir()
        for entry in sequence_folders(folder / subset)
    ]
    if not folders:
        what = "holds no sequence in train/, val/ or test/"
        result.problems.append(_problem(result, Fault(str(folder), what)))
    sound: dict[str, list[Sequence]] = {}
    with console.progress() as bar:
        for subset, entry in bar.track(folders, description=f"verifying {name}"):
            sequence = _verify_sequence(result, subset, entry, every_picture)
            if sequence is not None:
                sound.setdefault(subset, []).append(sequence)
    # One subset after the other: both may have a sequence of the same name.
    for subset in ("train", "val"):
        if measure is not None and sound.get(subset):
            faults = measure(sound[subset])
            result.problems.extend(_problem(result, fault) for fault in faults)
    # Only real sequences are cut into halves; SynthMOT has a val/ of its own.
    if sound.get("train") and "val" not in sound:
        result.splits.update(_splits(sound["train"]))
    _name_missing(result)
    return result


def _verify_sequence(
    result: Verification, subset: str, entry: Path, every_picture: bool
) -> Sequence | None:
    """Check one sequence; return it if it has ground truth without a fault."""
    try:
        sequence = open_sequence(entry)
    except InputError as error:
        fault = Fault(str(entry), str(error).rstrip("."))
        result.problems.append(_problem(result, fault))
        return None
    has_truth = sequence.annotation_file.is_file()
    faults = check_pictures(sequence, every_picture) if sequence.has_images else []
    truth_faults: list[Fault] = []
    if has_truth:
        truth_faults, remarks = check_annotations(sequence)
        result.remarks.extend(remarks)
    elif subset != "test":
        faults.append(Fault(str(sequence.annotation_file), "is absent"))
    if sequence.detection_file.is_file():
        faults += check_detections(sequence)
    for fault in (*faults, *truth_faults):
        result.problems.append(_problem(result, fault))
    usable = has_truth and not truth_faults
    truth = sequence.annotations() if usable else None
    people = truth.pedestrians() if truth is not None else None
    result.sequences.append(
        SequenceFacts(
            subset=subset,
            name=sequence.name,
            frames=sequence.length,
            pictures=sequence.has_images,
            boxes=None if people is None else len(people),
            identities=None if people is None else len(set(people.ids.tolist())),
        )
    )
    return sequence if usable else None


def _splits(sequences: list[Sequence]) -> dict[str, dict[str, Any]]:
    rows = {}
    for split in SPLITS:
        try:
            train, val = split_sequences(sequences, split)
        except InputError:
            continue
        rows[split] = {
            "train": split_hash(train),
            "val": split_hash(val),
            "train_frames": sum(map(len, train)),
            "val_frames": sum(map(len, val)),
        }
    return rows


def _name_missing(result: Verification) -> None:
    """Say what a complete data set has beyond this one, and what it is for."""
    if result.name not in TRAINING:
        unseen = [s.name for s in result.sequences if not s.pictures]
        if unseen:
            result.missing.append(f"pictures of {', '.join(unseen)}")
        return
    train_use, test_use = _USES[result.name]
    there = {s.name: s for s in result.sequences if s.subset == "train"}
    absent = [name for name in TRAINING[result.name] if name not in there]
    if absent:
        listed = ", ".join(absent)
        result.missing.append(f"training sequences, {train_use}: {listed}")
    unseen = [name for name, facts in there.items() if not facts.pictures]
    if unseen:
        count = f"{len(unseen)} training sequences"
        result.missing.append(f"pictures of {count}, {train_use}")
    if not any(s.subset == "test" for s in result.sequences):
        result.missing.append(f"test sequences, {test_use}")


def _problem(result: Verification, fault: Fault) -> Problem:
    return Problem(fault.place, fault.what, mending(result.name, result.folder))


def mending(name: str, folder: Path) -> str:
    """The command that brings a data set back as it was published."""
    if name in TRAINING:
        page = "2D_MOT_2015" if name == "mot15" else name.upper()
        return (
            f"unzip -o {name.upper()}.zip -d {folder.parent}  "
            f"# the archive from https://motchallenge.net/data/{page}/"
        )
    if name == "synthmot":
        return f"rm -r {folder} && cstrack reproduce table2 --profile twin"
    return f"restore {folder} from where it came, then cstrack verify {folder}"
