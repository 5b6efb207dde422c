"""Training frames of FairMOT: changed as its published code does, boxes not clipped."""

from collections import abc
from typing import TYPE_CHECKING

import numpy as np

from cstrack_bench.training_data.augment import AugmentConfig
from cstrack_bench.training_data.fairmot_augment import (
    DRAWS,
    FairMotAugment,
    augment,
)
from cstrack_bench.training_data.loading import Item, TrainingSet

if TYPE_CHECKING:
    from cstrack_bench.formats.sequences import FrameSource


class FairMotSet(TrainingSet):
    """Labelled frames as FairMOT is trained on them (docs/rivals.md#fairmot-sample).

    Colours are changed before the picture is fitted to the input, so that no fitted
    picture is kept.

    Args:
        sequences: parts of sequences, or other images, with ground truth.
        size: height, width of the network's input.
        options: what a recipe says; which boxes are left out is read here.
        changes: ranges of the random changes.
        seed: of every random choice.

    Raises:
        InputError: a sequence without images or ground truth, or nothing labelled.
    """

    def __init__(
        self,
        sequences: abc.Sequence["FrameSource"],
        size: tuple[int, int],
        options: AugmentConfig,
        changes: FairMotAugment,
        seed: int,
    ) -> None:
        super().__init__(sequences, size, options, seed, cache=0)
        self._changes = changes

    def __getitem__(self, key: tuple[int, int]) -> Item:
        """Image (3, H, W) RGB and targets (T, 5) of the image ``(epoch, index)``."""
        epoch, index = key
        sequence, number = self._frames[index]
        random = np.random.default_rng((self.seed, epoch, index))
        image, labels = augment(
            sequence.frame(number).image,
            self._labels[index],
            self.size,
            random.random(DRAWS),
            self._changes,
        )
        pixels = np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1))
        height, width = self.size
        targets = np.empty((len(labels), 5), np.float32)
        targets[:, 0] = labels[:, 0]
        targets[:, 1:3] = (labels[:, 1:3] + labels[:, 3:5]) / 2
        targets[:, 3:5] = labels[:, 3:5] - labels[:, 1:3]
        targets[:, 1:] /= [width, height, width, height]
        return pixels, targets, f"{sequence.name} frame {number + 1}"
