"""How large and how costly a network is, counted and not estimated."""

from collections import Counter
from collections.abc import Hashable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from cstrack_bench.models.network_base import Network, NetworkConfig, Piece

Operations = Counter[Any]  # keys are torch's operators, which have no public type

_counted: dict[tuple[Hashable, tuple[int, int]], Operations] = {}


def skeleton(network: type[Network], config: NetworkConfig) -> Network:
    """A network without memory behind its weights: for counting only.

    Args:
        network: its class.
        config: its configuration.
    """
    with torch.device("meta"):
        return network(config).eval()


def parameters(network: Network) -> dict[str, int]:
    """Parameters of a network of any system, by part and in total.

    Returns:
        The network's ``parts()`` (of CSTrack: backbone, neck, REN, re-id head, detect)
        and ``total``. A published network's scalars that are never used are counted
        with its last part (docs/reference.md#parameter-counts).
    """
    counts = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in network.parts().items()
    }
    counts[list(counts)[-1]] += network.unused_scalars
    counts["total"] = sum(counts.values())
    return counts


def gflops(network: Network, size: tuple[int, int]) -> float:
    """Exact cost of one image: 2 × multiply-adds of convolutions and products, / 1e9.

    Counted on a copy without memory, so it needs none at any size.

    Args:
        network: whose configuration is counted.
        size: (height, width) in pixels, multiples of 32; DeepSORT's network takes crops
            of its own size instead, and the cost is that of one crop.
    """
    return sum(_operations(network, size).values()) / 1e9


def dummy_gflops(network: Network) -> float:
    """What YOLOv5 prints as GFLOPs: convolutions on a 32×32 image, × (640 / 32)².

    REN pools every image to the same 6×10 cells, so that its constant cost is
    multiplied by 400 as well. The paper's 1304 is of this order and no count of the
    released code at any input is (docs/reference.md#printed-flops).
    """
    operations = _operations(network, (32, 32))
    products = (torch.ops.aten.bmm, torch.ops.aten.baddbmm)
    counted = sum(n for name, n in operations.items() if name not in products)
    return counted * (640 / 32) ** 2 / 1e9


def _operations(network: Network, size: tuple[int, int]) -> Operations:
    """Floating-point operations of one image, by operator."""
    total = Operations()
    for piece in skeleton(type(network), network.config).pieces(size):
        # Backbone and neck, most of the layers, are the same in many systems.
        key = (piece.key, size)
        if key not in _counted:
            _counted[key] = _count(piece)
        total += _counted[key]
    return total


def _count(piece: Piece) -> Operations:
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        piece.call(piece.inputs)
    return Operations(counter.get_flop_counts().get("Global", {}))
