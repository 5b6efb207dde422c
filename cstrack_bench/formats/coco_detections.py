"""COCO detections: JSON lists of ``image_id``, ``category_id``, ``bbox``, ``score``.

A whole COCO document works too: its ``annotations`` with its ``images``, whose names or
``frame_id`` say which frame each is.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.files import read_text
from cstrack_bench.formats.mot_files import detections_by_frame
from cstrack_bench.formats.mot_rows import check_rows
from cstrack_bench.formats.names import last_number
from cstrack_bench.structures import Detections

_PERSON = 1
_MISSING = object()


def read_coco(path: Path) -> tuple[dict[int, Detections], tuple[str, ...]]:
    """The persons of a COCO file.

    Args:
        path: of the JSON file. Where it has a category 1, a person, only those count.

    Returns:
        0-based frame -> boxes in pixels; and what was left out or assumed.

    Raises:
        InputError: no such file, no JSON, or an entry that is not what it should be.
    """
    try:
        document: object = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is not JSON: {reason}.") from error
    frames: dict[object, int] = {}
    if isinstance(document, Mapping):
        frames = _image_frames(document.get("images", []), path)
        document = document.get("annotations", _MISSING)
    if not isinstance(document, list):
        raise InputError(
            f"{path} is no list of detections (image_id, bbox, score) and has none "
            "under 'annotations'."
        )
    rows, categories = [], []
    scored = True
    for number, entry in enumerate(document, start=1):
        where = f"{path}, entry {number}"
        if not isinstance(entry, Mapping):
            raise InputError(f"{where}: is not a mapping with image_id, bbox, score.")
        scored = scored and "score" in entry
        rows.append(_row(entry, frames, where))
        categories.append(entry.get("category_id", _PERSON))
    remarks = [] if scored else [f"{path}: boxes without a score are taken as 1."]
    table = np.array(rows, np.float64).reshape(-1, 7)
    if len(table) and not frames and table[:, 0].min() == 0:
        table[:, 0] += 1
        remarks.append(f"{path} counts images from 0: image 0 is frame 1.")
    lines = np.arange(1, len(table) + 1)
    try:
        check_rows(table, lines, path)
    except InputError as error:
        raise InputError(str(error).replace(", line ", ", entry ", 1)) from None
    chosen = np.array([category == _PERSON for category in categories], np.bool_)
    if len(chosen) and not chosen.all() and chosen.any():
        left_out = int((~chosen).sum())
        remarks.append(f"{path}: {left_out} boxes of other categories than 1 left out.")
        table = table[chosen]
    elif len(set(map(str, categories))) > 1:
        raise InputError(f"{path} has several categories, and none is 1, a person.")
    return detections_by_frame(table), tuple(remarks)


def _row(
    entry: Mapping[str, object], frames: Mapping[object, int], where: str
) -> list[float]:
    box = entry.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        raise InputError(
            f"{where}: its bbox is not a list of left, top, width, height."
        )
    image = entry.get("image_id")
    frame: object = image
    if frames:
        if not isinstance(image, int | str) or image not in frames:
            raise InputError(f"{where}: its image_id is of no image of the file.")
        frame = frames[image]
    elif isinstance(image, str):
        frame = last_number(image)
    values = [frame, -1, *box, entry.get("score", 1)]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        raise InputError(
            f"{where}: its image_id, bbox or score is not a number: image_id is the "
            "number of the frame."
        )
    try:
        return [float(value) for value in values if isinstance(value, int | float)]
    except OverflowError:
        raise InputError(f"{where}: one of its numbers is not finite.") from None


def _image_frames(images: object, path: Path) -> dict[object, int]:
    """Id of an image -> its frame, counted from 1."""
    numbers: dict[object, int] = {}
    if not isinstance(images, list):
        raise InputError(f"{path}: 'images' is not a list.")
    for image in images:
        if not isinstance(image, Mapping) or not isinstance(image.get("id"), int | str):
            raise InputError(f"{path}: an image has no id.")
        name = image.get("file_name")
        number = image.get("frame_id")
        if not isinstance(number, int):
            stem = Path(name.replace("\0", "")).stem if isinstance(name, str) else ""
            number = last_number(stem)
        if number is None:
            raise InputError(
                f"{path}: the image {image['id']!r} has no frame_id, and no number in "
                "its file_name."
            )
        numbers[image["id"]] = number
    if len(set(numbers.values())) < len(numbers):
        raise InputError(f"{path} has two images of one frame: give one sequence's.")
    if numbers and min(numbers.values()) == 0:
        numbers = {key: number + 1 for key, number in numbers.items()}
    return numbers
