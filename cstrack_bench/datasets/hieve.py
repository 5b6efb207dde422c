"""HiEve (Human in Events): 19 training and 13 test videos of crowds in complex events.

HiEve is given out on registration (REFERENCE 8) and its format is documented nowhere
that we could check: the sources speak of XML and of track files. So every layout that
such a release can have is read, and which one is there is found out from the files:

- Pictures: ``images/train/NAME/`` or ``frames/train/NAME/`` (one a frame, in the
  natural order of their names, or numbered in ``img1/`` of it), else
  ``videos/train/NAME.mp4``, else either of them in ``train/``.
- Labels: ``labels/train/track1/``, ``labels/track1/train/``, ``labels/train/``,
  ``annotations/train/`` or ``train/``, and in there one of these for each video:

  - ``NAME.txt`` or ``NAME/gt/gt.txt``, a track file: frame, id, left, top, width,
    height; what follows is not read, since every annotated person is scored.
  - ``NAME.xml``, one XML a video: ``<track id><box frame xtl ytl xbr ybr outside/>
    </track>``; a box with ``outside="1"`` is nobody.
  - ``NAME/000001.xml``, one XML a frame, which is the number in its name:
    ``<object><trackid/><bndbox><xmin/><ymin/><xmax/><ymax/></bndbox></object>``; the
    id may also be called ``track_id`` or ``id``.

Where any file of a set has a frame 0, its frames count from 0, otherwise from 1.

Training draws frames in random order, which a video file gives only slowly: extract
the frames first (``ffmpeg -i NAME.mp4 images/train/NAME/%06d.jpg``).
"""

import re
import xml.etree.ElementTree as xml
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.boxes import xywh_to_xyxy
from cstrack_bench.datasets.locations import owner
from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import list_pictures, natural_key
from cstrack_bench.formats.mot_files import PEDESTRIAN, Annotations, read_rows
from cstrack_bench.formats.sequences import DEFAULT_FRAME_RATE, Sequence, open_sequence

HIEVE = "hieve"
_FOLDERS = ("hieve", "hie20")
_VIDEOS = frozenset({".mp4", ".avi", ".mov", ".mkv"})
_PICTURES = ("images/{}", "frames/{}", "videos/{}", "{}")
_LABELS = (
    "labels/{}/track1",
    "labels/track1/{}",
    "labels/{}",
    "annotations/{}",
    "{}",
)
_IDS = ("trackid", "track_id", "id")
_SIDES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class HieveSequence(Sequence):
    """A video of HiEve: a sequence whose ground truth lies elsewhere.

    Attributes:
        labels: its track file, its XML file, or the folder of its frames' XML files;
            None where there is none (the test videos).
        first: number of the first frame in the labels, 0 or 1.
    """

    labels: Path | None = None
    first: int = 1

    @property
    def annotation_file(self) -> Path:
        """Where the ground truth lies if there is any."""
        return self.labels or self.folder / "gt" / "gt.txt"

    def truth(self) -> Iterator[bytes]:
        """The content of the ground truth's files, for a hash."""
        for file in _label_files(self.annotation_file):
            yield file.read_bytes()

    @cached_property
    def _all_annotations(self) -> Annotations | None:
        if self.labels is None:
            return None
        found = read_hieve(self.labels, self.first)
        if len(found) and found.frames.max() >= self.length:
            raise InputError(
                f"{self.labels} goes on to frame {int(found.frames.max()) + 1}, but "
                f"{self.folder} has {self.length}."
            )
        return found


def find_hieve(root: Path) -> Path:
    """HiEve's folder: ROOT/hieve or ROOT/HIE20 in any case, or ROOT itself.

    Raises:
        InputError: neither has labels or pictures in a place that is known.
    """
    root = Path(root)
    below = sorted(root.iterdir()) if root.is_dir() else []
    named = [e for e in below if e.is_dir() and e.name.lower() in _FOLDERS]
    for folder in (*named, root):
        there = any(
            (folder / place.format("train")).is_dir()
            for place in (*_PICTURES, *_LABELS)
        )
        if there and owner(folder) is None:
            return folder
    raise InputError(
        f"No HiEve under {root}: expected {root / 'hieve'} with labels/train/ and "
        "images/train/ or videos/train/."
    )


def list_hieve(root: Path, subset: str = "train") -> list[Sequence]:
    """The videos of HiEve in the natural order of their names (2 before 10).

    A video that has labels but no pictures is listed too, with the frames that its
    labels have: results can be evaluated without pictures.

    Args:
        root: folder of the data sets, or HiEve's own.
        subset: train or test.

    Raises:
        InputError: it is not there, or has no such subset.
    """
    folder = find_hieve(root)
    labels = _labels(folder, subset)
    pictures = _pictures(folder, subset)
    names = sorted({*labels, *pictures}, key=natural_key)
    if not names:
        raise InputError(f"{folder} holds no {subset} videos of HiEve and no labels.")
    first = 0 if _counts_from_zero(labels.values()) else 1
    return [
        _sequence(name, pictures.get(name), labels.get(name), first) for name in names
    ]


