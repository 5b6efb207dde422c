"""FairMOT as a detector and as an embedder of given boxes."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cstrack_bench.center_affine import letterboxed_cells
from cstrack_bench.components import Component
from cstrack_bench.detection.center_decode import decode_fairmot, fairmot_embeddings
from cstrack_bench.detection.embeddings import cells
from cstrack_bench.detection.letterbox import Letterboxed, letterbox
from cstrack_bench.detection.network_runner import NetworkRunner, checked_size
from cstrack_bench.errors import InputError
from cstrack_bench.models.dla_config import STRIDE
from cstrack_bench.models.fairmot_network import FairMot, FairMotOutput
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detections, Frame

COMPONENT = Component("detection fairmot", 1)


@dataclass(frozen=True)
class PeakConfig:
    """Which peaks of a heatmap are reported.

    Attributes:
        confidence: a peak scores more than this (docs/rivals.md#fairmot-thresholds).
        count: at most so many a frame, best first.
    """

    confidence: float = 0.4
    count: int = 500

    def __post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:
            raise InputError(
                f"The detector's confidence is {self.confidence}: set it between 0 "
                "and 1."
            )
        if self.count < 1:
            raise InputError("The detector's count must be at least 1.")


class FairMotDetector:
    """Letterbox, forward, peaks, embeddings at the peaks.

    Args:
        model: the network; put into eval mode and moved to ``device``.
        size: (height, width) of its input, each divisible by 32.
        peaks: thresholds; those published for MOT16 and MOT17 by default.
        device: where the network runs.
        dtype: ``float32``, ``bfloat16`` or ``float16``.
        stopwatch: times ``preprocess``, ``upload``, ``forward``, ``nms`` (peaks and
            boxes), ``embed``.

    Raises:
        InputError: a size not divisible by 32, an unknown dtype.
    """

    def __init__(
        self,
        model: FairMot,
        size: tuple[int, int],
        peaks: PeakConfig | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self.peaks = peaks or PeakConfig()
        self.size = checked_size(size)
        self.runner = NetworkRunner(model, device, dtype, stopwatch)

    def detect(self, frame: Frame) -> Detections:
        """Boxes in pixels of the frame, best first, each with its embedding."""
        runner, wanted = self.runner, self.peaks
        with torch.inference_mode():
            _, output = self._forward(frame)
            with runner.stopwatch("nms"):
                found = decode_fairmot(
                    output.heatmap, output.box, output.offset, wanted.count
                )
                kept = int((found.scores[0] > wanted.confidence).sum())
                boxes = found.boxes[0, :kept].cpu().numpy()
                scores = found.scores[0, :kept].cpu().numpy()
            with runner.stopwatch("embed"):
                vectors = fairmot_embeddings(output.embedding, found.cells[:, :kept])
                embeddings = vectors[0].cpu().numpy()
        height, width = frame.image.shape[:2]
        way = letterboxed_cells((height, width), self.size, STRIDE)
        return Detections(
            way.boxes_to_picture(boxes).astype(np.float32), scores, embeddings
        )

    def embed(self, frame: Frame, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings of given boxes, (N, D) float32 of length 1.

        They are taken at the cell of the box's centre, clamped to the map: where
        training takes them (docs/rivals.md#fairmot-targets).

        Args:
            boxes: (N, 4) x1 y1 x2 y2 in pixels of the frame.
        """
        with torch.inference_mode():
            fitted, output = self._forward(frame)
            rows, columns = output.heatmap.shape[-2:]
            inside = fitted.to_network(np.asarray(boxes, np.float64).reshape(-1, 4))
            x, y = cells(inside, STRIDE, (rows, columns))
            index = torch.from_numpy(y * columns + x).to(output.embedding.device)
            vectors = fairmot_embeddings(output.embedding, index[None])
            return vectors[0].cpu().numpy()

    def _forward(self, frame: Frame) -> tuple[Letterboxed, FairMotOutput]:
        runner, image = self.runner, frame.image
        with runner.stopwatch("preprocess"):
            fitted = letterbox(image, self.size)
        with runner.stage("upload"):
            batch = torch.from_numpy(fitted.tensor).to(runner.device)[None]
            batch = batch.float().div_(255)
        with runner.stage("forward"), runner.autocast():
            output: FairMotOutput = runner.model(batch)
        return fitted, output
