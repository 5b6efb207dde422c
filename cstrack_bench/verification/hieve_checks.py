"""Whether HiEve on disk is what it should be: videos, frames, labels of any layout."""

import re
import xml.etree.ElementTree as xml
from pathlib import Path
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from cstrack_bench import console
from cstrack_bench.datasets.hieve import HIEVE, HieveSequence, list_hieve
from cstrack_bench.datasets.published import HIEVE_VIDEOS, USES
from cstrack_bench.datasets.splits import HELD_OUT, HOLDOUT, split_hash, split_sequences
from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import list_pictures, natural_key, picture_size
from cstrack_bench.formats.mot_files import read_rows
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.verification.checks import OUTSIDE_SHARE, Fault, fault_of, repeats
from cstrack_bench.verification.checks import name_places as name
from cstrack_bench.verification.findings import Measure, SequenceFacts, Verification
from cstrack_bench.verification.label_checks import check_files

#: Place of a person, and the texts of its frame, id, left, top, right and bottom.
Texts = list[tuple[str, list[str | None]]]

_IDS = ("trackid", "track_id", "id")
_SIDES = ("xmin", "ymin", "xmax", "ymax")
_CORNERS = ("xtl", "ytl", "xbr", "ybr")


def verify_hieve(
    folder: Path, every_picture: bool = False, measure: Measure | None = None
) -> Verification:
    """Check HiEve's videos and labels, in any of the layouts that are read.

    Args:
        folder: HiEve's own.
        every_picture: decode all pictures, not a sample.
        measure: called with the videos whose labels are sound.

    Returns:
        What was found; it never raises for bad content.
    """
    result = Verification(HIEVE, folder)
    videos: list[tuple[str, Sequence]] = []
    for subset in HIEVE_VIDEOS:
        try:
            videos += [(subset, video) for video in list_hieve(folder, subset)]
        except InputError as error:
            if "holds no" not in str(error):
                result.add([fault_of(error, folder)])
    sound = []
    with console.progress() as bar:
        for subset, video in bar.track(videos, description="verifying hieve"):
            assert isinstance(video, HieveSequence), "list_hieve lists no others"
            if _verify_video(result, subset, video, every_picture):
                sound.append(video)
    if measure is not None and sound:
        result.add(measure(list(sound)))
    if len(sound) > HELD_OUT:
        train, val = split_sequences(sound, HOLDOUT)
        result.splits[HOLDOUT] = {
            "train": split_hash(train),
            "val": split_hash(val),
            "train_frames": sum(map(len, train)),
            "val_frames": sum(map(len, val)),
        }
    _compare(result)
    return result


def _verify_video(
    result: Verification, subset: str, video: HieveSequence, every_picture: bool
) -> bool:
    """Check one video; whether it has labels without a fault."""
    result.add(_check_frames(video, every_picture))
    faults: list[Fault] = []
    boxes = identities = None
    if video.labels is not None:
        faults, remarks, people = check_hieve_labels(video)
        result.add(faults)
        result.remarks.extend(remarks)
        boxes, identities = len(people), len(set(people.tolist()))
    elif subset == "train":
        what = "has no label file in any of HiEve's places"
        result.add([Fault(str(video.folder), what)])
    result.sequences.append(
        SequenceFacts(
            subset=subset,
            name=video.name,
            frames=video.length,
            pictures=video.has_images,
            boxes=boxes,
            identities=identities,
        )
    )
    return video.labels is not None and not faults


def _check_frames(video: HieveSequence, every: bool) -> list[Fault]:
    """Gaps, sizes and decoding of a video's pictures."""
    if not video.has_images:
        return []
    if video.folder.is_file():
        try:
            for number in (0, video.length - 1):
                _ = video.frame(number).image
        except InputError as error:
            return [fault_of(error, video.folder)]
        return []
    files = list_pictures(video.folder / video.image_folder)
    faults = check_files(files, every)
    numbers = {n for n in (_last_number(f) for f in files) if n is not None}
    if len(numbers) == len(files):
        absent = sorted(set(range(min(numbers), max(numbers) + 1)) - numbers)
        if absent:
            listed = ", ".join(map(str, absent[:20]))
            what = f"lacks {len(absent)} frames between others: {listed}"
            faults.append(Fault(str(video.folder / video.image_folder), what))
    broken = {fault.place for fault in faults}
    for file in files:
        if str(file) in broken:
            continue
        try:
            width, height = picture_size(file)
        except InputError as error:
            faults.append(fault_of(error, file))
            continue
        if (width, height) != (video.width, video.height):
            first = f"{video.width}×{video.height}"
            what = f"is {width}×{height} where the video's first frame is {first}"
            faults.append(Fault(str(file), what))
    return faults


def _last_number(file: Path) -> int | None:
    found = re.findall(r"\d+", file.stem)
    return int(found[-1]) if found else None


