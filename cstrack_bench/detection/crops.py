"""Two stages: one network finds the boxes, another describes what is in them."""

import numpy as np
import torch
from numpy.typing import NDArray

from cstrack_bench.detection.network_runner import NetworkRunner
from cstrack_bench.errors import InputError
from cstrack_bench.models.network_base import CropNetwork
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detections, Detector, Embedder, Frame
from cstrack_bench.training_data.crop_set import cut


class CropEncoder:
    """A network of crops as an ``Embedder``: each box is cut out and described alone.

    Args:
        network: put into eval mode and moved to ``device``.
        device: where it runs.
        batch: most crops at a time.
        dtype: ``float32``, ``bfloat16`` or ``float16``; below float32 the forward pass
            runs under autocast.
        stopwatch: times the stage ``embed``, from cutting to vectors.

    Raises:
        InputError: an unknown dtype, a batch below 1.
    """

    def __init__(
        self,
        network: CropNetwork,
        device: str = "cpu",
        batch: int = 64,
        dtype: str = "float32",
        stopwatch: Stopwatch | None = None,
    ) -> None:
        if batch < 1:
            raise InputError(f"The batch of crops is {batch}: give at least 1.")
        self.batch = batch
        self.runner = NetworkRunner(network, device, dtype, stopwatch)

    def embed(self, frame: Frame, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings of given boxes, (N, D) float32 of length 1.

        A box without a pixel in the picture gets a vector of zeros, which is like no
        other.

        Args:
            boxes: (N, 4) x1 y1 x2 y2 in pixels of the frame.
        """
        config = self.runner.model.config
        vectors = np.zeros((len(boxes), config.embedding), np.float32)
        if not len(boxes):
            return vectors
        image = frame.image
        with self.runner.stopwatch("embed"), torch.inference_mode():
            crops, inside = cut(image, boxes, config.crop_size)
            rows = np.flatnonzero(inside)
            for start in range(0, len(rows), self.batch):
                some = rows[start : start + self.batch]
                vectors[some] = self._describe(torch.from_numpy(crops[some]))
        return vectors

    def _describe(self, crops: torch.Tensor) -> NDArray[np.float32]:
        """(N, H, W, 3) uint8 BGR -> (N, D)."""
        runner = self.runner
        pixels = crops.to(runner.device).flip(3).permute(0, 3, 1, 2)
        images = pixels.float() / 255  # (N, 3, H, W) RGB
        with runner.autocast():
            output = runner.model(images)
        vectors: NDArray[np.float32] = output.float().cpu().numpy()
        return vectors


class TwoStage:
    """A detector whose boxes another network describes.

    Args:
        detector: finds the boxes; embeddings of its own are dropped.
        encoder: describes them.
    """

    def __init__(self, detector: Detector, encoder: Embedder) -> None:
        self._detector = detector
        self._encoder = encoder

    def detect(self, frame: Frame) -> Detections:
        """The detector's boxes and scores with the encoder's embeddings."""
        found = self._detector.detect(frame)
        vectors = self._encoder.embed(frame, found.boxes)
        return Detections(found.boxes, found.scores, vectors)
