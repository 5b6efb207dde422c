"""Attacks on the stream that PyTorch wrote before 1.6."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from tests.checkpoints.forgeries import (
    FLOATS,
    Sentinel,
    in_model,
    number,
    stream,
    tensor,
    text,
)

REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


@pytest.fixture
def sentinel(tmp_path: Path) -> Sentinel:
    return Sentinel(tmp_path / "ran")


def storage(count: int = 8) -> bytes:
    """As in an archive, and what it is a view of."""
    return b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + (
        text("cpu") + number(count) + b"NtQ"
    )  # fmt: skip


def keys(count: int = 8) -> bytes:
    return b"\x80\x02]" + text("0") + b"a." + count.to_bytes(8, "little")


def test_the_stream_that_the_forgeries_are_made_of_is_sound(tmp_path: Path) -> None:
    from cstrack_bench.checkpoints.reading import read_state_dict

    whole = in_model(tensor(memory=storage()))
    path = stream(tmp_path / "sound.pt", whole, keys() + FLOATS)
    assert torch.equal(read_state_dict(path)["weight"], torch.ones(8))


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (tensor(offset=1, memory=storage()), "cannot be read"),
        (tensor(size=(1 << 30,), stride=(0,), memory=storage()), "claim more"),
        (tensor(size=(9,), memory=storage(9)), "cannot be read"),
        (tensor(size=(8,), memory=storage(1 << 60)), "cannot be read"),
        (b"cos\nsystem\n(" + text("true") + b"tR", "asks to run os.system"),
        (b"cbuiltins\neval\n(" + text("1") + b"tR", "asks to run builtins.eval"),
        (b"ctorch\nload\n(" + text("/etc/passwd") + b"tR", "asks to run torch.load"),
        (b"(" + text("module") + b"cos\nsystem\n" + text("") + text("") + (
            b"tQ(" + text("true") + b"tR"
        ), "asks to run os.system"),
        (b"(" + text("file") + text("/etc/passwd") + b"tQ", "cannot be read"),
    ],
)  # fmt: skip
def test_hostile_values(
    sentinel: Sentinel, tmp_path: Path, value: bytes, match: str
) -> None:
    path = stream(tmp_path / "hostile.pt", in_model(value), keys() + FLOATS)
    sentinel.is_safe(path, match)


@pytest.mark.parametrize("name", [REBUILD, b"ccollections\nOrderedDict\n", b"ca\nb\n"])
def test_functions_and_classes_keep_their_state(
    sentinel: Sentinel, tmp_path: Path, name: bytes
) -> None:
    """An ordinary unpickler sets attributes of whatever it finds."""
    before = torch._utils._rebuild_tensor_v2.__defaults__
    slots = b"N}" + text("__defaults__") + b")s\x86b"
    pickled = b"\x80\x02" + REBUILD + slots + b"."
    try:
        pickle.loads(pickled)
        assert torch._utils._rebuild_tensor_v2.__defaults__ == ()
    finally:
        torch._utils._rebuild_tensor_v2.__defaults__ = before
    path = stream(tmp_path / "state.pt", b"\x80\x02" + name + slots + b".")
    sentinel.is_safe(path, "state of a class|cannot be read")
    assert torch._utils._rebuild_tensor_v2.__defaults__ == before


@pytest.mark.parametrize(
    ("pickled", "match"),
    [
        (b"\x80\x02K\x07r\xff\xff\xff\xff.", "its memo is far larger"),
        (b"\x80\x02]" + b"Na" * 250_001 + b".", "far longer"),
        (b"\x80\x02(ios\nsystem\n.", "uses the instruction INST"),
        (b"\x80\x02N", "damaged"),
    ],
)
def test_work_without_end(
    sentinel: Sentinel, tmp_path: Path, pickled: bytes, match: str
) -> None:
    sentinel.is_safe(stream(tmp_path / "endless.pt", pickled), match)


def test_a_command_in_any_of_the_pickles(sentinel: Sentinel, tmp_path: Path) -> None:
    command = b"cos\nsystem\n(" + text(f"touch '{sentinel.path}'") + b"tR"
    attack = b"\x80\x02" + command + b"."
    assert os.system("true") == 0
    sentinel.falls(lambda: pickle.loads(attack))
    sound = stream(tmp_path / "sound.pt", in_model(b"N")).read_bytes()
    starts = [i for i in range(len(sound)) if sound.startswith(b"\x80\x02", i)]
    for first in starts[1:]:
        path = tmp_path / "attack.pt"
        path.write_bytes(sound[:first] + attack)
        sentinel.is_safe(path, "refused|cannot be read")
        later = [i for i in starts if i > first]
        path.write_bytes(sound[:first] + attack + (sound[later[0] :] if later else b""))
        sentinel.is_safe(path, "refused|cannot be read")
