"""Cached detections: boxes, scores and embeddings that every tracker is checked on.

They lie in ``gate/`` of a results folder, with the ground truth of their frames and the
tracks that the rules of evaluation are checked on; ``scripts/gate_detections.py`` makes
them. No network and no picture is needed to track or to evaluate them.
"""

import collections.abc as abc
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.files import replacing, sha256
from cstrack_bench.formats.sequences import Sequence, open_sequence
from cstrack_bench.formats.track_archives import read_track_archive
from cstrack_bench.structures import Detections, TrackTable

#: Of a results folder.
FOLDER = "gate"
DETECTIONS, TRUTH, TRACKS = "detections.npz", "truth", "tracks.zip"
# The largest number of an embedding in the file, which holds 8 bits of each.
_WHOLE = 127
_PARTS = ("frames", "boxes", "scores", "embeddings")


@dataclass(frozen=True)
class CachedDetections:
    """Sequences and what was detected in them.

    Attributes:
        sequences: with ground truth, without pictures.
        boxes: sequence -> 0-based frame -> its detections, with embeddings.
    """

    sequences: tuple[Sequence, ...]
    boxes: abc.Mapping[str, abc.Mapping[int, Detections]]


@dataclass(frozen=True)
class GateInputs:
    """Everything that lies in the folder.

    Attributes:
        detections: that every tracker gets.
        tracks: sequence -> tracks with the errors of a tracker.
        hashes: file, relative to the folder -> its SHA-256.
    """

    detections: CachedDetections
    tracks: abc.Mapping[str, TrackTable]
    hashes: dict[str, str]


def write_cached_detections(
    path: Path, found: abc.Mapping[str, abc.Mapping[int, Detections]]
) -> None:
    """Write detections atomically; equal ones give equal bytes.

    The mean of all embeddings is taken off, since cosines tell people apart only around
    it; each number is then kept in 8 bits.

    Args:
        path: of the file.
        found: sequence -> 0-based frame -> detections with embeddings.

    Raises:
        CstrackError: the file system refused.
    """
    vectors = [
        one.embeddings
        for frames in found.values()
        for one in frames.values()
        if one.embeddings is not None
    ]
    mean = np.concatenate(vectors).mean(axis=0)
    arrays: dict[str, np.ndarray] = {}
    for name, frames in found.items():
        numbers = [np.full(len(one), index) for index, one in frames.items()]
        stacked = [one.embeddings for one in frames.values()]
        assert all(part is not None for part in stacked), "embeddings are there"
        centred = np.concatenate([p for p in stacked if p is not None]) - mean
        largest = np.maximum(np.abs(centred).max(axis=1, keepdims=True), 1e-6)
        arrays |= {
            f"{name}/frames": np.concatenate(numbers).astype(np.int16),
            f"{name}/boxes": np.concatenate([one.boxes for one in frames.values()]),
            f"{name}/scores": np.concatenate([one.scores for one in frames.values()]),
            f"{name}/embeddings": np.round(_WHOLE * centred / largest).astype(np.int8),
        }
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_cached_detections(folder: Path) -> CachedDetections:
    """The sequences and their detections, without the tracks.

    Args:
        folder: ``gate/`` of a results folder.

    Raises:
        InputError: the file, or ground truth that belongs to it, is not there or is
            something else.
    """
    path = folder / DETECTIONS
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = sorted({key.split("/")[0] for key in arrays.files})
            boxes = {
                name: _by_frame(*(arrays[f"{name}/{part}"] for part in _PARTS))
                for name in names
            }
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(
            f"{path} does not hold the cached detections of the gate ({reason}): it "
            "comes with the repository, or from scripts/gate_detections.py."
        ) from None
    sequences = tuple(open_sequence(folder / TRUTH / name) for name in names)
    for sequence in sequences:
        if sequence.annotations() is None:
            raise InputError(f"{sequence.folder} has no ground truth gt/gt.txt.")
    return CachedDetections(sequences, boxes)


def _by_frame(
    frames: np.ndarray, boxes: np.ndarray, scores: np.ndarray, embeddings: np.ndarray
) -> dict[int, Detections]:
    """Rows, sorted by frame, as detections of each frame that has any."""
    vectors = embeddings.astype(np.float32)
    numbers, starts = np.unique(frames, return_index=True)
    ends = [*starts[1:].tolist(), len(frames)]
    return {
        number: Detections(boxes[start:end], scores[start:end], vectors[start:end])
        for number, start, end in zip(
            numbers.tolist(), starts.tolist(), ends, strict=True
        )
    }


def read_gate_inputs(folder: Path) -> GateInputs:
    """Everything that the deterministic part of the gate computes from.

    Args:
        folder: ``gate/`` of a results folder.

    Raises:
        InputError: something is missing, or is not what it should be.
    """
    found = read_cached_detections(folder)
    tracks = read_track_archive(folder / TRACKS)
    missing = [s.name for s in found.sequences if s.name not in tracks]
    if missing:
        raise InputError(f"{folder / TRACKS} has no tracks of {', '.join(missing)}.")
    files = [folder / DETECTIONS, folder / TRACKS]
    for sequence in found.sequences:
        files += [sequence.folder / name for name in ("gt/gt.txt", "seqinfo.ini")]
    hashes = {file.relative_to(folder).as_posix(): sha256(file) for file in files}
    return GateInputs(found, tracks, hashes)
