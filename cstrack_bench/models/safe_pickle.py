"""PyTorch checkpoints read without running anything that they ask for.

Both layouts of ``torch.save`` are read: the zip archive (PyTorch 1.6 and later) and the
stream of pickles before it. Memory stays in proportion to the file: a claim of more
than it holds is refused before anything is allocated.
"""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cstrack_bench.errors import InputError
from cstrack_bench.models.pickle_machine import (
    LoadStorage,
    Machine,
    Record,
    RefusedError,
)

MAX_PICKLE_BYTES = 64 << 20  # YOLOv5 l needs 0.2 MB
MAX_ENTRIES = 100_000
MAX_MEMBERS = 100_000  # modules, parameters and buffers; YOLOv5 l has 2,000
MAX_NAME = 1_000  # characters
MODULE_MEMBERS = ("_parameters", "_buffers", "_modules")
# What every checkpoint from before PyTorch 1.6 starts with: a pickled magic number.
STREAM_START = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
STREAM_PROTOCOL = 1001
COUNT = struct.Struct("<q")


def read_checkpoint(path: Path) -> Any:
    """The document in a checkpoint: containers, tensors, and ``Record`` for the rest.

    Tensors are on the CPU in the stored precision and share memory where the file's do.

    Args:
        path: what ``torch.save`` wrote.

    Raises:
        InputError: no such file, not a checkpoint, damaged, or one that asks for more
            than tensors and plain data.
    """
    if not path.is_file():
        raise InputError(f"There is no checkpoint {path}.")
    try:
        if zipfile.is_zipfile(path):
            return _read_zip(path)
        return _read_stream(path)
    except RefusedError as error:
        raise InputError(f"{path} is refused: {error}. Nothing was run.") from error
    # All that zipfile says of archives that are damaged, encrypted or forged.
    except (
        OSError,
        EOFError,
        RuntimeError,
        ValueError,
        OverflowError,
        struct.error,
        zipfile.BadZipFile,
    ) as error:
        raise InputError(
            f"{path} cannot be read as a checkpoint ({_first_line(error)}): "
            "fetch it again."
        ) from error


def state_dict(document: Any) -> dict[str, Tensor]:
    """The tensors of a state dict, or of a module that was pickled whole.

    Args:
        document: what ``read_checkpoint`` gave, or a value in it.

    Returns:
        name -> tensor, parameters and persistent buffers, in the modules' order; empty
        for anything that is neither.

    Raises:
        InputError: a module that holds itself.
    """
    if isinstance(document, Mapping):
        return {
            name: value
            for name, value in document.items()
            if isinstance(name, str) and isinstance(value, Tensor)
        }
    tensors: dict[str, Tensor] = {}
    waiting: list[tuple[str, Any]] = [("", document)]
    budget = MAX_MEMBERS
    while waiting:
        prefix, module = waiting.pop()
        own = module.state if isinstance(module, Record) else None
        if not isinstance(own, Mapping):
            continue
        members = [_members(own, group) for group in MODULE_MEMBERS]
        budget -= 1 + sum(map(len, members))
        # A module may stand in another twice, and a forged one in itself.
        if budget < 0 or len(prefix) > MAX_NAME:
            raise InputError("The modules in this checkpoint hold each other forever.")
        parameters, buffers, modules = members
        passing = own.get("_non_persistent_buffers_set") or ()
        for name, value in (*parameters.items(), *buffers.items()):
            if isinstance(value, Tensor) and name not in passing:
                tensors[f"{prefix}{name}"] = value
        # The last in is the first out: backwards, so that they come in their order.
        for name, child in reversed(modules.items()):
            waiting.append((f"{prefix}{name}.", child))
    return tensors


def _members(state: Mapping[Any, Any], group: str) -> dict[Any, Any]:
    members = state.get(group)
    return members if isinstance(members, dict) else {}


