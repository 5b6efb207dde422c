"""Crops of people: cut from a frame, and a training set of them."""

from collections import abc
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from cstrack_bench.console import progress
from cstrack_bench.errors import InputError
from cstrack_bench.training_data.augment import AugmentConfig, augment_image
from cstrack_bench.training_data.loading import Batch, Item, collate

if TYPE_CHECKING:
    from cstrack_bench.formats.sequences import FrameSource

# Of a box without any pixel.
_GREY = 114


def crop_boxes(
    boxes: NDArray[np.floating], aspect: float, width: int, height: int
) -> NDArray[np.int64]:
    """Boxes grown to an aspect and cut to the picture, in whole pixels.

    The side that is too short grows on both ends, so that a crop shows all of the
    person undistorted; at a picture's edge the growth is cut off again.

    Args:
        boxes: (N, 4) x1 y1 x2 y2 in pixels.
        aspect: width / height that is wanted.
        width: of the picture; height: of the picture.

    Returns:
        (N, 4) x1 y1 x2 y2; x1 = x2 = 0 where nothing of a box is in the picture or a
        coordinate is not a finite number.
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    sound: NDArray[np.bool_] = np.all(np.isfinite(boxes), axis=1)
    boxes = np.where(sound[:, None], boxes, 0.0)
    sides = boxes[:, 2:] - boxes[:, :2]
    sound &= (sides > 0).all(axis=1)
    wanted = np.stack([sides[:, 1] * aspect, sides[:, 0] / aspect], axis=1)
    growth = np.maximum(wanted - sides, 0.0) / 2
    limits = np.array([width, height, width, height], np.float64)
    # A box outside must not come in by its growth.
    sound &= (boxes[:, :2] < limits[:2]).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
    grown = np.concatenate([boxes[:, :2] - growth, boxes[:, 2:] + growth], axis=1)
    low = np.floor(grown[:, :2] + 0.5).clip(0, limits[:2] - 1)
    high = np.floor(grown[:, 2:] + 0.5).clip(low + 1, limits[2:])
    return np.where(sound[:, None], np.concatenate([low, high], 1), 0).astype(np.int64)


def cut(
    image: NDArray[np.uint8], boxes: NDArray[np.floating], size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Crops of boxes at one size.

    Args:
        image: (H, W, 3) uint8 BGR.
        boxes: (N, 4) x1 y1 x2 y2 in pixels.
        size: height, width of a crop.

    Returns:
        (N, height, width, 3) uint8 BGR, and (N,) whether a box has any pixel; crops of
        those without are grey.
    """
    height, width = size
    areas = crop_boxes(boxes, width / height, image.shape[1], image.shape[0])
    crops = np.full((len(areas), height, width, 3), _GREY, np.uint8)
    inside = areas[:, 2] > areas[:, 0]
    for row in np.flatnonzero(inside):
        x1, y1, x2, y2 = areas[row]
        # Averaging where pixels are lost, else fine patterns turn into false colours.
        shrinks = y2 - y1 > height
        cv2.resize(
            image[y1:y2, x1:x2],
            (width, height),
            dst=crops[row],
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
        )
    return crops, inside


