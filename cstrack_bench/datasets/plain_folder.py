"""A folder of any name in MOTChallenge's layout, or in a mix in JDE's."""

import collections.abc as abc
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.components import Component
from cstrack_bench.datasets import dataset_registry
from cstrack_bench.datasets.jde_layout import JdeDataset
from cstrack_bench.datasets.motchallenge import MotChallengeDataset
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.formats.jde_lists import LABELS, ImageList
from cstrack_bench.verification.findings import Measure, Verification

COMPONENT = Component("dataset folder", 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class PlainFolder(MotChallengeDataset):
    """A data set of which only the name of its folder is known.

    Its evaluation rules are those that the classes in its ground truth ask for.
    """

    component: Component = COMPONENT

    has_lists = True

    def not_found(self, root: Path, named: abc.Sequence[Path]) -> InputError:
        """The name may be a misspelt one."""
        error = super().not_found(root, named)
        hint = nearest(self.name, dataset_registry.dataset_names())
        return type(error)(f"{str(error).rstrip('.')}; {hint}.")

    def training_sources(
        self, root: Path, pattern: str, lists: abc.Sequence[str]
    ) -> tuple[ImageList]:
        """Its labelled images, in JDE's layout."""
        return (self._images.images(root, lists),)

    def rearrange(self, folder: Path) -> list[str]:
        """It is left as it is."""
        return []

    def verify(
        self,
        folder: Path,
        every_picture: bool = False,
        measure: Measure | None = None,
    ) -> Verification:
        """Check it by the layout that it has."""
        if (folder / LABELS).is_dir() and not dataset_registry.has_subset(folder):
            return self._images.verify(folder, every_picture)
        return super().verify(folder, every_picture, measure)

    @property
    def _images(self) -> JdeDataset:
        return JdeDataset(name=self.name, component=self.component)


#: What ``dataset_registry`` makes of a name that no module declares.
FALLBACK = PlainFolder
