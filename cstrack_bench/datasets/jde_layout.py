"""JDE's layout: data sets of images/, labels_with_ids/ and lists of pictures."""

import collections.abc as abc
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.datasets.catalogue_item import CatalogueItem, RemoteFile
from cstrack_bench.datasets.dataset import SUBSETS, Dataset, DatasetAbsentError
from cstrack_bench.datasets.folder_moves import unwrap
from cstrack_bench.datasets.jde_normalise import lift_pairs, write_lists
from cstrack_bench.errors import InputError
from cstrack_bench.formats.jde_lists import (
    IMAGES,
    LABELS,
    LISTS,
    ImageList,
    PublishedList,
    find_list,
    list_folders,
    open_image_list,
)
from cstrack_bench.verification.faults import Fault
from cstrack_bench.verification.findings import Measure, Verification
from cstrack_bench.verification.list_checks import check_lists

#: The published lists of all these data sets, which lie beside them.
IMAGE_LISTS = CatalogueItem(
    name="image-lists",
    title="the lists of training images, as JDE publishes them",
    licence="MIT",
    page="https://github.com/Zhongdao/Towards-Realtime-MOT",
    use="which pictures of the mixes are trained on (Caltech's differs from CSTrack's)",
    tables=(1, 4, 6, 7),
    folder=LISTS,
    holds=("*.train",),
    ways=(
        (
            RemoteFile(
                "image_lists.zip",
                ("https://bj.bcebos.com/v1/paddledet/data/mot/image_lists.zip",),
            ),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class JdeDataset(Dataset):
    """A data set of images in JDE's layout.

    Attributes:
        lists: what its lists of images hold as published.
        never: regular expression that the path of a picture matches which is tested on,
            or shows what is tested on; None where there is none.
        raw: patterns of files as they are published, before they are normalised.
    """

    lists: tuple[PublishedList, ...] = ()
    never: str | None = None
    raw: tuple[str, ...] = ()

    has_lists = True

    def find(self, root: Path) -> Path:
        """Its folder, in this layout where there is one, else as it was published."""
        named = self.folders_of_its_name(root) if root.is_dir() else []
        for folder in named:
            if self.has_layout(folder):
                return folder
        if named:
            return named[0]
        raise self.not_found(root, named)

    def has_layout(self, folder: Path) -> bool:
        """Whether it has images and labels."""
        return (folder / IMAGES).is_dir() and (folder / LABELS).is_dir()

    def owns(self, folder: Path) -> bool:
        """Whether a folder is called like it and holds no sequences."""
        return super().owns(folder) and not any(
            (folder / subset).is_dir() for subset in SUBSETS
        )

    def not_found(self, root: Path, named: abc.Sequence[Path]) -> InputError:
        """What there is, and what fetches it."""
        below = [e.name for e in root.iterdir() if e.is_dir()] if root.is_dir() else []
        there = ", ".join(sorted(below)) or "nothing"
        mend = f"; cstrack download {self.name} fetches it" if self.entry else ""
        return DatasetAbsentError(
            f"No {self.name} under {root} (there: {there}); expected "
            f"{root / self.name} with {IMAGES}/ and {LABELS}/{mend}."
        )

    def inventory(self, folder: Path) -> dict[str, int]:
        """How many images are trained on."""
        return {"images": len(self._open(folder, ()))}

    def images(self, root: Path, lists: abc.Sequence[str] = ()) -> ImageList:
        """Its images.

        Args:
            root: folder of the data sets.
            lists: names of lists that name them; its training list by default, and
                where that is not there every picture with a label file.

        Raises:
            InputError: no such data set or list, or an empty one.
        """
        return self._open(self.find(root), lists)

    def training_sources(
        self, root: Path, pattern: str, lists: abc.Sequence[str]
    ) -> tuple[ImageList]:
        """Its images; ``pattern`` is not used."""
        return (self.images(root, lists),)

    def rearrange(self, folder: Path) -> list[str]:
        """Unwrap, gather pictures and labels, and write the lists."""
        done = unwrap(folder) + lift_pairs(folder, self.folder_names)
        return done + write_lists(folder, self.name, self.lists)

    def verify(
        self,
        folder: Path,
        every_picture: bool = False,
        measure: Measure | None = None,
    ) -> Verification:
        """Check lists, labels and pictures; there is nothing to measure."""
        result = Verification(self.name, folder, self.mending(folder), scored=False)
        self.check_published(result)
        if self.has_layout(folder):
            check_lists(result, self.lists, self.never, every_picture)
            return result
        known = (IMAGES, LABELS, "Images", *self.raw)
        if any(next(folder.rglob(pattern), None) for pattern in known):
            result.missing.append(
                f"{IMAGES}/ and {LABELS}/ beside each other: cstrack download "
                f"{self.name} makes them of what is there"
            )
        else:
            what = f"holds neither {IMAGES}/ nor {LABELS}/"
            result.add([Fault(str(folder), what)])
        return result

    def check_published(self, result: Verification) -> None:
        """Check what it has beside images and labels; by default nothing."""

    def _open(self, folder: Path, lists: abc.Sequence[str]) -> ImageList:
        if not self.has_layout(folder):
            raise InputError(
                f"{folder} lacks {IMAGES}/ or {LABELS}/ (rows: class id xc yc w h)."
            )
        if not lists:
            usual = find_list(folder, *(f"{name}.train" for name in self.folder_names))
            return open_image_list(self.name, folder, [usual] if usual else [])
        files = [_listed(folder, name) for name in lists]
        return open_image_list(self.name, folder, files)


def _listed(folder: Path, name: str) -> Path:
    found = find_list(folder, name)
    if found is None:
        folders = ", ".join(map(str, list_folders(folder)))
        raise InputError(f"No list {name!r} in {folders}.")
    return found
