"""CSTrack with the weights of an official checkpoint."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from cstrack_bench.checkpoints.reading import read_state_dict
from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_config import ModelConfig
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.load_report import LoadReport
from cstrack_bench.models.official_names import (
    ANCHOR_GRID,
    CONSTANTS,
    infer_config,
    is_official,
    translate,
)

MISSING_LIMIT = 0.01
# The detecting layer that follows the neck of a YOLOv5, in both generations.
_YOLO_HEAD = "model.24.m.0.weight"


def load_official(
    path: Path, config: ModelConfig | None = None
) -> tuple[CSTrack, LoadReport]:
    """Read a checkpoint of the official training into our modules, in float32.

    Args:
        path: the file.
        config: what to build; None infers it from the tensors' shapes.

    Returns:
        The model in eval mode, and the report.

    Raises:
        InputError: the file cannot be read, is not a CSTrack, or leaves more than 1 %
            of the model's tensors unfilled.
    """
    return build_official(read_state_dict(path), path, config)


def build_official(
    tensors: Mapping[str, Tensor], path: Path, config: ModelConfig | None = None
) -> tuple[CSTrack, LoadReport]:
    """The same from tensors that were read already.

    Args:
        tensors: official name -> tensor.
        path: where they come from, for error messages.
        config: as in ``load_official``.
    """
    model = CSTrack(_inferred(path, tensors) if config is None else config)
    own = model.state_dict()
    matched, unexpected, reshaped = [], [], []
    for name, tensor in tensors.items():
        target = translate(name)
        if name in CONSTANTS:
            if name == ANCHOR_GRID and not _same_anchors(tensor, model.anchors):
                unexpected.append(name)
        elif target not in own:
            unexpected.append(name)
        elif own[target].shape != tensor.shape:
            reshaped.append(target)
        else:
            own[target].copy_(tensor)
            matched.append(target)
    filled = set(matched)
    missing = [name for name in own if name not in filled]
    report = LoadReport(
        tuple(matched), tuple(missing), tuple(unexpected), tuple(reshaped)
    )
    if len(missing) > MISSING_LIMIT * len(own):
        raise InputError(
            f"{path} fills only {len(matched)} of the model's {len(own)} tensors "
            f"(first without: {missing[0]}): give a checkpoint of this size of CSTrack."
        )
    return model.eval(), report


def _same_anchors(grid: Tensor, anchors: Tensor) -> bool:
    return grid.numel() == anchors.numel() and torch.allclose(
        grid.float().reshape(anchors.shape), anchors
    )


def _inferred(path: Path, tensors: Mapping[str, Tensor]) -> ModelConfig:
    if _YOLO_HEAD in tensors and not is_official(tensors):
        raise InputError(
            f"{path} is a plain YOLOv5: it detects, and describes nobody, so nothing "
            "can be tracked with it. It can start a training (--set "
            f"init.weights={path.name}); to track, give weights of CSTrack."
        )
    try:
        return infer_config(tensors)
    except InputError as error:
        raise InputError(f"Cannot use {path}: {error}") from error
