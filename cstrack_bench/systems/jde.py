"""JDE on YOLOv3: DarkNet-53, its pyramid, heads and loss (Tables I, VI to VIII)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cstrack_bench.components import Component
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import FrameSource
from cstrack_bench.models.checkpoints import read_official
from cstrack_bench.models.jde import JDE
from cstrack_bench.models.jde_config import SIZES, JdeConfig, jde_anchors, make_config
from cstrack_bench.models.jde_names import is_published, load_published, read_darknet53
from cstrack_bench.systems.cstrack import make_finder
from cstrack_bench.systems.starts import fill, start_from_own
from cstrack_bench.systems.system import Arrangement, System, TrainingOptions
from cstrack_bench.training.jde_loss import JdeLoss
from cstrack_bench.training_data.loading import TrainingSet

COMPONENT = Component("system jde", 1)


def _make_config(
    size: str,
    implementation: str,
    input_size: tuple[int, int],
    options: Mapping[str, Any],
) -> JdeConfig:
    return make_config(size, **{"anchors": jde_anchors(input_size), **options})


def _training_images(
    sources: Sequence[FrameSource], config: JdeConfig, options: TrainingOptions
) -> TrainingSet:
    return TrainingSet(sources, options.size, options.augment, options.seed)


def _start(network: JDE, path: Path) -> int:
    """From Darknet's backbone, a published JDE checkpoint, or our own weights."""
    if path.suffix == ".safetensors":
        return start_from_own(network, path)
    if path.suffix == ".pt":
        tensors = read_official(path)
        if not is_published(tensors):
            raise InputError(f"{path} is not a published JDE checkpoint.")
        published, _ = load_published(tensors, network.config)
        return fill(network, published.state_dict(), path)
    return fill(network, read_darknet53(path, network.config), path)


SYSTEM = System(
    name="jde",
    component=COMPONENT,
    config=JdeConfig,
    make_config=_make_config,
    network=JDE,
    loss=JdeLoss,
    training_images=_training_images,
    start=_start,
    make_finder=make_finder,
    make_embedder=make_finder,
    arrangements=(Arrangement("JDE(yolov3)", tuple(SIZES)),),
)
