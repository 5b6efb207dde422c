"""Whether a data set on disk is what it should be, and what of it is missing."""

from pathlib import Path
from typing import Any

from cstrack_bench import console
from cstrack_bench.datasets.hieve import HIEVE
from cstrack_bench.datasets.locations import SUBSETS
from cstrack_bench.datasets.published import TESTING, TRAINING, USES, published_length
from cstrack_bench.datasets.splits import SPLITS, split_hash, split_sequences
from cstrack_bench.errors import InputError
from cstrack_bench.formats.jde_lists import IMAGE_LISTS, LABELS
from cstrack_bench.formats.sequences import Sequence, open_sequence, sequence_folders
from cstrack_bench.verification.checks import (
    Fault,
    check_annotations,
    check_detections,
    check_pictures,
)
from cstrack_bench.verification.findings import (
    Measure,
    Problem,
    SequenceFacts,
    Verification,
)
from cstrack_bench.verification.hieve_checks import verify_hieve
from cstrack_bench.verification.list_checks import verify_images

__all__ = ["Measure", "Problem", "SequenceFacts", "Verification", "verify"]


def verify(
    folder: Path,
    name: str,
    every_picture: bool = False,
    measure: Measure | None = None,
) -> Verification:
    """Check layout, pictures, annotations and detections of a data set.

    Args:
        folder: that holds train/, val/ or test/; of a data set of images, images/ and
            labels_with_ids/ or what was published; of HiEve, its own folders.
        name: of the data set; decides what is missing and what mends it.
        every_picture: decode all pictures, not a sample.
        measure: called with the sequences whose ground truth is sound.

    Returns:
        What was found; it never raises for bad content.
    """
    if name == HIEVE:
        return verify_hieve(folder, every_picture, measure)
    if name in IMAGE_LISTS or ((folder / LABELS).is_dir() and not _has_subset(folder)):
        return verify_images(folder, name, every_picture)
    return _verify_sequences(folder, name, every_picture, measure)


def _has_subset(folder: Path) -> bool:
    return any((folder / subset).is_dir() for subset in SUBSETS)


def _verify_sequences(
    folder: Path, name: str, every_picture: bool, measure: Measure | None
) -> Verification:
    """Check a data set in MOTChallenge's layout."""
    result = Verification(name, folder)
    folders = [
        (subset, entry)
        for subset in SUBSETS
        if (folder / subset).is_dir()
        for entry in sequence_folders(folder / subset)
    ]
    if not folders:
        what = "holds no sequence in train/, val/ or test/"
        result.add([Fault(str(folder), what)])
    sound: dict[str, list[Sequence]] = {}
    with console.progress() as bar:
        for subset, entry in bar.track(folders, description=f"verifying {name}"):
            sequence = _verify_sequence(result, subset, entry, every_picture)
            if sequence is not None:
                sound.setdefault(subset, []).append(sequence)
    # One subset after the other: both may have a sequence of the same name.
    for subset in ("train", "val"):
        if measure is not None and sound.get(subset):
            result.add(measure(sound[subset]))
    # Only real sequences are cut into halves; SynthMOT has a val/ of its own.
    if sound.get("train") and "val" not in sound:
        result.splits.update(_splits(sound["train"]))
    _verify_apart(result)
    _name_missing(result)
    return result


def _verify_apart(result: Verification) -> None:
    """No test sequence among the training ones, and none longer than published."""
    tested = {s.name for s in result.sequences if s.subset == "test"}
    tested.update(TESTING.get(result.name, ()))
    for facts in result.sequences:
        if facts.subset == "test" or result.name not in TRAINING:
            continue
        place = str(result.folder / facts.subset / facts.name)
        if facts.name in tested:
            what = f"is a test sequence in {facts.subset}/: it would be trained on"
            result.add([Fault(place, what)])
        length = published_length(facts.name)
        if length is not None and facts.frames > length:
            what = f"has {facts.frames} frames in seqinfo.ini, as published {length}"
            result.add([Fault(f"{place}/seqinfo.ini", what)])


def _verify_sequence(
    result: Verification, subset: str, entry: Path, every_picture: bool
) -> Sequence | None:
    """Check one sequence; return it if it has ground truth without a fault."""
    try:
        sequence = open_sequence(entry)
    except InputError as error:
        result.add([Fault(str(entry), str(error).rstrip("."))])
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
    result.add([*faults, *truth_faults])
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
    train_use, test_use = USES[result.name]
    there = {s.name: s for s in result.sequences if s.subset == "train"}
    absent = [name for name in TRAINING[result.name] if name not in there]
    if absent:
        listed = ", ".join(absent)
        result.missing.append(f"training sequences, {train_use}: {listed}")
    for facts in there.values():
        length = published_length(facts.name) or 0
        if facts.frames < length:
            result.missing.append(
                f"{length - facts.frames} of the {length} frames of {facts.name}"
            )
    unseen = [name for name, facts in there.items() if not facts.pictures]
    if unseen:
        count = f"{len(unseen)} training sequences"
        result.missing.append(f"pictures of {count}, {train_use}")
    if not any(s.subset == "test" for s in result.sequences):
        result.missing.append(f"test sequences, {test_use}")
