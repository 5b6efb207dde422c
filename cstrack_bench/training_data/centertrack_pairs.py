"""Pairs of frames that CenterTrack is trained on (docs/rivals.md#centertrack-sample).

Every random choice is drawn from (seed, epoch, image), as in ``loading``.
"""

from collections import abc
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from cstrack_bench import heatmaps
from cstrack_bench.center_affine import CenterAffine, centred
from cstrack_bench.errors import InputError
from cstrack_bench.training_data import centertrack_image
from cstrack_bench.training_data.centertrack_labels import (
    NONE,
    STRIDE,
    Annotated,
    Disturbance,
    labels,
    previous_points,
)

if TYPE_CHECKING:
    from cstrack_bench.formats.sequences import FrameSource

#: Standard deviation of the motion that is simulated where a picture belongs to no
#: video (CrowdHuman's), as a share of the crop.
PICTURE_MOTION = 0.05
_ZOOMS = np.arange(0.6, 1.35, 0.1)
#: A crop's centre keeps this far from the picture's border, if the picture is larger.
_BORDER = 128


@dataclass(frozen=True)
class PairConfig:
    """What pairs are made of; the defaults are the published ones for MOT17.

    Attributes:
        previous: ``near`` = any frame fewer than ``reach`` away, before or after, and
            the frame itself; ``before`` = the frame before (the first one's is itself).
        reach: see ``previous``.
        flip: probability of a horizontal flip of both.
        crop: whether a random part is cut out, 0.6 to 1.3 times as large as the
            picture.
        colour: whether colours are changed.
        still_shift: standard deviation of the motion simulated where both frames of a
            video are one, as a share of the crop; for pictures of no video, each of
            which is its own previous frame, ``near`` has ``PICTURE_MOTION``.
        still_scale: likewise of its scale.
        disturbance: of the previous tracks.
        min_visibility: people less visible are left out.
        max_objects: of an image.
    """

    previous: Literal["near", "before"] = "near"
    reach: int = 3
    flip: float = 0.5
    crop: bool = True
    colour: bool = True
    still_shift: float = 0.0
    still_scale: float = 0.0
    disturbance: Disturbance = field(default_factory=Disturbance)
    min_visibility: float = 0.25
    max_objects: int = 256


#: Frame and its predecessor as they are.
PLAIN = PairConfig(
    previous="before", flip=0.0, crop=False, colour=False, disturbance=NONE
)


class Pair(NamedTuple):
    """One training sample.

    Attributes:
        image: (3, H, W) float32, normalised BGR.
        previous: (3, H, W) float32.
        heatmap: (1, H, W) float32, tracks in the previous image.
        labels: (T, 7) float32, see ``centertrack_labels.labels``.
        name: for messages.
    """

    image: Tensor
    previous: Tensor
    heatmap: Tensor
    labels: NDArray[np.float32]
    name: str


class PairBatch(NamedTuple):
    """Samples of one step.

    Attributes:
        images: (B, 3, H, W); previous: (B, 3, H, W); heatmaps: (B, 1, H, W).
        targets: (T, 8), each label with the number of its image before it.
        names: B names.
    """

    images: Tensor
    previous: Tensor
    heatmaps: Tensor
    targets: Tensor
    names: list[str]

    def inputs(self, device: torch.device) -> tuple[Tensor, ...]:
        """Images, previous images and heatmaps on a device."""
        given = self.images, self.previous, self.heatmaps
        return tuple(one.to(device, non_blocking=True) for one in given)


