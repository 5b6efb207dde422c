"""SynthMOT: a synthetic street, made on the spot (``cstrack_bench.synthmot``).

Its component stands for what is rendered (``synthmot.generate``).
"""

import collections.abc as abc
import dataclasses
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.datasets import dataset_registry
from cstrack_bench.datasets.dataset import Parts
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.datasets.motchallenge import MotChallengeDataset
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.synthmot.generate import (
    COMPONENT,
    SUBSETS,
    SynthSpec,
    make_synthmot,
    sequence_seeds,
)

#: Its own splits: train/ against test/, on which verdicts are given, and train/ against
#: tune/, on which settings are chosen.
SUBSET_OF_SPLIT = {"folders": "test", "tune": "tune"}
RULES = EvaluationRules("synthmot", "MOT17")


@dataclass(frozen=True, kw_only=True, eq=False)
class SynthMot(MotChallengeDataset):
    """SynthMOT as it lies there, or made from a specification.

    Attributes:
        spec: of its world; without one, it is read where it was made before.
    """

    spec: SynthSpec | None = None

    is_generated = True

    @property
    def label(self) -> str:
        """A synthetic world has its seed in it."""
        return self.name if self.spec is None else f"{self.name} seed {self.spec.seed}"

    def made_from(self, synth: SynthSpec) -> "SynthMot":
        """This data set, to be made where it is not there."""
        return dataclasses.replace(self, spec=synth)

    def video(self, sequence: str) -> str:
        """Worlds of different seeds have nothing in common."""
        return f"{self.label}/{sequence}"

    def find(self, root: Path) -> Path:
        """Its folder, with what it trains on made if need be.

        Without a specification it may lie one level deeper, in a folder named by its
        settings, if there is only one.
        """
        return self._made(root, ("train",))

    def _made(self, root: Path, subsets: abc.Collection[str]) -> Path:
        """Its folder, with subsets made where there is a specification."""
        if self.spec is None:
            return super().find(root)
        if self.spec.train_sequences == 0:
            raise InputError(f"{self.label} is empty: synth.train_sequences is 0.")
        return make_synthmot(root / self.name, self.spec, subsets)

    def candidates(self, root: Path, named: abc.Iterable[Path]) -> abc.Iterable[Path]:
        """Each folder, and what lies in it."""
        for folder in (*named, root):
            yield folder
            yield from self._worlds(folder)

    def sequences(self, folder: Path, subset: str) -> list[Sequence]:
        """Those of its specification; a longer world may lie in the same folder."""
        found = super().sequences(folder, subset)
        if self.spec is None:
            return found
        named = sequence_seeds(self.spec, (subset,)) if subset in SUBSETS else {}
        return [s for s in found if f"{subset}/{s.name}" in named]

    def parts(self, root: Path, split: str, pattern: str = "*") -> Parts:
        """All of train/ against test/ or tune/.

        Raises:
            InputError: a split that cuts sequences; those of a made world are whole.
        """
        if split not in SUBSET_OF_SPLIT:
            hint = nearest(split, SUBSET_OF_SPLIT)
            raise InputError(f"{self.label} has no split {split!r}: {hint}.")
        held_out = SUBSET_OF_SPLIT[split]
        folder = self._made(root, ("train", held_out))
        train, val = (self.sequences(folder, subset) for subset in ("train", held_out))
        return Parts(self.name, RULES, split, train, val)

    def planned_images(self, step: int = 1) -> int | None:
        """Frames of its training sequences."""
        if self.spec is None:
            return None
        return self.spec.train_sequences * -(-self.spec.config.frames // step)

    def mending(self, folder: Path) -> str:
        """It is made again."""
        return f"rm -r {folder} && cstrack reproduce table2 --profile twin"

    def _worlds(self, folder: Path) -> list[Path]:
        inner = sorted(
            entry
            for entry in folder.iterdir()
            if entry.is_dir() and dataset_registry.has_subset(entry)
        )
        inner = [entry for entry in inner if self._owner_name(entry) == self.name]
        if len(inner) > 1:
            listed = ", ".join(str(entry) for entry in inner)
            raise InputError(
                f"{folder} holds several SynthMOTs; give one of them as --data: "
                f"{listed}."
            )
        return inner


DATASET = SynthMot(
    name="synthmot",
    component=COMPONENT,
    rules=RULES,
    default_subset="test",
    sequence_names="SYN-",
)
