"""A trained network as an ONNX graph: image in, boxes and embedding maps out."""

import contextlib
import copy
import io
import json
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cstrack_bench.detection.onnx_detector import (
    HEADER_KEY,
    OnnxGraph,
    OnnxHeader,
)
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import replacing
from cstrack_bench.models.network_base import DetectionNetwork
from cstrack_bench.models.reciprocal import POOLED, PooledConvolutional, Reciprocal

OPSET = 18
#: Largest difference from torch: of probabilities and embeddings, and of boxes as a
#: share of the input's longer side.
LIMIT = 1e-4
#: Sides of a graph of any size, in steps of 32 pixels.
SIDES = (2, 128)


@dataclass(frozen=True)
class Parity:
    """The largest differences between ONNX Runtime and torch on one image.

    Attributes:
        size: height, width of the image.
        boxes: share of the longer side.
        probabilities: absolute.
        embeddings: share of the longest component, or absolute where that is below 1.
    """

    size: tuple[int, int]
    boxes: float
    probabilities: float
    embeddings: float

    @property
    def passed(self) -> bool:
        """Whether all of them are within ``LIMIT``."""
        return max(self.boxes, self.probabilities, self.embeddings) <= LIMIT


class _Graph(nn.Module):
    """Image -> boxes with probabilities, and embedding maps."""

    def __init__(self, network: DetectionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(1, 3, H, W) -> (1, N, 6), and (1, H_l, W_l, D) each."""
        output = self.network.task_heads(self.network.neck(images))
        return self.network.decode(output.raw), *output.embeddings


def export_onnx(
    path: Path,
    network: DetectionNetwork,
    system: str,
    size: tuple[int, int],
    dynamic: bool = False,
) -> list[Parity]:
    """Write a network as one ONNX file, if it computes what torch computes.

    Args:
        path: of the file.
        network: in evaluation mode, on the CPU.
        system: its name.
        size: height, width of the input, multiples of 32.
        dynamic: the graph takes every size; ``size`` is its usual one.

    Returns:
        Differences from torch, at ``size`` and, where it is dynamic, at another size.

    Raises:
        CstrackError: a package of the extra is absent, or ONNX Runtime differs.
    """
    own = _Graph(copy.deepcopy(network).eval()).eval()
    for layer in own.modules():
        if isinstance(layer, Reciprocal | PooledConvolutional):
            object.__setattr__(layer, "pool", pool_by_products)
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    maps = len(network.task_heads(network.neck(image)).embeddings)
    names = [f"embeddings{level}" for level in range(maps)]
    shapes = None
    if dynamic:
        # A side is a whole number of cells at stride 32.
        sides = [torch.export.Dim(n, min=SIDES[0], max=SIDES[1]) for n in ("h", "w")]
        shapes = ({2: 32 * sides[0], 3: 32 * sides[1]},)
    header = OnnxHeader(
        system=system,
        input_size=size,
        dynamic=dynamic,
        anchors=network.anchors.tolist(),
        embedding=network.config.embedding,
    )
    try:
        with _quiet():
            program = torch.onnx.export(
                own,
                (image,),
                dynamo=True,
                opset_version=OPSET,
                input_names=["images"],
                output_names=["boxes", *names],
                dynamic_shapes=shapes,
                optimize=False,
                verbose=False,
            )
    except ImportError as error:
        raise CstrackError(
            f"Export needs the package {error.name or 'onnxscript'}: install it with "
            "pip install 'cstrack-bench[export]'."
        ) from error
    assert program is not None, "the exporter returns what it made"
    program.model.metadata_props[HEADER_KEY] = header.model_dump_json()
    with replacing(path) as temporary:
        with _quiet():
            program.save(temporary, external_data=False)
        graph = OnnxGraph(temporary)
        sizes = [size, other_size(size)] if dynamic else [size]
        found = [compare(graph, network, one) for one in sizes]
        if not all(parity.passed for parity in found):
            raise CstrackError(
                "ONNX Runtime computes something else than torch: "
                f"{json.dumps([vars(parity) for parity in found])}; nothing is written."
            )
    return found


def other_size(size: tuple[int, int]) -> tuple[int, int]:
    """A size that the graph was not traced at: another shape, turned by a quarter."""
    return size[1] + 32, size[0] + 64


def compare(
    graph: OnnxGraph, network: DetectionNetwork, size: tuple[int, int]
) -> Parity:
    """Both on one image of smooth noise."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(1, 3, size[0] // 16, size[1] // 16, generator=generator)
    image = nn.functional.interpolate(coarse, size, mode="bilinear")
    with torch.inference_mode():
        output = network(image)
        decoded = network.decode(output.raw).numpy()
    boxes, maps = graph.run(image.numpy())

    def largest(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
        return float(np.abs(one - two).max())

    embeddings = max(
        largest(ours, theirs.numpy()) / max(1.0, float(theirs.abs().max()))
        for ours, theirs in zip(maps, output.embeddings, strict=True)
    )
    return Parity(
        size,
        largest(boxes[..., :4], decoded[..., :4]) / max(size),
        largest(boxes[..., 4:], decoded[..., 4:]),
        embeddings,
    )


def pool_by_products(x: Tensor) -> Tensor:
    """As ``reciprocal.pool``, by two products whose weights follow the input's size.

    ONNX has no pooling to a fixed number of cells.

    Args:
        x: (B, C, H, W) -> (B, C, 6, 10).
    """
    rows, columns = POOLED
    return _shares(x.shape[2], rows) @ x @ _shares(x.shape[3], columns).t()


def _shares(cells: int, parts: int) -> Tensor:
    """(parts, cells): what each cell weighs in the mean of a part."""
    at, part = torch.arange(cells), torch.arange(parts)
    start = (part * cells) // parts
    stop = ((part + 1) * cells + parts - 1) // parts
    inside = (at >= start[:, None]) & (at < stop[:, None])
    weights = inside.float()
    return weights / weights.sum(1, keepdim=True)


@contextlib.contextmanager
def _quiet():  # type: ignore[no-untyped-def]
    """The exporter prints its steps and warns of packages that are not needed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def checked_network(network: nn.Module, what: object) -> DetectionNetwork:
    """The network, if there is a graph for it.

    Raises:
        InputError: it does not find boxes on anchors.
    """
    if not isinstance(network, DetectionNetwork):
        raise InputError(
            f"{what} finds no boxes on anchors: export weights of cstrack or jde."
        )
    return network
