"""Official checkpoints read into our modules, and files that are none."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from cstrack_bench.checkpoints.reading import read_state_dict
from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_config import ModelConfig, make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.official_names import infer_config, translate
from cstrack_bench.models.official_weights import load_official

SMALL = ModelConfig(depth=0.33, width=0.125, embedding=16, saan_width=8)

# Official names that one small network of depth 0.33 has, by
# docs/reference.md#state-dict-names.
NORM = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]


def conv(name: str) -> list[str]:
    return [f"{name}.conv.weight", *(f"{name}.bn.{part}" for part in NORM)]


def csp(name: str, repeats: int) -> list[str]:
    names = [*conv(f"{name}.cv1"), f"{name}.cv2.weight", f"{name}.cv3.weight"]
    names += [*conv(f"{name}.cv4"), *(f"{name}.bn.{part}" for part in NORM)]
    for k in range(repeats):
        names += [*conv(f"{name}.m.{k}.cv1"), *conv(f"{name}.m.{k}.cv2")]
    return names


def official_names() -> list[str]:
    names = conv("model.0.conv")
    for layer in (1, 3, 5, 7, 10, 14, 18, 21):
        names += conv(f"model.{layer}")
    for layer in (2, 4, 6, 9, 13, 17, 20, 23):
        names += csp(f"model.{layer}", 3 if layer in (4, 6) else 1)
    names += [*conv("model.8.cv1"), *conv("model.8.cv2")]
    for layer in (24, 25, 26):
        names += [f"model.{layer}.w1", f"model.{layer}.w2"]
        names += [
            f"model.{layer}.c_attention{task}.0.{part}"
            for task in (1, 2)
            for part in ("weight", "bias")
        ]
    for level in (1, 2, 3):
        attention = f"model.27.proj{level}.{1 if level == 1 else 2}"
        names += conv(f"model.27.proj{level}.0")
        names += [*conv(f"{attention}.conv_s.0"), f"{attention}.s_attention.weight"]
    names += ["model.27.proj2.1.weight", "model.27.proj3.1.weight"]
    names += [f"model.27.node.0.c_attention.{i}.weight" for i in (0, 1, 3)]
    names += ["model.27.node.0.c_attention.1.bias", *conv("model.27.node.1")]
    names += ["model.27.node.2.weight", "model.27.node.2.bias"]
    return names + [f"model.28.m.{i}.{p}" for i in range(3) for p in ("weight", "bias")]


def official_tensors(model: CSTrack) -> dict[str, torch.Tensor]:
    own = model.state_dict()
    tensors = {name: own[translate(name) or ""] for name in official_names()}
    strides = torch.tensor(model.strides)[:, None, None]
    tensors["model.28.k"] = torch.full((1,), 10.0)
    tensors["model.28.anchors"] = model.anchors / strides
    tensors["model.28.anchor_grid"] = model.anchors.reshape(3, 1, 3, 1, 1, 2)
    return tensors


@pytest.fixture(scope="module")
def model() -> CSTrack:
    torch.manual_seed(0)
    return CSTrack(SMALL).eval()


Writer = Callable[[dict[str, torch.Tensor]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def to_file(tensors: dict[str, torch.Tensor]) -> Path:
        path = tmp_path / "official.pt"
        torch.save({"epoch": 3, "model": tensors, "optimizer": None}, path)
        return path

    return to_file


def same(ours: CSTrack, theirs: CSTrack) -> bool:
    state = theirs.state_dict()
    return all(torch.equal(v, state[k]) for k, v in ours.state_dict().items())


def test_every_official_name_has_one_place(model: CSTrack) -> None:
    targets = [translate(name) for name in official_names()]
    assert sorted(map(str, targets)) == sorted(model.state_dict())


@pytest.mark.parametrize(
    "name",
    [
        "model.28.k",
        "model.12.weight",
        "model.29.conv.weight",
        "model.0.weight",
        "model.2.m.x.cv1.conv.weight",
        "epoch",
    ],
)
def test_other_names_have_none(name: str) -> None:
    assert translate(name) is None


def test_official_checkpoint_fills_everything(model: CSTrack, write: Writer) -> None:
    loaded, report = load_official(write(official_tensors(model)))
    assert loaded.config == SMALL
    assert same(loaded, model)
    assert not loaded.training
    assert len(report.matched) == len(model.state_dict())
    assert report.missing == report.unexpected == report.reshaped == ()


def test_half_precision_and_data_parallel_names(model: CSTrack, write: Writer) -> None:
    tensors = {
        f"module.{name}": value.half() if value.is_floating_point() else value
        for name, value in official_tensors(model).items()
    }
    loaded, report = load_official(write(tensors))
    assert not report.missing
    assert all(p.dtype == torch.float32 for p in loaded.parameters())


def test_the_report_names_each_kind(model: CSTrack, write: Writer) -> None:
    tensors = official_tensors(model)
    del tensors["model.24.w1"]
    tensors["model.25.w2"] = torch.zeros(2)
    tensors["model.30.weight"] = torch.zeros(1)
    tensors["model.28.anchor_grid"] = tensors["model.28.anchor_grid"] + 1
    _, report = load_official(write(tensors), SMALL)
    assert report.missing == ("ren.0.detection_weight", "ren.1.reid_weight")
    assert report.reshaped == ("ren.1.reid_weight",)
    # Anchors that the configuration does not have would give wrong boxes silently.
    assert set(report.unexpected) == {"model.30.weight", "model.28.anchor_grid"}


def test_more_than_one_percent_missing_is_an_error(
    model: CSTrack, write: Writer
) -> None:
    tensors = {
        name: value
        for name, value in official_tensors(model).items()
        if not name.startswith("model.9.")
    }
    with pytest.raises(InputError, match=r"official.pt fills only .*backbone.stage32"):
        load_official(write(tensors))


def test_another_size_is_an_error(model: CSTrack, write: Writer) -> None:
    with pytest.raises(InputError, match="give a checkpoint of this size"):
        load_official(write(official_tensors(model)), make_config("n"))


@pytest.mark.parametrize(("depth", "width"), [(0.33, 0.3), (0.67, 0.125), (1.0, 0.065)])
def test_size_from_shapes(depth: float, width: float) -> None:
    config = ModelConfig(depth=depth, width=width, embedding=24, saan_width=12)
    state = CSTrack(config).state_dict()
    names = list(official_names())
    for layer, repeats in ((2, 3), (4, 9), (6, 9)):
        names += csp(f"model.{layer}", config.repeats(repeats))
    found = infer_config({name: state[translate(name) or ""] for name in names})
    assert (found.embedding, found.saan_width) == (24, 12)
    assert found.channels(64) == config.channels(64)
    assert found.level_channels == config.level_channels
    assert [found.repeats(n) for n in (3, 9)] == [config.repeats(n) for n in (3, 9)]


def test_golden_checkpoint_is_read_whole(golden: Path) -> None:
    loaded, report = load_official(golden / "official_cstrack_d033_w025.pt")
    assert loaded.config == ModelConfig(depth=0.33, width=0.25)
    assert report.missing == report.unexpected == report.reshaped == ()


def test_files_that_are_no_state_dict(tmp_path: Path) -> None:
    missing = tmp_path / "none.pt"
    with pytest.raises(InputError, match="no checkpoint"):
        read_state_dict(missing)
    rubbish = tmp_path / "rubbish.pt"
    rubbish.write_bytes(b"<html>quota exceeded</html>")
    with pytest.raises(InputError, match=r"rubbish.pt"):
        read_state_dict(rubbish)
    empty = tmp_path / "empty.pt"
    empty.touch()
    with pytest.raises(InputError, match=r"empty.pt"):
        read_state_dict(empty)
    for name, document in (("list", [1]), ("other", {"model": 3})):
        path = tmp_path / f"{name}.pt"
        torch.save(document, path)
        with pytest.raises(InputError, match="holds no state dict"):
            read_state_dict(path)
    other = tmp_path / "stranger.pt"
    torch.save({"model": {"layer.weight": torch.zeros(1)}}, other)
    with pytest.raises(InputError, match="not a CSTrack state dict"):
        load_official(other)


def test_truncated_checkpoint(model: CSTrack, write: Writer) -> None:
    path = write(official_tensors(model))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="fetch it again"):
        read_state_dict(path)


def test_pickled_modules_give_their_tensors(tmp_path: Path) -> None:
    path = tmp_path / "module.pt"
    linear = torch.nn.Linear(2, 2)
    torch.save({"model": linear}, path)
    read = read_state_dict(path)
    assert list(read) == ["weight", "bias"]
    assert torch.equal(read["weight"], linear.weight)
