"""The public Python interface: what ``import cstrack_bench`` offers."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.datasets.splits import check_split, split_sequences
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation import fast_scores
from cstrack_bench.evaluation.scores import Evaluation, SequenceResult
from cstrack_bench.formats import mot_files, sequences
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.pipeline import track_sequence
from cstrack_bench.structures import Tracker, TrackTable
from cstrack_bench.systems.published_nms import published_nms
from cstrack_bench.systems.system import FUSED, DetectionOptions, Inference
from cstrack_bench.systems.weights import load_weights
from cstrack_bench.track_hints import AnyDetector
from cstrack_bench.tracking.filters import OutputFilter
from cstrack_bench.training.distributed import pick_device

FilePath = str | PathLike[str]


def open_sequence(path: FilePath) -> Sequence:
    """Open a MOTChallenge sequence, a folder of frames or a video file.

    Args:
        path: of it. A folder of frames is taken in the natural order of its file
            names, at 30 frames a second.

    Raises:
        InputError: nothing is there, or it is not a sequence.
    """
    return sequences.open_sequence(Path(path))


def load_detector(
    weights: FilePath,
    size: tuple[int, int] | None = None,
    confidence: float | None = None,
    device: str = "auto",
    inference: Inference = FUSED,
) -> AnyDetector:
    """A trained network as a detector.

    Args:
        weights: ``.safetensors`` of ``cstrack train``, or a published checkpoint of
            CSTrack, FairMOT or CenterTrack.
        size: height, width of the network's input in pixels, multiples of 32; by
            default what the weights name, else the published one.
        confidence: least score of a detection; by default the published one (0.5,
            FairMOT and CenterTrack 0.4).
        device: auto, cpu, cuda or cuda:N.
        inference: how the network is run: ``FUSED``, or ``PLAIN`` as it was trained,
            which finds the same up to rounding in more time.

    Raises:
        InputError: the file cannot be read, or its network finds no boxes.
    """
    path = Path(weights)
    loaded = load_weights(path)
    system = loaded.system
    if not system.finds_boxes:
        raise InputError(f"{path} describes given boxes and finds none.")
    nms = published_nms(system, confidence)
    options = DetectionOptions(
        size or loaded.input_size, nms, pick_device(device), inference=inference
    )
    return system.make_detector(loaded.network, options)


def track(
    sequence: Sequence,
    detector: AnyDetector,
    tracker: Tracker,
    output_filter: OutputFilter | None = None,
    overlap: bool = False,
) -> TrackTable:
    """Track a sequence.

    Args:
        sequence: from ``open_sequence``.
        detector: from ``load_detector``, or anything with ``detect(frame)``.
        tracker: from ``make_tracker``, a fresh one for each sequence.
        output_filter: drops reported boxes by their shape; none by default.
        overlap: work on several frames at once; the same result, bit for bit.

    Returns:
        Every reported box, sorted by frame (from 0), then id (from 1).
    """
    return track_sequence(sequence, detector, tracker, output_filter, overlap=overlap)


def read_tracks(path: FilePath) -> TrackTable:
    """Read a MOT result file; a missing score column reads as 1.

    Raises:
        InputError: no such file, or a malformed row (named with its line).
    """
    return mot_files.read_tracks(Path(path))


def write_tracks(path: FilePath, tracks: TrackTable) -> None:
    """Write a MOT result file (``frame,id,x,y,w,h,score,-1,-1,-1``) atomically.

    Raises:
        InputError: two boxes of one frame share an id, or a number is not finite.
        CstrackError: the file system refused.
    """
    mot_files.write_tracks(Path(path), tracks)


def evaluate(
    tracks: Mapping[str, TrackTable],
    dataset: str,
    data: FilePath = "data",
    split: str = "full",
    subset: str | None = None,
) -> Evaluation:
    """Score tracks against a data set's ground truth, as ``cstrack evaluate`` does.

    Args:
        tracks: name of a sequence -> its tracks; sequences without any are left out.
        dataset: its name, such as mot17.
        data: root folder of the data sets.
        split: ``full``, or a half's name: its second halves are scored.
        subset: train, val or test; by default the data set's usual one.

    Returns:
        Scores over all sequences, from summed counts, and of each.

    Raises:
        InputError: no such data set, split or sequence, or tracks that do not fit.
    """
    found = find_dataset(dataset)
    check_split(split, found.splits)
    everything = found.open(Path(data), subset or found.default_subset)
    unknown = sorted(tracks.keys() - {sequence.name for sequence in everything})
    if unknown:
        raise InputError(f"{dataset} has no sequence {', '.join(unknown)}.")
    wanted = [sequence for sequence in everything if sequence.name in tracks]
    _, parts = split_sequences(wanted, split, found.splits)
    results = [SequenceResult.of(part, tracks[part.name]) for part in parts]
    return fast_scores.evaluate(results, found.rules_for(parts))
