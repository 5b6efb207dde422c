"""JDE on YOLOv3: DarkNet-53, its pyramid, heads and loss (Tables I, VI to VIII)."""

from collections.abc import Mapping
from pathlib import Path

from cstrack_bench.checkpoints.reading import read_state_dict
from cstrack_bench.components import Component
from cstrack_bench.errors import InputError
from cstrack_bench.input_size import size_in_name
from cstrack_bench.models.fused_jde import fuse_jde
from cstrack_bench.models.jde_config import (
    PUBLISHED_ANCHORS,
    SIZES,
    JdeConfig,
    jde_anchors,
    make_config,
)
from cstrack_bench.models.jde_names import is_published, load_published, read_darknet53
from cstrack_bench.models.jde_network import JDE
from cstrack_bench.models.load_report import LoadReport
from cstrack_bench.systems.detecting import make_anchor_finder, whole_frames
from cstrack_bench.systems.starts import fill, naming, start_from_own
from cstrack_bench.systems.system import (
    USUAL_SIZE,
    Arrangement,
    BoxFinder,
    DetectionOptions,
    System,
    Tensors,
)
from cstrack_bench.training.jde_loss import JdeLoss

COMPONENT = Component("system jde", 2)


def _make_config(
    size: str,
    _: str,
    input_size: tuple[int, int],
    options: Mapping[str, object],
) -> JdeConfig:
    return make_config(size, **{"anchors": jde_anchors(input_size), **options})


def _start(network: JDE, path: Path) -> int:
    """From Darknet's backbone, a published JDE checkpoint, or our own weights."""
    if path.suffix == ".safetensors":
        return start_from_own(network, path)
    if path.suffix == ".pt":
        tensors = read_state_dict(path)
        if not is_published(tensors):
            raise InputError(f"{path} is not a published JDE checkpoint.")
        published, _ = load_published(tensors, network.config)
        return fill(network, published.state_dict(), path)
    return fill(network, read_darknet53(path, network.config), path)


def _load_published(tensors: Tensors, path: Path) -> tuple[JDE, LoadReport]:
    """The large network; its anchors are those of the input that the file's name has.

    The three published files differ by them alone, and hold none.
    """
    size = size_in_name(path.name) or USUAL_SIZE
    anchors = PUBLISHED_ANCHORS.get(size, PUBLISHED_ANCHORS[USUAL_SIZE])
    with naming(path):
        network, found = load_published(tensors, JdeConfig(anchors=anchors))
    # The identity classifier and the variances of the loss.
    ignored = tuple(found.loss)
    return network, LoadReport(tuple(found.network), (), found.unexpected, (), ignored)


def _make_finder(network: JDE, options: DetectionOptions) -> BoxFinder:
    return make_anchor_finder(network, options, fuse_jde)


SYSTEM: System[JdeConfig, JDE] = System(
    name="jde",
    component=COMPONENT,
    config=JdeConfig,
    make_config=_make_config,
    network=JDE,
    loss=JdeLoss,
    training_images=whole_frames,
    start=_start,
    is_published=is_published,
    load_published=_load_published,
    make_finder=_make_finder,
    # docs/reference.md#jde-settings.
    settings={"nms": {"kind": "iou", "iou": 0.4}, "track": {"name": "jde"}},
    arrangements=(Arrangement("JDE(yolov3)", tuple(SIZES)),),
)
