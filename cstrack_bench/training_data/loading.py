"""Training images with their boxes and identities, in a fixed random order.

Every random choice is drawn from (seed, epoch, image), so what a step gets depends
neither on the number of worker processes nor on where a run was interrupted.
"""

from collections import abc
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from cstrack_bench.components import Component
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import FrameSource
from cstrack_bench.training_data.augment import (
    AugmentConfig,
    augment_image,
    clip,
    fit,
    placement_of,
)
from cstrack_bench.training_data.cache import BUDGET, make_cache

COMPONENT = Component("training data", 2)


class Batch(NamedTuple):
    """One step's data.

    Attributes:
        images: (B, 3, H, W) uint8 RGB.
        targets: (T, 6) float32 image, identity, cx, cy, w, h; normalised; identity 0
            is none.
        names: B image names, for error messages.
    """

    images: torch.Tensor
    targets: torch.Tensor
    names: list[str]

    def inputs(self, device: torch.device) -> tuple[torch.Tensor, ...]:
        """The images on a device, (B, 3, H, W) float32 in [0, 1]."""
        return (self.images.to(device, non_blocking=True).float() / 255,)


class TrainingBatch(Protocol):
    """What a training loop needs of one step's data."""

    @property
    def targets(self) -> torch.Tensor:
        """What the loss takes beside the network's output."""
        ...

    @property
    def names(self) -> list[str]:
        """Names of the images, for error messages."""
        ...

    def inputs(self, device: torch.device) -> tuple[torch.Tensor, ...]:
        """What the network takes, (B, …) each, on a device."""
        ...


Item = tuple[NDArray[np.uint8], NDArray[np.float32], str]


class LabelledImages(Protocol):
    """What a training loop needs of a data set.

    Attributes:
        identities: classes of the identity classifier; 0, "no identity", is counted.
    """

    identities: int

    def __len__(self) -> int:
        """Images of an epoch."""
        ...

    def batch(self, keys: list[tuple[int, int]]) -> TrainingBatch:
        """The images ``(epoch, index)`` of one step."""
        ...


class TrainingSet(Dataset[Item]):
    """Labelled frames of some sequences, fitted to the network's input size.

    Identities are numbered from 1 in order of appearance over all sequences, without
    gaps and each sequence's first one included (docs/reference.md#identity-numbering);
    0 stands for a person
    without identity. Resized frames are kept in memory if all of them fit.

    Args:
        sequences: parts of sequences, or other images, with ground truth.
        size: height, width of the network's input.
        augment: random changes; None for none.
        seed: of every random choice.
        cache: bytes of frames to keep in memory; 0 decodes each of them every time.

    Raises:
        InputError: a sequence without images or ground truth, or nothing labelled.
    """

    def __init__(
        self,
        sequences: abc.Sequence[FrameSource],
        size: tuple[int, int],
        augment: AugmentConfig | None,
        seed: int,
        cache: int = BUDGET,
    ) -> None:
        self.size = size
        self.augment = augment
        self.seed = seed
        self._frames: list[tuple[FrameSource, int]] = []
        self._labels: list[NDArray[np.float64]] = []  # identity, x1, y1, x2, y2
        self.identities = 1
        for sequence in sequences:
            self._add(sequence)
        if not self._frames:
            raise InputError(
                "No training image has a pedestrian in it: "
                + (", ".join(s.name for s in sequences) or "no sequence was given")
                + "."
            )
        self._cache = make_cache(len(self._frames), size, cache)

    def _add(self, sequence: FrameSource) -> None:
        annotations = sequence.annotations()
        if annotations is None or not sequence.has_images:
            missing = "images" if annotations is not None else "ground truth"
            raise InputError(
                f"Sequence {sequence.name} in {sequence.folder} has no {missing}, "
                "so it cannot be trained on."
            )
        people = annotations.pedestrians()
        if self.augment is not None and self.augment.min_visibility > 0:
            people = people.keep(people.visibility >= self.augment.min_visibility)
        numbers: dict[int, int] = {}
        identity = np.zeros(len(people.ids))
        for row, person in enumerate(people.ids.tolist()):
            if person >= 0:
                number = numbers.setdefault(person, self.identities + len(numbers))
                identity[row] = number
        self.identities += len(numbers)
        labels = np.concatenate([identity[:, None], people.boxes], 1)
        order = np.argsort(people.frames, kind="stable")
        # The official lists hold labelled images alone.
        frames, first = np.unique(people.frames[order], return_index=True)
        self._frames += [(sequence, index) for index in frames.tolist()]
        self._labels += np.split(labels[order], first[1:]) if len(frames) else []

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, key: tuple[int, int]) -> Item:
        """Image (3, H, W) RGB and targets (T, 5) of the image ``(epoch, index)``."""
        epoch, index = key
        sequence, number = self._frames[index]
        image, original = self._picture(index)
        height, width = self.size
        labels = self._labels[index].copy()
        placement = placement_of(original, self.size, self.augment)
        labels[:, 1:] = placement.boxes(labels[:, 1:])
        if self.augment is not None:
            random = np.random.default_rng((self.seed, epoch, index))
            image, labels = augment_image(
                image, labels, self.augment, random, placement
            )
        labels = clip(labels, self.size)
        pixels = np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1))
        targets = np.empty((len(labels), 5), np.float32)
        targets[:, 0] = labels[:, 0]
        targets[:, 1:3] = (labels[:, 1:3] + labels[:, 3:5]) / 2
        targets[:, 3:5] = labels[:, 3:5] - labels[:, 1:3]
        targets[:, 1:] /= [width, height, width, height]
        return pixels, targets, f"{sequence.name} frame {number + 1}"

    def batch(self, keys: list[tuple[int, int]]) -> Batch:
        """The images ``(epoch, index)`` of one step."""
        return collate([self[key] for key in keys])

    def _picture(self, index: int) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        """The fitted picture (H, W, 3) BGR, and the height, width it had before."""
        kept = None if self._cache is None else self._cache.get(index)
        if kept is not None:
            return kept
        sequence, number = self._frames[index]
        image = sequence.frame(number).image
        original = (image.shape[0], image.shape[1])
        fitted = fit(image, self.size, self.augment)
        if self._cache is not None:
            self._cache.put(index, fitted, original)
        return fitted, original


class EpochSampler(Sampler[list[tuple[int, int]]]):
    """Batches of ``(epoch, index)``, in an order drawn from the seed and the epoch.

    Args:
        length: images.
        batch: images a batch, over all processes.
        seed: of the order.
        epoch: which epoch.
        first: batches of it that are done already.
        rank: number of this process.
        world: number of processes.
    """

    def __init__(
        self,
        length: int,
        batch: int,
        seed: int,
        epoch: int,
        first: int = 0,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        order = np.random.default_rng((seed, epoch)).permutation(length)
        last = length % batch
        if 0 < last < world:  # each process needs an image of the last batch
            order = np.concatenate([order, order[: world - last]])
        self._batches = [
            [(epoch, int(i)) for i in order[start : start + batch][rank::world]]
            for start in range(first * batch, len(order), batch)
        ]

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> abc.Iterator[list[tuple[int, int]]]:
        return iter(self._batches)


def collate(
    items: list[Item],
) -> Batch:
    """Stack images; give each target the number of its image."""
    images = torch.from_numpy(np.stack([item[0] for item in items]))
    targets = torch.cat(
        [
            torch.cat([torch.full((len(rows), 1), float(i)), torch.from_numpy(rows)], 1)
            for i, (_, rows, _) in enumerate(items)
        ]
    )
    return Batch(images, targets, [item[2] for item in items])