def _read_zip(path: Path) -> Any:
    """PyTorch 1.6 and later: an archive of one pickle and one entry a storage."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise RefusedError(f"it has {len(entries)} entries")
        # torch.save never compresses, so what does may unpack to anything.
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise RefusedError("its entries are compressed, as torch.save's never are")
        if sum(max(e.file_size, e.compress_size) for e in entries) > size:
            raise RefusedError("its entries claim more than the file holds")
        sizes = {entry.filename: entry.file_size for entry in entries}
        pickles = [name for name in sizes if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise RefusedError("it is an archive, but not one that torch.save wrote")
        if sizes[pickles[0]] > MAX_PICKLE_BYTES:
            raise RefusedError("its pickle is far larger than any checkpoint's")
        root = pickles[0].removesuffix("data.pkl")
        order = f"{root}byteorder"
        if order in sizes and archive.read(order) != b"little":
            raise RefusedError("its numbers are not stored little end first")
        memory = {
            key.removeprefix(f"{root}data/"): count
            for key, count in sizes.items()
            if key.startswith(f"{root}data/")
        }

        def fetch(key: str) -> bytes:
            return archive.read(f"{root}data/{key}")

        machine = Machine(_loader(memory, fetch), size)
        return machine.run(io.BytesIO(archive.read(pickles[0])))


def _read_stream(path: Path) -> Any:
    """Before PyTorch 1.6: pickles in a row, then the storages one after another."""
    with path.open("rb") as file:
        if file.read(len(STREAM_START)) != STREAM_START:
            raise OSError("no PyTorch checkpoint, or only a part of one")
        content = STREAM_START + file.read()
    size = len(content)
    stream = io.BytesIO(content)
    stream.seek(len(STREAM_START))
    protocol, system = (Machine(_nothing, 0).run(stream) for _ in range(2))
    if protocol != STREAM_PROTOCOL or not isinstance(system, Mapping):
        raise RefusedError("it does not start as a PyTorch checkpoint does")
    if system.get("little_endian") is not True:
        raise RefusedError("its numbers are not stored little end first")

    # The types stand in the pickle before the storages, so that is read twice: first
    # with tensors that have no memory.
    kinds: dict[str, torch.dtype] = {}

    def note(key: str, kind: torch.dtype, count: int) -> Tensor:
        if count * kind.itemsize > size:
            raise RefusedError(f"storage {key[:40]!r} claims more than the file holds")
        kinds[key] = kind
        return torch.empty(count, dtype=kind, device="meta")

    start = stream.tell()
    Machine(note, size).run(stream)
    keys = Machine(_nothing, 0).run(stream)
    if not isinstance(keys, list) or not all(key in kinds for key in keys):
        raise RefusedError("it lists storages that no tensor uses")
    places: dict[str, tuple[int, int]] = {}
    position = stream.tell()
    for key in keys:
        (count,) = COUNT.unpack_from(content, position)
        first = position + COUNT.size
        position = first + count * kinds[key].itemsize
        if count < 0 or position > size:
            raise OSError("it ends too early")
        places[key] = (first, position)

    def fetch(key: str) -> bytes:
        return content[slice(*places[key])]

    stream.seek(start)
    memory = {key: last - first for key, (first, last) in places.items()}
    return Machine(_loader(memory, fetch), size).run(stream)


def _nothing(key: str, kind: torch.dtype, count: int) -> Tensor:
    raise RefusedError("a tensor stands where none belongs")


def _loader(memory: Mapping[str, int], fetch: Callable[[str], bytes]) -> LoadStorage:
    """Storages by key, each read once, none larger than what the file holds of it.

    Args:
        memory: key -> bytes held.
        fetch: key -> those bytes.
    """
    made: dict[tuple[str, torch.dtype], Tensor] = {}
    raw: dict[str, Tensor] = {}

    def load(key: str, kind: torch.dtype, count: int) -> Tensor:
        if count * kind.itemsize > memory.get(key, 0):
            raise RefusedError(f"storage {key[:40]!r} claims more than the file holds")
        if not count:
            return torch.empty(0, dtype=kind)
        if key not in raw:
            raw[key] = torch.frombuffer(bytearray(fetch(key)), dtype=torch.uint8)
        if (key, kind) not in made:
            whole = len(raw[key]) // kind.itemsize * kind.itemsize
            # Bytes other than 0 and 1 are no valid booleans.
            values = raw[key].ne(0) if kind == torch.bool else raw[key][:whole]
            made[key, kind] = values.view(kind)
        return made[key, kind]

    return load


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
