"""``local``: every MOT sequence with images and ground truth below a root."""

from dataclasses import dataclass, replace
from pathlib import Path

from cstrack_bench.components import Component
from cstrack_bench.datasets import dataset_registry
from cstrack_bench.datasets.dataset import DatasetAbsentError, Parts
from cstrack_bench.datasets.motchallenge import MotChallengeDataset
from cstrack_bench.formats.sequences import Sequence, list_sequences
from cstrack_bench.verification.faults import Fault

COMPONENT = Component("dataset local", 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalSequences(MotChallengeDataset):
    """What lies in the training parts of all folders at and just below a root.

    Its evaluation rules are those that the classes in their ground truth ask for.
    """

    def find(self, root: Path) -> Path:
        """The root itself."""
        if not root.is_dir():
            raise DatasetAbsentError(
                f"The data folder {root} does not exist; name one with --data."
            )
        return root

    def owns(self, folder: Path) -> bool:
        """No folder is called so."""
        return False

    def sequences(self, folder: Path, subset: str) -> list[Sequence]:
        """Those of all folders, sorted by name; of equal names the first."""
        found: dict[str, Sequence] = {}
        for dataset in _folders(folder, subset):
            for sequence in list_sequences(dataset, subset):
                if sequence.has_images and sequence.annotations() is not None:
                    found.setdefault(sequence.name, sequence)
        if not found and subset == "train":
            raise DatasetAbsentError(
                f"No MOT sequence with images and ground truth lies under {folder} "
                "(expected train/NAME/img1, gt/gt.txt and seqinfo.ini); name another "
                "folder with --data."
            )
        return [found[name] for name in sorted(found)]

    def parts(self, root: Path, split: str, pattern: str = "*") -> Parts:
        """Their parts; records call the data by the names of the sequences."""
        found = super().parts(root, split, pattern)
        return replace(found, name="+".join(s.name for s in found.train))

    def try_sequences(self, folder: Path) -> list[tuple[str, Sequence | Fault]]:
        """Those of all folders."""
        every = (
            super(LocalSequences, self).try_sequences(found)
            for found in _folders(folder, "train")
        )
        return [
            (subset, entry)
            for found in every
            for subset, entry in found
            if subset == "train"
        ]


def _folders(root: Path, subset: str) -> list[Path]:
    """The root and the folders in it that have such a subset, but no made ones."""
    below = sorted(entry for entry in root.iterdir() if entry.is_dir())
    made = [d for d in dataset_registry.built_in_datasets().values() if d.is_generated]
    return [
        folder
        for folder in (root, *below)
        if (folder / subset).is_dir() and not any(d.name == folder.name for d in made)
    ]


DATASET = LocalSequences(name="local", component=COMPONENT)
