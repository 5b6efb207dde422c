"""What ``cstrack track`` gets its boxes and their descriptions from."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cstrack_bench import console
from cstrack_bench.errors import InputError

if TYPE_CHECKING:
    from cstrack_bench.formats.detection_files import DetectionFormat
    from cstrack_bench.formats.sequences import Sequence
    from cstrack_bench.stopwatch import Stopwatch
    from cstrack_bench.structures import Detections, Tracker
    from cstrack_bench.systems.system import Inference
    from cstrack_bench.systems.weights import Loaded
    from cstrack_bench.track_hints import Linked

DEFAULT_SIZE = "1088x608"
#: A sequence and its tracker -> the two that go through the frames.
Linking = Callable[["Sequence", "Tracker"], "Linked"]


def make_inference(path: str, dtype: str) -> "Inference":
    """How a network is run.

    Raises:
        InputError: an unknown way or precision.
    """
    from cstrack_bench.systems.system import Inference

    return Inference.named(path, dtype)


def read_network(
    weights: Path, sequences: list["Sequence"], conf: float | None
) -> "Loaded | None":
    """A network that finds boxes; None for an exported one, which has no system.

    Says what became of a published file's tensors.
    """
    _need_pictures(sequences, "give --detections")
    if conf is not None and not 0 <= conf <= 1:
        raise InputError(f"--conf is a score from 0 to 1, not {conf:g}.")
    if weights.suffix == ".onnx":
        return None

    from cstrack_bench.systems.weights import load_weights

    loaded = load_weights(weights)
    if not loaded.system.finds_boxes:
        raise InputError(
            f"{weights} describes given boxes and finds no boxes of its own: give "
            "weights of a system that does, such as CSTrack."
        )
    if loaded.report is not None:
        console.err.print(
            f"{weights.name}: {loaded.system.name}, {loaded.report.words()}",
            markup=False,
            emoji=False,
        )
    return loaded


def network(
    weights: Path,
    loaded: "Loaded | None",
    size: tuple[int, int] | None,
    conf: float | None,
    tracker: str,
    device: str,
    watch: "Stopwatch",
    inference: "Inference",
) -> Linking:
    """One network for all sequences, with the thresholds of its system."""
    from cstrack_bench.systems.published_nms import published_nms
    from cstrack_bench.systems.system import DetectionOptions
    from cstrack_bench.track_hints import link
    from cstrack_bench.tracking.tracker_registry import needed_confidence
    from cstrack_bench.training.distributed import pick_device

    if loaded is None:
        return _graph(weights, size, conf, tracker, device, watch)
    system = loaded.system
    least = needed_confidence(tracker, published_nms(system).confidence)
    nms = published_nms(system, least if conf is None else conf)
    options = DetectionOptions(
        size or loaded.input_size, nms, pick_device(device), watch, inference
    )
    detector = system.make_detector(loaded.network, options)
    return lambda sequence, tracker: link(detector, tracker)


def _graph(
    weights: Path,
    size: tuple[int, int] | None,
    conf: float | None,
    tracker: str,
    device: str,
    watch: "Stopwatch",
) -> Linking:
    """An exported network for all sequences."""
    from cstrack_bench.detection.nms import NmsConfig
    from cstrack_bench.detection.onnx_detector import OnnxDetector, OnnxGraph
    from cstrack_bench.track_hints import link
    from cstrack_bench.tracking.tracker_registry import needed_confidence

    graph = OnnxGraph(weights, "cpu" if device == "auto" else device)
    least = needed_confidence(tracker, NmsConfig().confidence)
    nms = NmsConfig(confidence=least if conf is None else conf)
    detector = OnnxDetector(graph, size, nms, watch)
    return lambda sequence, tracker: link(detector, tracker)


def two_stage(
    linking: Linking,
    weights: Path,
    sequences: list["Sequence"],
    device: str,
    watch: "Stopwatch",
) -> Linking:
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
            f"{weights} finds boxes of its own, so it is no network for --reid; give "
            "it as --weights."
        )
    options = DetectionOptions((0, 0), NmsConfig(), pick_device(device), watch)
    encoder = loaded.system.make_embedder(loaded.network, options)

    def linked(sequence: "Sequence", tracker: "Tracker") -> "Linked":
        from cstrack_bench.track_hints import Linked

        finder, followed = linking(sequence, tracker)
        return Linked(TwoStage(finder, encoder), followed)

    return linked


def _need_pictures(sequences: list["Sequence"], cure: str) -> None:
    for sequence in sequences:
        if not sequence.has_images:
            raise InputError(f"{sequence.name} has no pictures for a network; {cure}.")


def files(
    given: Path,
    sequences: list["Sequence"],
    conf: float | None,
    form: "DetectionFormat",
) -> Linking:
    """Detections of each sequence, read before the first is tracked."""
    from cstrack_bench.detection.file_detector import FileDetector
    from cstrack_bench.track_hints import Linked

    least = float("-inf") if conf is None else conf
    detectors = {
        name: FileDetector(found, confidence=least)
        for name, found in _boxes_of(
            given, sequences, "--detections", form, conf
        ).items()
    }
    return lambda sequence, tracker: Linked(detectors[sequence.name], tracker)


def public_boxes(
    given: Path, sequences: list["Sequence"]
) -> dict[str, list[NDArray[np.float32]]]:
    """Boxes (N, 4) of a public detector by sequence, for each of its frames."""
    none = np.zeros((0, 4), np.float32)
    from cstrack_bench.formats.detection_forms import DetectionFormat

    boxes = _boxes_of(given, sequences, "--public", DetectionFormat.AUTO, None)
    return {
        sequence.name: [
            boxes[sequence.name][index].boxes if index in boxes[sequence.name] else none
            for index in range(sequence.start, sequence.stop)
        ]
        for sequence in sequences
    }


def _boxes_of(
    given: Path,
    sequences: list["Sequence"],
    option: str,
    form: "DetectionFormat",
    conf: float | None,
) -> dict[str, dict[int, "Detections"]]:
    """The detections of each sequence from its file, by name."""
    from cstrack_bench.formats.detection_files import read_detection_file

    if len(sequences) > 1 and not given.is_dir():
        raise InputError(
            f"SOURCE has {len(sequences)} sequences, so {option} must be a folder "
            f"that holds {sequences[0].name}.txt and so on, not {given}."
        )
    boxes = {}
    for sequence in sequences:
        path = given
        if form != "yolo" or len(sequences) > 1:
            path = _file_of(sequence, given, len(sequences) > 1)
        read = read_detection_file(path, form, (sequence.width, sequence.height))
        for remark in read.remarks:
            console.remark_once(remark)
        found = read.by_frame
        if not found:
            raise InputError(f"{path} is empty: it holds no detections.")
        last = max(found)
        # A video may have more frames than its header counts.
        if last >= sequence.length and not (
            sequence.folder.is_file() and sequence.pictures.reaches(last)
        ):
            raise InputError(
                f"{path} has boxes in frame {last + 1}, but {sequence.name} has "
                f"{sequence.length} frames: give the detections of that sequence."
            )
        scores = [float(d.scores.max()) for d in found.values()]
        if conf is not None and max(scores) < conf:
            console.remark_once(
                f"{path}: no box reaches --conf {conf:g}; the highest score is "
                f"{max(scores):g}."
            )
        boxes[sequence.name] = dict(found)
    return boxes


def _file_of(sequence: "Sequence", given: Path, several: bool) -> Path:
    """Where the detections of a sequence lie: a file, or a folder in YOLO's form."""
    if not given.is_dir():
        return given
    own = given / f"{sequence.name}.txt"
    if (given / sequence.name).is_dir() and not own.exists():
        return given / sequence.name
    from cstrack_bench.formats.yolo_labels import yolo_files

    yolo = not several and not own.exists() and yolo_files(given)
    return given if yolo else own
