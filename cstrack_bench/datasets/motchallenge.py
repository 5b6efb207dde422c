"""MOTChallenge's layout: train/, val/ and test/ of folders with img1/ and gt/gt.txt."""

import collections.abc as abc
import re
from dataclasses import dataclass, field
from pathlib import Path

from cstrack_bench.datasets import dataset_registry
from cstrack_bench.datasets.dataset import SUBSETS, DatasetAbsentError
from cstrack_bench.datasets.folder_moves import remove_empty, unwrap
from cstrack_bench.datasets.sequence_dataset import SequenceDataset
from cstrack_bench.datasets.splits import mot17_number
from cstrack_bench.errors import InputError
from cstrack_bench.formats.jde_lists import IMAGES
from cstrack_bench.formats.sequences import (
    Sequence,
    list_sequences,
    open_sequence,
    sequence_folders,
)
from cstrack_bench.verification.annotation_checks import (
    Findings,
    check_detections,
    check_mot_annotations,
)
from cstrack_bench.verification.faults import Fault
from cstrack_bench.verification.findings import Verification
from cstrack_bench.verification.picture_checks import check_numbered_frames

#: Frames of the training sequences that MOT16 and MOT17 share, by number.
TRAINING_FRAMES = {
    "02": 600,
    "04": 1050,
    "05": 837,
    "09": 525,
    "10": 654,
    "11": 900,
    "13": 750,
}
#: Numbers of their test sequences.
TEST_NUMBERS = ("01", "03", "06", "07", "08", "12", "14")


@dataclass(frozen=True, kw_only=True, eq=False)
class MotChallengeDataset(SequenceDataset):
    """A data set in MOTChallenge's layout.

    Attributes:
        sequence_names: regular expression that the names of its sequences begin with;
            empty where they tell nothing.
        training: its training sequences as published -> their frames, or None where
            that is not checked; empty where nothing was published.
        testing: names of its test sequences as published.
        training_use: what the training sequences are for.
        testing_use: what the test sequences are for.
    """

    sequence_names: str = ""
    training: abc.Mapping[str, int | None] = field(default_factory=dict)
    testing: tuple[str, ...] = ()
    training_use: str = ""
    testing_use: str = ""

    def names_sequence(self, name: str) -> bool:
        """Whether a sequence's name begins as those of this data set do."""
        return bool(self.sequence_names and re.match(self.sequence_names, name))

    def video(self, sequence: str) -> str:
        """MOT16 and MOT17 have the same pictures, MOT17 three times."""
        number = mot17_number(sequence)
        return f"MOT17-{number}" if number else sequence

    def has_layout(self, folder: Path) -> bool:
        """Whether it has a subset, without sequences of another data set."""
        return dataset_registry.has_subset(folder) and self._owner_name(folder) in (
            None,
            self.name.lower(),
        )

    def owns(self, folder: Path) -> bool:
        """Whether its sequences have names of this data set."""
        return (
            dataset_registry.has_subset(folder)
            and dataset_registry.owner(folder) is self
        )

    def not_found(self, root: Path, named: abc.Sequence[Path]) -> InputError:
        """What lies there instead."""
        for folder in (*named, root):
            other = self._owner_name(folder)
            if other:
                return DatasetAbsentError(
                    f"{folder} holds {other}, not {self.name}; name that data set, or "
                    f"give the root of {self.name} as --data."
                )
        if named:
            return InputError(f"{named[0]} holds none of train/, val/ and test/.")
        entries = sorted(e.name for e in root.iterdir() if e.is_dir())
        return DatasetAbsentError(
            f"No {self.name} under {root}: neither {root / self.name} nor a train/ in "
            f"it (there: {', '.join(entries) or 'nothing'}); set --data or "
            "CSTRACK_DATA."
        )

    def sequences(self, folder: Path, subset: str) -> list[Sequence]:
        """The sequences of a subset, sorted by name."""
        return list_sequences(folder, subset) if (folder / subset).is_dir() else []

    def rearrange(self, folder: Path) -> list[str]:
        """MOT17 with JDE's labels has its ``train/`` in ``images/``."""
        done = unwrap(folder)
        for subset in SUBSETS:
            inner = folder / IMAGES / subset
            if inner.is_dir() and not (folder / subset).exists():
                inner.rename(folder / subset)
                done.append(f"moved {IMAGES}/{subset}/ to {subset}/")
        remove_empty(folder / IMAGES)
        return done

    def try_sequences(self, folder: Path) -> list[tuple[str, Sequence | Fault]]:
        """Each sequence by itself: a broken one is named and the others are checked."""
        return [
            (subset, _try_sequence(entry))
            for subset in SUBSETS
            if (folder / subset).is_dir()
            for entry in sequence_folders(folder / subset)
        ]

    def check_files(self, sequence: Sequence, every_picture: bool) -> list[Fault]:
        """Numbered pictures, and public detections."""
        faults: list[Fault] = []
        if sequence.has_images:
            faults += check_numbered_frames(sequence, every_picture)
        if sequence.detection_file.is_file():
            faults += check_detections(sequence)
        return faults

    def check_truth(self, sequence: Sequence) -> Findings:
        """Every row of gt.txt, with its line."""
        return check_mot_annotations(sequence)

    def compare(self, result: Verification) -> None:
        """No test sequence is trained on, none is longer than published."""
        if not self.training:
            super().compare(result)
            return
        self._compare_present(result)
        self._compare_absent(result)

    def _compare_present(self, result: Verification) -> None:
        tested = {s.name for s in result.sequences if s.subset == "test"}
        tested.update(self.testing)
        for facts in result.sequences:
            if facts.subset == "test":
                continue
            location = str(result.folder / facts.subset / facts.name)
            if facts.name in tested:
                what = f"is a test sequence in {facts.subset}/: it would be trained on"
                result.add([Fault(location, what)])
            length = self.training.get(facts.name)
            if length is not None and facts.frames > length:
                what = (
                    f"has {facts.frames} frames in seqinfo.ini, as published {length}"
                )
                result.add([Fault(f"{location}/seqinfo.ini", what)])

    def _compare_absent(self, result: Verification) -> None:
        there = {s.name: s for s in result.sequences if s.subset == "train"}
        absent = [name for name in self.training if name not in there]
        if absent:
            listed = ", ".join(absent)
            result.missing.append(f"training sequences, {self.training_use}: {listed}")
        for facts in there.values():
            length = self.training.get(facts.name) or 0
            if facts.frames < length:
                result.missing.append(
                    f"{length - facts.frames} of the {length} frames of {facts.name}"
                )
        unseen = [name for name, facts in there.items() if not facts.pictures]
        if unseen:
            count = f"{len(unseen)} training sequences"
            result.missing.append(f"pictures of {count}, {self.training_use}")
        if not any(s.subset == "test" for s in result.sequences):
            result.missing.append(f"test sequences, {self.testing_use}")

    def _owner_name(self, folder: Path) -> str | None:
        found = dataset_registry.owner(folder)
        return found.name if found else None


def _try_sequence(folder: Path) -> Sequence | Fault:
    try:
        return open_sequence(folder)
    except InputError as error:
        return Fault(str(folder), str(error).rstrip("."))
