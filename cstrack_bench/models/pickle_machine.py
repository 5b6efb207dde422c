"""Pickle instructions interpreted without Python's unpickler.

No name in the file is ever imported and nothing that it names is called. What a PyTorch
checkpoint needs is rebuilt here by hand: plain containers, tensors over the bytes that
the file holds, and a ``Record`` for an object of any class. All else is refused.
"""

import io
import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

MAX_INSTRUCTIONS = 500_000  # YOLOv5 n takes 33,000
MAX_STACK = 100_000
MAX_NESTING = 200
MAX_DIMENSIONS = 8
# Views may show bytes more than once (tied weights, expanded grids), but not at will.
MAX_ELEMENTS_PER_BYTE = 4


class RefusedError(Exception):
    """The pickle asks for something that a checkpoint does not need."""


@dataclass(frozen=True)
class Name:
    """A class or function that the file names; only ever compared, never imported."""

    module: str
    name: str

    def __str__(self) -> str:
        # It goes to a terminal in error messages: no control characters, no pages.
        whole = f"{self.module}.{self.name}"
        return "".join(c if c.isprintable() else "?" for c in whole)[:100]


@dataclass(eq=False, slots=True)
class Record:
    """What an object of the file said of itself: inert data.

    Attributes:
        kind: its class, as the file names it.
        arguments: what its constructor would have been given.
        state: what it would have been set to.
    """

    kind: Name
    arguments: tuple[Any, ...]
    state: Any = None


@dataclass(frozen=True, eq=False)
class Storage:
    """One-dimensional memory of the file, which tensors are views of."""

    values: Tensor


# (key in the file, type, elements claimed) -> at least so many, or RefusedError
LoadStorage = Callable[[str, torch.dtype, int], Tensor]

STORAGE_TYPES: dict[str, torch.dtype] = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}

