"""Images that are no videos: JDE's layout (docs/reference.md#labels).

A data set is a folder with ``images/`` and, beside it, ``labels_with_ids/`` of the same
tree: for each picture a text file with a row ``class id xc yc width height`` a person,
the box as fractions of the picture, id -1 for a person without identity. A list
(``NAME.train``) names the pictures to use, one path a line.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import PICTURE_SUFFIXES, picture_size, read_picture
from cstrack_bench.formats.jde_labels import read_persons
from cstrack_bench.formats.mot_files import PEDESTRIAN, Annotations
from cstrack_bench.formats.names import natural_key
from cstrack_bench.structures import Frame

IMAGES, LABELS = "images", "labels_with_ids"
#: Folder beside the data sets that holds lists of all of them.
LISTS = "image_lists"


@dataclass(frozen=True)
class PublishedList:
    """What one list of images holds as it was published.

    Attributes:
        name: of its file, such as caltech.train.
        images: how many it names.
        split: regular expression that the paths of its pictures match and no others;
            None where only the list itself can tell.
        official: whether this is not the list that is published under that name but
            CSTrack's own (docs/reference.md#image-lists), which goes by ``split``.
        mixes: of the paper's that train on it, such as M and B.
    """

    name: str
    images: int
    split: str | None = None
    official: bool = False
    mixes: tuple[str, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether it is trained on under its own name."""
        return self.name.endswith(".train")


@dataclass(frozen=True)
class ListLine:
    """One line of a list of images.

    Attributes:
        number: from 1.
        text: as it stands.
        path: of the picture, relative to ``images/``; None where the line does not
            name that folder.
        folders: those between the data set's own and ``images/``.
    """

    number: int
    text: str
    path: str | None
    folders: tuple[str, ...] = ()


def read_list(file: Path) -> list[ListLine]:
    """The lines of a list that are not blank.

    Raises:
        InputError: it cannot be read as text.
    """
    try:
        texts = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{file}: cannot be read as text.") from None
    lines = []
    for number, text in enumerate(texts, 1):
        parts = PurePosixPath(text.strip().replace("\\", "/")).parts
        if IMAGES in parts:
            at = parts.index(IMAGES)
            path = "/".join(parts[at + 1 :])
            lines.append(ListLine(number, text.strip(), path, parts[1:at]))
        elif parts:
            lines.append(ListLine(number, text.strip(), None))
    return lines


def list_folders(folder: Path) -> tuple[Path, ...]:
    """Where the lists of a data set may lie: in its folder, beside it, among others."""
    return folder, folder.parent, folder.parent / LISTS


def find_list(folder: Path, *names: str) -> Path | None:
    """The first list of these names in a data set's folder or beside it."""
    files = (where / name for where in list_folders(folder) for name in names)
    return next((file for file in files if file.is_file()), None)


def labelled_pictures(folder: Path) -> list[str]:
    """The pictures that have a label file, relative to ``images/``, in natural order.

    Args:
        folder: that holds ``images/`` and ``labels_with_ids/``.
    """
    found = [
        picture.relative_to(folder / IMAGES).as_posix()
        for picture in (folder / IMAGES).rglob("*")
        if picture.suffix.lower() in PICTURE_SUFFIXES
        and not picture.name.startswith(".")
    ]
    labelled = [n for n in found if (folder / LABELS / n).with_suffix(".txt").is_file()]
    return sorted(labelled, key=natural_key)


@dataclass(frozen=True)
class ImageList:
    """Labelled pictures of one data set; identities hold across all of them.

    Attributes:
        name: of the data set.
        folder: holds ``images/`` and ``labels_with_ids/``.
        paths: the pictures, relative to ``images/``; a picture's number among them
            stands for its frame number.
    """

    name: str
    folder: Path
    paths: tuple[str, ...]

    start = 0

    @property
    def stop(self) -> int:
        """One past the last picture."""
        return len(self.paths)

    @property
    def has_images(self) -> bool:
        """Whether the first picture is there."""
        return bool(self.paths) and self._picture(0).is_file()

    @property
    def is_video(self) -> bool:
        """Pictures of a list have nothing to do with each other."""
        return False

    def __len__(self) -> int:
        return len(self.paths)

    def frame(self, index: int) -> Frame:
        """The picture with this number, from 0."""
        return Frame(index, lambda: read_picture(self._picture(index)))

    def annotations(self) -> Annotations:
        """The labels of all pictures, boxes in pixels.

        Raises:
            InputError: a label file or picture that is absent or malformed (named).
        """
        return self._annotations

    def truth(self) -> Iterator[bytes]:
        """Each picture's path and the content of its label file, for a hash."""
        for number, path in enumerate(self.paths):
            yield path.encode()
            yield self._label(number).read_bytes()

    @cached_property
    def _annotations(self) -> Annotations:
        frames, rows = [], []
        for number in range(len(self.paths)):
            found = read_persons(self._label(number))
            if len(found):
                width, height = picture_size(self._picture(number))
                found[:, 1:] *= [width, height, width, height]
            frames.append(np.full(len(found), number))
            rows.append(found)
        table = np.concatenate([np.zeros((0, 5)), *rows])
        half = table[:, 3:5] / 2
        count = len(table)
        return Annotations(
            frames=np.concatenate([np.zeros(0), *frames]).astype(np.int64),
            ids=table[:, 0].astype(np.int64),
            boxes=np.concatenate([table[:, 1:3] - half, table[:, 1:3] + half], axis=1),
            marks=np.ones(count),
            classes=np.full(count, PEDESTRIAN, np.int64),
            visibility=np.ones(count),
        )

    def _picture(self, number: int) -> Path:
        return self.folder / IMAGES / self.paths[number]

    def _label(self, number: int) -> Path:
        return (self.folder / LABELS / self.paths[number]).with_suffix(".txt")


def open_image_list(name: str, folder: Path, lists: Iterable[Path] = ()) -> ImageList:
    """The pictures that lists name, or without lists every one that has labels.

    Args:
        name: of the data set.
        folder: that holds ``images/`` and ``labels_with_ids/``.
        lists: their files; a picture that several name is used once.

    Raises:
        InputError: a list that cannot be read, or no picture at all.
    """
    files = list(lists)
    if files:
        paths = [path for file in files for path in _listed(file)]
    else:
        paths = labelled_pictures(folder)
    if not paths:
        where = ", ".join(map(str, files)) or folder / IMAGES
        raise InputError(f"{name} has no labelled picture in {where}.")
    return ImageList(name, folder, tuple(dict.fromkeys(paths)))


def _listed(file: Path) -> Iterator[str]:
    """Pictures of a list, relative to ``images/``; each line must name that folder."""
    for line in read_list(file):
        if line.path is None:
            raise InputError(
                f"{file}, line {line.number}: no {IMAGES}/ in {line.text!r}."
            )
        yield line.path
