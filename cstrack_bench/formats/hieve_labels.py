"""Labels of HiEve: track files, one XML a video, or one XML a frame.

- A track file: frame, id, left, top, width, height; what follows is not read.
- One XML a video: ``<track id><box frame xtl ytl xbr ybr outside/></track>``; a box
  with ``outside="1"`` is not there.
- One XML a frame, which is the number in its name:
  ``<object><trackid/><bndbox><xmin/><ymin/><xmax/><ymax/></bndbox></object>``; the id
  may also be called ``track_id`` or ``id``.
"""

import re
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.boxes import xywh_to_xyxy
from cstrack_bench.errors import InputError
from cstrack_bench.files import read_bytes
from cstrack_bench.formats.mot_files import PEDESTRIAN, Annotations
from cstrack_bench.formats.mot_rows import read_rows
from cstrack_bench.formats.names import last_number, natural_key
from cstrack_bench.formats.numerals import is_coordinate, is_whole, parse_number
from cstrack_bench.input_limits import SEQUENCE_FRAMES

_IDS = ("trackid", "track_id", "id")
_SIDES = ("xmin", "ymin", "xmax", "ymax")
_CORNERS = ("xtl", "ytl", "xbr", "ybr")
_INCOMPLETE = "has a person without an id, a frame or a box of numbers"
_NOT_FINITE = "one of its numbers is not finite"
_BEYOND = "its frame or id is not a whole number, or a side is beyond any picture"

#: Location of a person, and the texts of its frame, id, left, top, right and bottom.
_Person = tuple[str, list[str | None]]


@dataclass(frozen=True)
class LabelRows:
    """The persons of one video.

    Attributes:
        table: (M, 6) float64: frame as the files count, id, x1, y1, x2, y2; finite.
        locations: (M,) file, with line, of each row.
        malformed: location of each person that gives no row, and what is wrong there.
    """

    table: NDArray[np.float64]
    locations: list[str] = field(default_factory=list)
    malformed: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class HieveGroundTruth:
    """The ground truth of one video; every person in it is scored.

    Attributes:
        path: a track file, an XML file, or the folder of the frames' XML files.
        first: number of the first frame in them, 0 or 1.
        length: frames of the video; 0 where it is not known.
    """

    path: Path
    first: int = 1
    length: int = 0

    def read(self) -> Annotations:
        """All persons, frames from 0, sorted by frame, then id.

        Raises:
            InputError: a file that is not what it should be (named), or a frame that
                the video has not.
        """
        found = read_label_rows(self.path)
        if found.malformed:
            location, what = found.malformed[0]
            raise InputError(f"{location}: {what}.")
        rows = found.table
        if len(rows) and rows[:, 0].min() < self.first:
            raise InputError(f"{self.path} has a frame before the first, {self.first}.")
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
        count = len(rows)
        frames = rows[:, 0].astype(np.int64) - self.first
        if self.length and count and frames.max() >= self.length:
            raise InputError(
                f"{self.path} goes on to frame {int(frames.max()) + 1}, but the video "
                f"has {self.length}."
            )
        return Annotations(
            frames=frames,
            ids=rows[:, 1].astype(np.int64),
            boxes=rows[:, 2:6].copy(),
            marks=np.ones(count),
            classes=np.full(count, PEDESTRIAN, np.int64),
            visibility=np.ones(count),
        )

    def content(self) -> Iterator[bytes]:
        """The bytes of each file, by name."""
        for file in _files(self.path):
            yield file.read_bytes()


def read_label_rows(labels: Path) -> LabelRows:
    """The persons of one video, with their locations.

    Args:
        labels: a track file, an XML file, or a folder of XML files.

    Raises:
        InputError: a file that cannot be read at all (with line where there is one).
    """
    if labels.is_dir():
        people = [person for file in _files(labels) for person in _frame_people(file)]
    elif labels.suffix == ".xml":
        people = list(_video_people(labels))
    else:
        return _track_rows(labels)
    rows: list[list[float]] = []
    locations: list[str] = []
    malformed: list[tuple[str, str]] = []
    for location, texts in people:
        numbers = [parse_number((text or "").strip()) for text in texts]
        row = [number for number in numbers if number is not None]
        if len(row) < len(numbers):
            malformed.append((location, _INCOMPLETE))
            continue
        if not np.isfinite(row).all():
            malformed.append((location, _NOT_FINITE))
            continue
        if not _in_range(np.array(row)):
            malformed.append((location, _BEYOND))
            continue
        rows.append(row)
        locations.append(location)
    table = np.array(rows, np.float64).reshape(-1, 6)
    return LabelRows(table, locations, malformed)


