"""Detections that were computed before: public ones, or another detector's."""

from collections.abc import Mapping

from cstrack_bench.structures import Detections, Frame


class FileDetector:
    """Detections by frame, as ``formats.mot_files.read_detections`` returns them.

    Args:
        detections: 0-based frame index -> detections; a frame that is missing has
            none.
        confidence: boxes scoring below this are left out.
    """

    def __init__(
        self, detections: Mapping[int, Detections], confidence: float = 0.0
    ) -> None:
        self._detections = detections
        self._confidence = confidence

    def detect(self, frame: Frame) -> Detections:
        """What the file says about this frame; its pixels are not read."""
        found = self._detections.get(frame.index)
        if found is None:
            return Detections.empty()
        mask = found.scores >= self._confidence
        if mask.all():
            return found
        embeddings = None if found.embeddings is None else found.embeddings[mask]
        return Detections(found.boxes[mask], found.scores[mask], embeddings)