class PairSet(Dataset[Pair]):
    """Labelled frames, each with another of the same sequence.

    Args:
        sequences: parts of sequences, or other images, with ground truth.
        size: height, width of the network's input.
        config: what pairs are made of; ``PLAIN`` takes each frame's predecessor.
        seed: of every random choice.

    Raises:
        InputError: a sequence without images or ground truth.
    """

    #: Identities are not learned; only "no identity" is a class.
    identities = 1

    def __init__(
        self,
        sequences: abc.Sequence["FrameSource"],
        size: tuple[int, int],
        config: PairConfig,
        seed: int,
    ) -> None:
        self.size = size
        self.config = config
        self.seed = seed
        self._sequences = list(sequences)
        # Number of the sequence and of the frame in it; what is annotated there.
        self._frames: list[tuple[int, int]] = []
        self._annotated: dict[tuple[int, int], Annotated] = {}
        for source, sequence in enumerate(self._sequences):
            self._add(source, sequence)

    def _add(self, source: int, sequence: "FrameSource") -> None:
        annotations = sequence.annotations()
        if annotations is None or not sequence.has_images:
            missing = "images" if annotations is not None else "ground truth"
            raise InputError(
                f"Sequence {sequence.name} in {sequence.folder} has no {missing}, "
                "so it cannot be trained on."
            )
        people = annotations.pedestrians()
        people = people.keep(people.visibility >= self.config.min_visibility)
        order = np.argsort(people.frames, kind="stable")
        frames = range(sequence.start, sequence.stop)
        starts = np.searchsorted(people.frames[order], [*frames, sequence.stop])
        for index, first, last in zip(frames, starts[:-1], starts[1:], strict=True):
            rows = order[first:last]
            none = np.zeros(len(rows), np.bool_)
            self._frames.append((source, index))
            # Who has no identity is nobody's earlier self in another frame.
            ids = np.where(people.ids[rows] < 0, -1 - rows, people.ids[rows])
            self._annotated[source, index] = Annotated(
                ids, people.boxes[rows], none, none
            )

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, key: tuple[int, int]) -> Pair:
        """The pair of the image ``(epoch, index)``."""
        epoch, index = key
        random = np.random.default_rng((self.seed, epoch, index))
        source, number = self._frames[index]
        sequence = self._sequences[source]
        earlier = self._previous(sequence, number, random)
        picture, before = sequence.frame(number).image, sequence.frame(earlier).image
        affine = centred(picture.shape[:2], self.size)
        if self.config.crop:
            affine = _cropped(affine, picture.shape[:2], random)
        flip = random.random() < self.config.flip
        moved = affine
        if earlier == number:
            moved = self._moved(affine, sequence.is_video, random)
        annotated, previous = (
            self._labelled(source, which, flip, picture.shape[1])
            for which in (number, earlier)
        )
        points = previous_points(previous, moved, self.config.disturbance, random)
        cells = replace(affine, size=(self.size[0] // STRIDE, self.size[1] // STRIDE))
        return Pair(
            self._input(picture, flip, affine, random),
            self._input(before, flip, moved, random),
            _drawn(points.drawn, self.size),
            labels(annotated, points, cells, self.config.max_objects),
            f"{sequence.name} frame {number + 1}",
        )

    def batch(self, keys: list[tuple[int, int]]) -> PairBatch:
        """The pairs of the images ``(epoch, index)`` of one step."""
        return collate_pairs([self[key] for key in keys])

    def _previous(
        self, sequence: "FrameSource", number: int, random: np.random.Generator
    ) -> int:
        if not sequence.is_video:
            return number
        if self.config.previous == "before":
            return max(number - 1, sequence.start)
        first = max(number - self.config.reach + 1, sequence.start)
        last = min(number + self.config.reach, sequence.stop)
        return int(random.integers(first, last))

    def _moved(
        self, affine: CenterAffine, video: bool, random: np.random.Generator
    ) -> CenterAffine:
        """Simulated motion of a frame that is its own previous one."""
        shift, scale = self.config.still_shift, self.config.still_scale
        if not video and self.config.previous == "near":
            shift = scale = PICTURE_MOTION
        if not shift and not scale:
            return affine
        steps = np.clip(random.standard_normal(2) * shift, -2 * shift, 2 * shift)
        x, y = np.array(affine.centre) + steps * affine.extent
        zoom = np.clip(random.standard_normal() * scale + 1, 1 - scale, 1 + scale)
        return replace(affine, centre=(float(x), float(y)), extent=affine.extent * zoom)

    def _labelled(self, source: int, number: int, flip: bool, width: int) -> Annotated:
        found = self._annotated[source, number]
        if not flip:
            return found
        boxes = found.boxes.copy()
        # Columns are counted from 0, so that the last one is width - 1.
        boxes[:, [0, 2]] = width - found.boxes[:, [2, 0]] - 1
        return found._replace(boxes=boxes)

    def _input(
        self,
        picture: NDArray[np.uint8],
        flip: bool,
        affine: CenterAffine,
        random: np.random.Generator,
    ) -> Tensor:
        if flip:
            picture = np.ascontiguousarray(picture[:, ::-1])
        image = centertrack_image.from_bytes(centertrack_image.fit(picture, affine))
        if self.config.colour:
            draw = centertrack_image.draw_colour(random)
            image = centertrack_image.recolour(image, draw)
        return torch.from_numpy(centertrack_image.normalised(image))


def _cropped(
    affine: CenterAffine, picture: tuple[int, int], random: np.random.Generator
) -> CenterAffine:
    x, y = (
        int(random.integers(_border(side), side - _border(side)))
        for side in (picture[1], picture[0])
    )
    zoom = float(random.choice(_ZOOMS))
    return replace(affine, centre=(x, y), extent=affine.extent * zoom)


def _border(side: int) -> int:
    """128, halved until both borders leave something between them."""
    border = _BORDER
    while border and side - border <= border:
        border //= 2
    return border


def _drawn(points: NDArray[np.float64], size: tuple[int, int]) -> Tensor:
    maps = torch.zeros(1, *size)
    rows = torch.from_numpy(points)
    x, y, radii = rows[:, :3].long().unbind(1)
    heatmaps.draw(maps, torch.zeros_like(x), x, y, radii, rows[:, 3])
    return maps


def collate_pairs(pairs: list[Pair]) -> PairBatch:
    """Stack samples; give each label the number of its image."""
    targets = [
        torch.cat(
            [
                torch.full((len(pair.labels), 1), float(number)),
                torch.from_numpy(pair.labels),
            ],
            dim=1,
        )
        for number, pair in enumerate(pairs)
    ]
    return PairBatch(
        torch.stack([pair.image for pair in pairs]),
        torch.stack([pair.previous for pair in pairs]),
        torch.stack([pair.heatmap for pair in pairs]),
        torch.cat(targets),
        [pair.name for pair in pairs],
    )
