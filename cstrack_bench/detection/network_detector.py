"""The network as a detector: picture in, boxes with embeddings out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cstrack_bench.components import Component
from cstrack_bench.detection.embeddings import (
    best_levels,
    cells,
    pick,
    source_cells,
)
from cstrack_bench.detection.letterbox import Letterboxed, letterbox
from cstrack_bench.detection.network_runner import NetworkRunner, checked_size
from cstrack_bench.detection.nms import NmsConfig, suppress
from cstrack_bench.models.network_base import DetectionNetwork
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detections, Frame

COMPONENT = Component("detection", 1)


@dataclass(frozen=True)
class _Forwarded:
    """One frame after the network: (N, 6) decoded, (H, W, D) maps, and the way back."""

    decoded: torch.Tensor
    maps: Sequence[torch.Tensor]
    grids: Sequence[tuple[int, int]]
    fitted: Letterboxed


class NetworkDetector:
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
        self.size = checked_size(size)
        self.nms = nms or NmsConfig()
        self.runner = NetworkRunner(model, device, dtype, stopwatch)
        self.model = model

    def detect(self, frame: Frame) -> Detections:
        """Boxes in pixels of the frame, best first, each with its embedding."""
        return self.detect_prepared(self.prepare(frame))

    def prepare(self, frame: Frame) -> Letterboxed:
        """The frame fitted to the network's input."""
        image = frame.image
        with self.runner.stopwatch("preprocess"):
            return letterbox(image, self.size)

    def detect_prepared(self, prepared: Letterboxed) -> Detections:
        """Boxes of a frame that ``prepare`` has fitted."""
        with torch.inference_mode():
            output = self._forward(prepared)
            with self.runner.stopwatch("nms"):
                kept, sources = suppress(output.decoded, self.nms)
            with self.runner.stopwatch("embed"):
                embeddings = self._pick(output, kept[:, :4], sources)
        boxes = output.fitted.to_image(kept[:, :4]).astype(np.float32)
        return Detections(boxes, kept[:, 4].copy(), embeddings)

    def embed(self, frame: Frame, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings of given boxes, (N, D) float32 (Table VIII,
        docs/reference.md#upper-bound).

        With one map: the cell under the box's centre. With a map a level: the cell
        under the centre on the level whose anchors fit the box best.

        Args:
            boxes: (N, 4) x1 y1 x2 y2 in pixels of the frame.
        """
        with torch.inference_mode():
            output = self._forward(self.prepare(frame))
            inside = output.fitted.to_network(np.asarray(boxes, np.float64))
            levels = np.zeros(len(inside), np.int64)
            if len(output.maps) > 1:
                anchors = self.model.anchors.double().cpu().numpy()  # (3, A, 2) px
                levels = best_levels(inside, anchors)
            return self._pick_at(output, inside, levels)

    def _forward(self, fitted: Letterboxed) -> _Forwarded:
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
        return _Forwarded(decoded, [m[0] for m in output.embeddings], grids, fitted)

    def _pick(
        self,
        output: _Forwarded,
        boxes: NDArray[np.float32],
        sources: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        if len(output.maps) == 1:
            return self._pick_at(output, boxes, np.zeros(len(boxes), np.int64))
        anchors = self.model.anchors.shape[1]
        return pick(output.maps, *source_cells(sources, output.grids, anchors))

    def _pick_at(
        self,
        output: _Forwarded,
        boxes: NDArray[np.floating],
        levels: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        columns = np.zeros(len(boxes), np.int64)
        rows = np.zeros(len(boxes), np.int64)
        for level, one in enumerate(output.maps):
            mine = levels == level
            grid = (one.shape[0], one.shape[1])
            stride = self.size[0] // grid[0]
            columns[mine], rows[mine] = cells(boxes[mine], stride, grid)
        return pick(output.maps, levels, columns, rows)
