"""Images that are no videos: data sets in JDE's layout (REFERENCE 4.6).

A data set is a folder with ``images/`` and, beside it, ``labels_with_ids/`` of the same
tree: for each picture a text file with a row ``class id xc yc width height`` a person,
the box as fractions of the picture, id -1 for a person without identity. A list
(``NAME.train``) names the pictures to use, one path a line; without a list it is every
picture that has a label file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import (
    PICTURE_SUFFIXES,
    natural_key,
    picture_size,
    read_picture,
)
from cstrack_bench.formats.mot_files import PEDESTRIAN, Annotations
from cstrack_bench.structures import Frame

IMAGES, LABELS = "images", "labels_with_ids"
#: Data sets of the paper's mixes -> what their folders are called, simplified.
IMAGE_LISTS = {
    "caltech": ("caltech",),
    "citypersons": ("citypersons", "cityscapes"),
    "cuhk-sysu": ("cuhksysu",),
    "prw": ("prw",),
    "eth": ("eth", "ethz"),
    "crowdhuman": ("crowdhuman",),
}
_PERSON = 0.0


@dataclass(frozen=True)
class ImageList:
    """Labelled pictures of one data set; identities hold across all of them.

    Attributes:
        name: of the data set.
        folder: holds ``images/`` and ``labels_with_ids/``.
        paths: the pictures, relative to ``images/``; a picture's place among them
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
        """Each picture's place and the content of its label file, for a hash."""
        for number, path in enumerate(self.paths):
            yield path.encode()
            yield self._label(number).read_bytes()

    @cached_property
    def _annotations(self) -> Annotations:
        frames, rows = [], []
        for number in range(len(self.paths)):
            found = _read_labels(self._label(number))
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


def open_image_list(root: Path, name: str, lists: tuple[str, ...] = ()) -> ImageList:
    """A data set in JDE's layout.

    Args:
        root: folder of the data sets.
        name: of one below it, in any case, with or without hyphens.
        lists: files that name the pictures; looked for in the data set's folder, in
            ``root`` and in ``root/image_lists``. By default ``NAME.train`` where there
            is one, else every picture with a label file.

    Raises:
        InputError: no such data set or list, or an empty one.
    """
    folder = find_image_list(root, name)
    places = (folder, Path(root), Path(root) / "image_lists")
    if not lists:
        found = (p / f"{n}.train" for p in places for n in _names(name))
        chosen = [file for file in found if file.is_file()][:1]
    else:
        chosen = [_find_list(places, file) for file in lists]
    if chosen:
        paths = [path for file in chosen for path in _read_list(file)]
    else:
        paths = _labelled_pictures(folder)
    if not paths:
        where = ", ".join(map(str, chosen)) or folder / IMAGES
        raise InputError(f"{name} has no labelled picture in {where}.")
    return ImageList(name, folder, tuple(dict.fromkeys(paths)))


def find_image_list(root: Path, name: str) -> Path:
    """The folder of a data set in JDE's layout.

    Raises:
        InputError: none of that name, or without ``images/`` or ``labels_with_ids/``.
    """
    root = Path(root)
    below = sorted(root.iterdir()) if root.is_dir() else []
    names = _names(name)
    named = [e for e in below if e.is_dir() and _simple(e.name) in names]
    if not named:
        there = ", ".join(e.name for e in below if e.is_dir()) or "nothing"
        raise InputError(
            f"No {name} under {root} (there: {there}); expected {root / name} with "
            f"{IMAGES}/ and {LABELS}/."
        )
    for folder in named:
        if (folder / IMAGES).is_dir() and (folder / LABELS).is_dir():
            return folder
    raise InputError(
        f"{named[0]} lacks {IMAGES}/ or {LABELS}/ (rows: class id xc yc w h)."
    )


def _names(name: str) -> tuple[str, ...]:
    return IMAGE_LISTS.get(name, (_simple(name),))


def _simple(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _find_list(places: tuple[Path, ...], name: str) -> Path:
    for place in places:
        if (place / name).is_file():
            return place / name
    listed = ", ".join(map(str, places))
    raise InputError(f"No list {name!r} in {listed}.")


def _read_list(file: Path) -> list[str]:
    """Pictures of a list, relative to ``images/``; its lines name that folder."""
    paths = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        parts = PurePosixPath(line.strip().replace("\\", "/")).parts
        if not parts:
            continue
        if IMAGES not in parts:
            raise InputError(
                f"{file}, line {number}: no {IMAGES}/ in {line.strip()!r}."
            )
        paths.append("/".join(parts[parts.index(IMAGES) + 1 :]))
    return paths


def _labelled_pictures(folder: Path) -> list[str]:
    pictures = (folder / IMAGES).rglob("*")
    names = [
        picture.relative_to(folder / IMAGES).as_posix()
        for picture in pictures
        if picture.suffix.lower() in PICTURE_SUFFIXES
        and not picture.name.startswith(".")
    ]
    labelled = [n for n in names if (folder / LABELS / n).with_suffix(".txt").is_file()]
    return sorted(labelled, key=natural_key)


def _read_labels(file: Path) -> NDArray[np.float64]:
    """(N, 5) id, centre x, y, width, height of the persons in a label file."""
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
        rows = np.array([line for line in lines if line], np.float64).reshape(-1, 6)
    except FileNotFoundError:
        raise InputError(f"{file} is absent: a listed picture has no labels.") from None
    except (ValueError, OSError):
        raise InputError(
            f"{file} is not rows of six numbers (class id xc yc w h)."
        ) from None
    if not np.isfinite(rows).all():
        raise InputError(f"{file} has a number that is not finite.")
    return rows[rows[:, 0] == _PERSON][:, 1:]
