"""Every so many frames of a source, with or without its identities."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from cstrack_bench.formats.mot_files import Annotations
from cstrack_bench.formats.sequences import FrameSource
from cstrack_bench.structures import Frame


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

    @property
    def is_video(self) -> bool:
        """Whether it is a video of which no frame is left out."""
        return self.source.is_video and self.step == 1

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
