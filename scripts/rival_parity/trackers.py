"""Trackers, fed with recorded streams of detections."""

import re
from collections import abc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from parity_checks import EXACT, Arrays, Check, cases, compare

from cstrack_bench.boxes import xyxy_to_xywh
from cstrack_bench.structures import Detections, TrackTable
from cstrack_bench.track_hints import PointDetections
from cstrack_bench.tracking.cascade import CascadeConfig, CascadeTracker
from cstrack_bench.tracking.greedy import GreedyConfig, GreedyTracker
from rival_parity.common import PIXELS

FAIRMOT_CONFIDENCE = 0.4


def rows_of(table: TrackTable) -> NDArray[np.float64]:
    """Rows frame (from 1), id, x, y, w, h, score."""
    boxes = xyxy_to_xywh(table.boxes)
    return np.column_stack([table.frames + 1, table.ids, boxes, table.scores])


def compare_rows(
    name: str, ours: NDArray, wanted: NDArray, limit: float = PIXELS
) -> Iterator[Check]:
    """Rows that start with frame and id, in any order."""
    ours, wanted = (
        rows[np.lexsort((rows[:, 1], rows[:, 0]))] for rows in (ours, wanted)
    )
    same = compare(f"{name} frames and ids", ours[:, :2], wanted[:, :2], EXACT)
    yield same
    if same.passed:
        yield compare(f"{name} boxes", ours[:, 2:6], wanted[:, 2:6], limit)
        yield compare(f"{name} scores", ours[:, 6], wanted[:, 6], limit)


def _frames(
    recorded: Arrays, case: str, counts: str, *keys: str
) -> list[list[NDArray]]:
    """The values of each frame of a stream."""
    ends = np.cumsum(recorded[f"{case}_{counts}"])[:-1]
    values = [np.split(recorded[f"{case}_{key}"], ends) for key in keys]
    return [list(frame) for frame in zip(*values, strict=True)]


def fairmot_tracker(confidence: float, frame_rate: float) -> CascadeTracker:
    """The cascade as FairMOT has it."""
    config = CascadeConfig(activate_first_frame=True, birth_confidence=confidence)
    return CascadeTracker(config, frame_rate)


def fairmot(path: Path) -> Iterator[Check]:
    """Every stream at every confidence, before the output filter."""
    with np.load(path) as recorded:
        for case in cases(recorded, "", "_counts"):
            frames = _frames(recorded, case, "counts", "boxes", "scores", "embeddings")
            for key in sorted(k for k in recorded if k.startswith(f"{case}_tracks")):
                text = key.partition("_confidence_")[2]
                confidence = float(text or FAIRMOT_CONFIDENCE)
                tracker = fairmot_tracker(
                    confidence, float(recorded[f"{case}_frame_rate"])
                )
                table = TrackTable.from_frames(
                    (i, tracker.update(_confident(frame, confidence)))
                    for i, frame in enumerate(frames)
                )
                name = f"{path.stem} {key}"
                yield from compare_rows(name, rows_of(table), recorded[key])


def _confident(frame: abc.Sequence[NDArray], confidence: float) -> Detections:
    kept = frame[1] > np.float32(confidence)
    return Detections(*(values[kept] for values in frame))


def centertrack(path: Path) -> Iterator[Check]:
    """Every stream in every mode; kept tracks count too.

    Of the Hungarian modes, only the exact ones: the others come from a solver whose
    costs drowned in their penalty.
    """
    with np.load(path) as recorded:
        streams = cases(recorded, "", "_counts")
        for case in (name for name in streams if not name.endswith("_public")):
            frames = _frames(
                recorded, case, "counts", "boxes", "scores", "centres", "offsets"
            )
            public = _frames(recorded, case, "public_counts", "public_boxes")
            for key in sorted(k for k in recorded if k.startswith(f"{case}_tracks_")):
                mode = key.removeprefix(f"{case}_tracks_")
                if "hungarian" in mode and not mode.endswith("exact"):
                    continue
                tracker = GreedyTracker(
                    _config(mode),
                    [boxes for (boxes,) in public] if "public" in mode else None,
                )
                yield from _stream(f"{path.stem} {key}", tracker, frames, recorded[key])


def _config(mode: str) -> GreedyConfig:
    """Options in a name such as ``hungarian_age_8_exact`` or ``new_0.6``."""
    age = re.search(r"age_(\d+)", mode)
    new = re.search(r"new_([\d.]+)", mode)
    return GreedyConfig(
        birth_confidence=float(new[1]) if new else GreedyConfig.birth_confidence,
        max_age=int(age[1]) if age else GreedyConfig.max_age,
        assignment="optimal" if "hungarian" in mode else "greedy",
    )


def _stream(
    name: str, tracker: GreedyTracker, frames: list[list[NDArray]], wanted: NDArray
) -> Iterator[Check]:
    rows = []
    for number, (boxes, scores, centres, offsets) in enumerate(frames, 1):
        tracker.update(
            PointDetections(boxes, scores, centres=centres, displacements=offsets)
        )
        kept = tracker.tracks
        rows.append(
            np.column_stack(
                [
                    np.full(len(kept), number),
                    kept.ids,
                    xyxy_to_xywh(kept.boxes),
                    kept.scores,
                    kept.active,
                    kept.age,
                ]
            )
        )
    ours = np.concatenate(rows)
    yield from compare_rows(name, ours, wanted)
    if len(ours) == len(wanted):
        ours, wanted = (
            each[np.lexsort((each[:, 1], each[:, 0]))] for each in (ours, wanted)
        )
        yield compare(f"{name} active and age", ours[:, 7:], wanted[:, 7:], EXACT)
