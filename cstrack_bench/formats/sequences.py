"""Sequences: a MOTChallenge folder, a bare folder of frames, or a video file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from cstrack_bench import console
from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import (
    PICTURE_SUFFIXES,
    Pictures,
    open_pictures,
    video_facts,
)
from cstrack_bench.formats.mot_files import Annotations, read_annotations
from cstrack_bench.formats.seqinfo import read_seqinfo
from cstrack_bench.input_limits import SEQUENCE_FRAMES
from cstrack_bench.structures import Frame

__all__ = [
    "DEFAULT_FRAME_RATE",
    "FrameSource",
    "GroundTruth",
    "MotGroundTruth",
    "Sequence",
    "list_sequences",
    "open_sequence",
    "sequence_folders",
]

#: Frames a second of a folder of frames that does not say.
DEFAULT_FRAME_RATE = 30.0


class FrameSource(Protocol):
    """Frames with ground truth: all that training needs of a sequence.

    A person's id holds within one source; in another, the same number is another
    person's.
    """

    @property
    def name(self) -> str:
        """What messages and hashes call it."""
        ...

    @property
    def folder(self) -> Path:
        """Where it lies."""
        ...

    @property
    def start(self) -> int:
        """Its first frame, 0-based."""
        ...

    @property
    def stop(self) -> int:
        """One past its last frame."""
        ...

    @property
    def has_images(self) -> bool:
        """Whether any picture of it is there."""
        ...

    @property
    def is_video(self) -> bool:
        """Whether a frame and the next one show the same people a moment later."""
        ...

    def __len__(self) -> int:
        """Frames that it gives."""
        ...

    def frame(self, index: int) -> Frame:
        """The frame with this number."""
        ...

    def annotations(self) -> Annotations | None:
        """The ground truth of its frames, or None where there is none."""
        ...

    def truth(self) -> Iterator[bytes]:
        """What the ground truth is made of, for a hash."""
        ...


class GroundTruth(Protocol):
    """The ground truth of one sequence, in whatever format its data set has it.

    A data set with a format of its own gives its sequences an object with these three.
    """

    @property
    def path(self) -> Path:
        """Where it lies, for messages: a file, or the folder of several."""
        ...

    def read(self) -> Annotations | None:
        """All of it, frames from 0; None where there is none.

        Raises:
            InputError: it is not what it should be (names the file).
        """
        ...

    def content(self) -> Iterator[bytes]:
        """What it is made of, for a hash: a change of it is another data set."""
        ...


@dataclass(frozen=True)
class MotGroundTruth:
    """Ground truth in a file of MOTChallenge's format.

    Attributes:
        path: of the file, which may be absent.
    """

    path: Path

    def read(self) -> Annotations | None:
        """All of it, or None where there is no such file.

        Raises:
            InputError: a row that is not what it should be (with line).
        """
        return read_annotations(self.path) if self.path.exists() else None

    def content(self) -> Iterator[bytes]:
        """The file's bytes."""
        yield self.path.read_bytes()


@dataclass(frozen=True)
class Sequence:
    """Frames, or a part of them, and the ground truth they have, read when asked for.

    Attributes:
        name: such as MOT17-09-SDP.
        frame_rate: frames a second.
        width: of a frame, in pixels.
        height: of a frame, in pixels.
        length: frames of the whole sequence, also where this is a part of it.
        folder: the sequence's folder, or the video file.
        start: first frame of this part, 0-based.
        stop: one past its last; -1 stands for ``length``.
        image_folder: folder of the frames within ``folder``; "." where they lie in
            it directly.
        ground_truth: where the ground truth lies if not in ``gt/gt.txt``.
    """

    name: str
    frame_rate: float
    width: int
    height: int
    length: int
    folder: Path
    start: int = 0
    stop: int = -1
    image_folder: str = "img1"
    ground_truth: GroundTruth | None = None

    def __post_init__(self) -> None:
        if self.stop is None or self.stop < 0:
            object.__setattr__(self, "stop", self.length)
        if not 0 <= self.start <= self.stop <= self.length:
            raise InputError(
                f"{self.name}: frames {self.start} to {self.stop} are not within its "
                f"{self.length} frames."
            )

    @property
    def is_video(self) -> bool:
        """Whether a frame and the next one show the same people a moment later."""
        return True

    def __len__(self) -> int:
        """Frames of this part."""
        return self.stop - self.start

    def __iter__(self) -> Iterator[Frame]:
        """The frames of this part; ``Frame.index`` counts from the whole's start.

        A video has as many frames as can be decoded: what its header says of their
        number is only a hint, and a difference is told in a remark.
        """
        index = self.start
        while index < self.stop or self._goes_on(index):
            if not self._pictures.reaches(index):
                console.remark_once(
                    f"{self.folder} ends after {index} of the {self.length} frames "
                    "its header promises."
                )
                return
            yield self.frame(index)
            index += 1
        if index > self.length:
            console.remark_once(
                f"{self.folder} has {index} frames, where its header promises "
                f"{self.length}."
            )

    def _goes_on(self, index: int) -> bool:
        """Whether a whole video has a frame that its header does not count."""
        whole_video = self.stop == self.length and self.folder.is_file()
        return whole_video and self._pictures.reaches(index)

    def frame(self, index: int) -> Frame:
        """The frame with this 0-based number in the whole sequence."""
        pictures = self._pictures
        return Frame(index, lambda: pictures.read(index))

    def part(self, start: int, stop: int) -> "Sequence":
        """The frames ``start`` to ``stop - 1``, counted from the whole's start."""
        return replace(self, start=start, stop=stop)

    def annotations(self) -> Annotations | None:
        """The ground truth of this part, or None where there is none."""
        whole = self.whole_annotations()
        return None if whole is None else whole.between(self.start, self.stop)

    def whole_annotations(self) -> Annotations | None:
        """The ground truth as its files have it, whatever part this is."""
        return self._all_annotations

    def truth(self) -> Iterator[bytes]:
        """What the ground truth is made of, for a hash."""
        yield from self._ground_truth.content()

    @property
    def has_images(self) -> bool:
        """Whether any picture of it is there."""
        return len(self._pictures) > 0

    @property
    def pictures(self) -> Pictures:
        """Its pictures by frame, as its folder or video has them."""
        return self._pictures

    @property
    def annotation_file(self) -> Path:
        """Where the ground truth lies if there is any: a file, or a folder of them."""
        return self._ground_truth.path

    @property
    def detection_file(self) -> Path:
        """Where the public detections lie if there are any."""
        return self.folder / "det" / "det.txt"

    @property
    def _ground_truth(self) -> GroundTruth:
        return self.ground_truth or MotGroundTruth(self.folder / "gt" / "gt.txt")

    @cached_property
    def _all_annotations(self) -> Annotations | None:
        return self._ground_truth.read()

    @cached_property
    def _pictures(self) -> Pictures:
        if self.folder.is_file():
            return open_pictures(self.folder)
        # Only in a MOTChallenge folder is a file's number its frame.
        numbered = self.image_folder != "."
        return open_pictures(self.folder / self.image_folder, numbered)