class CropSet(Dataset[Item]):
    """Crops of the annotated pedestrians of some sequences, one an item.

    Every frame is decoded once, when the set is made; the crops stay in memory. An
    epoch shows at most ``per_identity`` crops of a person: one from each of so many
    equal stretches of the person's time, drawn anew in every epoch.

    Identities are numbered from 1, sequence by sequence and there by id; people without
    an identity, or without a usable crop, are left out.

    Args:
        sequences: parts of sequences with images and ground truth.
        size: height, width of a crop.
        augment: random changes; None for none.
        seed: of every random choice.
        per_identity: most crops of a person an epoch.
        pool: most crops of a person kept in memory, spread evenly over time.
        min_visibility: boxes less visible than this, or than ``augment`` says, show
            other people and are left out.
        min_height: boxes less high than this, in pixels, are left out.

    Raises:
        InputError: a sequence without images or ground truth, or no usable crop.
    """

    def __init__(
        self,
        sequences: abc.Sequence["FrameSource"],
        size: tuple[int, int],
        augment: AugmentConfig | None,
        seed: int,
        per_identity: int = 16,
        pool: int = 64,
        min_visibility: float = 0.3,
        min_height: float = 24.0,
    ) -> None:
        if not 1 <= per_identity <= pool:
            raise InputError(
                f"An epoch cannot show {per_identity} of {pool} crops of a person: "
                "give at least 1 and at most as many as are kept."
            )
        self.size = size
        self.augment = augment
        self.seed = seed
        self.identities = 1
        self._pool = pool
        self._min_height = min_height
        self._min_visibility = max(
            min_visibility, augment.min_visibility if augment else 0.0
        )
        self._names: list[str] = []
        # People by class - 1: where their crops start, and how many there are.
        self._starts: list[int] = []
        self._counts: list[int] = []
        parts = [np.zeros((0, *size, 3), np.uint8)]
        with progress() as display:
            frames = sum(s.stop - s.start for s in sequences)
            task = display.add_task("cutting crops", total=frames)
            for sequence in sequences:
                parts.append(self._cut_people(sequence))
                display.advance(task, sequence.stop - sequence.start)
        self._crops = np.concatenate(parts)
        self.identities += len(self._counts)
        if not self._counts:
            raise InputError(
                "No training image has a pedestrian with an identity in it: "
                + (", ".join(s.name for s in sequences) or "no sequence was given")
                + "."
            )
        shown = np.minimum(self._counts, per_identity)
        self._people = np.repeat(np.arange(len(shown)), shown)
        self._stretches = np.concatenate([np.arange(count) for count in shown])
        self._shown = shown

    def _cut_people(self, sequence: "FrameSource") -> NDArray[np.uint8]:
        """The crops of a sequence, person by person, each by time."""
        annotations = sequence.annotations()
        if annotations is None or not sequence.has_images:
            missing = "images" if annotations is not None else "ground truth"
            raise InputError(
                f"Sequence {sequence.name} in {sequence.folder} has no {missing}, "
                "so it cannot be trained on."
            )
        people = annotations.pedestrians()
        height = people.boxes[:, 3] - people.boxes[:, 1]
        clear = people.visibility >= self._min_visibility
        people = people.keep((people.ids >= 0) & clear & (height >= self._min_height))
        rows = self._spread(people.ids, people.frames)
        crops = np.zeros((len(rows), *self.size, 3), np.uint8)
        inside = np.zeros(len(rows), np.bool_)
        frames = people.frames[rows]
        for frame in np.unique(frames):
            here = np.flatnonzero(frames == frame)
            image: NDArray[np.uint8] = sequence.frame(int(frame)).image
            crops[here], inside[here] = cut(image, people.boxes[rows[here]], self.size)
        crops, rows = crops[inside], rows[inside]
        _, starts, counts = np.unique(
            people.ids[rows], return_index=True, return_counts=True
        )
        self._starts += (len(self._names) + starts).tolist()
        self._counts += counts.tolist()
        self._names += [
            f"{sequence.name} frame {frame + 1} person {person}"
            for frame, person in zip(people.frames[rows], people.ids[rows], strict=True)
        ]
        return crops

    def _spread(
        self, ids: NDArray[np.int64], frames: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Rows of the crops to keep, by person, then by frame."""
        order = np.lexsort((frames, ids))
        _, starts, counts = np.unique(ids[order], return_index=True, return_counts=True)
        kept = [
            start + np.unique(np.linspace(0, count - 1, min(count, self._pool)).round())
            for start, count in zip(starts, counts, strict=True)
        ]
        if not kept:
            return np.zeros(0, np.int64)
        return order[np.concatenate(kept).astype(np.int64)]

    def __len__(self) -> int:
        return len(self._people)

    def __getitem__(self, key: tuple[int, int]) -> Item:
        """Crop (3, H, W) RGB and target (1, 5) of the item ``(epoch, index)``."""
        epoch, index = key
        random = np.random.default_rng((self.seed, epoch, index))
        person, stretch = int(self._people[index]), int(self._stretches[index])
        count, shown = self._counts[person], int(self._shown[person])
        first, last = stretch * count // shown, (stretch + 1) * count // shown
        row = self._starts[person] + int(random.integers(first, last))
        image: NDArray[np.uint8] = self._crops[row]
        if self.augment is not None:
            no_boxes = np.zeros((0, 5))
            image, _ = augment_image(image, no_boxes, self.augment, random)
        pixels = np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1))
        target = np.array([[person + 1, 0.5, 0.5, 1.0, 1.0]], np.float32)
        return pixels, target, self._names[row]

    def batch(self, keys: list[tuple[int, int]]) -> Batch:
        """The crops ``(epoch, index)`` of one step."""
        return collate([self[key] for key in keys])
