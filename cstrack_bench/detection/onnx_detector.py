"""An exported network as a detector, run by ONNX Runtime."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from cstrack_bench.detection.anchor_detector import AnchorDetector, Forwarded
from cstrack_bench.detection.letterbox import Letterboxed
from cstrack_bench.detection.network_runner import checked_size
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.documents import Document
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.models.anchors import STRIDES
from cstrack_bench.stopwatch import Stopwatch

if TYPE_CHECKING:
    import onnxruntime

HEADER_KEY = "cstrack"
SCHEMA = 1


class OnnxHeader(Document):
    """What a graph says of itself.

    Attributes:
        system: name of the network's system.
        input_size: height, width in pixels.
        dynamic: other sizes are taken too.
        anchors: (levels, A, 2) widths and heights in pixels.
        embedding: length of an appearance vector.
        schema_number: of this header.
    """

    system: str
    input_size: tuple[int, int]
    dynamic: bool
    anchors: list[list[tuple[float, float]]]
    embedding: int
    schema_number: int = SCHEMA


class OnnxGraph:
    """A graph in memory.

    Args:
        path: of the file.
        device: ``cuda`` where ONNX Runtime has it, or ``cpu``.

    Attributes:
        header: what it says of itself.

    Raises:
        InputError: no such file, or not one that ``cstrack export`` wrote.
        CstrackError: ONNX Runtime is absent.
    """

    def __init__(self, path: Path, device: str = "cpu") -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise CstrackError(
                "An ONNX file needs onnxruntime: pip install 'cstrack-bench[export]'."
            ) from error
        if not path.is_file():
            raise InputError(f"There are no weights {path}.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # Errors come as exceptions; warnings are of optimisations.
        options.log_severity_level = 3
        wanted = ["CPUExecutionProvider"]
        if device.startswith("cuda"):
            if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
                raise InputError(
                    "This ONNX Runtime has no CUDA: install onnxruntime-gpu, or give "
                    "--device cpu."
                )
            wanted.insert(0, "CUDAExecutionProvider")
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=wanted)
        except Exception as error:  # ONNX Runtime's errors have no common base
            reason = str(error).splitlines()[0].rstrip(".")
            raise InputError(f"{path} cannot be read as ONNX ({reason}).") from error
        self._session: onnxruntime.InferenceSession = session
        self.header = read_header(path, session)

    def run(
        self, images: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """(1, 3, H, W) in [0, 1] -> (1, N, 6), and maps (1, H_l, W_l, D)."""
        boxes, *maps = self._session.run(None, {"images": images})
        return boxes, maps


def read_header(path: Path, session: "onnxruntime.InferenceSession") -> OnnxHeader:
    """What a graph says of itself.

    Raises:
        InputError: it was not written by ``cstrack export``.
    """
    text = session.get_modelmeta().custom_metadata_map.get(HEADER_KEY, "")
    try:
        return OnnxHeader.model_validate_json(text)
    except ValidationError as error:
        raise InputError(
            f"{path} is no graph of cstrack export: give one that it wrote."
        ) from error


class OnnxDetector(AnchorDetector):
    """An exported graph as a ``Detector``.

    Args:
        graph: from ``cstrack export``.
        size: (height, width) of its input; None for the graph's own.
        nms: thresholds; the official ones by default.
        stopwatch: times ``preprocess``, ``upload``, ``forward``, ``nms``, ``embed``.

    Raises:
        InputError: a size that the graph does not take.
    """

    def __init__(
        self,
        graph: OnnxGraph,
        size: tuple[int, int] | None = None,
        nms: NmsConfig | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        header = graph.header
        chosen = checked_size(size or header.input_size)
        if chosen != header.input_size and not header.dynamic:
            height, width = header.input_size
            raise InputError(
                f"The graph takes {width}x{height} alone: leave out --size, or export "
                "with --dynamic."
            )
        anchors = np.array(header.anchors, np.float64)
        super().__init__(chosen, anchors, nms, stopwatch)
        self._graph = graph

    def _forward(self, fitted: Letterboxed) -> Forwarded:
        with self.stopwatch("upload"):
            images = fitted.tensor[None].astype(np.float32)
            images /= 255
        with self.stopwatch("forward"):
            boxes, maps = self._graph.run(images)
        grids = [(self.size[0] // s, self.size[1] // s) for s in STRIDES]
        vectors = [torch.from_numpy(one[0]) for one in maps]
        return Forwarded(torch.from_numpy(boxes[0]), vectors, grids)
