"""Checkpoints are read without running them: honest files, live attacks, other files.

An attack that can be staged is first shown to work on the ordinary unpickler.
"""

import collections
import io
import json
import os
import pickle
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cstrack_bench.checkpoints.pickle_records import Record
from cstrack_bench.checkpoints.reading import (
    read_checkpoint,
    read_state_dict,
    state_dict,
)
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


class Reducing:
    """Pickles as a call of any function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def touch(path: str) -> None:
    Path(path).touch()


class Touching:
    """Makes a file as soon as an unpickler has made an object of it."""

    def __new__(cls, path: str = "") -> "Touching":
        if path:
            touch(path)
        return super().__new__(cls)

    def __getnewargs__(self) -> tuple[str]:
        return (self.path,)

    path = ""


class Waking:
    """Makes a file when its state is set."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __setstate__(self, state: dict[str, str]) -> None:
        touch(state["path"])


def test_the_golden_module_equals_its_list_of_tensors(golden: Path) -> None:
    name = "yolov5_v2_style_d033_w025_pickled_module"
    wanted = json.loads((golden / f"{name}.json").read_text())
    document = read_checkpoint(golden / f"{name}.pt")
    assert document["model"].name == "models.yolo.Model"
    tensors = state_dict(document["model"])
    assert list(tensors) == list(wanted)
    for key, (shape, total) in wanted.items():
        assert list(tensors[key].shape) == shape
        # The list rounds its sums to six decimals.
        assert tensors[key].double().sum().item() == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize("zipped", [True, False])
def test_both_layouts_give_every_tensor(tmp_path: Path, zipped: bool) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ModuleDict({"norm": nn.BatchNorm2d(4)}), nn.SiLU()
    )
    network.register_buffer("grid", torch.zeros(2), persistent=False)
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    path = tmp_path / "whole.pt"
    document = {"epoch": 3, "model": network, "optimizer": optimizer.state_dict()}
    torch.save(document, path, _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(path)
    assert read["epoch"] == 3
    assert read["optimizer"]["param_groups"][0]["lr"] == 0.1
    ours, theirs = state_dict(read["model"]), network.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert not any(value.requires_grad for value in ours.values())


KINDS = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16"]
KINDS += ["int8", "uint8", "bool"]


@pytest.mark.parametrize("zipped", [True, False])
def test_precisions_views_and_empty_tensors(tmp_path: Path, zipped: bool) -> None:
    base = torch.arange(24).reshape(4, 6)
    tensors = {kind: base.to(getattr(torch, kind)) for kind in KINDS}
    tensors |= {"turned": base.t(), "part": base[1:3, ::2], "scalar": torch.tensor(7.0)}
    tensors |= {"empty": torch.zeros(0, 3), "spread": torch.ones(1, 3).expand(2, 3)}
    path = tmp_path / "state.pt"
    torch.save(tensors, path, _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(path)
    assert read.keys() == tensors.keys()
    for name, value in tensors.items():
        assert read[name].dtype == value.dtype
        assert torch.equal(read[name], value)
    assert read["turned"].data_ptr() != read["float64"].data_ptr()
    assert read["part"].untyped_storage().data_ptr() == (
        read["turned"].untyped_storage().data_ptr()
    )


def test_plain_values_and_what_nobody_needs(tmp_path: Path) -> None:
    plain = {"a": [1, -2, 3.5, None, True], "b": ("x", (), {4: "y"}), "c": 1 << 40}
    extra = {
        "ordered": collections.OrderedDict(z=1, a=2),
        "names": {"one"},
        "fitness": np.float64(0.5),
        "from": Path("somewhere"),
    }
    path = tmp_path / "plain.pt"
    torch.save({**plain, **extra}, path)
    read = read_checkpoint(path)
    assert {key: read[key] for key in plain} == plain
    assert list(read["ordered"].items()) == [("z", 1), ("a", 2)]
    assert read["names"] == {"one"}
    assert isinstance(read["fitness"], Record)
    assert isinstance(read["from"], Record)


def test_a_value_without_tensors_is_no_state_dict() -> None:
    for document in (None, 3, [torch.zeros(1)], {"epoch": 3}):
        assert state_dict(document) == {}


def test_modules_that_hold_themselves(tmp_path: Path) -> None:
    module = b"cmodels\nModel\n)\x81q\x01}" + text("_modules") + b"}"
    looped = b"\x80\x02" + module + text("a") + b"h\x01s" + b"sb."
    with pytest.raises(InputError, match="contain each other without end"):
        state_dict(read_checkpoint(archive(tmp_path / "loop.pt", looped)))


@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "posix.system"), (subprocess.getoutput, r"\w+.getoutput")],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_commands_are_not_run(
    sentinel: Sentinel, tmp_path: Path, function: Any, name: str, zipped: bool
) -> None:
    path = tmp_path / "weights.pt"
    attack = Reducing(function, f"touch '{sentinel.path}'")
    torch.save({"model": attack}, path, _use_new_zipfile_serialization=zipped)
    sentinel.falls(lambda: torch.load(path, weights_only=False))
    sentinel.is_safe(path, f"(asks to run|names) {name}")


