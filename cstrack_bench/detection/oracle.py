"""Ground-truth boxes as detections (the upper bound of Table VIII)."""

import numpy as np

from cstrack_bench.data.annotations import Annotations
from cstrack_bench.detection.network import NetworkDetector
from cstrack_bench.structures import Detections, Frame


class OracleDetector:
    """Every annotated box, with score 1 (REFERENCE 6.4).

    Args:
        annotations: what to report; pass the pedestrians alone where only they count.
        network: samples an embedding for each box, or None to go without appearance.
    """

    def __init__(
        self, annotations: Annotations, network: NetworkDetector | None = None
    ) -> None:
        order = np.argsort(annotations.frames, kind="stable")
        self._frames = annotations.frames[order]
        self._boxes = annotations.boxes[order]
        self._network = network

    def detect(self, frame: Frame) -> Detections:
        """The boxes annotated in this frame, in the order of the annotations."""
        start, stop = np.searchsorted(self._frames, [frame.index, frame.index + 1])
        boxes = self._boxes[start:stop].astype(np.float32).reshape(-1, 4)
        scores = np.ones(len(boxes), np.float32)
        if self._network is None:
            return Detections(boxes, scores)
        return Detections(boxes, scores, self._network.embed(frame, boxes))
