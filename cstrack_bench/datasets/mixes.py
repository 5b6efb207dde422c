"""Mixes: further training images beside the data set that is tested on (Table IV)."""

import dataclasses
import fnmatch
import json
from collections.abc import Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from cstrack_bench.datasets.hieve import HIEVE, list_hieve
from cstrack_bench.datasets.locations import DATASETS, find_dataset
from cstrack_bench.errors import InputError
from cstrack_bench.formats.jde_lists import open_image_list
from cstrack_bench.formats.mot_files import Annotations
from cstrack_bench.formats.sequences import FrameSource, Sequence, list_sequences
from cstrack_bench.structures import Frame
from cstrack_bench.synthmot.generate import SynthSpec, make_synthmot

SYNTHMOT = "synthmot"


@dataclass(frozen=True)
class MixPart:
    """One data set of a mix; all of its training images, in any split of the main one.

    Attributes:
        dataset: ``synthmot``, ``hieve``, a MOTChallenge set, or a data set of images in
            JDE's layout (caltech, citypersons, cuhk-sysu, prw, eth, crowdhuman, or
            any other folder of that layout).
        synth: the synthetic world, for ``synthmot``: of its training sequences only.
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
        if self.lists and self.of_sequences:
            raise InputError(
                f"{self.dataset} has sequences, not lists; choose from them with "
                "sequences, a pattern of their names."
            )

    @property
    def of_sequences(self) -> bool:
        """Whether it is sequences, rather than images."""
        return self.dataset in (*DATASETS, HIEVE)

    @property
    def name(self) -> str:
        """What messages and records call it: a synthetic world has its seed in it."""
        if self.dataset == SYNTHMOT:
            return f"{SYNTHMOT} seed {self.synth.seed}"
        return self.dataset


@dataclass(frozen=True)
class Thinned:
    """Every so many frames of a source, with or without its identities.

    Attributes:
        source: what it is taken from.
        name: of the part and of the source.
        identities: otherwise everybody has id -1.
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

    def truth(self) -> Iterator[bytes]:
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
    """

    name: str
    sources: tuple[FrameSource, ...]


def open_part(part: MixPart, root: Path) -> OpenedPart:
    """Find (or make) a part of a mix.

    Args:
        part: what is asked for.
        root: folder of the data sets; SynthMOT is made below it.

    Raises:
        InputError: it is not there, has no pictures, no ground truth or nobody in it.
    """
    sources: Many[FrameSource]
    if part.of_sequences:
        found = _sequences(part, root)
        sources = [s for s in found if fnmatch.fnmatch(s.name, part.sequences)]
        if not sources:
            raise InputError(
                f"The mix's part {part.name} is empty: none of its {len(found)} "
                f"sequences is called {part.sequences!r}."
            )
    else:
        sources = [open_image_list(root, part.dataset, part.lists)]
    opened = OpenedPart(
        part.name,
        tuple(
            Thinned(s, f"{part.name}/{s.name}", part.identities, part.step)
            for s in sources
        ),
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


def list_dataset(root: Path, name: str, subset: str = "train") -> list[Sequence]:
    """The sequences of a MOTChallenge set, of SynthMOT as it lies there, or of HiEve.

    Raises:
        InputError: it is not there.
    """
    if name == HIEVE:
        return list_hieve(root, subset)
    return list_sequences(find_dataset(root, name), subset)


def count(sources: Many[FrameSource]) -> dict[str, int]:
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


def _sequences(part: MixPart, root: Path) -> list[Sequence]:
    if part.dataset != SYNTHMOT:
        return list_dataset(root, part.dataset)
    if part.synth.train_sequences == 0:
        raise InputError(f"The mix's part {part.name} is empty: it has no sequence.")
    # Nothing of a part is tested on, so its other sequences need not be painted.
    spec = dataclasses.replace(part.synth, val_sequences=0)
    return list_sequences(make_synthmot(root / SYNTHMOT, spec), "train")
