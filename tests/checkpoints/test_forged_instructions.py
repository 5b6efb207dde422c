"""Instructions that forge references, shapes and state, or cost without end."""

import pickle
import tracemalloc
from pathlib import Path

import pytest
import torch

from cstrack_bench.checkpoints.reading import read_checkpoint, read_state_dict
from cstrack_bench.errors import InputError
from tests.checkpoints.forgeries import (
    FLOATS,
    Sentinel,
    archive,
    in_model,
    storage,
    tensor,
    text,
)


@pytest.fixture
def sentinel(tmp_path: Path) -> Sentinel:
    return Sentinel(tmp_path / "ran")


def innocent() -> None:
    """A function whose attributes an ordinary unpickler can set."""


def test_state_is_set_on_records_alone(sentinel: Sentinel, tmp_path: Path) -> None:
    function = b"c" + f"{__name__}\ninnocent\n".encode()
    state = b"}" + text("hijacked") + text("yes") + b"s"
    pickled = b"\x80\x02" + function + state + b"b."
    pickle.loads(pickled)
    assert innocent.__dict__.pop("hijacked") == "yes"
    sentinel.is_safe(archive(tmp_path / "function.pt", pickled), "unsafe")
    assert not innocent.__dict__
    twice = b"\x80\x02" + function + b")\x81" + state + b"b" + state + b"b."
    sentinel.is_safe(archive(tmp_path / "twice.pt", twice), "state of an object twice")
    on_tensor = in_model(tensor() + state + b"b")
    path = archive(tmp_path / "tensor.pt", on_tensor, {"0": FLOATS})
    sentinel.is_safe(path, "cannot be read")
    # A mapping with an attribute that hides its method.
    weights = b"ccollections\nOrderedDict\n)R" + text("weight") + tensor() + b"s"
    shadow = b"\x80\x02" + weights + b"}" + text("items") + b"Nsb."
    path = archive(tmp_path / "shadow.pt", shadow, {"0": FLOATS})
    assert torch.equal(read_state_dict(path)["weight"], torch.ones(8))


@pytest.mark.parametrize(
    "identifier",
    [
        text("0"),
        b"N",
        b")",
        b"(" + text("storage") + b"t",
        storage(kind="cos\nsystem\n")[:-1],
        storage(kind="ctorch\nUntypedStorage\n")[:-1],
        storage(kind="ctorch.nn\nFloatStorage\n")[:-1],
        storage(key="../../../../etc/passwd")[:-1],
        storage(key="1")[:-1],
        storage(count=-1)[:-1],
        b"(" + text("module") + text("os") + b"t",
        b"(" + text("file") + text("/etc/passwd") + b"t",
    ],
)
def test_forged_references_to_the_outside(
    sentinel: Sentinel, tmp_path: Path, identifier: bytes
) -> None:
    pickled = b"\x80\x02" + identifier + b"Q."
    path = archive(tmp_path / "forged.pt", pickled, {"0": FLOATS})
    sentinel.is_safe(path, "unsafe|cannot be read|names os|holds no state dict")


def test_the_tensor_that_the_forgeries_are_made_of_is_sound(tmp_path: Path) -> None:
    sound = archive(tmp_path / "sound.pt", in_model(tensor()), {"0": FLOATS})
    assert torch.equal(read_checkpoint(sound)["model"]["weight"], torch.ones(8))


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (tensor(offset=1), "resize storage"),
        (tensor(offset=-1, size=(4,)), "invalid storage offset"),
        (tensor(offset=1 << 62, size=()), "unequal size length"),
        (tensor(size=(9,)), "resize storage"),
        (tensor(size=(2, 2), stride=(7, 1)), "resize storage"),
        (tensor(offset=7, size=(2,), stride=(-1,)), "cannot be read"),
        (tensor(size=(-8,)), "cannot be read"),
        (tensor(size=(2, 4), stride=(1,)), "unequal size length"),
        (tensor(size=(1,) * 9, stride=(1,) * 9), "holds no state dict"),
        (tensor(size=(1 << 40,), stride=(0,)), "claim more than"),
        (tensor(size=(1 << 30,), stride=(0,)), "claim more than"),
        (tensor(size=(1 << 30, 1 << 30, 1 << 30), stride=(0, 0, 0)), "overflow"),
        (tensor(memory=text("0")), "cannot be read"),
        (tensor(memory=storage(count=9)), "claim more than|cannot be read"),
        (
            tensor(memory=storage(count=1 << 40), size=(1 << 30,)),
            "claim more than|cannot be read",
        ),
        (b"ctorch._utils\n_rebuild_tensor_v2\n)R", "cannot be read"),
        (b"ctorch._utils\n_rebuild_parameter\n(NtR", "cannot be read"),
        (b"ctorch\nload\n(" + text("/etc/passwd") + b"tR", "asks to run torch.load"),
    ],
)
def test_allowed_functions_with_hostile_arguments(
    sentinel: Sentinel, tmp_path: Path, value: bytes, match: str
) -> None:
    path = archive(tmp_path / "tensor.pt", in_model(value), {"0": FLOATS})
    sentinel.is_safe(path, match)


