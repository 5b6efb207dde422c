"""Mixes: further training images beside the data set that is tested on (Table IV)."""

import collections.abc as abc
import dataclasses
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from cstrack_bench.datasets.dataset import Dataset
from cstrack_bench.datasets.registry import find_dataset
from cstrack_bench.errors import InputError
from cstrack_bench.formats.mot_files import Annotations
from cstrack_bench.formats.sequences import FrameSource
from cstrack_bench.structures import Frame
from cstrack_bench.synthmot.generate import SynthSpec


@dataclass(frozen=True)
class MixPart:
    """One data set of a mix; all of its training images, in any split of the main one.

    Attributes:
        dataset: a name that ``registry.find_dataset`` knows, of sequences or of images;
            any other name is that of a folder in JDE's layout.
        synth: the synthetic world, for a data set that is made: of its training
            sequences only.
        identities: whether its identities are learnt; otherwise only its boxes are, as
            those of CrowdHuman in the paper's mix B.
        step: every how many frames one is used.
        sequences: shell pattern of the sequences to use.
        lists: the lists of a data set of images to use; its ``NAME.train`` by default.
    """

    dataset: str
    synth: SynthSpec = field(default_factory=SynthSpec)
    identities: bool = True
    step: int = 1
    sequences: str = "*"
    lists: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what is said against itself.

        Raises:
            InputError: no name, a step below 1, or lists of sequences.
        """
        if not self.dataset:
            raise InputError("A part of a mix needs a dataset.")
        if self.step < 1:
            raise InputError(
                f"A mix takes every step-th frame of {self.dataset}: step must be at "
                f"least 1, not {self.step}."
            )
        if self.lists and not self.resolved.has_lists:
            raise InputError(
                f"{self.dataset} has sequences, not lists; choose from them with "
                "sequences, a pattern of their names."
            )

    @property
    def resolved(self) -> Dataset:
        """The data set, with the synthetic world where it is made."""
        return find_dataset(self.dataset).made_from(self.synth)

    @property
    def name(self) -> str:
        """What messages and records call it: a synthetic world has its seed in it."""
        return self.resolved.label


@dataclass(frozen=True)
class Thinned:
    """Every so many frames of a source, with or without its identities.

    Attributes:
        source: what it is taken from.
        name: of the part and of the source.
        identities: otherwise every person has id -1.
        step: every how many frames one is used, the first one included.
    """

    source: FrameSource
    name: str
    identities: bool = True
    step: int = 1

    @property
    def folder(self) -> Path:
        """Where the source lies."""
        return self.source.folder

    @property
    def start(self) -> int:
        """First frame."""
        return self.source.start

    @property
    def stop(self) -> int:
        """One past the last frame."""
        return self.source.stop

    @property
    def has_images(self) -> bool:
        """Whether any picture of the source is there."""
        return self.source.has_images

    def __len__(self) -> int:
        return len(range(self.start, self.stop, self.step))

    def frame(self, index: int) -> Frame:
        """The frame with this number of the source."""
        return self.source.frame(index)

    def annotations(self) -> Annotations | None:
        """The ground truth of the frames that are used."""
        return self._annotations

    def truth(self) -> abc.Iterator[bytes]:
        """How it is thinned, and what the source's ground truth is made of."""
        yield json.dumps([self.identities, self.step]).encode()
        yield from self.source.truth()

    @cached_property
    def _annotations(self) -> Annotations | None:
        found = self.source.annotations()
        if found is None:
            return None
        found = found.keep((found.frames - self.start) % self.step == 0)
        if self.identities:
            return found
        return dataclasses.replace(found, ids=np.full(len(found), -1, np.int64))


@dataclass(frozen=True)
class OpenedPart:
    """A part of a mix, found on disk or made.

    Attributes:
        name: of the part.
        sources: its sequences, or its one list of images.
        videos: names for the pictures of each source (``Dataset.video``).
    """

    name: str
    sources: tuple[FrameSource, ...]
    videos: tuple[str, ...] = ()


def open_part(part: MixPart, root: Path) -> OpenedPart:
    """Find (or make) a part of a mix.

    Args:
        part: what is asked for.
        root: folder of the data sets; what is made is made below it.

    Raises:
        InputError: it is not there, has no pictures, no ground truth or no person in
            it.
    """
    dataset = part.resolved
    sources = dataset.training_sources(root, part.sequences, part.lists)
    opened = OpenedPart(
        part.name,
        tuple(
            Thinned(s, f"{part.name}/{s.name}", part.identities, part.step)
            for s in sources
        ),
        tuple(dataset.video(s.name) for s in sources),
    )
    lacking = [
        s.name for s in opened.sources if not s.has_images or s.annotations() is None
    ]
    if lacking:
        raise InputError(
            f"The mix's part {part.name} has no images or no ground truth for "
            f"{', '.join(lacking)}."
        )
    if count(opened.sources)["images"] == 0:
        raise InputError(
            f"The mix's part {part.name} is empty: no frame of it has a person in it."
        )
    return opened


def count(sources: abc.Iterable[FrameSource]) -> dict[str, int]:
    """How many labelled images, boxes and identities there are to train on."""
    total = {"images": 0, "boxes": 0, "identities": 0}
    for source in sources:
        annotations = source.annotations()
        if annotations is None:
            continue
        people = annotations.pedestrians()
        total["images"] += len(np.unique(people.frames))
        total["boxes"] += len(people)
        total["identities"] += len(np.unique(people.ids[people.ids >= 0]))
    return total
