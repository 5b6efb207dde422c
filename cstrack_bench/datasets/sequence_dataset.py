"""Data sets of sequences: opened, divided into parts, and verified."""

import collections.abc as abc
from abc import abstractmethod
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cstrack_bench import console
from cstrack_bench.datasets.dataset import SUBSETS, Dataset, Parts
from cstrack_bench.datasets.evaluation_rules import EvaluationRules, rules_by_classes
from cstrack_bench.datasets.splits import (
    FOLDERS,
    SPLITS,
    split_hash,
    split_sequences,
)
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import FrameSource, Sequence
from cstrack_bench.verification.annotation_checks import Findings, check_annotations
from cstrack_bench.verification.faults import Fault, fault_of
from cstrack_bench.verification.findings import (
    Measure,
    SequenceFacts,
    SplitFacts,
    Verification,
)
from cstrack_bench.verification.picture_checks import check_ordered_frames


@dataclass(frozen=True, kw_only=True, eq=False)
class SequenceDataset(Dataset):
    """A data set of sequences; a subclass says at least where they come from."""

    @abstractmethod
    def sequences(self, folder: Path, subset: str) -> list[Sequence]:
        """Its sequences, in the order in which they are trained on.

        Args:
            folder: its own, as ``find`` returns it.
            subset: one of ``SUBSETS``.

        Returns:
            None of them where it has no such subset.

        Raises:
            InputError: a file that is not what it should be (named).
        """

    def inventory(self, folder: Path) -> dict[str, int]:
        """How many sequences there are, with pictures, and with ground truth."""
        found = [s for subset in SUBSETS for s in self.sequences(folder, subset)]
        return {
            "sequences": len(found),
            "with_pictures": sum(s.has_images for s in found),
            "with_ground_truth": sum(s.annotation_file.exists() for s in found),
        }

    def parts(self, root: Path, split: str, pattern: str = "*") -> Parts:
        """Its training sequences, cut as a split says, or all of train/ and of val/."""
        chosen = self._usable(root, "train", pattern)
        if split == FOLDERS:
            val = self._usable(root, "val", pattern)
            rules = self.rules_for([*chosen, *val])
            return Parts(self.name, rules, split, chosen, val)
        train, val = split_sequences(chosen, split, self.splits)
        return Parts(self.name, self.rules_for(chosen), split, train, val)

    def _usable(self, root: Path, subset: str, pattern: str) -> list[Sequence]:
        """The sequences of a subset that are called so, all of them with images and
        ground truth."""
        found = self.open(root, subset)
        chosen = [s for s in found if fnmatchcase(s.name, pattern)]
        if not chosen:
            raise InputError(
                f"No {subset} sequence of {self.name} under {root} is called "
                f"{pattern!r}."
            )
        lacking = [
            s.name for s in chosen if not s.has_images or s.annotations() is None
        ]
        if lacking:
            raise InputError(
                f"{self.name} under {root} has no images or no ground truth for "
                f"{', '.join(lacking)}."
            )
        return chosen

    def training_sources(
        self, root: Path, pattern: str, lists: abc.Sequence[str]
    ) -> abc.Sequence[FrameSource]:
        """Its training sequences whose names match; ``lists`` is not used."""
        found = self.open(root)
        chosen = [s for s in found if fnmatchcase(s.name, pattern)]
        if not chosen:
            raise InputError(
                f"The mix's part {self.label} is empty: none of its {len(found)} "
                f"sequences is called {pattern!r}."
            )
        return chosen

    def rules_for(self, sequences: abc.Iterable[Sequence]) -> EvaluationRules:
        """Its own rules; without any, those that the classes of sequences ask for."""
        return self.rules or rules_by_classes(sequences)

    def verify(
        self,
        folder: Path,
        every_picture: bool = False,
        measure: Measure | None = None,
    ) -> Verification:
        """Check each sequence, then all of them against what was published."""
        result = Verification(self.name, folder, self.mending(folder))
        found = self.try_sequences(folder)
        if not found:
            what = "holds no sequence in train/, val/, tune/ or test/"
            result.add([Fault(str(folder), what)])
        sound: dict[str, list[Sequence]] = {}
        with console.progress() as bar:
            words = f"verifying {self.name}"
            for subset, sequence in bar.track(found, description=words):
                if isinstance(sequence, Fault):
                    result.add([sequence])
                elif self._verify_sequence(result, subset, sequence, every_picture):
                    sound.setdefault(subset, []).append(sequence)
        # One subset after the other: both may have a sequence of the same name.
        for subset in SUBSETS:
            if measure is not None and sound.get(subset):
                result.add(measure(sound[subset]))
        # What has held-out sequences of its own is not cut.
        if sound.get("train") and not {"val", "tune"} & sound.keys():
            result.splits.update(self._cut(sound["train"]))
        self.compare(result)
        return result

    # Steps of verification that a subclass may do in its own way.

    def try_sequences(self, folder: Path) -> list[tuple[str, Sequence | Fault]]:
        """Subset and sequence of all that lies in its folder, or why it cannot be read.

        Args:
            folder: its own.
        """
        found: list[tuple[str, Sequence | Fault]] = []
        for subset in SUBSETS:
            try:
                found += [(subset, s) for s in self.sequences(folder, subset)]
            except InputError as error:
                found.append((subset, fault_of(error, folder)))
        return found

    def check_files(self, sequence: Sequence, every_picture: bool) -> list[Fault]:
        """What is wrong with a sequence's files beside its ground truth."""
        if not sequence.has_images:
            return []
        return check_ordered_frames(sequence, every_picture)

    def check_truth(self, sequence: Sequence) -> Findings:
        """What is wrong with a sequence's ground truth, and what is only unusual."""
        return check_annotations(sequence)

    def without_truth(self, sequence: Sequence) -> Fault:
        """What to say of a sequence that should have ground truth."""
        return Fault(str(sequence.annotation_file), "is absent")

    def compare(self, result: Verification) -> None:
        """Set what was found against what was published; adds what is missing."""
        unseen = [s.name for s in result.sequences if not s.pictures]
        if unseen:
            result.missing.append(f"pictures of {', '.join(unseen)}")

    def _verify_sequence(
        self, result: Verification, subset: str, sequence: Sequence, every: bool
    ) -> bool:
        """Check one sequence; whether it has ground truth without a fault."""
        faults = self.check_files(sequence, every)
        has_truth = sequence.annotation_file.exists()
        truth_faults: list[Fault] = []
        if has_truth:
            truth_faults, remarks = self.check_truth(sequence)
            result.remarks.extend(remarks)
        elif subset != "test":
            faults.append(self.without_truth(sequence))
        result.add([*faults, *truth_faults])
        sound = has_truth and not truth_faults
        truth = sequence.annotations() if sound else None
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
        return sound

    def _cut(self, sequences: list[Sequence]) -> dict[str, SplitFacts]:
        rows = {}
        for name in [split.name for split in self.splits] or SPLITS:
            try:
                train, val = split_sequences(sequences, name, self.splits)
            except InputError:
                continue
            frames = [sum(map(len, part)) for part in (train, val)]
            rows[name] = SplitFacts(split_hash(train), split_hash(val), *frames)
        return rows
