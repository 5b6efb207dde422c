"""A trained network, or two, as what a tracker gets its boxes and embeddings from."""

from cstrack_bench.detection.crops import TwoStage
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detector, Embedder
from cstrack_bench.systems.system import DetectingEmbedder, SystemNetwork


def make_detector(
    model: SystemNetwork,
    input_size: tuple[int, int],
    nms: NmsConfig,
    device: str,
    stopwatch: Stopwatch,
) -> DetectingEmbedder:
    """A network that finds boxes as a detector.

    Args:
        model: of a system that finds boxes.
        input_size: height, width of its input.
        nms: thresholds.
        device: where it runs.
        stopwatch: times the stages.
    """
    make = model.system.detector
    assert make is not None, f"{model.system.name} finds boxes"
    return make(model.network, input_size, nms, device, stopwatch)


def make_embedder(model: SystemNetwork, device: str, stopwatch: Stopwatch) -> Embedder:
    """A network that only describes given boxes as an embedder."""
    make = model.system.embedder
    assert make is not None, f"{model.system.name} describes given boxes"
    return make(model.network, device, stopwatch)


def make_detector_and_embedder(
    model: SystemNetwork,
    finder: SystemNetwork | None,
    input_size: tuple[int, int],
    nms: NmsConfig,
    device: str,
    stopwatch: Stopwatch,
) -> tuple[Detector | None, Embedder]:
    """What finds boxes, and what describes given ones.

    Args:
        model: the network that is measured.
        finder: finds the boxes where ``model`` does not.
        input_size: height, width of the input.
        nms: thresholds.
        device: where the networks run.
        stopwatch: times the stages.

    Returns:
        The detector, None where neither network is one, and the embedder.
    """
    if model.system.finds_boxes:
        own = make_detector(model, input_size, nms, device, stopwatch)
        return own, own
    embedder = make_embedder(model, device, stopwatch)
    if finder is None:
        return None, embedder
    boxes = make_detector(finder, input_size, nms, device, stopwatch)
    return TwoStage(boxes, embedder), embedder
