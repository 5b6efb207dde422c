"""Decoding, the way back to the picture, and CenterTrack's inputs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from parity_checks import EXACT, Arrays, Check, cases, compare

from cstrack_bench.center_affine import centred, letterboxed_cells
from cstrack_bench.detection.center_decode import (
    decode_centertrack,
    decode_fairmot,
    fairmot_embeddings,
)
from cstrack_bench.detection.centertrack_detector import drawn_tracks
from cstrack_bench.models.centertrack_network import CenterTrackOutput
from cstrack_bench.models.dla_config import STRIDE
from cstrack_bench.track_hints import TrackHints
from cstrack_bench.training_data import centertrack_image
from rival_parity.common import GREY_LEVELS, GRID, PIXELS

#: Tracks below are not drawn, in every recorded case.
LEAST_SCORE = 0.5


def fairmot(path: Path) -> Iterator[Check]:
    """``fairmot_decode``."""
    with np.load(path) as recorded:
        for case in cases(recorded, "", "_K"):
            yield from _fairmot_case(f"{path.stem} {case}", case, recorded)
        suffix = "_width_height_inputwidth_inputheight"
        for case in cases(recorded, "", suffix):
            width, height, columns, rows = recorded[f"{case}{suffix}"].tolist()
            way = letterboxed_cells((height, width), (rows, columns), STRIDE)
            found = recorded[f"{case}_detections"]
            ours = np.column_stack([way.boxes_to_picture(found[:, :4]), found[:, 4]])
            yield compare(
                f"{path.stem} {case} boxes", ours, recorded[f"{case}_boxes"], PIXELS
            )


def _fairmot_case(name: str, case: str, recorded: Arrays) -> Iterator[Check]:
    raw = {
        head: torch.from_numpy(recorded[f"{case}_{head}"])
        for head in ("hm", "wh", "id", "reg")
        if f"{case}_{head}" in recorded
    }
    found = decode_fairmot(
        raw["hm"], raw["wh"], raw.get("reg"), int(recorded[f"{case}_K"])
    )
    cells = found.cells.numpy()
    vectors = fairmot_embeddings(raw["id"], found.cells).numpy()
    rows = np.concatenate([found.boxes.numpy(), found.scores.numpy()[..., None]], 2)
    wanted_cells = recorded[f"{case}_indices"]
    wanted_rows = recorded[f"{case}_detections"][..., :5]
    wanted_vectors = recorded[f"{case}_embeddings"]
    if case == "plateau":
        # Equal neighbours have no order.
        order, wanted_order = cells.argsort(axis=1), wanted_cells.argsort(axis=1)
        cells, rows, vectors = _ordered(order, cells, rows, vectors)
        wanted_cells, wanted_rows, wanted_vectors = _ordered(
            wanted_order, wanted_cells, wanted_rows, wanted_vectors
        )
    yield compare(f"{name} cells", cells, wanted_cells, EXACT)
    yield compare(f"{name} boxes and scores", rows, wanted_rows, GRID)
    yield compare(f"{name} embeddings", vectors, wanted_vectors, GRID)


def _ordered(order: NDArray[np.int64], *arrays: NDArray) -> list[NDArray]:
    image = np.arange(len(order))[:, None]
    return [array[image, order] for array in arrays]


def centertrack(path: Path) -> Iterator[Check]:
    """``centertrack_decode``."""
    with np.load(path) as recorded:
        for case in cases(recorded, "", "_K"):
            yield from _centertrack_case(f"{path.stem} {case}", case, recorded)
        for case in cases(recorded, "render_", "_heatmap"):
            yield _rendered(f"{path.stem} render_{case}", f"render_{case}", recorded)
        for case in cases(recorded, "input_", "_tensor"):
            picture = recorded[f"input_{case}_image_bgr"]
            wanted = recorded[f"input_{case}_tensor"]
            _, height, width = wanted.shape
            affine = centred(picture.shape[:2], (height, width))
            fitted = centertrack_image.fit(picture, affine)
            ours = centertrack_image.normalised(centertrack_image.from_bytes(fitted))
            levels = 255 * centertrack_image.DEVIATION[:, None, None]
            yield compare(
                f"{path.stem} input_{case}", ours * levels, wanted * levels, GREY_LEVELS
            )


def _centertrack_case(name: str, case: str, recorded: Arrays) -> Iterator[Check]:
    raw = {
        head: torch.from_numpy(recorded[head])
        for head in ("hm", "reg", "wh", "tracking", "ltrb_amodal")
    }
    amodal = raw["ltrb_amodal"] if case == "mot" else None
    output = CenterTrackOutput(
        raw["hm"], raw["reg"], raw["wh"], raw["tracking"], amodal
    )
    found = decode_centertrack(
        output, int(recorded[f"{case}_K"]), refine=case != "no_offset"
    )
    for key, ours in (
        ("scores", found.scores),
        ("cts", found.centres),
        ("bboxes", found.boxes),
        ("tracking", found.displacements),
    ):
        yield compare(f"{name} {key}", ours, recorded[f"{case}_{key}"], GRID)
    width, height = recorded[f"{case}_width_height"].tolist()
    rows, columns = raw["hm"].shape[-2:]
    way = centred((height, width), (rows, columns))
    kept = (found.scores[0] > float(recorded[f"{case}_threshold"])).numpy()
    centres = found.centres[0].numpy()[kept]
    points = way.to_picture(centres)
    before = way.to_picture(centres + found.displacements[0].numpy()[kept])
    for key, ours in (
        ("image_scores", found.scores[0].numpy()[kept]),
        ("image_centres", points),
        ("image_boxes", way.boxes_to_picture(found.boxes[0].numpy()[kept])),
        ("image_offsets", before - points),
    ):
        yield compare(f"{name} {key}", ours, recorded[f"{case}_{key}"], PIXELS)


def _rendered(name: str, case: str, recorded: Arrays) -> Check:
    width, height = recorded[f"{case}_width_height"].tolist()
    wanted = recorded[f"{case}_heatmap"]
    seen = recorded[f"{case}_active"] > 0
    hints = TrackHints(
        recorded[f"{case}_boxes"][seen], recorded[f"{case}_scores"][seen]
    )
    ours = drawn_tracks(hints, centred((height, width), wanted.shape), LEAST_SCORE)
    return compare(name, ours[0, 0], wanted, GRID)
