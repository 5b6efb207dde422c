"""Checkpoints written instruction by instruction, as no ``torch.save`` would."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cstrack_bench.checkpoints.reading import read_state_dict
from cstrack_bench.errors import InputError

FLOATS = b"\x00\x00\x80\x3f" * 8  # eight ones


def archive(
    path: Path, pickled: bytes, storages: dict[str, bytes] | None = None
) -> Path:
    """A file as torch.save lays it out, around any pickle."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickled)
        file.writestr("archive/version", "3\n")
        for key, content in (storages or {}).items():
            file.writestr(f"archive/data/{key}", content)
    return path


def stream(path: Path, pickled: bytes, keys: bytes = b"\x80\x02].") -> Path:
    """A file as torch.save laid it out before 1.6, around any pickle."""
    magic = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
    version = b"\x80\x02M\xe9\x03."
    system = b"\x80\x02}" + text("little_endian") + b"\x88s."
    path.write_bytes(magic + version + system + pickled + keys)
    return path


def text(value: str) -> bytes:
    encoded = value.encode()
    return b"X" + len(encoded).to_bytes(4, "little") + encoded


def number(value: int) -> bytes:
    return b"\x8a\x08" + value.to_bytes(8, "little", signed=True)


def storage(
    key: str = "0", count: int = 8, kind: str = "ctorch\nFloatStorage\n"
) -> bytes:
    return b"(" + text("storage") + kind.encode() + text(key) + text("cpu") + (
        number(count) + b"tQ"
    )  # fmt: skip


def tensor(
    offset: int = 0,
    size: tuple[int, ...] = (8,),
    stride: tuple[int, ...] = (1,),
    memory: bytes | None = None,
) -> bytes:
    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + (storage() if memory is None else memory)
        + number(offset) + numbers(size) + numbers(stride)
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )  # fmt: skip


def in_model(value: bytes) -> bytes:
    """The pickle of {"model": {"weight": value}}."""
    return b"\x80\x02}" + text("model") + b"}" + text("weight") + value + b"ss."


class Sentinel:
    """A file that an attack would make."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def falls(self, attack: Callable[[], object]) -> None:
        """The attack is a real one: somebody else falls for it."""
        attack()
        assert self.path.exists()
        self.path.unlink()

    def is_safe(self, path: Path, match: str) -> None:
        """We do not."""
        with pytest.raises(InputError, match=match) as caught:
            read_state_dict(path)
        assert path.name in str(caught.value)
        assert not self.path.exists()
