"""A trained network's candidates, made from ground truth, in an untrained one."""

from collections.abc import Sequence
from types import MethodType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cstrack_bench.models.network_base import DetectionNetwork, Output


def candidates(
    boxes: NDArray[np.floating],
    anchors: NDArray[np.floating],
    strides: Sequence[int],
    size: tuple[int, int],
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """What a detector would find confident: a few answers for every person.

    Each person is answered on the level whose anchors fit best, by all anchors of
    three cells (a centre's own and two neighbours are trained to,
    docs/reference.md#assignment), with
    boxes off by 2 % of their sides.

    Args:
        boxes: (N, 4) x1 y1 x2 y2, pixels of the network's input.
        anchors: (L, A, 2) width and height in pixels.
        strides: of the L levels.
        size: height, width of the input.
        seed: of errors and confidences.

    Returns:
        rows: (K,) of the decoded output (ordered level, anchor, row, column), unique.
        values: (K, 6) cx cy w h in pixels, objectness, class probability.
    """
    random = np.random.default_rng(seed)
    grids = [(size[0] // stride, size[1] // stride) for stride in strides]
    counts = [anchors.shape[1] * height * width for height, width in grids]
    found: dict[int, NDArray[np.float64]] = {}
    for x1, y1, x2, y2 in np.asarray(boxes, np.float64):
        centre = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
        sides = np.array([x2 - x1, y2 - y1])
        if (sides <= 0).any() or (centre < 0).any() or (centre >= size[::-1]).any():
            continue
        common = np.minimum(sides, anchors).prod(2)
        union = sides.prod() + anchors.prod(2) - common
        level = int((common / union).max(1).argmax())
        height, width = grids[level]
        cell = centre / strides[level]
        own = cell.astype(int)
        beside = own + np.where(cell - own < 0.5, -1, 1)
        answering = ((own[0], own[1]), (beside[0], own[1]), (own[0], beside[1]))
        for column, row in answering:
            if not (0 <= column < width and 0 <= row < height):
                continue
            for anchor in range(anchors.shape[1]):
                number = (anchor * height + row) * width + column
                error = random.normal(0, 0.02, 4) * np.concatenate([sides, sides])
                box = np.concatenate([centre, sides]) + error
                confidence = random.uniform(0.6, 0.95)
                found[sum(counts[:level]) + number] = np.append(box, [confidence, 0.99])
    rows = np.array(sorted(found), np.int64)
    values = np.array([found[row] for row in rows.tolist()], np.float32)
    return rows, values.reshape(-1, 6)


class Planted(nn.Module):
    """A network that computes everything and finds what was planted.

    Args:
        network: a detecting network (CSTrack, JDE).
        found: rows and values of ``candidates`` for each frame, on its device.
    """

    def __init__(
        self, network: DetectionNetwork, found: Sequence[tuple[Tensor, Tensor]]
    ) -> None:
        super().__init__()
        self.network = network
        self.strides = network.strides
        self.config = network.config
        self.register_buffer("anchors", network.anchors)
        self.frame = 0
        self._found = found

    def forward(self, images: Tensor) -> Output:
        """The network's own output."""
        output: Output = self.network(images)
        return output

    def decode(self, raw: tuple[Tensor, ...]) -> Tensor:
        """The network's own decoding, (B, N, 6), then the frame's candidates in it."""
        rows, values = self._found[self.frame]
        return put_candidates(self.network.decode(raw), rows, values)


class Answers:
    """The candidates of the frame in hand; see ``plant``.

    Attributes:
        rows: of the decoded output.
        values: (K, 6) cx cy w h in pixels, objectness, class probability.
    """

    def __init__(self) -> None:
        self.rows = np.zeros(0, np.int64)
        self.values = np.zeros((0, 6), np.float32)

    def decode(self, network: DetectionNetwork, raw: tuple[Tensor, ...]) -> Tensor:
        """The network's own decoding, then these candidates in it."""
        decoded = type(network).decode(network, raw)
        rows = torch.from_numpy(self.rows).to(decoded.device)
        values = torch.from_numpy(self.values).to(decoded.device)
        return put_candidates(decoded, rows, values)


def plant(network: DetectionNetwork) -> Answers:
    """Have a network, and every copy of it, find what the caller says.

    Args:
        network: changed; it still computes everything.

    Returns:
        What is set before each frame.
    """
    answers = Answers()

    def decode(self: DetectionNetwork, raw: tuple[Tensor, ...]) -> Tensor:
        return answers.decode(self, raw)

    # A bound method: copies of the network get one that is bound to them.
    object.__setattr__(network, "decode", MethodType(decode, network))
    return answers


def put_candidates(decoded: Tensor, rows: Tensor, values: Tensor) -> Tensor:
    """Decoded candidates (1, N, 6) with others in some rows and no score elsewhere."""
    decoded[..., 4] = 0
    decoded[0, rows] = values
    return decoded


def calibrate(network: nn.Module, images: Tensor) -> None:
    """Give the batch normalisations the statistics of some images.

    Random weights without them let activations fade to denormal numbers or grow to
    infinite ones, and neither says anything about speed.

    Args:
        network: left in evaluation mode.
        images: (B, 3, H, W) in [0, 1].
    """
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the calls
    network.train()
    with torch.no_grad():
        network(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
