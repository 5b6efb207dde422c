"""CrowdHuman: pictures of crowds, whose annotations are odgt files.

As published it is ``Images/`` and an odgt file for each part (``formats.odgt``). No
person has an identity that holds from one picture to another. The mixes of the paper
train on full boxes without identity (docs/reference.md#mixes); the other convention
gives every box its own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from cstrack_bench import console
from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected, RemoteFile
from cstrack_bench.datasets.folder_moves import merge, unwrap
from cstrack_bench.datasets.jde_layout import JdeDataset
from cstrack_bench.datasets.jde_normalise import lift_pairs, write_lists
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.files import write_text
from cstrack_bench.formats.frames import picture_size
from cstrack_bench.formats.jde_lists import IMAGES, LABELS, PublishedList
from cstrack_bench.formats.odgt import CrowdImage, picture_of, read_odgt
from cstrack_bench.verification.faults import Fault
from cstrack_bench.verification.findings import Verification
from cstrack_bench.verification.label_checks import LabelCount
from cstrack_bench.verification.odgt_checks import check_odgt

COMPONENT = Component("dataset crowdhuman", 2)
#: Subset -> file of its annotations.
ODGT = {"train": "annotation_train.odgt", "val": "annotation_val.odgt"}
_PUBLISHED_IMAGES = "Images"
#: ``none``: every person has id -1. ``unique``: every box is a person of its own.
Identities = Literal["none", "unique"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CrowdHuman(JdeDataset):
    """CrowdHuman, whose labels are written from its odgt files.

    Attributes:
        identities: of its boxes.
    """

    identities: Identities = "none"

    def __post_init__(self) -> None:
        """Check the convention.

        Raises:
            InputError: one that is none.
        """
        if self.identities not in get_args(Identities):
            hint = nearest(self.identities, get_args(Identities))
            raise InputError(
                f"No identities {self.identities!r} of CrowdHuman: {hint}."
            )

    def rearrange(self, folder: Path) -> list[str]:
        """Beside what is done to any such data set, labels and lists are written."""
        done = unwrap(folder) + self._write_labels(folder)
        done += lift_pairs(folder, self.folder_names)
        return done + write_lists(folder, self.name, self.lists)

    def _write_labels(self, folder: Path) -> list[str]:
        """``Images/`` becomes ``images/``; odgt files become labels and lists."""
        done = []
        published, images = folder / _PUBLISHED_IMAGES, folder / IMAGES
        if published.is_dir() and not _same(published, images):
            merge(published, images)
            done.append(f"moved {_PUBLISHED_IMAGES}/ to {IMAGES}/")
        first = 1
        for subset, name in ODGT.items():
            listing = folder / f"{self.name}.{subset}"
            if not (folder / name).is_file() or not images.is_dir():
                continue
            entries = list(read_odgt(folder / name))
            if not listing.is_file():
                paths, number = [], first
                with console.progress() as bar:
                    for entry in bar.track(entries, description=f"labels of {name}"):
                        picture = picture_of(images, subset, entry.name)
                        size = picture_size(picture)
                        rows = label_rows(entry, size, self.identities, number)
                        path = picture.relative_to(images)
                        write_text((folder / LABELS / path).with_suffix(".txt"), rows)
                        paths.append(f"{self.name}/{IMAGES}/{path.as_posix()}\n")
                        number += len(entry.boxes)
                # The list last: it says that the labels are whole.
                write_text(listing, "".join(paths))
                done.append(f"wrote labels of {len(entries)} pictures from {name}")
            first += sum(len(entry.boxes) for entry in entries)
        return done

    def check_published(self, result: Verification) -> None:
        """Check its own annotations, whatever the folder of its pictures is called."""
        folder = result.folder
        has_images = (folder / IMAGES).is_dir()
        images = folder / (IMAGES if has_images else _PUBLISHED_IMAGES)
        count = LabelCount()
        names: dict[str, str] = {}
        published = {row.name: row.images for row in self.lists}
        for subset, file in ODGT.items():
            if not (folder / file).is_file():
                result.missing.append(f"{file}, the annotations of its {subset} part")
                continue
            faults, pictures = check_odgt(folder / file, subset, images, count, names)
            result.add(faults)
            most = published[f"{self.name}.{subset}"]
            if pictures > most:
                what = f"has {pictures:,} pictures; as published it has {most:,}"
                result.add([Fault(str(folder / file), what)])
        faults, remarks = count.judge()
        result.add(faults)
        result.remarks.extend(remarks)


def label_rows(
    image: CrowdImage, size: tuple[int, int], identities: Identities, first: int
) -> str:
    """A picture's label file in JDE's layout: ``class id xc yc w h`` a person.

    Args:
        image: its boxes.
        size: width, height of the picture.
        identities: of its boxes.
        first: id of the first box where each is a person of its own.
    """
    rows = []
    for number, (left, top, width, height) in enumerate(image.boxes.tolist()):
        identity = first + number if identities == "unique" else -1
        numbers = (
            (left + width / 2) / size[0],
            (top + height / 2) / size[1],
            width / size[0],
            height / size[1],
        )
        rows.append(f"0 {identity} " + " ".join(f"{n:.6f}" for n in numbers) + "\n")
    return "".join(rows)


def _same(one: Path, other: Path) -> bool:
    """Whether both are one folder, as on a disk that ignores case."""
    return other.exists() and one.samefile(other)


def _archive(name: str, identity: str) -> RemoteFile:
    return RemoteFile(name, (f"drive:{identity}",))


DATASET = CrowdHuman(
    name="crowdhuman",
    component=COMPONENT,
    # Its validation part is trained on in B.
    lists=(
        PublishedList("crowdhuman.train", 15000, "(^|/)train/", mixes=("B",)),
        PublishedList("crowdhuman.val", 4370, "(^|/)val/", mixes=("B",)),
    ),
    raw=tuple(ODGT.values()),
    entry=CatalogueItem(
        name="crowdhuman",
        title="CrowdHuman",
        licence="non-commercial research, terms on its page",
        page="https://www.crowdhuman.org/",
        use="training of detection, mix B",
        tables=(4, 6, 7),
        # Both parts; 740K − 270K boxes, the difference of B and M in print.
        expects=Expected(images=19370, boxes="470K", identities=0),
        holds=(IMAGES, LABELS, *ODGT.values()),
        ways=(
            (
                _archive("CrowdHuman_train01.zip", "134QOvaatwKdy0iIeNqA_p-xkAhkV4F8Y"),
                _archive("CrowdHuman_train02.zip", "17evzPh7gc1JBNvnW1ENXLy5Kr4Q_Nnla"),
                _archive("CrowdHuman_train03.zip", "1tdp0UCgxrqy1B6p8LkR-Iy0aIJ8l4fJW"),
                _archive("CrowdHuman_val.zip", "18jFI789CoHTppQ7vmRSFEdnGaSQZ4YzO"),
                _archive(ODGT["train"], "1UUTea5mYqvlUObsC1Z8CFldHJAtLtMX3"),
                _archive(ODGT["val"], "10WIRwu8ju8GRLuCkZ_vT6hnNxs5ptwoL"),
            ),
        ),
    ),
)
