"""Weights on disk: ours (safetensors) and the official code's (a pickled dict)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from cstrack_bench.errors import InputError
from cstrack_bench.files import replacing
from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.cstrack_config import ModelConfig
from cstrack_bench.models.official_names import (
    ANCHOR_GRID,
    CONSTANTS,
    infer_config,
    translate,
)
from cstrack_bench.models.safe_pickle import read_checkpoint, state_dict
from cstrack_bench.models.systems import NetworkConfig, build_network, stored_config

MISSING_LIMIT = 0.01
CONFIG_KEY = "config"
HEADER_KEY = "cstrack"


@dataclass(frozen=True)
class LoadReport:
    """What became of every tensor.

    Attributes:
        matched: our names that were filled from the file.
        missing: our names that the file has nothing for; they keep their start values.
        unexpected: official names that have no place in the model.
        reshaped: our names whose shape in the file differs; they keep their start
            values and count as missing too.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[str, ...]


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
    tensors = read_official(path)
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
    try:
        return infer_config(tensors)
    except InputError as error:
        raise InputError(f"Cannot use {path}: {error}") from error


def read_official(path: Path) -> dict[str, Tensor]:
    """The state dict in an official checkpoint, official names, as stored.

    Nothing in the file is executed. A model that was pickled whole gives its state dict
    too, without its classes.

    Raises:
        InputError: no such file, or not a checkpoint.
    """
    document = read_checkpoint(path)
    whole = isinstance(document, dict) and "model" in document
    tensors = state_dict(document["model"] if whole else document)
    if not tensors:
        raise InputError(f"{path} holds no state dict under the key 'model'.")
    # Data-parallel training puts "module." before every name.
    return {name.removeprefix("module."): tensor for name, tensor in tensors.items()}


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def save_weights(path: Path, model: Any, metadata: dict[str, str]) -> None:
    """Write a network of any system and its configuration atomically as safetensors.

    Args:
        path: the file to make or replace.
        model: whose state is written.
        metadata: further words for the header; the key ``config`` is ours.
    """
    config = {"system": model.config.system, **model.config.as_dict()}
    words = {**metadata, CONFIG_KEY: json.dumps(config)}
    tensors = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in model.state_dict().items()
    }
    # One entry: the order of several in the file is random, and so was its hash.
    header = {HEADER_KEY: json.dumps(words, sort_keys=True)}
    with replacing(path) as temporary:
        save_file(tensors, temporary, header)


def load_weights(path: Path) -> Any:
    """A network of any system with its weights, in eval mode on the CPU.

    Args:
        path: our safetensors, or an official checkpoint.

    Raises:
        InputError: the file cannot be read or is no network of ours.
    """
    if path.suffix != ".safetensors":
        return load_official(path)[0]
    if not path.is_file():
        raise InputError(f"There are no weights {path}.")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} cannot be read as safetensors ({_first_line(error)})."
        ) from error
    model = build_network(_stored_config(path, read_metadata(path)))
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            f"The tensors of {path} do not fit the configuration in its header: "
            "it was not written by this version."
        ) from error
    return model.eval()


def read_metadata(path: Path) -> dict[str, str]:
    """The words in the header of our safetensors; none in any other file.

    Raises:
        InputError: the file cannot be read.
    """
    if path.suffix != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(HEADER_KEY, "{}")
        return {str(key): str(value) for key, value in json.loads(header).items()}
    except (SafetensorError, OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read as safetensors ({_first_line(error)})."
        ) from error


def _stored_config(path: Path, metadata: dict[str, str]) -> NetworkConfig:
    try:
        return stored_config(json.loads(metadata[CONFIG_KEY]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} names no configuration of a network in its header: "
            "give weights that cstrack train wrote."
        ) from error
    except InputError as error:
        raise InputError(f"The header of {path} does not fit: {error}") from error
