"""The stream of pickles that PyTorch wrote before 1.6, YOLOv5's first weights too.

PyTorch's safe loader reads no module from it. So ``torch.load`` is given an unpickler
that imports nothing: it finds the few functions that tensors are rebuilt with, and
stubs instead of everything else that is named.
"""

import io
import pickle
import warnings
from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor

from cstrack_bench.checkpoints.limits import check_cost
from cstrack_bench.checkpoints.pickle_records import RefusedError, Sealed, stub

# What every such file starts with: a pickled magic number.
_START = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
# Pickles before the tensors' memory.
_PICKLES = ("magic number", "version", "system", "document", "keys")


def read_stream(path: Path) -> object:
    """The document in a stream.

    Raises:
        RefusedError: it asks for more than a checkpoint needs.
        OSError: no checkpoint, or only a part of one.
        Exception: whatever PyTorch and the unpickler raise at damaged or hostile files.
    """
    with path.open("rb") as file:
        if file.read(len(_START)) != _START:
            raise OSError("no PyTorch checkpoint, or only a part of one")
        # Not the file itself: of that, PyTorch also reads tar archives.
        stream = io.BytesIO(_START + file.read())
    starts = {}
    for name in _PICKLES:
        starts[name] = stream.tell()
        check_cost(stream)
    stream.seek(starts["system"])
    system = _StubbedPickle.load(stream)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise RefusedError("its numbers are not stored little end first")
    stream.seek(0)
    with warnings.catch_warnings():
        # The source text of classes is no other than ours: there is none.
        warnings.simplefilter("ignore")
        document: object = torch.load(
            stream, "cpu", pickle_module=_StubbedPickle, weights_only=False
        )
    return document


class _Tensor(metaclass=Sealed):
    """``torch._utils._rebuild_tensor_v2``, whose defaults no state can change."""

    def __new__(cls, *arguments: object) -> Tensor:  # type: ignore[misc]
        made: Tensor = torch._utils._rebuild_tensor_v2(*arguments)
        return made


class _Parameter(metaclass=Sealed):
    """``torch._utils._rebuild_parameter``: its tensor."""

    def __new__(cls, tensor: Tensor, *_: object) -> Tensor:  # type: ignore[misc]
        return tensor


_ALLOWED: dict[tuple[str, str], type] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("__builtin__", "set"): set,
    ("builtins", "set"): set,
    ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
    ("torch._utils", "_rebuild_parameter"): _Parameter,
}


class _StubbedPickle:
    """What ``torch.load`` needs of a pickle module."""

    class Unpickler(pickle.Unpickler):
        """Imports nothing; torch's subclass finds the types of storages."""

        def find_class(self, module: str, name: str) -> type:
            """An allowed class, or a stub."""
            return _ALLOWED.get((module, name)) or stub(f"{module}.{name}")

    @classmethod
    def load(cls, file: io.BytesIO, encoding: str = "utf-8") -> object:
        """One pickle without references to the outside."""
        return cls.Unpickler(file, encoding=encoding).load()
