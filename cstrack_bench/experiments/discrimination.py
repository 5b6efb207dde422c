"""How well embeddings tell people apart: cosine matrices of a frame and of templates.

The numbers behind Fig. 6, of every frame: true boxes described by a network, templates
updated as the tracker does, but with every person known.
"""

import collections.abc as abc
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.console import progress
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.structures import Embedder, Frame
from cstrack_bench.tracking.matching import normalise

#: The centre of a box less visible shows another person.
LEAST_VISIBILITY = 0.25
#: What a template keeps at an update (docs/reference.md#kalman).
MOMENTUM = 0.9

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CosineMatrices:
    """The people of one frame as one network describes them.

    Attributes:
        identities: (N,) ids in the ground truth, in the order of rows and columns.
        boxes: (N, 4) true boxes, x1 y1 x2 y2 in pixels.
        embeddings: (N, D) unit rows of this frame (Fig. 6 b).
        templates: (N, D) unit rows from earlier frames (Fig. 6 d).
    """

    identities: NDArray[np.int64]
    boxes: Floats
    embeddings: NDArray[np.float32]
    templates: NDArray[np.float32]

    @property
    def within_frame(self) -> Floats:
        """(N, N) cosines of the frame's embeddings (Fig. 6 c)."""
        return _cosines(self.embeddings, self.embeddings)

    @property
    def of_templates(self) -> Floats:
        """(N, N) cosines of the templates (Fig. 6 e)."""
        return _cosines(self.templates, self.templates)

    @property
    def matching(self) -> Floats:
        """(N, N) cosines of embeddings (rows) and templates (columns) (Fig. 6 f)."""
        return _cosines(self.embeddings, self.templates)

    @property
    def sharpness(self) -> "Sharpness":
        """The frame in four numbers."""
        matching = self.matching
        best = matching.argmax(axis=1) == np.arange(len(matching))
        return Sharpness(
            contrast(self.within_frame),
            contrast(self.of_templates),
            contrast(matching),
            100.0 * float(best.mean()),
        )


@dataclass(frozen=True)
class Sharpness:
    """How clearly the diagonals stand out.

    Attributes:
        frame, templates, matching: mean of the diagonal less mean of the rest, of
            Fig. 6 c, e and f.
        rank1: percent of the people whose own template is the most similar one.
    """

    frame: float
    templates: float
    matching: float
    rank1: float


#: The numbers of ``Sharpness``, and what they are called.
MEASURES = {
    "frame": "frame × frame (c)",
    "templates": "template × template (e)",
    "matching": "detection × template (f)",
    "rank1": "rank-1, % (f)",
}


def contrast(cosines: Floats) -> float:
    """Mean of the diagonal less mean of the rest of an (N, N) matrix, N > 1."""
    count = len(cosines)
    diagonal = float(np.trace(cosines))
    rest = (float(cosines.sum()) - diagonal) / (count * count - count)
    return diagonal / count - rest


def _cosines(rows: NDArray[np.float32], columns: NDArray[np.float32]) -> Floats:
    return np.clip(rows.astype(np.float64) @ columns.astype(np.float64).T, -1.0, 1.0)


@dataclass(frozen=True)
class DescribedFrame:
    """One frame, described by every network.

    Attributes:
        sequence: index of the sequence; frame: 0-based number in the whole sequence.
        matrices: name of the network -> its description of the same people.
    """

    sequence: int
    frame: int
    matrices: abc.Mapping[str, CosineMatrices]