def read_hieve(labels: Path, first: int = 1) -> Annotations:
    """The ground truth of one video; everybody in it is a pedestrian that is scored.

    Args:
        labels: a track file, an XML file, or a folder of XML files.
        first: number of the first frame, 0 or 1.

    Returns:
        Frames 0-based, sorted by frame, then id.

    Raises:
        InputError: a file that is not what it should be (named).
    """
    if labels.is_dir():
        rows = np.concatenate([_frame_rows(file) for file in _label_files(labels)])
    elif labels.suffix == ".xml":
        rows = _video_rows(labels)
    else:
        found, _ = read_rows(labels, columns=6)
        rows = np.concatenate([found[:, :2], xywh_to_xyxy(found[:, 2:6])], axis=1)
    if not np.isfinite(rows).all():
        raise InputError(f"{labels} has a number that is not finite.")
    if len(rows) and rows[:, 0].min() < first:
        raise InputError(f"{labels} has a frame before the first, {first}.")
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    count = len(rows)
    return Annotations(
        frames=rows[:, 0].astype(np.int64) - first,
        ids=rows[:, 1].astype(np.int64),
        boxes=rows[:, 2:6].copy(),
        marks=np.ones(count),
        classes=np.full(count, PEDESTRIAN, np.int64),
        visibility=np.ones(count),
    )


def _sequence(
    name: str, pictures: Path | None, labels: Path | None, first: int
) -> HieveSequence:
    if pictures is None:
        assert labels is not None, "a name comes from pictures or from labels"
        found = read_hieve(labels, first)
        length = int(found.frames.max()) + 1 if len(found) else 0
        return HieveSequence(
            name,
            DEFAULT_FRAME_RATE,
            width=0,
            height=0,
            length=length,
            folder=labels.parent,
            labels=labels,
            first=first,
        )
    seen = open_sequence(pictures)
    return HieveSequence(
        name,
        seen.frame_rate,
        seen.width,
        seen.height,
        seen.length,
        seen.folder,
        image_folder=seen.image_folder,
        labels=labels,
        first=first,
    )


def _pictures(folder: Path, subset: str) -> dict[str, Path]:
    """Name of a video -> its file or the folder of its frames."""
    for place in _PICTURES:
        found: dict[str, Path] = {}
        where = folder / place.format(subset)
        for entry in sorted(where.iterdir()) if where.is_dir() else []:
            if entry.suffix.lower() in _VIDEOS:
                found[entry.stem] = entry
            elif list_pictures(entry) or list_pictures(entry / "img1"):
                found[entry.name] = entry
        if found:
            return found
    return {}


def _labels(folder: Path, subset: str) -> dict[str, Path]:
    """Name of a video -> its track file, XML file or folder of XML files."""
    for place in _LABELS:
        found: dict[str, Path] = {}
        where = folder / place.format(subset)
        for entry in sorted(where.iterdir()) if where.is_dir() else []:
            if (entry / "gt" / "gt.txt").is_file():
                found[entry.name] = entry / "gt" / "gt.txt"
            elif entry.is_file() and entry.suffix in (".txt", ".xml"):
                found[entry.stem] = entry
            elif entry.is_dir() and any(entry.glob("*.xml")):
                found[entry.name] = entry
        if found:
            return found
    return {}


def _label_files(labels: Path) -> list[Path]:
    """The files that labels consist of, by name."""
    if labels.is_dir():
        return sorted(labels.glob("*.xml"), key=lambda f: natural_key(f.name))
    return [labels]


def _counts_from_zero(labels: Iterable[Path]) -> bool:
    """Whether any of the files has a frame 0."""
    for path in labels:
        if path.is_dir():
            if any(_number(file) == 0 for file in path.glob("*.xml")):
                return True
        else:
            pattern = rb'frame="0+"' if path.suffix == ".xml" else rb"(?m)^\s*0+[,\s]"
            if re.search(pattern, path.read_bytes()):
                return True
    return False


def _number(file: Path) -> int:
    """The frame that a file of one frame is about: the last number in its name."""
    found = re.findall(r"\d+", file.stem)
    if not found:
        raise InputError(f"{file} has no frame number in its name.")
    return int(found[-1])


def _frame_rows(file: Path) -> NDArray[np.float64]:
    """(N, 6) frame, id, x1, y1, x2, y2 of one frame's XML."""
    rows = []
    for person in _parse(file).iter("object"):
        texts = [next((t for t in map(person.findtext, _IDS) if t), None)]
        texts += [person.findtext(f"bndbox/{side}") for side in _SIDES]
        rows.append([_number(file), *_numbers(file, texts)])
    return np.array(rows, np.float64).reshape(-1, 6)


def _video_rows(file: Path) -> NDArray[np.float64]:
    """(N, 6) frame, id, x1, y1, x2, y2 of one video's XML."""
    rows = []
    for track in _parse(file).iter("track"):
        for box in track.iter("box"):
            if box.get("outside", "0") != "0":
                continue
            texts = [box.get("frame"), track.get("id")]
            texts += [box.get(side) for side in ("xtl", "ytl", "xbr", "ybr")]
            rows.append(_numbers(file, texts))
    return np.array(rows, np.float64).reshape(-1, 6)


def _parse(file: Path) -> xml.Element:
    try:
        return xml.parse(file).getroot()
    except (xml.ParseError, OSError) as error:
        raise InputError(f"Cannot read {file} as XML: {error}.") from error


def _numbers(file: Path, texts: list[str | None]) -> list[float]:
    """Numbers of a person.

    Raises:
        InputError: one is missing, or is none.
    """
    try:
        return [float(text) for text in texts]  # type: ignore[arg-type]
    except TypeError:
        raise InputError(
            f"{file} has a person without an id, a frame or a box."
        ) from None
    except ValueError as error:
        raise InputError(f"{file}: {error}.") from None
