"""What stands for the classes and objects that a checkpoint names: inert data."""

import types
from typing import ClassVar

# Calls whose result no reader of weights needs, but that honest checkpoints hold.
_RECORDED_CALLS = frozenset(
    {
        *("numpy.core.multiarray.scalar", "numpy.core.multiarray._reconstruct"),
        *("numpy._core.multiarray.scalar", "numpy._core.multiarray._reconstruct"),
        *("numpy.dtype", "_codecs.encode", "torch.Size", "torch.device"),
        *("pathlib.PosixPath", "pathlib.WindowsPath"),
        *("pathlib._local.PosixPath", "pathlib._local.WindowsPath"),
    }
)
_LONGEST_NAME = 100


class RefusedError(Exception):
    """A checkpoint asks for something that no checkpoint needs."""


class Sealed(type):
    """Kind of the classes that no pickled state can change."""

    def __setattr__(cls, name: str, value: object) -> None:
        raise RefusedError("it sets the state of a class")


class _Stub(Sealed):
    """Kind of the classes that stand for those that a file names."""

    name: str

    def __call__(cls, *arguments: object) -> object:
        if cls.name in _RECORDED_CALLS:
            return Record.__new__(cls, *arguments)  # type: ignore[arg-type]
        raise RefusedError(
            f"it asks to run {printable(cls.name)}, which nothing here does"
        )


class Record(metaclass=_Stub):
    """What an object of a file says of itself.

    Attributes:
        name: of its class or function, as the file has it, such as
            ``models.yolo.Model``; never imported.
        arguments: what its constructor would have been given.
        state: what it would have been set to; None where the file does not say.
    """

    name: ClassVar[str] = ""
    # torch writes a file where this is on and the source text of a class changed.
    dump_patches: ClassVar[bool] = False

    arguments: tuple[object, ...]
    state: object

    def __new__(cls, *arguments: object) -> "Record":
        made = super().__new__(cls)
        made.arguments = arguments
        made.state = None
        return made

    def __setstate__(self, state: object) -> None:
        if self.state is not None:
            raise RefusedError("it sets the state of an object twice")
        self.state = state


def stub(name: str) -> type[Record]:
    """The class that stands for a name of a file."""
    made: type[Record] = types.new_class(
        "Record", (Record,), exec_body=lambda body: body.update(name=name)
    )
    return made


def printable(text: str) -> str:
    """Text of a file as it may go to a terminal: no control characters, not long."""
    plain = "".join(c if c.isprintable() else "?" for c in text)
    return plain[:_LONGEST_NAME]