def _in_range(row: NDArray[np.float64]) -> bool:
    """Whether frame and id are whole, and the corners can be in a picture."""
    whole = bool(is_whole(row[:2]).all()) and row[0] <= SEQUENCE_FRAMES.value
    return whole and bool(is_coordinate(row[2:]).all())


def counts_from_zero(labels: Path) -> bool:
    """Whether any of a video's label files has a frame 0."""
    if labels.is_dir():
        return any(last_number(file.stem) == 0 for file in labels.glob("*.xml"))
    # Whatever else is wrong with the file.
    pattern = rb'frame="0+"' if labels.suffix == ".xml" else rb"(?m)^\s*0+[,\s]"
    return re.search(pattern, labels.read_bytes()) is not None


def _files(labels: Path) -> list[Path]:
    """The files that labels consist of, by name."""
    if labels.is_dir():
        return sorted(labels.glob("*.xml"), key=lambda f: natural_key(f.name))
    return [labels]


def _track_rows(file: Path) -> LabelRows:
    table, lines = read_rows(file, columns=6)
    rows = np.concatenate([table[:, :2], xywh_to_xyxy(table[:, 2:6])], axis=1)
    finite = np.isfinite(rows).all(axis=1)
    wrong = {
        int(i): _BEYOND if finite[i] else _NOT_FINITE
        for i in range(len(rows))
        if not finite[i] or not _in_range(rows[i])
    }
    locations = [f"{file}, line {line}" for line in lines.tolist()]
    kept = [i for i in range(len(rows)) if i not in wrong]
    return LabelRows(
        rows[kept],
        [locations[i] for i in kept],
        [(locations[i], what) for i, what in wrong.items()],
    )


def _frame_people(file: Path) -> Iterator[_Person]:
    """The persons of one frame's XML."""
    number = last_number(file.stem)
    if number is None:
        raise InputError(f"{file}: has no frame number in its name.")
    root, lines = _parse(file, "object")
    for person, line in zip(root.iter("object"), lines, strict=True):
        identity = next((t for t in map(person.findtext, _IDS) if t), None)
        sides = [person.findtext(f"bndbox/{side}") for side in _SIDES]
        yield f"{file}, line {line}", [str(number), identity, *sides]


def _video_people(file: Path) -> Iterator[_Person]:
    """The boxes of one video's XML that are not marked as outside."""
    root, numbers = _parse(file, "box")
    lines = {id(b): n for b, n in zip(root.iter("box"), numbers, strict=True)}
    for track in root.iter("track"):
        for box in track.iter("box"):
            if box.get("outside", "0") == "0":
                texts = [box.get("frame"), track.get("id")]
                texts += [box.get(corner) for corner in _CORNERS]
                yield f"{file}, line {lines[id(box)]}", texts


def _parse(file: Path, tag: str) -> tuple[xml.Element, list[int]]:
    """An XML file's root, and the line in which each element of a name starts.

    Raises:
        InputError: it is no XML (with line).
    """
    lines: list[int] = []
    parser = expat.ParserCreate()

    def note(name: str, _: dict[str, str]) -> None:
        if name == tag:
            lines.append(parser.CurrentLineNumber)

    parser.StartElementHandler = note
    try:
        content = read_bytes(file)
        parser.Parse(content, True)
        return xml.fromstring(content), lines
    except expat.ExpatError as error:
        what = f"cannot be read as XML ({expat.ErrorString(error.code)})"
        raise InputError(f"{file}, line {error.lineno}: {what}.") from None
    except OSError as error:
        raise InputError(f"Cannot read {file}: {error}.") from error
