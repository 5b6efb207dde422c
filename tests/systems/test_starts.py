"""What a network starts from."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.jde_config import JdeConfig, jde_anchors
from cstrack_bench.models.jde_names import published_layers
from cstrack_bench.models.jde_network import JDE
from cstrack_bench.models.wide_resnet import WideResNet
from cstrack_bench.systems import jde
from cstrack_bench.systems.published_nms import published_nms
from cstrack_bench.systems.starts import transfer
from cstrack_bench.systems.system_registry import find_system
from cstrack_bench.systems.weights import load_weights, save_weights


def test_equal_names_and_shapes_are_copied_and_the_rest_is_not() -> None:
    torch.manual_seed(0)
    detector = CSTrack(make_config("n", ren="none", reid_head="basic"))
    torch.manual_seed(1)
    network = CSTrack(make_config("n"))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    copied = set(transfer(detector, network))
    after = network.state_dict()
    given = detector.state_dict()
    assert any(name.startswith("backbone.") for name in copied)
    for name, value in after.items():
        expected = given[name] if name in copied else before[name]
        assert torch.equal(value, expected), name
    assert not any(name.startswith(("reid.", "ren.")) for name in copied)


def test_another_width_takes_nothing_that_does_not_fit() -> None:
    detector = CSTrack(make_config("n", ren="none", reid_head="basic"))
    wider = CSTrack(make_config("s"))
    shapes = {n: v.shape for n, v in wider.state_dict().items()}
    copied = transfer(detector, wider)
    assert all(shapes[name] == detector.state_dict()[name].shape for name in copied)
    assert {n: v.shape for n, v in wider.state_dict().items()} == shapes


def test_another_row_hands_on_its_reid_head_too() -> None:
    torch.manual_seed(0)
    first = CSTrack(make_config("n"))
    torch.manual_seed(1)
    second = CSTrack(make_config("n"))
    copied = transfer(first, second, reid=True)
    assert set(copied) == set(first.state_dict())
    assert any(name.startswith("reid.") for name in copied)


def test_our_weights_start_a_network_of_another_configuration(tmp_path: Path) -> None:
    torch.manual_seed(0)
    first = CSTrack(make_config("n", ren="none"))
    path = tmp_path / "first.safetensors"
    save_weights(path, "cstrack", first, {})
    torch.manual_seed(1)
    second = CSTrack(make_config("n"))
    before = {name: value.clone() for name, value in second.state_dict().items()}
    filled = find_system("cstrack").start(second, path)
    assert filled == len(first.state_dict()) < len(before)
    for name, value in second.state_dict().items():
        wanted = first.state_dict().get(name, before[name])
        assert torch.equal(value, wanted), name


def test_our_weights_of_another_system_fit_nothing(tmp_path: Path) -> None:
    path = tmp_path / "reid.safetensors"
    save_weights(path, "deepsort", WideResNet(), {})
    network = CSTrack(make_config("n"))
    with pytest.raises(InputError, match="no tensor that fits"):
        find_system("cstrack").start(network, path)


SMALL_JDE = JdeConfig(depth=0.33, width=0.125, embedding=8)


def published_jde(network: JDE) -> dict[str, torch.Tensor]:
    """As the published code names the tensors of a small JDE."""
    tensors = {}
    for number, layer in enumerate(published_layers(network.config)):
        for name, value in network.state_dict().items():
            ours, _, part = name.rpartition(".")
            kind = "batch_norm" if ours == f"{layer}.norm" else "conv"
            if ours in (layer, f"{layer}.convolution", f"{layer}.norm"):
                tensors[f"module_list.{number}.{kind}_{number}.{part}"] = value
    return tensors


@pytest.mark.parametrize(
    ("name", "size"),
    [("jde-864x480.pt", (480, 864)), ("jde.uncertainty.pt", (608, 1088))],
)
def test_a_published_jde_is_told_by_its_names(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    size: tuple[int, int],
) -> None:
    """The published network is large; a small one stands for it here."""
    monkeypatch.setattr(jde, "JdeConfig", partial(replace, SMALL_JDE))
    first = JDE(SMALL_JDE)
    tensors = published_jde(first)
    torch.save(
        {"model": {**tensors, "classifier.weight": torch.ones(2, 8)}}, tmp_path / name
    )
    loaded = load_weights(tmp_path / name)
    assert loaded.system.name == "jde"
    assert loaded.input_size == size
    assert loaded.network.config == replace(SMALL_JDE, anchors=jde_anchors(size))
    for key, value in loaded.network.state_dict().items():
        assert torch.equal(value, first.state_dict()[key]), key
    assert loaded.report is not None
    assert len(loaded.report.matched) == len(tensors)
    assert loaded.report.ignored == ("classifier.weight",)
    short = dict(list(tensors.items())[:-3])
    torch.save({"model": short}, tmp_path / name)
    with pytest.raises(InputError, match=rf"Cannot use .*{name}: The file has"):
        load_weights(tmp_path / name)


def test_suppression_is_the_systems_own() -> None:
    """JDE's is plain IoU at 0.4 (docs/reference.md#jde-settings)."""
    jde_nms = published_nms(find_system("jde"))
    assert (jde_nms.kind, jde_nms.iou) == ("iou", 0.4)
    assert published_nms(find_system("jde"), 0.25).confidence == 0.25
    assert published_nms(find_system("fairmot")).confidence == 0.4
    assert published_nms(find_system("cstrack")) == NmsConfig()


def test_a_published_jde_starts_one_with_other_anchors(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = SMALL_JDE
    first = JDE(config)
    tensors = published_jde(first)
    path = tmp_path / "jde.pt"
    torch.save({"model": tensors}, path)
    torch.manual_seed(1)
    second = JDE(replace(config, anchors=jde_anchors((320, 576))))
    start = find_system("jde").start
    assert start(second, path) == len(first.state_dict())
    for name, value in second.state_dict().items():
        assert torch.equal(value, first.state_dict()[name]), name
    torch.save({"model": {"layer.weight": torch.zeros(1)}}, path)
    with pytest.raises(InputError, match="not a published JDE checkpoint"):
        start(second, path)


def test_a_system_without_published_files_takes_our_weights_alone(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match="give weights that cstrack train wrote"):
        find_system("deepsort").start(WideResNet(), tmp_path / "market.pt")
