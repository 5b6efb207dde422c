"""How large and how costly a network is, counted and not estimated."""

from collections import Counter, abc
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from cstrack_bench.models.anchor_network import AnchorNetwork
from cstrack_bench.models.network import NetworkConfig
from cstrack_bench.systems.registry import find_system, system_names
from cstrack_bench.systems.system import AnySystem, SystemNetwork, Variant

Counts = Counter[object]


@dataclass(frozen=True)
class LineUpRow:
    """A network that ``cstrack models`` counts.

    Attributes:
        size: name of its size.
        variant: what it is called, and its options.
        system: name of the system.
        model: on the meta device.
    """

    size: str
    variant: Variant
    system: str
    model: SystemNetwork


def line_up(input_size: tuple[int, int]) -> list[LineUpRow]:
    """Every size and variant of every system, those that are equal once.

    Args:
        input_size: height, width in pixels.
    """
    every = [
        (name, variant)
        for name in system_names()
        for variant in find_system(name).variants
    ]
    sizes = dict.fromkeys(size for _, variant in every for size in variant.sizes)
    rows: dict[tuple[str, NetworkConfig], LineUpRow] = {}
    for size in sizes:
        for name, variant in every:
            if size in variant.sizes:
                system = find_system(name)
                config = system.make_config(
                    size, "official", input_size, variant.options
                )
                row = LineUpRow(size, variant, name, skeleton(system, config))
                rows.setdefault((name, config), row)
    return list(rows.values())


@cache
def skeleton(system: AnySystem, config: NetworkConfig) -> SystemNetwork:
    """A network without memory behind its weights: for counting only.

    One for each configuration, shared by all callers.
    """
    with torch.device("meta"):
        return SystemNetwork(system, system.build(config).eval())


def parameters(model: SystemNetwork) -> dict[str, int]:
    """Parameters of a network, by part and in total.

    Returns:
        The network's ``parts()`` (of CSTrack: backbone, neck, REN, re-id head, detect)
        and ``total``; scalars of the published code that have no effect are counted
        (REFERENCE 1.7).
    """
    counts = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in model.network.parts().items()
    }
    for name, unused in model.system.unused_parameters.items():
        counts[name] += unused
    counts["total"] = sum(counts.values())
    return counts


def gflops(model: SystemNetwork, size: tuple[int, int]) -> float:
    """Exact cost of one image: 2 × multiply-adds of convolutions and products, / 1e9.

    Counted on a copy without memory, so it needs none at any size.

    Args:
        model: whose configuration is counted.
        size: (height, width) in pixels, multiples of 32; a network of crops takes its
            own size instead, and the cost is that of one crop.
    """
    system, config = model.system, model.network.config
    image = system.image_size(config, size)
    return sum(_operations(system, config, image).values()) / 1e9


def dummy_gflops(model: SystemNetwork) -> float | None:
    """What YOLOv5 prints as GFLOPs: convolutions on a 32×32 image, × (640 / 32)².

    REN pools every image to the same 6×10 cells, so that its constant cost is
    multiplied by 400 as well. The paper's 1304 is of this order and no count of the
    released code at any input is (REFERENCE 1.7).

    Returns:
        None for a network of crops, which takes no such image.
    """
    system, config = model.system, model.network.config
    if system.image_size(config, (32, 32)) != (32, 32):
        return None
    operations = _operations(system, config, (32, 32))
    products = (torch.ops.aten.bmm, torch.ops.aten.baddbmm)
    counted = sum(n for name, n in operations.items() if name not in products)
    return counted * (640 / 32) ** 2 / 1e9


def _operations(
    system: AnySystem, config: NetworkConfig, size: tuple[int, int]
) -> Counts:
    """Floating-point operations of one image, by operator."""
    network = skeleton(system, config).network
    if not isinstance(network, AnchorNetwork):
        return _count(network, _image(size))
    # Backbone and neck, most of the layers, are the same in many rows.
    trunk, features = _trunk(system, system.detector_config(config), size)
    return trunk + _count(network.task_heads, features)


@cache
def _trunk(
    system: AnySystem, config: NetworkConfig, size: tuple[int, int]
) -> tuple[Counts, tuple[Tensor, ...]]:
    """Operations of backbone and neck, and their features."""
    features: list[tuple[Tensor, ...]] = []
    network = skeleton(system, config).network
    assert isinstance(network, AnchorNetwork), "as the row that it is the trunk of"
    counts = _count(lambda x: features.append(network.neck(x)), _image(size))
    return counts, features[0]


def _image(size: tuple[int, int]) -> Tensor:
    return torch.empty(1, 3, *size, device="meta")


def _count(call: abc.Callable[..., object], argument: object) -> Counts:
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        call(argument)
    return Counter(counter.get_flop_counts().get("Global", {}))