# Functions whose result nobody needs here but that honest checkpoints hold.
_RECORDED_CALLS = {
    "numpy.core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "numpy.dtype",
    "_codecs.encode",
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
    "torch.Size",
    "torch.device",
}

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"}
_CONTAINERS: dict[str, Callable[[], Any]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class Machine:
    """Runs one pickle.

    Args:
        load: gives the memory behind a tensor.
        size: bytes that the file holds: the tensors' elements are measured against it.
    """

    def __init__(self, load: LoadStorage, size: int) -> None:
        self.load = load
        self.elements_left = MAX_ELEMENTS_PER_BYTE * size
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self, stream: io.BytesIO) -> Any:
        """The object that the pickle describes; the stream is left behind it.

        Raises:
            RefusedError: anything that is not allowed, damaged instructions included.
        """
        try:
            for count, (name, argument) in enumerate(_instructions(stream)):
                if count >= MAX_INSTRUCTIONS or len(self.stack) > MAX_STACK:
                    raise RefusedError("it is far longer than any checkpoint's")
                if name == "STOP":
                    break
                self._step(name, argument)
        except (IndexError, KeyError, ValueError) as error:
            raise RefusedError("its instructions do not fit together") from error
        if len(self.stack) != 1 or self.marks:
            raise RefusedError("its instructions do not fit together")
        return self.stack[0]

    def _step(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _CONTAINERS:
            stack.append(_CONTAINERS[name]())
        elif name in _TUPLES:
            self._push_tuple(len(stack) - _TUPLES[name])
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        else:
            self._act(name, argument)

    def _act(self, name: str, argument: Any) -> None:
        stack = self.stack
        match name:
            case "PROTO":
                pass
            case "MARK":
                if len(self.marks) >= MAX_NESTING:
                    raise RefusedError("it is nested far deeper than any checkpoint's")
                self.marks.append(len(stack))
            case "TUPLE":
                self._push_tuple(self.marks.pop())
            case "APPEND":
                _add_to_list(stack[-2], [stack.pop()])
            case "APPENDS":
                items = self._since_mark()
                _add_to_list(stack[-1], items)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                _add_to_dict(stack[-1], [key, value])
            case "SETITEMS":
                items = self._since_mark()
                _add_to_dict(stack[-1], items)
            case "GLOBAL":
                module, _, attribute = argument.partition(" ")
                stack.append(Name(module, attribute))
            case "BINPERSID":
                stack.append(self._storage(stack.pop()))
            case "NEWOBJ":
                arguments, kind = stack.pop(), stack.pop()
                stack.append(_new_object(kind, arguments))
            case "REDUCE":
                arguments, function = stack.pop(), stack.pop()
                stack.append(self._call(function, arguments))
            case "BUILD":
                state = stack.pop()
                _set_state(stack[-1], state)
            case _:
                raise RefusedError(
                    f"it uses the instruction {name}, which no checkpoint needs"
                )

    def _push_tuple(self, start: int) -> None:
        if start < (self.marks[-1] if self.marks else 0):
            raise IndexError
        items = tuple(self.stack[start:])
        del self.stack[start:]
        self.stack.append(items)

    def _since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def _storage(self, identifier: Any) -> Any:
        """What stands outside the pickle: memory, or in old files a class."""
        match identifier:
            case ("module", Name() as kind, *_):
                return kind
            case ("storage", Name("torch", kind), str(key), _, int(count), *rest):
                # Old files may say that one storage is a part of another.
                usual = kind in STORAGE_TYPES and rest in ([], [None])
                if usual and count >= 0:
                    values = self.load(key, STORAGE_TYPES[kind], count)
                    return Storage(values[:count])
        raise RefusedError("it refers to something outside that is no tensor's memory")

    def _call(self, function: Any, arguments: Any) -> Any:
        if not isinstance(function, Name):
            raise RefusedError("it calls something that is no function")
        if not isinstance(arguments, tuple):
            raise RefusedError(f"it calls {function} with something odd")
        match str(function), arguments:
            case "torch._utils._rebuild_tensor_v2", (
                Storage() as storage, int(offset), tuple(size), tuple(stride), *_
            ):  # fmt: skip
                return self._tensor(storage.values, offset, size, stride)
            case "torch._utils._rebuild_parameter", (Tensor() as tensor, *_):
                return tensor
            case "collections.OrderedDict", ():
                return {}
            case "collections.OrderedDict", (list(pairs),):
                made: dict[Any, Any] = {}
                for pair in pairs:
                    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                        raise RefusedError("it makes a mapping of something odd")
                    _add_to_dict(made, list(pair))
                return made
            case (("__builtin__.set" | "builtins.set"), (list(items),)):
                return {_key(item) for item in items}
            case name, _ if name in _RECORDED_CALLS:
                return Record(function, arguments)
        raise RefusedError(f"it asks to run {function}, which nothing here will do")

    def _tensor(
        self,
        values: Tensor,
        offset: int,
        size: tuple[Any, ...],
        stride: tuple[Any, ...],
    ) -> Tensor:
        """A view that stays inside its storage, whatever its numbers claim."""
        sound = (
            len(size) == len(stride) <= MAX_DIMENSIONS
            and all(type(n) is int and 0 <= n < 2**31 for n in (*size, *stride))
            and 0 <= offset < 2**31
        )
        if not sound:
            raise RefusedError("a tensor's shape makes no sense")
        count = 1
        for side in size:
            count *= side
        if count:
            last = sum((n - 1) * step for n, step in zip(size, stride, strict=True))
            if offset + last >= len(values):
                raise RefusedError("a tensor reaches beyond the memory it is given")
        self.elements_left -= count
        if self.elements_left < 0:
            raise RefusedError("its tensors claim far more than the file holds")
        try:
            return values.as_strided(size, stride, offset)
        except RuntimeError as error:
            raise RefusedError("a tensor's shape makes no sense") from error


def _instructions(stream: io.BytesIO) -> Iterator[tuple[str, Any]]:
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            yield opcode.name, argument
    except (ValueError, OverflowError) as error:
        raise RefusedError("its instructions are damaged") from error


def _key(key: Any) -> Any:
    """Only keys that hash fast: nested tuples and huge integers need not."""
    if type(key) is str or (isinstance(key, int) and abs(key) < 2**63):
        return key
    raise RefusedError(f"it uses a {type(key).__name__} as a key")


def _add_to_list(target: Any, items: list[Any]) -> None:
    if type(target) is not list:
        raise RefusedError(f"it appends to a {type(target).__name__}")
    target.extend(items)


def _add_to_dict(target: Any, items: list[Any]) -> None:
    if type(target) is not dict:
        raise RefusedError(f"it sets items of a {type(target).__name__}")
    for key, value in zip(items[::2], items[1::2], strict=True):
        target[_key(key)] = value


def _new_object(kind: Any, arguments: Any) -> Any:
    if not isinstance(kind, Name) or not isinstance(arguments, tuple):
        raise RefusedError("it makes an object of something that is no class")
    if str(kind) == "collections.OrderedDict" and not arguments:
        return {}
    return Record(kind, arguments)


def _set_state(target: Any, state: Any) -> None:
    if type(target) is dict:
        return  # a state dict's versions of its layers: no weights
    if not isinstance(target, Record) or target.state is not None:
        raise RefusedError(f"it sets the state of a {type(target).__name__}")
    target.state = state
