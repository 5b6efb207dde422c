"""JDE: YOLOv3 with embeddings."""

from collections import abc
from pathlib import Path

from torch import Tensor

from cstrack_bench.checkpoints.reading import read_state_dict
from cstrack_bench.components import Component
from cstrack_bench.errors import InputError
from cstrack_bench.models.jde import JDE
from cstrack_bench.models.jde_config import SIZES, JdeConfig, jde_anchors, make_config
from cstrack_bench.models.jde_names import is_published, load_published, read_darknet53
from cstrack_bench.systems.filling import fill_equal
from cstrack_bench.systems.system import (
    Published,
    Size,
    System,
    Variant,
    anchor_detector,
)
from cstrack_bench.training.jde_loss import JdeLoss

COMPONENT = Component("system jde", 1)


def _make_config(
    size: str, _: str, input_size: Size, options: abc.Mapping[str, object]
) -> JdeConfig:
    return make_config(size, **{"anchors": jde_anchors(input_size), **options})


def _start(network: JDE, path: Path) -> int:
    """From a published JDE checkpoint (.pt), or from DarkNet's backbone."""
    if path.suffix != ".pt":
        return fill_equal(network, read_darknet53(path, network.config), path)
    tensors = read_state_dict(path)
    if not is_published(tensors):
        raise InputError(f"{path} is not a published JDE checkpoint.")
    published, _ = load_published(tensors, network.config)
    return fill_equal(network, published.state_dict(), path)


def _build_published(tensors: abc.Mapping[str, Tensor], path: Path) -> JDE:
    try:
        return load_published(tensors)[0]
    except InputError as error:
        raise InputError(f"Cannot use {path}: {error}") from error


SYSTEM: System[JdeConfig, JDE] = System(
    name="jde",
    component=COMPONENT,
    config=JdeConfig,
    make_config=_make_config,
    build=JDE,
    make_loss=JdeLoss,
    detector=anchor_detector,
    start=_start,
    published=Published(is_published, _build_published),
    # REFERENCE 5.9.
    defaults={"nms": {"kind": "iou", "iou": 0.4}, "track": {"name": "jde"}},
    variants=(Variant("JDE(yolov3)", {}, tuple(SIZES)),),
)
