"""The network as a detector: picture in, boxes with embeddings out."""

import torch

from cstrack_bench.components import Component
from cstrack_bench.detection.anchor_detector import AnchorDetector, Forwarded
from cstrack_bench.detection.letterbox import Letterboxed
from cstrack_bench.detection.network_runner import NetworkRunner, checked_size
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.models.network_base import DetectionNetwork
from cstrack_bench.stopwatch import Stopwatch

COMPONENT = Component("detection", 2)


class NetworkDetector(AnchorDetector):
    """A network on anchors as a ``Detector``: letterbox, forward, NMS, embedding pick.

    Args:
        model: the network; put into eval mode and moved to ``device``.
        size: (height, width) of its input, each divisible by 32.
        nms: thresholds; the official ones by default.
        device: where the network runs.
        dtype: ``float32``, ``bfloat16`` or ``float16``; below float32 the forward pass
            runs under autocast and boxes are decoded in float32.
        stopwatch: times ``preprocess``, ``upload``, ``forward``, ``nms``, ``embed``.

    Raises:
        InputError: a size not divisible by 32, an unknown dtype.
    """

    def __init__(
        self,
        model: DetectionNetwork,
        size: tuple[int, int],
        nms: NmsConfig | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        stopwatch: Stopwatch | None = None,
    ) -> None:
        anchors = model.anchors.double().cpu().numpy()
        super().__init__(checked_size(size), anchors, nms, stopwatch)
        self.runner = NetworkRunner(model, device, dtype, stopwatch)
        self.model = model

    def _forward(self, fitted: Letterboxed) -> Forwarded:
        runner = self.runner
        with runner.stage("upload"):
            batch = torch.from_numpy(fitted.tensor).to(runner.device)[None]
            batch = batch.float().div_(255)
        with runner.stage("forward"):
            with runner.autocast():
                output = self.model(batch)
            raw = tuple(level.float() for level in output.raw)
            decoded = self.model.decode(raw)[0]
        grids = [(level.shape[2], level.shape[3]) for level in raw]
        return Forwarded(decoded, [m[0] for m in output.embeddings], grids)
