"""Training samples: targets, previous heatmaps, colours and warps."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from parity_checks import EXACT, Arrays, Check, cases, compare

from cstrack_bench import heatmaps
from cstrack_bench.center_affine import centred
from cstrack_bench.models.dla_config import STRIDE
from cstrack_bench.training import centertrack_targets as of_centertrack
from cstrack_bench.training import fairmot_targets as of_fairmot
from cstrack_bench.training_data import centertrack_image
from cstrack_bench.training_data import fairmot_augment as augment
from cstrack_bench.training_data.centertrack_labels import (
    Disturbance,
    PreviousPoints,
    previous_points,
)
from rival_parity.common import (
    GREY_LEVELS,
    GRID,
    PIXELS,
    annotated,
    centertrack_sample,
    fairmot_labels,
)


def fairmot_targets(path: Path) -> Iterator[Check]:
    """Every case's maps and slots."""
    with np.load(path) as recorded:
        for case in cases(recorded, "", "_labels"):
            height, width = recorded[f"{case}_size_height_width"].tolist()
            ours = of_fairmot.fairmot_targets(
                fairmot_labels(recorded, np.array([case])),
                1,
                (height // STRIDE, width // STRIDE),
                "size" if recorded[f"{case}_wh"].shape[1] == 2 else "sides",
                int(recorded[f"{case}_max_objects"]),
            )
            name = f"{path.stem} {case}"
            yield compare(f"{name} hm", ours.heatmap[0], recorded[f"{case}_hm"], GRID)
            yield from _slots(
                name,
                case,
                recorded,
                ours.label,
                {
                    "reg_mask": torch.ones(len(ours.label)),
                    "ind": ours.cell,
                    "reg": ours.offset,
                    "wh": ours.box,
                    # Theirs count from 0.
                    "ids": ours.identity - 1,
                },
            )


def _slots(
    name: str,
    case: str,
    recorded: Arrays,
    slots: torch.Tensor,
    values: dict[str, torch.Tensor],
) -> Iterator[Check]:
    """Values of objects, put into the recorded slots; empty ones hold 0."""
    for key, value in values.items():
        wanted = recorded[f"{case}_{key}"]
        ours = np.zeros(wanted.shape)
        ours[slots.numpy()] = value.numpy()
        whole = np.issubdtype(wanted.dtype, np.integer)
        yield compare(f"{name} {key}", ours, wanted, EXACT if whole else GRID)


def centertrack_targets(path: Path) -> Iterator[Check]:
    """Every case's maps and slots, disturbed points, and fitted pictures."""
    with np.load(path) as recorded:
        for case in cases(recorded, "", "_ind"):
            name = f"{path.stem} {case}"
            labels, previous = centertrack_sample(recorded, case)
            yield from _targets(name, case, recorded, labels)
            yield _previous_heatmap(name, recorded[f"{case}_pre_hm"], previous)
            for key in ("image", "pre_image"):
                if f"{case}_{key}" in recorded:
                    yield _picture(name, case, key, recorded)
        for case in cases(recorded, "", "_rates_jitter_lost_false"):
            yield from _disturbed(f"{path.stem} {case}", case, recorded)


def _targets(
    name: str, case: str, recorded: Arrays, labels: NDArray[np.float32]
) -> Iterator[Check]:
    wanted = recorded[f"{case}_hm"]
    rows = np.concatenate([np.zeros((len(labels), 1), np.float32), labels], axis=1)
    _, height, width = wanted.shape
    ours = of_centertrack.centertrack_targets(
        torch.from_numpy(rows), 1, (height, width)
    )
    yield compare(f"{name} hm", ours.heatmap[0], wanted, GRID)
    seen = ~ours.displacement.isnan()
    present = torch.ones(len(ours.label))
    yield from _slots(
        name,
        case,
        recorded,
        ours.label,
        {
            "ind": ours.cell,
            "mask": present,
            "reg": ours.offset,
            "reg_mask": present[:, None].expand(-1, 2),
            "wh": ours.size,
            "wh_mask": present[:, None].expand(-1, 2),
            "tracking": ours.displacement.nan_to_num(),
            "tracking_mask": seen.float(),
            "ltrb_amodal": ours.amodal,
            "ltrb_amodal_mask": present[:, None].expand(-1, 4),
        },
    )


def _previous_heatmap(
    name: str, wanted: NDArray[np.float32], previous: PreviousPoints
) -> Check:
    drawn = torch.from_numpy(previous.drawn)
    maps = torch.zeros(wanted.shape)
    x, y, radii = drawn[:, :3].long().unbind(1)
    heatmaps.draw(maps, torch.zeros_like(x), x, y, radii, drawn[:, 3])
    return compare(f"{name} pre_hm", maps, wanted, GRID)


def _picture(name: str, case: str, key: str, recorded: Arrays) -> Check:
    source = "image_bgr" if key == "image" else "previous_image_bgr"
    picture, wanted = recorded[f"{case}_{source}"], recorded[f"{case}_{key}"]
    _, height, width = wanted.shape
    fitted = centertrack_image.fit(picture, centred(picture.shape[:2], (height, width)))
    ours = centertrack_image.normalised(centertrack_image.from_bytes(fitted))
    levels = 255 * centertrack_image.DEVIATION[:, None, None]
    return compare(f"{name} {key}", ours * levels, wanted * levels, GREY_LEVELS)


class Replayed:
    """Random numbers that were drawn before."""

    def __init__(self, normals: NDArray, uniforms: NDArray) -> None:
        self._normals = iter(normals.tolist())
        self._uniforms = iter(uniforms.tolist())

    def standard_normal(self) -> float:
        """The next of the normal ones."""
        return next(self._normals)

    def random(self) -> float:
        """The next of the uniform ones."""
        return next(self._uniforms)


def _disturbed(name: str, case: str, recorded: Arrays) -> Iterator[Check]:
    height, width = recorded[f"{case}_height_width"].tolist()
    wanted = recorded[f"{case}_pre_hm"]
    previous = previous_points(
        annotated(recorded[f"{case}_annotations"]),
        centred((height, width), wanted.shape[1:]),
        Disturbance(*recorded[f"{case}_rates_jitter_lost_false"].tolist()),
        Replayed(recorded[f"{case}_normals"], recorded[f"{case}_uniforms"]),
    )
    yield _previous_heatmap(name, wanted, previous)
    centres = previous.centres / STRIDE
    yield compare(f"{name} centres", centres, recorded[f"{case}_pre_centres"], GRID)
    yield compare(f"{name} ids", previous.ids, recorded[f"{case}_pre_ids"], EXACT)


def centertrack_colour(path: Path) -> Iterator[Check]:
    """Random colours, from the numbers drawn."""
    with np.load(path) as recorded:
        picture = centertrack_image.from_bytes(recorded["image_bgr"])
        for case in cases(recorded, "", "_augmented"):
            draw = centertrack_image.ColourDraw(
                tuple(recorded[f"{case}_order"].tolist()),
                tuple((1 + recorded[f"{case}_uniforms"]).tolist()),
                recorded[f"{case}_normals"],
            )
            ours = centertrack_image.recolour(picture, draw)
            name = f"{path.stem} {case}"
            yield compare(
                f"{name} augmented", ours, recorded[f"{case}_augmented"], GRID
            )
            yield compare(
                f"{name} network_input",
                centertrack_image.normalised(ours),
                recorded[f"{case}_network_input"],
                GRID,
            )
        for key, constant in (
            ("eigen_values", centertrack_image.EIGENVALUES),
            ("eigen_vectors", centertrack_image.EIGENVECTORS),
        ):
            yield compare(f"{path.stem} {key}", constant, recorded[key], GRID)


def fairmot_augment(path: Path) -> Iterator[Check]:
    """Affine of pictures and boxes, and whole samples, from the numbers drawn."""
    with np.load(path) as recorded:
        image = recorded["affine_image"]
        size = image.shape[:2]
        for case in cases(recorded, "", "_matrix"):
            name = f"{path.stem} {case}"
            draws = recorded[f"{case}_draws"]
            moved = augment.affine(draws, size, augment.FAIRMOT)
            yield compare(
                f"{name} matrix", moved.matrix, recorded[f"{case}_matrix"], GRID
            )
            yield compare(
                f"{name} warped",
                augment.warp(image, moved),
                recorded[f"{case}_warped"],
                GREY_LEVELS,
            )
            rows = recorded[f"{case}_boxes"].astype(np.float64)
            boxes, kept = augment.move_labels(rows[:, 2:], moved, size)
            ours = np.concatenate([rows[kept, :2], boxes[kept]], axis=1)
            yield compare(
                f"{name} boxes", ours, recorded[f"{case}_boxes_after"], PIXELS
            )
        for case in cases(recorded, "", "_rgb"):
            yield from _sample(f"{path.stem} {case}", case, recorded)


def _sample(name: str, case: str, recorded: Arrays) -> Iterator[Check]:
    picture, wanted = recorded["sample_image"], recorded[f"{case}_rgb"]
    labels = recorded["sample_labels"]
    sides = np.array(picture.shape[1::-1])
    middle, half = labels[:, 2:4] * sides, labels[:, 4:6] * sides / 2
    given = np.concatenate([labels[:, 1:2], middle - half, middle + half], axis=1)
    size = (wanted.shape[0], wanted.shape[1])
    fitted, moved = augment.augment(picture, given, size, recorded[f"{case}_draws"])
    yield compare(f"{name} picture", fitted[:, :, ::-1], wanted, GREY_LEVELS)
    extent = np.array(size[::-1])
    corners = moved[:, 1:].reshape(-1, 2, 2)
    ours = np.concatenate(
        [
            moved[:, :1],
            corners.mean(axis=1) / extent,
            (corners[:, 1] - corners[:, 0]) / extent,
        ],
        axis=1,
    )
    yield compare(f"{name} labels", ours, recorded[f"{case}_labels_after"][:, 1:], GRID)