def describe_frames(
    embedders: abc.Mapping[str, Embedder], sequences: abc.Sequence[Sequence]
) -> list[DescribedFrame]:
    """Describe the people of every frame that shows two or more with a template.

    Args:
        embedders: name -> network.
        sequences: with pictures and ground truth.

    Raises:
        InputError: no ground truth, or no such frame.
    """
    found = []
    with progress() as display:
        total = sum(len(sequence) for sequence in sequences)
        task = display.add_task("describing people", total=total)
        for index, sequence in enumerate(sequences):
            people = _people(sequence)
            templates: dict[str, dict[int, NDArray[np.float32]]] = {
                name: {} for name in embedders
            }
            for frame in sequence:
                ids, boxes = people.get(frame.index, (None, None))
                if ids is not None and boxes is not None:
                    matrices = {
                        name: one
                        for name, embedder in embedders.items()
                        if (
                            one := _describe(
                                embedder, frame, ids, boxes, templates[name]
                            )
                        )
                    }
                    if matrices:
                        found.append(DescribedFrame(index, frame.index, matrices))
                display.advance(task)
    if not found:
        names = ", ".join(sequence.name for sequence in sequences)
        raise InputError(
            f"No frame of {names} shows two people who were seen before: their "
            "embeddings cannot be compared."
        )
    return found


def _people(
    sequence: Sequence,
) -> dict[int, tuple[NDArray[np.int64], Floats]]:
    """Frame -> ids and boxes of the people who can be seen in it, left to right."""
    annotations = sequence.annotations()
    if annotations is None:
        raise InputError(f"{sequence.name} has no ground truth to compare people by.")
    people = annotations.pedestrians()
    people = people.keep(people.visibility >= LEAST_VISIBILITY)
    found = {}
    for frame in np.unique(people.frames).tolist():
        rows = np.flatnonzero(people.frames == frame)
        rows = rows[np.argsort(people.boxes[rows, 0], kind="stable")]
        found[frame] = people.ids[rows], people.boxes[rows]
    return found


def _describe(
    embedder: Embedder,
    frame: Frame,
    ids: NDArray[np.int64],
    boxes: Floats,
    templates: dict[int, NDArray[np.float32]],
) -> CosineMatrices | None:
    """The people who have a template already; then every template is updated."""
    embeddings = np.array(embedder.embed(frame, boxes), np.float32)
    normalise(embeddings)
    known = np.array([one in templates for one in ids.tolist()])
    result = None
    if known.sum() > 1:
        earlier = np.stack([templates[one] for one in ids[known].tolist()])
        result = CosineMatrices(ids[known], boxes[known], embeddings[known], earlier)
    for identity, vector in zip(ids.tolist(), embeddings, strict=True):
        mixed = vector[None].copy()
        if identity in templates:
            mixed = MOMENTUM * templates[identity][None] + (1 - MOMENTUM) * mixed
            normalise(mixed)
        templates[identity] = mixed[0]
    return result


def in_stretches(
    frames: abc.Sequence[DescribedFrame], values: abc.Sequence[float], length: int
) -> list[float]:
    """Means of stretches of frames, since neighbouring frames are nearly equal.

    Args:
        frames: that the values are of, by sequence and number.
        values: one a frame.
        length: frames of a stretch.
    """
    groups: dict[tuple[int, int], list[float]] = {}
    for one, value in zip(frames, values, strict=True):
        groups.setdefault((one.sequence, one.frame // length), []).append(value)
    return [sum(group) / len(group) for group in groups.values()]


def typical_frame(
    frames: abc.Sequence[DescribedFrame], first: str, second: str | None
) -> DescribedFrame:
    """The frame that shows what all of them show.

    Among the frames with at least three quarters of the most people, the one whose
    difference of sharpness (or, with one network, sharpness) is nearest to the mean
    over all frames.

    Args:
        frames: to choose from.
        first: name of a network; second: of the one it is compared with.
    """

    def value(one: DescribedFrame) -> float:
        own = one.matrices[first].sharpness.matching
        if second is None:
            return own
        return own - one.matrices[second].sharpness.matching

    values = [value(one) for one in frames]
    mean = sum(values) / len(values)
    people = [len(one.matrices[first].identities) for one in frames]
    crowded = [
        index for index, count in enumerate(people) if count >= 0.75 * max(people)
    ]
    return frames[min(crowded, key=lambda index: abs(values[index] - mean))]
