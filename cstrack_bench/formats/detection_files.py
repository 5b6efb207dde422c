"""Detection files: another detector's boxes, in the forms that tools write them.

``mot``: rows ``frame,id,left,top,width,height,score``; ``xyxy``: the same with two
corners; ``yolo``: a folder of one text file a picture; ``coco``: a JSON list of
results. Where the form is not given it is guessed, and the guess is stated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.boxes import xyxy_to_xywh
from cstrack_bench.errors import InputError
from cstrack_bench.formats.coco_detections import read_coco
from cstrack_bench.formats.detection_forms import DetectionFormat
from cstrack_bench.formats.mot_files import detections_by_frame
from cstrack_bench.formats.mot_rows import check_rows, read_rows, refuse
from cstrack_bench.formats.yolo_labels import read_yolo, yolo_files
from cstrack_bench.structures import Detections

# Pixels that a corner may lie beyond its picture, as rounding and clipping leave it.
_MARGIN = 2.0
# Rows that tell corners from sizes: fewer could be either.
_ENOUGH = 3
# Scores are at most 1, or logits of a few dozen; percents are mostly beyond this.
_PERCENT = 50.0


@dataclass(frozen=True)
class FoundDetections:
    """The detections of one sequence.

    Attributes:
        path: where they lie.
        by_frame: 0-based frame -> its boxes; a frame without boxes has no key.
        form: that they were read in.
        remarks: what was guessed or left out, as sentences.
    """

    path: Path
    by_frame: Mapping[int, Detections]
    form: DetectionFormat
    remarks: tuple[str, ...] = ()


def read_detection_file(
    path: Path, form: DetectionFormat, size: tuple[int, int]
) -> FoundDetections:
    """Read a file of detections, or a folder in YOLO's form.

    Args:
        path: of the file or folder.
        form: how to read it.
        size: width and height of the frames, in pixels.

    Raises:
        InputError: not in that form, or what no detection can be (with line).
    """
    if form is DetectionFormat.AUTO:
        return _guessed(path, size)
    if form is DetectionFormat.COCO:
        found, remarks = read_coco(path)
    elif form is DetectionFormat.YOLO:
        found, remarks = read_yolo(path, size)
    else:
        found, remarks = _rows(path, form), ()
    return FoundDetections(path, found, form, remarks)


def _guessed(path: Path, size: tuple[int, int]) -> FoundDetections:
    """The detections in the likeliest form; anything but MOT rows is stated."""
    if path.is_dir() and yolo_files(path):
        form = DetectionFormat.YOLO
    elif path.suffix.lower() == ".json":
        form = DetectionFormat.COCO
    else:
        rows, lines = _read(path)
        form = _form_of_rows(rows, lines, path, size)
        found = _checked(rows, lines, path, form)
        remarks = _percents(rows, path)
        if form is DetectionFormat.XYXY:
            remarks = (_stated(path, form), *remarks)
        return FoundDetections(path, found, form, remarks)
    read = read_detection_file(path, form, size)
    remarks = (_stated(path, form), *read.remarks)
    return FoundDetections(path, read.by_frame, form, remarks)


def _stated(path: Path, form: DetectionFormat) -> str:
    what = {
        DetectionFormat.XYXY: "columns 3 to 6 as two corners, x1 y1 x2 y2",
        DetectionFormat.YOLO: "YOLO's text, one file a picture",
        DetectionFormat.COCO: "COCO's JSON results",
    }[form]
    return f"{path} is taken for {what}; --format says which form it has."


def _read(path: Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rows, lines = read_rows(path, columns=6)
    if rows.shape[1] == 6 and len(rows):
        raise InputError(
            f"{path}, line {lines[0]}: 6 columns where at least 7 are needed: frame, "
            "id, left, top, width, height and a score, which may be 1 everywhere."
        )
    return rows, lines


def _rows(path: Path, form: DetectionFormat) -> dict[int, Detections]:
    rows, lines = _read(path)
    return _checked(rows, lines, path, form)


def _checked(
    rows: NDArray[np.float64],
    lines: NDArray[np.int64],
    path: Path,
    form: DetectionFormat,
) -> dict[int, Detections]:
    if not len(rows):
        return {}
    if form is DetectionFormat.XYXY:
        with np.errstate(invalid="ignore"):
            turned = np.any(rows[:, 4:6] < rows[:, 2:4], axis=1)
        why = "its second corner (columns 5, 6) lies before its first"
        refuse(turned, lines, path, why)
        rows = rows.copy()
        finite = np.isfinite(rows[:, 2:6]).all(axis=1)
        rows[finite, 2:6] = xyxy_to_xywh(rows[finite, 2:6])
    check_rows(rows, lines, path)
    return detections_by_frame(rows)


def _form_of_rows(
    rows: NDArray[np.float64],
    lines: NDArray[np.int64],
    path: Path,
    size: tuple[int, int],
) -> DetectionFormat:
    """MOT's rows or corners; refuses the forms that are often mistaken for them."""
    finite = rows[np.isfinite(rows).all(axis=1)]
    if not len(finite):
        return DetectionFormat.MOT
    where = f"{path}, line {lines[0]}"
    boxes = finite[:, 2:6]
    if ((finite[:, 1:5] >= 0) & (finite[:, 1:5] <= 1)).all() and (
        (finite[:, 0] % 1 == 0) & (finite[:, 0] < 1000)
    ).all():
        raise InputError(
            f"{where}: columns 2 to 5 lie within 0 and 1, as in YOLO's text (class, "
            "centre, size): give the folder of one file a picture and --format yolo."
        )
    if ((boxes >= 0) & (boxes <= 1)).all():
        raise InputError(
            f"{where}: all boxes lie within 0 and 1: these are fractions of the "
            "picture, where pixels are needed; give YOLO's folder of text files with "
            "--format yolo, or multiply by width and height."
        )
    scores = finite[:, 2]
    if ((scores >= 0) & (scores <= 1)).all() and (finite[:, 6] > 1).all():
        raise InputError(
            f"{where}: column 3 lies within 0 and 1 and column 7 does not: these look "
            "like frame, class, score, left, top, width, height; MOT rows are frame, "
            "id, left, top, width, height, score."
        )
    return _corners_or_sizes(boxes, size)


def _corners_or_sizes(
    boxes: NDArray[np.float64], size: tuple[int, int]
) -> DetectionFormat:
    """Corners where all would be, within the picture, and many sizes would leave it."""
    if len(boxes) < _ENOUGH or min(size) <= 0:
        return DetectionFormat.MOT
    limit = np.array(size, np.float64) + _MARGIN
    corners = (boxes[:, 2:] > boxes[:, :2]).all() and (boxes[:, 2:] <= limit).all()
    beyond = (boxes[:, :2] + boxes[:, 2:] > limit).any(axis=1)
    if corners and beyond.mean() > 0.1:
        return DetectionFormat.XYXY
    return DetectionFormat.MOT


def _percents(rows: NDArray[np.float64], path: Path) -> tuple[str, ...]:
    scores = rows[:, 6] if len(rows) else np.zeros(0)
    if len(scores) and scores.min() >= 0 and scores.max() > _PERCENT:
        return (
            f"{path}: scores up to {scores.max():g} look like percents; trackers have "
            "thresholds between 0 and 1.",
        )
    return ()
