"""Caltech Pedestrians: films of six sets, with labels in JDE's form.

The labels are one file for each picture with people, ``set00_V000_12.txt`` or
``set00/V000/12.txt``: set, film, picture from 0. The films ``set00/V000.seq`` come as
they were published.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench import console
from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected, RemoteFile
from cstrack_bench.datasets.folder_moves import unwrap
from cstrack_bench.datasets.jde_layout import JdeDataset
from cstrack_bench.datasets.jde_normalise import lift_pairs, write_lists
from cstrack_bench.formats.frames import PICTURE_SUFFIXES
from cstrack_bench.formats.jde_lists import IMAGES, LABELS, PublishedList
from cstrack_bench.formats.seq_films import extract_pictures

COMPONENT = Component("dataset caltech", 2)
_LABEL = re.compile(r"(set\d\d)\D+(V\d\d\d)\D+(\d+)$")
_PAGE = "https://www.vision.caltech.edu/Image_Datasets/CaltechPedestrians/"
_SETS = tuple(f"set{number:02}" for number in range(6))


@dataclass(frozen=True, kw_only=True, eq=False)
class Caltech(JdeDataset):
    """Caltech, whose pictures are taken out of its films."""

    def rearrange(self, folder: Path) -> list[str]:
        """Beside what is done to any such data set, pictures are written."""
        done = unwrap(folder) + lift_pairs(folder, self.folder_names)
        done += _extract(folder)
        return done + write_lists(folder, self.name, self.lists)


def _extract(folder: Path) -> list[str]:
    """Take the pictures that have labels out of the films."""
    films = {(f.parent.name, f.stem): f for f in folder.rglob("*.seq")}
    labels = folder / LABELS
    if not films or not labels.is_dir():
        return []
    wanted: dict[Path, dict[int, Path]] = {}
    for label in sorted(labels.rglob("*.txt")):
        stem = label.relative_to(labels).with_suffix("").as_posix()
        found = _LABEL.search(stem)
        film = films.get((found[1], found[2])) if found else None
        if found and film:
            picture = folder / IMAGES / f"{stem}.jpg"
            others = PICTURE_SUFFIXES - {".jpg"}
            if not any(picture.with_suffix(s).is_file() for s in others):
                wanted.setdefault(film, {})[int(found[3])] = picture
    with console.progress() as bar:
        tasks = bar.track(wanted.items(), description="pictures of films")
        written = sum(extract_pictures(film, pictures) for film, pictures in tasks)
    return [f"took {written} pictures out of {len(wanted)} films"] if written else []


DATASET = Caltech(
    name="caltech",
    component=COMPONENT,
    lists=(
        PublishedList("caltech.train", 26729, "set0[0-5]", True, ("M", "B")),
        PublishedList("caltech.val", 29905),
        PublishedList("caltech.10k.val", 9998),
    ),
    # Its test sets.
    never="(^|/)set(0[6-9]|10)",
    raw=("*.seq",),
    entry=CatalogueItem(
        name="caltech",
        title="Caltech Pedestrians",
        licence="terms on its page",
        page=_PAGE,
        use="training, mixes M and B",
        tables=(1, 4, 6, 7),
        expects=Expected(images=26729, boxes="46K", identities="0.6K"),
        holds=(IMAGES, LABELS),
        ways=(
            # The films of the training sets, and the labels in JDE's form.
            (
                RemoteFile(
                    "caltech_labels.zip", ("drive:1h8vxl_6tgi9QVYoer9XcY9YwNB32TE5k",)
                ),
                *(
                    RemoteFile(f"{name}.tar", (f"{_PAGE}datasets/USA/{name}.tar",))
                    for name in _SETS
                ),
            ),
            # Pictures and labels together.
            (
                RemoteFile(
                    "Caltech.zip",
                    ("https://bj.bcebos.com/v1/paddledet/data/mot/Caltech.zip",),
                ),
            ),
        ),
    ),
)
