"""What detectors on anchors share behind and before the network, whoever runs it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cstrack_bench.detection.embeddings import (
    best_levels,
    cells,
    pick,
    source_cells,
)
from cstrack_bench.detection.letterbox import Letterboxed, letterbox
from cstrack_bench.detection.nms import NmsConfig, suppress
from cstrack_bench.stopwatch import NULL, Stopwatch
from cstrack_bench.structures import Detections, Frame


@dataclass(frozen=True)
class Forwarded:
    """One frame after the network.

    Attributes:
        decoded: (N, 6) candidates.
        maps: (H, W, D) embeddings, one or one a level.
        grids: (rows, columns) of each level.
    """

    decoded: torch.Tensor
    maps: Sequence[torch.Tensor]
    grids: Sequence[tuple[int, int]]


class AnchorDetector(ABC):
    """Letterbox, whatever runs the network, NMS, embeddings from its maps.

    Args:
        size: (height, width) of the network's input.
        anchors: (levels, A, 2) widths and heights in pixels.
        nms: thresholds; the official ones by default.
        stopwatch: times ``preprocess``, ``nms``, ``embed``.
    """

    def __init__(
        self,
        size: tuple[int, int],
        anchors: NDArray[np.float64],
        nms: NmsConfig | None,
        stopwatch: Stopwatch | None,
    ) -> None:
        self.size = size
        self.nms = nms or NmsConfig()
        self.stopwatch = stopwatch or NULL
        self._anchors = anchors

    def detect(self, frame: Frame) -> Detections:
        """Boxes in pixels of the frame, best first, each with its embedding."""
        return self.detect_prepared(self.prepare(frame))

    def prepare(self, frame: Frame) -> Letterboxed:
        """The frame fitted to the network's input."""
        image = frame.image
        with self.stopwatch("preprocess"):
            return letterbox(image, self.size)

    def detect_prepared(self, prepared: Letterboxed) -> Detections:
        """Boxes of a frame that ``prepare`` has fitted."""
        with torch.inference_mode():
            output = self._forward(prepared)
            with self.stopwatch("nms"):
                kept, sources = suppress(output.decoded, self.nms)
            with self.stopwatch("embed"):
                embeddings = self._pick(output, kept[:, :4], sources)
        boxes = prepared.to_image(kept[:, :4]).astype(np.float32)
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
            fitted = self.prepare(frame)
            output = self._forward(fitted)
            inside = fitted.to_network(np.asarray(boxes, np.float64))
            levels = np.zeros(len(inside), np.int64)
            if len(output.maps) > 1:
                levels = best_levels(inside, self._anchors)
            return self._pick_at(output, inside, levels)

    @abstractmethod
    def _forward(self, fitted: Letterboxed) -> Forwarded:
        """Run the network on one fitted frame."""

    def _pick(
        self,
        output: Forwarded,
        boxes: NDArray[np.float32],
        sources: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        if len(output.maps) == 1:
            return self._pick_at(output, boxes, np.zeros(len(boxes), np.int64))
        anchors = self._anchors.shape[1]
        return pick(output.maps, *source_cells(sources, output.grids, anchors))

    def _pick_at(
        self,
        output: Forwarded,
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
