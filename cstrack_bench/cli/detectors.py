"""What ``cstrack track`` gets its boxes and their descriptions from."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cstrack_bench.errors import InputError

if TYPE_CHECKING:
    from cstrack_bench.formats.sequences import Sequence
    from cstrack_bench.stopwatch import Stopwatch
    from cstrack_bench.structures import Detector

DEFAULT_SIZE = "1088x608"


def network(
    weights: Path,
    sequences: list["Sequence"],
    size: str | None,
    conf: float | None,
    tracker: str,
    device: str,
    watch: "Stopwatch",
) -> Callable[["Sequence"], "Detector"]:
    """One network for all sequences."""
    _need_pictures(sequences, "give --detections")
    if conf is not None and not 0 <= conf <= 1:
        raise InputError(f"--conf is a score from 0 to 1, not {conf:g}.")
    chosen = None if size is None else _parse_size(size)

    from cstrack_bench.detection.nms import NmsConfig
    from cstrack_bench.systems.system import DetectionOptions
    from cstrack_bench.systems.weights import load_weights
    from cstrack_bench.tracking.registry import needed_confidence
    from cstrack_bench.training.distributed import pick_device

    loaded = load_weights(weights)
    if loaded.system.make_finder is None:
        raise InputError(
            f"{weights} describes given boxes and finds none: give weights of a system "
            "that does, such as CSTrack."
        )
    if chosen is None:
        chosen = _parse_size(_stored_size(weights))
    least = needed_confidence(tracker, NmsConfig().confidence)
    nms = NmsConfig(confidence=least if conf is None else conf)
    options = DetectionOptions(chosen, nms, pick_device(device), watch)
    detector = loaded.system.make_finder(loaded.network, options)
    return lambda sequence: detector


def two_stage(
    detector_of: Callable[["Sequence"], "Detector"],
    weights: Path,
    sequences: list["Sequence"],
    device: str,
    watch: "Stopwatch",
) -> Callable[["Sequence"], "Detector"]:
    """The same boxes, described by another network."""
    _need_pictures(sequences, "leave out --reid")

    from cstrack_bench.detection.crops import TwoStage
    from cstrack_bench.detection.nms import NmsConfig
    from cstrack_bench.systems.system import DetectionOptions
    from cstrack_bench.systems.weights import load_weights
    from cstrack_bench.training.distributed import pick_device

    loaded = load_weights(weights)
    if loaded.system.finds_boxes or loaded.system.make_embedder is None:
        raise InputError(
            f"{weights} is no network that describes given boxes alone, such as "
            "DeepSORT's; give it as --weights."
        )
    options = DetectionOptions((0, 0), NmsConfig(), pick_device(device), watch)
    encoder = loaded.system.make_embedder(loaded.network, options)
    return lambda sequence: TwoStage(detector_of(sequence), encoder)


def _need_pictures(sequences: list["Sequence"], cure: str) -> None:
    for sequence in sequences:
        if not sequence.has_images:
            raise InputError(f"{sequence.name} has no pictures for a network; {cure}.")


def _parse_size(text: str) -> tuple[int, int]:
    """``1088x608`` -> (608, 1088), height first."""
    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text.strip().lower())
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not width or not height or width % 32 or height % 32:
        raise InputError(
            f"--size {text!r} is no input size: give WIDTHxHEIGHT in multiples of 32, "
            f"such as {DEFAULT_SIZE}."
        )
    return height, width


def _stored_size(weights: Path) -> str:
    """The input size that our weights name; official ones were made for 1088x608."""
    from cstrack_bench.systems.weights import read_metadata

    return read_metadata(weights).get("input_size", DEFAULT_SIZE)


def files(
    place: Path, sequences: list["Sequence"], conf: float | None
) -> Callable[["Sequence"], "Detector"]:
    """Detections of each sequence, read before the first is tracked."""
    from cstrack_bench.detection.file_detector import FileDetector
    from cstrack_bench.formats.mot_files import read_detections

    if len(sequences) > 1 and not place.is_dir():
        raise InputError(
            f"SOURCE has {len(sequences)} sequences, so --detections must be a folder "
            f"that holds {sequences[0].name}.txt and so on, not {place}."
        )
    detectors = {}
    least = float("-inf") if conf is None else conf
    for sequence in sequences:
        path = place / f"{sequence.name}.txt" if place.is_dir() else place
        found = read_detections(path)
        if not found:
            raise InputError(f"{path} is empty: it holds no detections.")
        last = max(found)
        if last >= sequence.length:
            raise InputError(
                f"{path} has boxes in frame {last + 1}, but {sequence.name} has "
                f"{sequence.length} frames: give the detections of that sequence."
            )
        detectors[sequence.name] = FileDetector(found, confidence=least)
    return lambda sequence: detectors[sequence.name]
