"""Mixes: further training images beside the data set that is tested on (Table IV)."""

import collections.abc as abc
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cstrack_bench.datasets.dataset import Dataset
from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import FrameSource
from cstrack_bench.formats.thinned import Thinned
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
