"""Published weights of FairMOT and CenterTrack are found by name and shape."""

import pytest
import torch
from torch import Tensor

from cstrack_bench.errors import InputError
from cstrack_bench.models.center_heads import CenterNetwork
from cstrack_bench.models.center_names import fill, from_imagenet, is_published
from cstrack_bench.models.center_weights import infer_config, load_published
from cstrack_bench.models.centertrack_network import CenterTrack
from cstrack_bench.models.dla_config import CenterTrackConfig, FairMotConfig
from cstrack_bench.models.fairmot_network import FairMot

NANO = 0.25


def published(network: CenterNetwork) -> dict[str, Tensor]:
    """A state dict with other values than the network's own."""
    return {name: tensor + 1 for name, tensor in network.state_dict().items()}


@pytest.fixture
def fairmot() -> FairMot:
    return FairMot(FairMotConfig(NANO, embedding=16))


@pytest.mark.parametrize(
    "config",
    [
        FairMotConfig(NANO, embedding=16),
        FairMotConfig(NANO, embedding=16, box="size"),
        CenterTrackConfig(NANO),
        CenterTrackConfig(NANO, previous=False, amodal=False),
    ],
)
def test_the_configuration_is_read_from_the_shapes(
    config: FairMotConfig | CenterTrackConfig,
) -> None:
    kind = FairMot if isinstance(config, FairMotConfig) else CenterTrack
    network = kind(config)
    tensors = published(network)
    assert is_published(tensors)
    assert infer_config(tensors) == config
    loaded, report = load_published(tensors)
    assert loaded.config == config
    assert not loaded.training
    assert set(report.matched) == set(tensors)
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, tensors[name])


def test_old_files_with_prefix_and_classifier_load(fairmot: FairMot) -> None:
    tensors = {
        f"module.{name}": tensor
        for name, tensor in published(fairmot).items()
        if not name.endswith("num_batches_tracked")
    }
    tensors["module.base.fc.weight"] = torch.zeros(1000, 128, 1, 1)
    tensors["module.base.fc.bias"] = torch.zeros(1000)
    tensors["module.head.extra"] = torch.zeros(1)
    loaded, report = load_published(tensors)
    assert report.ignored == ("base.fc.weight", "base.fc.bias")
    assert report.unexpected == ("head.extra",)
    assert report.missing == report.reshaped == ()
    assert torch.equal(loaded.id[2].weight, tensors["module.id.2.weight"])


def test_coco_fills_what_fits(fairmot: FairMot) -> None:
    tensors = published(fairmot)
    for name in list(tensors):
        if name.startswith("id."):
            del tensors[name]
    for name, rows in (("hm.2", 80), ("wh.2", 2)):
        tensors[f"{name}.weight"] = torch.zeros(rows, 64, 1, 1)
        tensors[f"{name}.bias"] = torch.zeros(rows)
    before = fairmot.hm[2].bias.clone()
    report = fill(fairmot, tensors)
    assert report.reshaped == ("hm.2.weight", "hm.2.bias", "wh.2.weight", "wh.2.bias")
    assert {name.split(".")[0] for name in report.missing} == {"hm", "wh", "id"}
    assert torch.equal(fairmot.hm[2].bias, before)
    assert torch.equal(fairmot.hm[0].weight, tensors["hm.0.weight"])


def test_imagenet_fills_the_backbone(fairmot: FairMot) -> None:
    tensors = {
        name.removeprefix("base."): tensor
        for name, tensor in published(fairmot).items()
        if name.startswith("base.")
    }
    tensors["fc.bias"] = torch.zeros(1000)
    report = fill(fairmot, from_imagenet(tensors))
    assert report.ignored == ("base.fc.bias",)
    assert len(report.matched) == len(tensors) - 1
    assert all(name.startswith("base.") for name in report.matched)
    assert not any(name.startswith("base.") for name in report.missing)


def test_a_file_of_another_network_is_refused(fairmot: FairMot) -> None:
    with pytest.raises(InputError, match="neither of FairMOT nor of CenterTrack"):
        load_published({"model.0.conv.weight": torch.zeros(1)})
    with pytest.raises(InputError, match=r"as no model\.size has"):
        load_published(published(FairMot(FairMotConfig(1.5, embedding=8))))


def test_a_file_that_leaves_tensors_unfilled_is_refused(fairmot: FairMot) -> None:
    tensors = published(fairmot)
    del tensors["wh.0.weight"]
    with pytest.raises(InputError, match=r"leaves 1 \(first wh.0.weight\)"):
        load_published(tensors)
    with pytest.raises(InputError, match=r"leaves 2 \(first id.2.weight\)"):
        load_published(published(fairmot), FairMotConfig(NANO, embedding=32))
