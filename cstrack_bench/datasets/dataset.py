"""A data set as one object: how it is found, read, normalised, verified and evaluated.

Each data set of this package is one file of this folder that declares ``DATASET``; one
of a user's is such a file anywhere (docs/examples/my_dataset.py). Code that needs a
data set asks ``registry.find_dataset`` for the object and never compares its name.
"""

import collections.abc as abc
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.datasets.splits import Split
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.formats.names import simple_name
from cstrack_bench.formats.sequences import FrameSource, Sequence
from cstrack_bench.synthmot.generate import SynthSpec
from cstrack_bench.verification.findings import Measure, Verification

#: Folders of sequences; tune is SynthMOT's, the sequences that settings are chosen on.
SUBSETS = ("train", "val", "tune", "test")


class DatasetAbsentError(InputError):
    """Nothing of a data set lies where it was looked for."""


@dataclass(frozen=True)
class Parts:
    """What of one data set is trained on and tested on.

    Attributes:
        name: what records call the data.
        rules: by which results on it are evaluated.
        split: its name.
        train: parts of sequences.
        val: parts of sequences.
    """

    name: str
    rules: EvaluationRules
    split: str
    train: list[Sequence]
    val: list[Sequence]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset(ABC):
    """A data set: of sequences (``SequenceDataset``), or of images that only train.

    Attributes:
        name: as it is typed.
        component: stands for how its ground truth is read; its version is raised where
            the same files would give other numbers.
        rules: by which results on it are evaluated; None where its ground truth tells.
        entry: how it is downloaded, if it can be.
        splits: that it brings beside those of any data set.
        default_subset: the subset that results are evaluated on.
    """

    name: str
    component: Component
    rules: EvaluationRules | None = None
    entry: CatalogueItem | None = None
    splits: tuple[Split, ...] = ()
    default_subset: str = "train"

    #: Whether it is made on the spot, from a specification, and never absent.
    is_generated: ClassVar[bool] = False
    #: Whether lists of images choose what a mix trains on, and not names of sequences.
    has_lists: ClassVar[bool] = False

    # What it is called.

    @property
    def label(self) -> str:
        """What messages and records call it as a part of a mix."""
        return self.name

    @property
    def folder_names(self) -> tuple[str, ...]:
        """What its folder may be called, without case and hyphens."""
        return self.entry.simple_names if self.entry else (simple_name(self.name),)

    def names_sequence(self, name: str) -> bool:
        """Whether a sequence's name tells that it is of this data set."""
        return False

    def video(self, sequence: str) -> str:
        """A name for the pictures of a sequence, equal in all data sets that have them.

        Args:
            sequence: its name.
        """
        return sequence

    def made_from(self, synth: SynthSpec) -> "Dataset":
        """This data set with a synthetic world; itself where it is not made."""
        return self

    # Where it lies.

    def find(self, root: Path) -> Path:
        """Its folder: ROOT/NAME in any case, or ROOT itself.

        Args:
            root: the value of ``--data``.

        Raises:
            DatasetAbsentError: nothing of it is there.
            InputError: what is there cannot be it, or is it more than once.
        """
        if not root.is_dir():
            raise DatasetAbsentError(
                f"No folder {root} to look for {self.name} in; set --data or "
                "CSTRACK_DATA."
            )
        named = self.folders_of_its_name(root)
        for folder in self.candidates(root, named):
            if self.has_layout(folder):
                return folder
        raise self.not_found(root, named)

    def folders_of_its_name(self, root: Path) -> list[Path]:
        """The folders in a root that are called like it, the exact name first."""
        found = [
            entry
            for entry in root.iterdir()
            if entry.is_dir() and simple_name(entry.name) in self.folder_names
        ]
        # On a case-sensitive disk there may be several.
        return sorted(found, key=lambda entry: (entry.name != self.name, entry.name))

    def candidates(self, root: Path, named: abc.Iterable[Path]) -> abc.Iterable[Path]:
        """The folders that it may lie in, in the order of trying.

        Args:
            root: the value of ``--data``.
            named: folders in it that are called like the data set.
        """
        return (*named, root)

    def has_layout(self, folder: Path) -> bool:
        """Whether a folder can be its own; by default one that is called like it."""
        return simple_name(folder.resolve().name) in self.folder_names

    def owns(self, folder: Path) -> bool:
        """Whether a folder that was named by its path is its own for certain."""
        return simple_name(folder.resolve().name) in self.folder_names

    def not_found(self, root: Path, named: abc.Sequence[Path]) -> InputError:
        """What to say where no folder has its layout.

        Args:
            root: the value of ``--data``.
            named: folders in it that are called like the data set.
        """
        return DatasetAbsentError(
            f"No {self.name} under {root}: expected the folder {root / self.name}; set "
            "--data or CSTRACK_DATA."
        )

    @abstractmethod
    def inventory(self, folder: Path) -> dict[str, int]:
        """How much of what there is in its folder, such as sequences or images.

        Raises:
            InputError: a file that is not what it should be (named).
        """

    # How it is read.

    def sequences(self, folder: Path, subset: str) -> list[Sequence]:
        """Its sequences, in the order in which they are trained on.

        Args:
            folder: its own, as ``find`` returns it.
            subset: train, val or test.

        Returns:
            None of them where it has no such subset.

        Raises:
            InputError: a file that is not what it should be (named), or it has images
                without order.
        """
        raise InputError(
            f"{self.name} has images, not sequences: it is trained on in a mix "
            "(data.mix), and nothing can be tracked or evaluated on it."
        )

    def open(self, root: Path, subset: str = "train") -> list[Sequence]:
        """Its sequences below a root.

        Raises:
            InputError: it is not there, has no such subset, or cannot be read.
        """
        folder = self.find(root)
        found = self.sequences(folder, subset)
        if not found:
            raise InputError(f"{folder} has no {subset} sequences of {self.name}.")
        return found

    def parts(self, root: Path, split: str, pattern: str = "*") -> Parts:
        """Its sequences, divided into those to train on and those to test on.

        Args:
            root: folder of the data sets.
            split: a name of ``splits.SPLITS``, or one that the data set brings.
            pattern: shell pattern of the sequences to use.

        Raises:
            InputError: it is not there, has no images, no ground truth or no such part.
        """
        raise InputError(
            f"{self.name} has images, not sequences: train on it in a mix (data.mix)."
        )

    @abstractmethod
    def training_sources(
        self, root: Path, pattern: str, lists: abc.Sequence[str]
    ) -> abc.Sequence[FrameSource]:
        """What of it a mix trains on.

        Args:
            root: folder of the data sets.
            pattern: shell pattern of the sequences to use.
            lists: names of the lists of images to use; its training list by default.

        Raises:
            InputError: it is not there, or nothing of it is called so.
        """

    def planned_images(self, step: int = 1) -> int | None:
        """Training images that making it would give; None where it is not made.

        Args:
            step: every how many frames one is used.
        """
        return None

    # How it is evaluated.

    def rules_for(self, sequences: abc.Iterable[Sequence]) -> EvaluationRules:
        """The rules by which results on some of its sequences are evaluated.

        Raises:
            InputError: there are none, or more than one.
        """
        if self.rules is None:
            raise InputError(f"{self.name} has no evaluation rules.")
        return self.rules

    # How it is normalised.

    def normalise(self, folder: Path) -> list[str]:
        """Bring what was published and unpacked into the layout that is read here.

        Files are moved, not copied, and a second call finds nothing to do.

        Args:
            folder: its own; its archives were unpacked into it.

        Returns:
            What was done, as sentences; none where nothing was to do.

        Raises:
            InputError: its files are not what they should be (named).
            CstrackError: the file system refused.
        """
        if not folder.is_dir():
            raise InputError(f"No such folder: {folder}.")
        try:
            return self.rearrange(folder)
        except OSError as error:
            reason = error.strerror or error
            raise CstrackError(f"Cannot normalise {folder}: {reason}.") from error

    def rearrange(self, folder: Path) -> list[str]:
        """The work of ``normalise``; by default the published layout is read as it is.

        Returns:
            What was done, as sentences.
        """
        return []

    # How it is verified.

    @abstractmethod
    def verify(
        self,
        folder: Path,
        every_picture: bool = False,
        measure: Measure | None = None,
    ) -> Verification:
        """Check layout, pictures, annotations and splits.

        Args:
            folder: its own.
            every_picture: decode all pictures, not a sample.
            measure: called with the sequences whose ground truth is sound.

        Returns:
            What was found; it never raises for bad content.
        """

    def mending(self, folder: Path) -> str:
        """The command that brings the data set back as it was published."""
        if self.entry is None:
            return f"restore {folder} from where it came, then cstrack verify {folder}"
        return f"cstrack download {self.name} --fresh --data {folder.parent}"
