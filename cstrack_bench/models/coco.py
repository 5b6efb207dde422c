"""Published COCO weights of YOLOv5 as the start of a backbone and neck."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from cstrack_bench.checkpoints.reading import read_state_dict
from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_config import SIZES, ModelConfig
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.official_names import (
    FIRST_HEAD,
    infer_generation,
    infer_multipliers,
    layer_of,
    translate,
)
from cstrack_bench.models.official_weights import LoadReport

TRUNK = ("backbone.", "pyramid.")
FILLED_LIMIT = 0.95


def read_coco(path: Path) -> dict[str, Tensor]:
    """All tensors of a YOLOv5 checkpoint by official layer name, floats in float32.

    Args:
        path: a checkpoint that holds a state dict or a whole pickled model.

    Raises:
        InputError: the file cannot be read as a checkpoint.
    """
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in read_state_dict(path).items()
    }


def start_from_coco(model: CSTrack, path: Path) -> LoadReport:
    """Copy a checkpoint's backbone and neck into a model
    (docs/reference.md#initialisation).

    Only tensors of equal name and shape are copied, and never a head: 80 classes have
    other predictions, and REN and SAAN start at random as in the paper.

    Args:
        model: changed in place.
        path: COCO weights of YOLOv5, generation v2 or v6.

    Returns:
        What was copied. ``missing`` and ``reshaped`` speak of backbone and neck,
        ``unexpected`` names all tensors of the file that stay unused.

    Raises:
        InputError: the file cannot be read, is of another generation or size, or fills
            less than 95 % of the tensors of backbone and neck.
    """
    tensors = read_coco(path)
    _check_kind(model, tensors, path)
    own = {k: v for k, v in model.state_dict().items() if k.startswith(TRUNK)}
    matched, unexpected, reshaped = [], [], []
    for name, tensor in tensors.items():
        trunk = 0 <= layer_of(name) < FIRST_HEAD
        target = translate(name, model.config.generation) if trunk else None
        if target not in own:
            unexpected.append(name)
        elif own[target].shape != tensor.shape:
            reshaped.append(target)
        else:
            matched.append((target, tensor))
    filled = {target for target, _ in matched}
    missing = tuple(name for name in own if name not in filled)
    if len(filled) < FILLED_LIMIT * len(own):
        raise InputError(
            f"{path} fills only {len(filled)} of the {len(own)} tensors of backbone "
            f"and neck (first without: {missing[0]}): fetch it again."
        )
    for target, tensor in matched:
        own[target].copy_(tensor)
    return LoadReport(
        tuple(target for target, _ in matched),
        missing,
        tuple(unexpected),
        tuple(reshaped),
    )


def _check_kind(model: CSTrack, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights of another generation, depth or width, saying what they fit."""
    generation = infer_generation(tensors)
    if generation is None:
        raise InputError(
            f"{path} holds no backbone of YOLOv5 v2 or v6: give such a checkpoint."
        )
    try:
        depth, width = infer_multipliers(tensors, generation)
    except InputError as error:
        raise InputError(f"Cannot use {path}: {error}") from error
    config = model.config
    wanted = replace(config, generation=generation, depth=depth, width=width)
    if _trunk_shape(wanted) == _trunk_shape(config):
        return
    sizes = [
        name
        for name, values in SIZES.items()
        if _trunk_shape(replace(wanted, depth=values["depth"], width=values["width"]))
        == _trunk_shape(wanted)
    ]
    raise InputError(
        f"{path} does not fit this model (generation {config.generation}, depth "
        f"{config.depth:g}, width {config.width:g}): it fits model.generation="
        f"{generation} with "
        + (f"model.size={sizes[0]}, that is " if sizes else "")
        + f"model.depth={depth:g} model.width={width:g}."
    )


def _trunk_shape(config: ModelConfig) -> tuple[object, ...]:
    """What decides the shapes of backbone and neck."""
    return (
        config.generation,
        config.channels(64),
        config.level_channels,
        *(config.repeats(count) for count in (3, 6, 9)),
    )