def test_expressions_are_not_evaluated(sentinel: Sentinel, tmp_path: Path) -> None:
    attack = Reducing(eval, f"open({str(sentinel.path)!r}, 'w').close()")
    for protocol in (2, 4):
        pickled = pickle.dumps({"model": attack}, protocol)
        sentinel.falls(lambda data=pickled: pickle.loads(data))
        path = archive(tmp_path / f"{protocol}.pt", pickled)
        sentinel.is_safe(path, "eval|instruction")


def test_constructors_are_not_called(sentinel: Sentinel, tmp_path: Path) -> None:
    attack = Reducing(subprocess.Popen, ["touch", str(sentinel.path)])
    path = tmp_path / "weights.pt"
    torch.save({"model": attack}, path)
    sentinel.is_safe(path, r"asks to run \w+\.Popen")


def test_classes_that_run_when_made_or_set_become_records(
    sentinel: Sentinel, tmp_path: Path
) -> None:
    made = Touching()
    made.path = str(sentinel.path)
    for attack in (made, Waking(str(sentinel.path))):
        pickled = pickle.dumps({"model": attack}, 2)
        sentinel.falls(lambda data=pickled: pickle.loads(data))
        document = read_checkpoint(archive(tmp_path / "class.pt", pickled))
        assert not sentinel.path.exists()
        record = document["model"]
        assert isinstance(record, Record)
        assert record.state == {"path": str(sentinel.path)}
        assert not callable(record)
        assert state_dict(record) == {}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, bytes]:
    path = tmp_path_factory.mktemp("honest") / "weights.pt"
    files = {}
    for zipped in (True, False):
        document = {"model": {"weight": torch.ones(300), "bias": torch.zeros(3)}}
        torch.save(document, path, _use_new_zipfile_serialization=zipped)
        files[zipped] = path.read_bytes()
    return files


@pytest.mark.parametrize("zipped", [True, False])
def test_truncated(
    sentinel: Sentinel, tmp_path: Path, honest: dict[bool, bytes], zipped: bool
) -> None:
    whole = honest[zipped]
    path = tmp_path / "part.pt"
    for kept in (1, 14, 15, 20, 100, 200, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:kept])
        sentinel.is_safe(path, "fetch it again|damaged|claims more")


def test_not_a_checkpoint(sentinel: Sentinel, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    with pytest.raises(InputError, match="There is no checkpoint"):
        read_checkpoint(path)
    attack = pickle.dumps(Reducing(os.system, f"touch '{sentinel.path}'"))
    for content in (b"", b"<html>quota exceeded</html>", attack):
        path.write_bytes(content)
        sentinel.is_safe(path, "no PyTorch checkpoint, or only a part of one")
    with tarfile.open(path, "w") as file:  # the layout before PyTorch 0.2
        entry = tarfile.TarInfo("pickle")
        entry.size = len(attack)
        file.addfile(entry, io.BytesIO(attack))
    sentinel.is_safe(path, "no PyTorch checkpoint")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "a holiday")
    sentinel.is_safe(path, "not one that torch.save wrote")


def test_archives_that_are_bombs(sentinel: Sentinel, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", b"\x80\x02N.")
        file.writestr("archive/data/0", bytes(1 << 20))
    sentinel.is_safe(path, "compressed")
    # Two entries of the directory that point to the same bytes.
    archive(path, in_model(tensor()), {"0": FLOATS * 100, "1": b""})
    with zipfile.ZipFile(path, "a") as file:
        entries = {entry.filename: entry for entry in file.infolist()}
        first, second = entries["archive/data/0"], entries["archive/data/1"]
        second.header_offset = first.header_offset
        second.file_size = second.compress_size = first.file_size
        file.writestr("archive/end", b"")
    sentinel.is_safe(path, "claim more than the file holds")


def test_big_end_first(sentinel: Sentinel, tmp_path: Path) -> None:
    numbers = torch.arange(4.0)
    path = tmp_path / "weights.pt"
    swapped = numbers.numpy().byteswap().tobytes()
    archive(path, in_model(tensor(size=(4,), memory=storage(count=4))), {"0": swapped})
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("archive/byteorder", "big")
    assert torch.equal(read_state_dict(path)["weight"], numbers)
    torch.save({"model": numbers}, path, _use_new_zipfile_serialization=False)
    flag = b"little_endian"
    content = path.read_bytes()
    start = content.index(b"\x88", content.index(flag))  # True
    path.write_bytes(content[:start] + b"\x89" + content[start + 1 :])
    sentinel.is_safe(path, "little end first")


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    zipped=st.booleans(),
    changes=st.lists(
        st.tuples(st.integers(0, 1000), st.binary(min_size=1, max_size=2)),
        min_size=1,
        max_size=4,
    ),
)
def test_random_damage_ends_in_a_sentence_or_in_plain_data(
    tmp_path: Path,
    honest: dict[bool, bytes],
    zipped: bool,
    changes: list[tuple[int, bytes]],
) -> None:
    content = bytearray(honest[zipped])
    for place, patch in changes:
        start = place * (len(content) - len(patch)) // 1000
        content[start : start + len(patch)] = patch
    path = tmp_path / "patched.pt"
    path.write_bytes(content)
    try:
        document = read_checkpoint(path)
    except InputError:
        return
    assert _plain(document)


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_plain, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    return value is None or isinstance(value, (int, float, str, Tensor, Record))
