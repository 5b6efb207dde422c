"""Labels of CenterTrack: boxes in cells, and the points of the previous image."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from cstrack_bench.center_affine import CenterAffine
from cstrack_bench.heatmaps import radius

Floats = NDArray[np.float32]

#: Pixels of the network's input a cell of its heads.
STRIDE = 4


class Annotated(NamedTuple):
    """What is annotated in one image.

    Attributes:
        ids: (N,) int64.
        boxes: (N, 4) x1 y1 x2 y2 in pixels of the picture.
        ignore: (N,) bool, regions in which a detection is neither right nor wrong.
        crowd: (N,) bool, groups, which are regions to ignore too.
    """

    ids: NDArray[np.int64]
    boxes: NDArray[np.floating]
    ignore: NDArray[np.bool_]
    crowd: NDArray[np.bool_]


class Draws(Protocol):
    """Where random numbers come from: ``numpy.random.Generator`` is one."""

    def standard_normal(self) -> float:
        """A number of mean 0 and standard deviation 1."""
        ...

    def random(self) -> float:
        """A number in [0, 1)."""
        ...


@dataclass(frozen=True)
class Disturbance:
    """How the tracks of the previous image are made worse in training.

    Attributes:
        jitter: standard deviation of a centre, as a share of the box's sides.
        lost: probability that an object is not drawn.
        false: probability that a second point is drawn beside an object.
    """

    jitter: float = 0.05
    lost: float = 0.4
    false: float = 0.1


NONE = Disturbance(0.0, 0.0, 0.0)


class PreviousPoints(NamedTuple):
    """The objects of the previous image, in pixels of the network's input.

    Attributes:
        ids: (N,) int64.
        centres: (N, 2) float32, where an object is said to have been.
        drawn: (M, 4) float64: x, y and radius (whole numbers) and peak of each Gaussian
            of the heatmap.
    """

    ids: NDArray[np.int64]
    centres: Floats
    drawn: NDArray[np.float64]


def move(boxes: NDArray[np.floating], affine: CenterAffine) -> Floats:
    """(N, 4) boxes into a map, rounded to float32 as in the published code."""
    return affine.boxes_to_map(boxes.astype(np.float32)).astype(np.float32)


def clip(boxes: Floats, size: tuple[int, int]) -> Floats:
    """Boxes (N, 4) cut to the cells of a map of that height and width."""
    last = np.array([size[1] - 1, size[0] - 1] * 2, np.float32)
    return np.clip(boxes, np.float32(0), last)


def previous_points(
    annotated: Annotated,
    affine: CenterAffine,
    disturbance: Disturbance,
    random: Draws,
) -> PreviousPoints:
    """Where the objects of the previous image were (docs/rivals.md#disturbance).

    Args:
        annotated: of the previous image; crowds are left out.
        affine: from the picture to the network's input.
        disturbance: what is done to them; ``NONE`` draws them as they are.
        random: two normal and two uniform numbers are drawn for each object, and two
            normal ones more for a second point; without disturbance none.
    """
    boxes = clip(move(annotated.boxes[~annotated.crowd], affine), affine.size)
    sides = boxes[:, 2:] - boxes[:, :2]
    visible = (sides > 0).all(axis=1)
    ids = annotated.ids[~annotated.crowd][visible]
    boxes, sides = boxes[visible], sides[visible]
    exact = (boxes[:, :2] + boxes[:, 2:]) / np.float32(2)
    radii = _radii(sides)
    if disturbance == NONE:
        drawn = np.column_stack([np.trunc(exact), radii, np.ones(len(radii))])
        return PreviousPoints(ids, exact, drawn)
    centres, rows = exact.copy(), []
    for number, (centre, side, reach) in enumerate(
        zip(exact, sides, radii, strict=True)
    ):
        moved = _jittered(centre, side, disturbance.jitter, random)
        lost = random.random() < disturbance.lost
        peak = 0.0 if lost else 1.0
        if lost:
            centres[number] = moved
        rows.append((*np.trunc(moved), reach, peak))
        if random.random() < disturbance.false:
            ghost = _jittered(centre, side, disturbance.jitter, random)
            rows.append((*np.trunc(ghost), reach, peak))
    return PreviousPoints(ids, centres, np.array(rows, np.float64).reshape(-1, 4))


def _jittered(centre: Floats, side: Floats, share: float, random: Draws) -> Floats:
    x = centre[0] + random.standard_normal() * share * side[0]
    y = centre[1] + random.standard_normal() * share * side[1]
    return np.array([x, y], np.float32)


def _radii(sides: Floats) -> NDArray[np.int64]:
    width, height = torch.from_numpy(sides).unbind(1)
    return radius(height, width).numpy()


def labels(
    annotated: Annotated,
    previous: PreviousPoints,
    affine: CenterAffine,
    max_objects: int,
) -> Floats:
    """Rows (N, 7) for ``training.centertrack_targets``, without the image's number.

    Args:
        annotated: of the image; the first ``max_objects`` are taken.
        previous: of the previous image.
        affine: from the picture to the cells of the heads.
        max_objects: of an image.

    Returns:
        1 for a pedestrian or 0 for a region to ignore, x1, y1, x2, y2 in cells, not
        clipped, and x, y of the centre in the previous image, NaN for who was not
        there.
    """
    count = min(len(annotated.ids), max_objects)
    rows = np.full((count, 7), np.nan, np.float32)
    rows[:, 0] = ~(annotated.ignore | annotated.crowd)[:count]
    rows[:, 1:5] = move(annotated.boxes[:count], affine)
    # The first object of an id counts, should there be several.
    known, first = np.unique(previous.ids, return_index=True)
    ids = annotated.ids[:count]
    where = np.searchsorted(known, ids)
    found = np.isin(ids, known)
    rows[found, 5:] = previous.centres[first[where[found]]] / np.float32(STRIDE)
    return rows