def check_hieve_labels(
    video: HieveSequence,
) -> tuple[list[Fault], list[str], NDArray[np.int64]]:
    """Every row of a video's labels: frames, ids, boxes, repeats.

    Returns:
        What is wrong, what is unusual (as sentences), and (M,) the persons' ids.
    """
    assert video.labels is not None, "asked for a video with labels"
    rows, places, faults = _rows(video.labels)
    if not len(rows) and not faults:
        return [Fault(str(video.labels), "has no person")], [], np.zeros(0, np.int64)
    frame, identity = rows[:, 0], rows[:, 1]
    last = video.first + video.length - 1
    x1, y1, x2, y2 = rows[:, 2:6].T
    wrong = [
        (
            (frame < video.first) | (frame > last) | (frame % 1 != 0),
            f"its frame is not one of {video.first} to {last}",
        ),
        ((identity < 0) | (identity % 1 != 0), "its id is not a whole number from 0"),
        (repeats(frame, identity), "its frame already has a box with its id"),
        ((x2 <= x1) | (y2 <= y1), "its box has no width or no height"),
    ]
    for mask, what in wrong:
        faults += name([places[i] for i in np.flatnonzero(mask)], what)
    remarks = []
    if video.width:
        outside = (x2 <= 0) | (y2 <= 0) | (x1 >= video.width) | (y1 >= video.height)
        out = [places[i] for i in np.flatnonzero(outside)]
        size = f"{video.width}×{video.height}"
        if len(out) > OUTSIDE_SHARE * len(rows):
            faults += name(out, f"its box lies wholly outside the {size} picture")
        elif out:
            remarks.append(f"{out[0]}: its box lies outside the {size} picture")
    return faults, remarks, identity.astype(np.int64)


def _rows(labels: Path) -> tuple[NDArray[np.float64], list[str], list[Fault]]:
    """(M, 6) frame, id, x1, y1, x2, y2 of finite rows, their places, other faults."""
    rows: list[list[float]] = []
    places: list[str] = []
    faults: list[Fault] = []
    try:
        found: Texts
        if labels.is_dir():
            files = sorted(labels.glob("*.xml"), key=lambda f: natural_key(f.name))
            found = [entry for file in files for entry in _frame_texts(file)]
        elif labels.suffix == ".xml":
            found = _video_texts(labels)
        else:
            table, lines = read_rows(labels, columns=6)
            table = table[:, :6].copy()
            table[:, 4:6] += table[:, 2:4]
            found = [
                (f"{labels}, line {line}", [repr(cell) for cell in row])
                for line, row in zip(lines.tolist(), table.tolist(), strict=True)
            ]
    except InputError as error:
        return np.zeros((0, 6)), [], [fault_of(error, labels)]
    for place, texts in found:
        try:
            row = [float(text or "") for text in texts]
        except ValueError:
            faults.append(Fault(place, "lacks a number: id, frame or a side of a box"))
            continue
        if not np.isfinite(row).all():
            faults.append(Fault(place, "one of its numbers is not finite"))
            continue
        rows.append(row)
        places.append(place)
    return np.array(rows, np.float64).reshape(-1, 6), places, faults


def _frame_texts(file: Path) -> Texts:
    """Place, and texts of frame, id and sides, of each person in a frame's XML."""
    number = _last_number(file)
    if number is None:
        raise InputError(f"{file}: has no frame number in its name.")
    found: Texts = []
    root, lines = _parse(file, "object")
    for person, line in zip(root.iter("object"), lines, strict=True):
        identity = next((t for t in map(person.findtext, _IDS) if t), None)
        sides = [person.findtext(f"bndbox/{side}") for side in _SIDES]
        found.append((f"{file}, line {line}", [str(number), identity, *sides]))
    return found


def _video_texts(file: Path) -> Texts:
    """The same for each box of a video's XML that is not marked as outside."""
    found: Texts = []
    root, numbers = _parse(file, "box")
    lines = {id(b): n for b, n in zip(root.iter("box"), numbers, strict=True)}
    for track in root.iter("track"):
        for box in track.iter("box"):
            if box.get("outside", "0") == "0":
                texts = [box.get("frame"), track.get("id")]
                texts += [box.get(corner) for corner in _CORNERS]
                found.append((f"{file}, line {lines[id(box)]}", texts))
    return found


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
        content = file.read_bytes()
        parser.Parse(content, True)
        return xml.fromstring(content), lines
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise InputError(f"{file}, line {error.lineno}: is no XML ({what}).") from None
    except OSError as error:
        raise InputError(f"Cannot read {file}: {error}.") from error


def _compare(result: Verification) -> None:
    """Set the videos against the published ones; none may be in both parts."""
    names = {
        subset: [s.name for s in result.sequences if s.subset == subset]
        for subset in HIEVE_VIDEOS
    }
    for both in sorted(set(names["train"]) & set(names["test"])):
        what = f"video {both} is a test video in train/: it would be trained on"
        result.add([Fault(str(result.folder), what)])
    for (subset, published), use in zip(HIEVE_VIDEOS.items(), USES[HIEVE], strict=True):
        found = len(names[subset])
        if found > published:
            what = f"has {found} {subset} videos; as published {published}"
            result.add([Fault(str(result.folder), what)])
        elif found < published:
            result.missing.append(
                f"{published - found} of the {published} {subset} videos, {use}"
            )
    unseen = [s.name for s in result.sequences if not s.pictures]
    if unseen:
        result.missing.append(f"pictures of videos {', '.join(unseen)}")