def open_sequence(path: Path) -> Sequence:
    """Open a MOTChallenge sequence, a bare folder of frames, or a video file.

    A folder of frames is taken in the natural order of its file names, at 30 frames
    a second.

    Raises:
        InputError: nothing there, or not a sequence.
    """
    path = Path(path)
    if path.is_file():
        if not path.stem.isprintable():
            raise InputError(f"{path} has control characters in its name: rename it.")
        rate, width, height, length = video_facts(path)
        return Sequence(path.stem, rate, width, height, length, path)
    if not path.is_dir():
        raise InputError(f"No such file or folder: {path}.")
    if path.name == "img1" and (path.parent / "seqinfo.ini").exists():
        path = path.parent
    if (path / "seqinfo.ini").exists():
        return _described(path)
    inner = path / "img1"
    where = "img1" if inner.is_dir() else "."
    pictures = open_pictures(path / where, numbered=where != ".")
    if not len(pictures):
        raise InputError(
            f"{path} is not a sequence: it has no seqinfo.ini and no pictures "
            f"({', '.join(sorted(PICTURE_SUFFIXES))})."
        )
    height, width = pictures.read(pictures.first).shape[:2]
    rate, length = DEFAULT_FRAME_RATE, pictures.last + 1
    SEQUENCE_FRAMES.check(length, str(path))
    return Sequence(_name(path), rate, width, height, length, path, image_folder=where)


def _described(folder: Path) -> Sequence:
    """A sequence as its seqinfo.ini describes it."""
    facts = read_seqinfo(folder / "seqinfo.ini")
    return Sequence(
        # The folder's name, since results are named by it.
        name=_name(folder),
        frame_rate=facts.frame_rate,
        width=facts.width,
        height=facts.height,
        length=facts.length,
        folder=folder,
        image_folder=facts.image_folder,
    )


def _name(folder: Path) -> str:
    """What a folder's sequence is called; results are named by it."""
    name = folder.resolve().name
    if not name.isprintable():
        raise InputError(
            f"{folder} has control characters in its name, which results are named "
            "by: rename it."
        )
    return name


def list_sequences(dataset: Path, subset: str = "train") -> list[Sequence]:
    """The sequences of a data set's subset, sorted by name.

    Args:
        dataset: the folder that holds train/, val/ or test/.
        subset: which of them.

    Raises:
        InputError: no such folder, no sequence in it, or a broken one.
    """
    folder = Path(dataset) / subset
    if not folder.is_dir():
        raise InputError(f"{dataset} has no folder {subset}/.")
    found = [open_sequence(entry) for entry in sequence_folders(folder)]
    if not found:
        raise InputError(
            f"{folder} holds no sequences (folders with seqinfo.ini or img1/)."
        )
    return found


def sequence_folders(folder: Path) -> list[Path]:
    """The folders within that look like sequences, sorted by name."""
    marks = ("seqinfo.ini", "img1", "gt")
    return sorted(
        entry
        for entry in folder.iterdir()
        if entry.is_dir() and any((entry / mark).exists() for mark in marks)
    )
