"""How large and how costly a network is, counted and not estimated."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.cstrack_config import SIZES, STRIDES, ModelConfig
from cstrack_bench.models.jde_config import SIZES as JDE_SIZES
from cstrack_bench.models.systems import (
    NetworkConfig,
    build_network,
    make_network_config,
)

# The official Detect holds one scalar that is never used nor trained; it is counted
# so that totals are those of the official code (REFERENCE 1.6, 1.7).
UNUSED_SCALARS = 1

# The systems of Tables I, II and VIII, as a recipe's changes to a size.
SYSTEMS: dict[str, dict[str, Any]] = {
    "CSTrack": {},
    "without REN": {"ren": "none"},
    "without SAAN": {"reid_head": "basic"},
    "JDE(yolov5), 1x1 heads": {"ren": "none", "reid_head": "basic"},
    "JDE(yolov5), 3x3 heads": {"ren": "none", "reid_head": "basic", "head_kernel": 3},
    "REN as 1x1 convolutions": {"ren": "cnn1x1"},
    "REN as 3x3 convolutions": {"ren": "cnn3x3"},
    "REN as pooled 1x1 convolutions": {"ren": "cnn_pooled1x1"},
    "CSTrack on YOLOv5 v6": {"generation": "v6"},
    "JDE(yolov3)": {"system": "jde"},
    "DeepSORT's crops": {"system": "deepsort"},
}


def line_up(input_size: tuple[int, int]) -> list[tuple[str, str, NetworkConfig]]:
    """Every size and system that differ: size, name, configuration.

    Args:
        input_size: height, width in pixels.
    """
    rows: dict[NetworkConfig, tuple[str, str]] = {}
    for size in SIZES:
        for name, changes in SYSTEMS.items():
            options = dict(changes)
            system = options.pop("system", "cstrack")
            # s30 and xs are CSTrack's own: nobody published a backbone for them.
            elsewhere = system == "jde" or "generation" in options
            if elsewhere and size not in JDE_SIZES:
                continue
            config = make_network_config(system, size, "official", input_size, options)
            # DeepSORT's network has two widths for all sizes.
            rows.setdefault(config, (size, name))
    return [(size, name, config) for config, (size, name) in rows.items()]


@cache
def skeleton(config: NetworkConfig) -> Any:
    """The network without memory behind its weights: for counting only.

    One for each configuration, shared by all who ask.
    """
    with torch.device("meta"):
        return build_network(config).eval()


def parameters(model: Any) -> dict[str, int]:
    """Parameters of a network of any system, by part and in total.

    Returns:
        The network's ``parts()`` (of CSTrack: backbone, neck, REN, re-id head, detect)
        and ``total``; the official Detect's unused scalar is counted (REFERENCE 1.7).
    """
    counts = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in model.parts().items()
    }
    if isinstance(model, CSTrack):
        counts["detect"] += UNUSED_SCALARS
    counts["total"] = sum(counts.values())
    return counts


def gflops(model: Any, size: tuple[int, int]) -> float:
    """Exact cost of one image: 2 × multiply-adds of convolutions and products, / 1e9.

    Counted on a copy without memory, so it needs none at any size.

    Args:
        model: whose configuration is counted.
        size: (height, width) in pixels, multiples of 32; DeepSORT's network takes crops
            of its own size instead, and the cost is that of one crop.
    """
    return sum(_operations(model.config, size).values()) / 1e9


def dummy_gflops(model: Any) -> float:
    """What YOLOv5 prints as GFLOPs: convolutions on a 32×32 image, × (640 / 32)².

    REN pools every image to the same 6×10 cells, so that its constant cost is
    multiplied by 400 as well. The paper's 1304 is of this order and no count of the
    released code at any input is (REFERENCE 1.7).
    """
    operations = _operations(model.config, (32, 32))
    products = (torch.ops.aten.bmm, torch.ops.aten.baddbmm)
    counted = sum(n for name, n in operations.items() if name not in products)
    return counted * (640 / 32) ** 2 / 1e9


def _operations(config: NetworkConfig, size: tuple[int, int]) -> Counter[Any]:
    """Floating-point operations of one image, by operator."""
    if not isinstance(config, ModelConfig):
        height, width = getattr(config, "crop_size", size)
        picture = torch.empty(1, 3, height, width, device="meta")
        return _count(skeleton(config), picture)
    height, width = size
    levels = tuple(
        torch.empty(1, channels, height // stride, width // stride, device="meta")
        for channels, stride in zip(config.level_channels, STRIDES, strict=True)
    )
    tail = _count(skeleton(config).task_heads, levels)
    trunk = ModelConfig(
        depth=config.depth, width=config.width, generation=config.generation
    )
    return tail + _trunk_operations(trunk, size)


@cache
def _trunk_operations(config: ModelConfig, size: tuple[int, int]) -> Counter[Any]:
    """Backbone and neck, most of the layers, are the same in every system."""
    return _count(skeleton(config).neck, torch.empty(1, 3, *size, device="meta"))


def _count(call: Callable[[Any], object], argument: object) -> Counter[Any]:
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        call(argument)
    return Counter(counter.get_flop_counts().get("Global", {}))
