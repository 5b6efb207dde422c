"""Checkpoints of others: the document in a file, and the weights in a document."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import torch
from torch import Tensor, nn

from cstrack_bench.checkpoints.checkpoint_archives import read_archive, storage_sizes
from cstrack_bench.checkpoints.pickle_records import Record, RefusedError, printable
from cstrack_bench.checkpoints.streams import read_stream
from cstrack_bench.components import Component
from cstrack_bench.errors import InputError

COMPONENT = Component("checkpoints", 2)

# Views may show bytes more than once (tied weights, expanded grids), but not at will.
MAX_ELEMENTS_PER_BYTE = 4
MAX_DIMENSIONS = 8
MAX_MEMBERS = 100_000  # modules, parameters and buffers; YOLOv5 l has 2,000
MAX_NAME = 1_000  # characters
# Of the YOLOv5 family; of FairMOT and CenterTrack.
_KEYS = ("model", "state_dict")
_MODULE_MEMBERS = ("_parameters", "_buffers", "_modules")


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The weights in a checkpoint under the names of the file, in its precision.

    Nothing in the file is executed. A model that was pickled whole gives its state dict
    too, without its classes.

    Args:
        path: what ``torch.save`` wrote: a state dict, a module, or a mapping that has
            either of them under ``model`` or ``state_dict``.

    Raises:
        InputError: no such file, not a checkpoint, damaged, without weights, or one
            that asks for more than tensors and plain data.
    """
    document = read_checkpoint(path)
    key = next((k for k in _KEYS if isinstance(document, dict) and k in document), None)
    if isinstance(document, dict) and key is not None:
        document = dict.get(document, key)
    tensors = state_dict(document)
    if not tensors:
        raise InputError(
            f"{path} holds no state dict under the key '{key or 'model'}'."
        )
    elements = sum(tensor.numel() for tensor in tensors.values())
    memory = {tensor.untyped_storage().nbytes() for tensor in tensors.values()}
    if elements > MAX_ELEMENTS_PER_BYTE * path.stat().st_size or (
        zipfile.is_zipfile(path) and not memory <= storage_sizes(path)
    ):
        raise InputError(
            f"{path} is refused: its tensors claim more than the file holds."
        )
    # Data-parallel training puts "module." before every name. The copies outlive the
    # file, which the tensors of an archive are views of.
    return {k.removeprefix("module."): v.clone() for k, v in tensors.items()}


def read_checkpoint(path: Path) -> object:
    """The document in a checkpoint: containers, tensors, and ``Record`` for the rest.

    Nothing in the file is executed, no class that it names is imported. Tensors are on
    the CPU in the stored precision and share memory where the file's do.

    Raises:
        InputError: no such file, not a checkpoint, damaged, or one that asks for more
            than tensors and plain data.
    """
    if not path.is_file():
        raise InputError(f"There is no checkpoint {path}.")
    try:
        zipped = zipfile.is_zipfile(path)
        return read_archive(path) if zipped else read_stream(path)
    except RefusedError as error:
        raise InputError(f"{path} is refused: {error}. Nothing was run.") from error
    # Damaged and hostile files raise whatever the loaders trip over.
    except Exception as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{path} cannot be read as a checkpoint ({printable(line).rstrip('.')}): "
            "fetch it again."
        ) from error


def state_dict(document: object) -> dict[str, Tensor]:
    """The tensors of a state dict, or of a module that was pickled whole.

    Args:
        document: what ``read_checkpoint`` gave, or a value in it.

    Returns:
        name -> tensor, parameters and persistent buffers, in the modules' order; empty
        for anything that is neither.

    Raises:
        InputError: a module that holds itself.
    """
    members = _items(document) or _module_members(document)
    return {
        name: value.detach()
        for name, value in members
        if isinstance(name, str) and _is_plain_tensor(value)
    }


def _module_members(module: object) -> Iterator[tuple[object, Tensor]]:
    waiting: list[tuple[str, object]] = [("", module)]
    budget = MAX_MEMBERS
    while waiting:
        prefix, module = waiting.pop()
        own = dict(_items(module.state)) if isinstance(module, Record) else {}
        parameters, buffers, modules = (
            _items(own.get(group)) for group in _MODULE_MEMBERS
        )
        budget -= 1 + len(parameters) + len(buffers) + len(modules)
        # A module may be in another twice, and a forged one in itself.
        if budget < 0 or len(prefix) > MAX_NAME:
            raise InputError(
                "The modules in this checkpoint contain each other without end."
            )
        passing = own.get("_non_persistent_buffers_set")
        skipped = passing if isinstance(passing, set) else set()
        for name, value in (*parameters, *buffers):
            if isinstance(value, Tensor) and name not in skipped:
                yield f"{prefix}{name}", value
        # The last in is the first out: backwards, so that they come in their order.
        for name, child in reversed(modules):
            waiting.append((f"{prefix}{name}.", child))


def _items(value: object) -> list[tuple[object, object]]:
    """The items of a mapping, whose own attributes may come from the file."""
    return list(dict.items(value)) if isinstance(value, dict) else []


def _is_plain_tensor(value: object) -> TypeGuard[Tensor]:
    return (
        isinstance(value, Tensor)
        and type(value) in (Tensor, nn.Parameter)
        and value.layout is torch.strided
        and value.device.type == "cpu"
        and value.ndim <= MAX_DIMENSIONS
    )