def test_many_views_of_little_memory(sentinel: Sentinel, tmp_path: Path) -> None:
    """Each is sound, all of them in another precision would not fit any memory."""
    content = b"\x00" * 40_000
    view = tensor(memory=storage(count=10_000), size=(10_000,))
    items = b"".join(text(str(number)) + view + b"s" for number in range(100))
    pickled = b"\x80\x02}" + items + b"."
    path = archive(tmp_path / "views.pt", pickled, {"0": content})
    sentinel.is_safe(path, "claim more than")


BOMBS = {
    "memo": (b"\x80\x02Nr\xff\xff\xff\xff0N.", "its memo is far larger"),
    "text": (b"\x80\x02X\xff\xff\xff\xffabc.", "damaged"),
    "integer": (b"\x80\x02\x8b\xff\xff\xff\x7f1.", "damaged"),
    "frame": (b"\x80\x04\x95" + b"\xff" * 7 + b"\x7fN.", "instruction FRAME|damaged"),
    "bytes": (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7fN.", "instruction|damaged"),
    "lists": (b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b".", "far longer"),
    "marks": (b"\x80\x02" + b"(" * 5_000 + b"t" * 5_000 + b".", "nested far deeper"),
    "length": (b"\x80\x02" + b"N0" * 10 + b".", "instruction POP"),
    "endless": (b"\x80\x02]" + b"Na" * 250_001 + b".", "far longer"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_cost_nothing(sentinel: Sentinel, tmp_path: Path, name: str) -> None:
    pickled, match = BOMBS[name]
    path = archive(tmp_path / "bomb.pt", pickled)
    tracemalloc.start()
    try:
        sentinel.is_safe(path, match)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_memo_entries_far_apart_take_no_memory(
    sentinel: Sentinel, tmp_path: Path
) -> None:
    """The ordinary unpickler makes an array up to the largest index: 64 GB here."""
    path = archive(tmp_path / "memo.pt", b"\x80\x02K\x07r\xff\xff\xff\xff.")
    sentinel.is_safe(path, "its memo is far larger")


def test_tuples_that_double_are_no_keys(sentinel: Sentinel, tmp_path: Path) -> None:
    """2⁶⁰ hashes for 60 instructions."""
    double = (b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(60))
    doubled = b")" + b"".join(double)
    pickled = b"\x80\x02}" + doubled + b"Ns."
    sentinel.is_safe(archive(tmp_path / "laughs.pt", pickled), "tuples hold each other")
    in_set = b"\x80\x02cbuiltins\nset\n(]" + doubled + b"atR."
    sentinel.is_safe(archive(tmp_path / "set.pt", in_set), "tuples hold each other")


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x80\x02(ios\nsystem\n.",  # INST
        b"\x80\x02(cos\nsystem\n" + text("true") + b"o.",  # OBJ
        b"\x80\x04" + text("os") + text("system") + b"\x93.",  # STACK_GLOBAL
        b"\x80\x02\x82\x01.",  # EXT1
        b"\x80\x02Pos\n.",  # PERSID
        b"\x80\x02cos\nsystem\n)}\x92.",  # NEWOBJ_EX
    ],
)
def test_other_instructions(sentinel: Sentinel, tmp_path: Path, pickled: bytes) -> None:
    sentinel.is_safe(archive(tmp_path / "other.pt", pickled), "uses the instruction")


@pytest.mark.parametrize(
    ("pickled", "match"),
    [
        (b"\x80\x02.", "do not fit together"),
        (b"\x80\x02NN.", "holds no state dict"),
        (b"\x80\x02(N.", "holds no state dict"),
        (b"\x80\x02h\x05.", "do not fit together"),
        (b"\x80\x02(Nu.", "do not fit together|sets items"),
        (b"\x80\x02}(Nu.", "cannot be read"),
        (b"\x80\x02(\x87.", "do not fit together"),
        (b"\x80\x02)Na.", "unsafe"),
        (b"\x80\x02]NNs.", "unsafe|cannot be read"),
        (b"\x80\x02N)\x81.", "unsafe"),
        (b"\x80\x02})R.", "unsafe"),
        (b"\x80\x02cos\nsystem\nNR.", "names os.system"),
        (b"\x80\x02ccollections\nOrderedDict\n(](Nt\x85atR.", "damaged|odd|together"),
        (b"\x80\x02N", "damaged"),
        (b"", "damaged"),
        (b"\xff\xff", "damaged"),
    ],
)
def test_damaged_instructions(
    sentinel: Sentinel, tmp_path: Path, pickled: bytes, match: str
) -> None:
    sentinel.is_safe(archive(tmp_path / "damaged.pt", pickled), match)


def test_names_reach_no_terminal_as_they_are(tmp_path: Path) -> None:
    pickled = b"\x80\x02c\x1b]0;owned\x07" + b"x" * 5000 + b"\nsystem\n)R."
    with pytest.raises(InputError) as caught:
        read_checkpoint(archive(tmp_path / "names.pt", pickled))
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 600
