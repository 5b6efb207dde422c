"""The network as a detector, fused: the same boxes and embeddings in less time.

``NetworkDetector`` is the plain path that this one is compared with.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cstrack_bench.components import Component
from cstrack_bench.detection.cuda_graph import CudaGraph
from cstrack_bench.detection.device_nms import Suppressed, suppress_on_device
from cstrack_bench.detection.embeddings import best_levels, cells, source_cells
from cstrack_bench.detection.letterbox import Letterboxed, letterbox
from cstrack_bench.detection.network_runner import DTYPES, NetworkRunner, checked_size
from cstrack_bench.detection.nms import NmsConfig, suppress
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.models.cell_embeddings import EmbeddingSource
from cstrack_bench.models.fused_network import FusedNetwork
from cstrack_bench.models.network_base import DetectionNetwork
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detections, Frame

COMPONENT = Component("detection fused", 1)
Built = TypeVar("Built", bound=DetectionNetwork)


class _Picked(NamedTuple):
    """One frame on the host: network pixels, best first."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    embeddings: NDArray[np.float32]


class FusedDetector(Generic[Built]):
    """A network on anchors as a ``Detector``, rebuilt for inference.

    On a CPU, suppression is NumPy's and embeddings are computed for the boxes that are
    left. On another device everything from the forward pass to the embeddings has fixed
    shapes, stays there, and comes back in one transfer.

    Args:
        model: the network, left as it is.
        fuse: (model, dtype) -> the same network for inference.
        size: (height, width) of its input, each divisible by 32.
        nms: thresholds; the official ones by default.
        device: where the network runs.
        dtype: of weights and features, ``float32``, ``bfloat16`` or ``float16``; boxes
            are decoded in float32.
        stopwatch: times ``preprocess``, ``upload``, ``forward``, ``nms``, ``embed``.
        on_device: NMS and embeddings on the device; None: anywhere but on a CPU.
        compiled: hand the forward pass to ``torch.compile``.
        graphed: record everything behind the upload as one CUDA graph. Its time then
            counts as ``forward``.

    Raises:
        InputError: a size not divisible by 32, an unknown dtype, a graph without CUDA.
    """

    def __init__(
        self,
        model: Built,
        fuse: Callable[[Built, torch.dtype], FusedNetwork],
        size: tuple[int, int],
        nms: NmsConfig | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        stopwatch: Stopwatch | None = None,
        on_device: bool | None = None,
        compiled: bool = False,
        graphed: bool = False,
    ) -> None:
        if dtype not in DTYPES:
            raise InputError(f"Unknown dtype {dtype!r}: {nearest(dtype, DTYPES)}.")
        self.size = checked_size(size)
        self.nms = nms or NmsConfig()
        self.model = model
        fused = fuse(model, DTYPES[dtype])
        # The weights are in this type already: nothing is left for autocast.
        self.runner = NetworkRunner(fused, device, "float32", stopwatch)
        cpu = self.runner.device.type == "cpu"
        if graphed and self.runner.device.type != "cuda":
            raise InputError("A CUDA graph needs a CUDA device: leave out graphed.")
        self._on_device = not cpu if on_device is None else on_device
        self._forward = torch.compile(fused) if compiled else fused
        self._anchors = model.anchors.double().cpu().numpy()  # (3, A, 2) px
        self._program = CudaGraph(self._whole) if graphed else None

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
            batch = self._upload(prepared)
            found = self._find_on_device(batch) if self._on_device else None
            if found is None:
                found = self._find(batch)
        boxes = prepared.to_image(found.boxes).astype(np.float32)
        return Detections(boxes, found.scores, found.embeddings)

    def embed(self, frame: Frame, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings of given boxes, as ``NetworkDetector.embed`` picks them.

        Args:
            boxes: (N, 4) x1 y1 x2 y2 in pixels of the frame.
        """
        with torch.inference_mode():
            fitted = self.prepare(frame)
            batch = self._upload(fitted)
            with self.runner.stage("forward"):
                source = self._forward(batch).source
            inside = fitted.to_network(np.asarray(boxes, np.float64))
            levels = np.zeros(len(inside), np.int64)
            if len(source.grids) > 1:
                levels = best_levels(inside, self._anchors)
            columns, rows = self._centre_cells(source, inside, levels)
            with self.runner.stopwatch("embed"):
                return self._pick(source, levels, columns, rows)

    def _upload(self, fitted: Letterboxed) -> Tensor:
        """(1, 3, h, w) float32 in [0, 1] on the device."""
        runner = self.runner
        with runner.stage("upload"):
            pixels = torch.from_numpy(fitted.tensor)
            if runner.device.type == "cuda":
                pixels = pixels.pin_memory()
            batch = pixels.to(runner.device, non_blocking=True)[None]
            return batch.float().div_(255)

    def _find(self, batch: Tensor) -> _Picked:
        """With suppression on the host."""
        runner = self.runner
        with runner.stage("forward"):
            raw, source = self._forward(batch)
            decoded = runner.model.decode(raw)[0]
        with runner.stopwatch("nms"):
            kept, sources = suppress(decoded, self.nms)
        with runner.stopwatch("embed"):
            grids = [(level.shape[2], level.shape[3]) for level in raw]
            levels = np.zeros(len(kept), np.int64)
            if len(source.grids) == 1:
                columns, rows = self._centre_cells(source, kept[:, :4], levels)
            else:
                anchors = self._anchors.shape[1]
                levels, columns, rows = source_cells(sources, grids, anchors)
            vectors = self._pick(source, levels, columns, rows)
        return _Picked(kept[:, :4], kept[:, 4].copy(), vectors)

    def _pick(
        self,
        source: EmbeddingSource,
        levels: NDArray[np.int64],
        columns: NDArray[np.int64],
        rows: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        device = self.runner.device
        result = np.zeros((len(levels), self.model.config.embedding), np.float32)
        for level in np.unique(levels):
            mine = levels == level
            y, x = (torch.from_numpy(one[mine]).to(device) for one in (rows, columns))
            result[mine] = source.at(int(level), y, x).cpu().numpy()
        return result

    def _centre_cells(
        self,
        source: EmbeddingSource,
        boxes: NDArray[np.floating],
        levels: NDArray[np.int64],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        columns, rows = np.zeros((2, len(boxes)), np.int64)
        for level, grid in enumerate(source.grids):
            mine = levels == level
            stride = self.size[0] // grid[0]
            columns[mine], rows[mine] = cells(boxes[mine], stride, grid)
        return columns, rows

    def _find_on_device(self, batch: Tensor) -> _Picked | None:
        """With one transfer to the host; None where a bound of it was met."""
        if self._program is not None:
            with self.runner.stage("forward"):
                rows = self._program(batch)
        else:
            with self.runner.stage("forward"):
                output = self._forward(batch)
                decoded = self.runner.model.decode(output.raw)[0]
            with self.runner.stage("nms"):
                kept = suppress_on_device(decoded, self.nms)
            with self.runner.stage("embed"):
                rows = self._packed(output.raw, output.source, kept)
        with self.runner.stopwatch("embed"):
            packed = rows.cpu().numpy()
        if not packed[0, 6]:
            return None
        found = packed[packed[:, 5] > 0]
        return _Picked(
            found[:, :4].copy(), found[:, 4].copy(), np.ascontiguousarray(found[:, 7:])
        )

    def _whole(self, batch: Tensor) -> Tensor:
        """Everything behind the upload, without a look at any value."""
        output = self._forward(batch)
        decoded = self.runner.model.decode(output.raw)[0]
        kept = suppress_on_device(decoded, self.nms)
        return self._packed(output.raw, output.source, kept)

    def _packed(
        self, raw: tuple[Tensor, ...], source: EmbeddingSource, kept: Suppressed
    ) -> Tensor:
        """(M, 7 + D): box, score, valid, complete, embedding; for one transfer."""
        grids = source.grids
        if len(grids) == 1:
            stride = self.size[0] // grids[0][0]
            centre = (kept.boxes[:, :2] + kept.boxes[:, 2:]) / (2 * stride)
            columns, rows = centre.floor().nan_to_num().unbind(1)
            vectors = source.at(
                0,
                rows.clamp(0, grids[0][0] - 1).long(),
                columns.clamp(0, grids[0][1] - 1).long(),
            )
        else:
            vectors = self._at_sources(raw, source, kept.sources)
        flags = torch.stack(
            (
                kept.scores,
                kept.valid.float(),
                kept.complete.float().expand_as(kept.scores),
            ),
            dim=1,
        )
        return torch.cat((kept.boxes, flags, vectors), dim=1)

    @staticmethod
    def _at_sources(
        raw: tuple[Tensor, ...], source: EmbeddingSource, sources: Tensor
    ) -> Tensor:
        """Embeddings (M, D) at the cells of the candidates, of every level by turns."""
        vectors: Tensor | None = None
        start = 0
        for level, one in enumerate(raw):
            height, width = one.shape[2], one.shape[3]
            count = one.shape[1] * height * width
            mine = (sources >= start) & (sources < start + count)
            within = torch.where(mine, sources - start, 0) % (height * width)
            here = source.at(level, within // width, within % width)
            vectors = (
                here if vectors is None else torch.where(mine[:, None], here, vectors)
            )
            start += count
        assert vectors is not None, "a network has levels"
        return vectors
