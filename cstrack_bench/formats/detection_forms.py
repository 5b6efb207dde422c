"""Detection forms: in which files of detections are written (``detection_files``)."""

from enum import StrEnum


class DetectionFormat(StrEnum):
    """Form of a file of detections."""

    AUTO = "auto"
    MOT = "mot"
    XYXY = "xyxy"
    YOLO = "yolo"
    COCO = "coco"
