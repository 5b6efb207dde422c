"""Published JDE checkpoints, made here from our own weights, read back."""

from collections.abc import Iterator

import pytest
import torch

from cstrack_bench.errors import InputError
from cstrack_bench.models.jde_config import JdeConfig
from cstrack_bench.models.jde_names import convert, is_published, load_published
from cstrack_bench.models.jde_network import JDE

SMALL = JdeConfig(depth=0.33, width=0.125, embedding=16)
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")

Layer = tuple[int, str, bool]  # number in the file, our name, bare


def layers(config: JdeConfig) -> Iterator[Layer]:
    """Blocks of the configuration file that have weights, counted by hand.

    Every residual block is two convolutions and a shortcut. Between the levels come
    the route to the embedding's input, the one that joins prediction and embedding,
    the detection block, the route back, and behind the lateral convolution the
    up-sampling and the route that joins it with the backbone.
    """
    number = 0
    yield number, "backbone.stem", False
    for stage, blocks in enumerate((1, 2, 8, 8, 4)):
        number += 1
        yield number, f"backbone.stages.{stage}.0", False
        for block in range(1, config.repeats(blocks) + 1):
            yield number + 1, f"backbone.stages.{stage}.{block}.reduce", False
            yield number + 2, f"backbone.stages.{stage}.{block}.expand", False
            number += 3
    for level in (2, 1, 0):
        if level < 2:
            number += 2  # route back
            yield number, f"pyramid.laterals.{level}", False
            number += 2  # up-sampling, route
        for step in range(5):
            number += 1
            yield number, f"pyramid.sets.{level}.{step}", False
        yield number + 1, f"detect.{level}.hidden", False
        yield number + 2, f"detect.{level}.prediction", True
        yield number + 4, f"reid.{level}", True
        number += 6  # route, detection


def test_the_numbers_of_the_published_configuration() -> None:
    """Backbone up to 74; predictions and embeddings behind the routes to them."""
    numbers = {name: number for number, name, _ in layers(JdeConfig())}
    assert numbers["backbone.stages.4.4.expand"] == 73
    assert numbers["pyramid.sets.2.0"] == 75
    assert (numbers["detect.2.prediction"], numbers["reid.2"]) == (81, 83)
    assert (numbers["detect.1.prediction"], numbers["reid.1"]) == (96, 98)
    assert (numbers["detect.0.prediction"], numbers["reid.0"]) == (111, 113)


def published(network: JDE) -> dict[str, torch.Tensor]:
    own = network.state_dict()
    tensors = {}
    for number, name, bare in layers(network.config):
        block = f"module_list.{number}"
        if bare:
            for part in ("weight", "bias"):
                tensors[f"{block}.conv_{number}.{part}"] = own[f"{name}.{part}"]
            continue
        tensors[f"{block}.conv_{number}.weight"] = own[f"{name}.convolution.weight"]
        for part in NORM:
            source = own[f"{name}.norm.{part}"]
            tensors[f"{block}.batch_norm_{number}.{part}"] = source
    return tensors


def scrambled(seed: int = 0) -> JDE:
    random = torch.Generator().manual_seed(seed)
    network = JDE(SMALL).eval()
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=random) + 0.1)
    return network


def test_a_published_checkpoint_is_read_whole() -> None:
    network = scrambled()
    tensors = published(network)
    assert len(tensors) == len(network.state_dict())
    assert is_published(tensors)
    loaded, report = load_published(tensors, SMALL)
    own = network.state_dict()
    assert report.network.keys() == own.keys()
    assert all(torch.equal(t, own[n]) for n, t in loaded.state_dict().items())
    assert report.unexpected == ()
    assert not loaded.training
    images = torch.rand(1, 3, 32, 64)
    assert torch.equal(loaded(images).raw[0], network(images).raw[0])


def test_every_weight_of_the_large_network_has_a_published_name() -> None:
    with torch.device("meta"):
        network = JDE(JdeConfig())
        tensors = published(network)
        found = convert(tensors, network.config)
    own = network.state_dict()
    assert found.network.keys() == own.keys()
    assert all(found.network[name].shape == own[name].shape for name in own)


def test_classifier_and_task_weights_belong_to_the_loss() -> None:
    tensors = published(scrambled())
    tensors["classifier.weight"] = torch.ones(5, 16)
    tensors["classifier.bias"] = torch.ones(5)
    for level, number in enumerate((115, 100, 85)):  # P3 is the last in the file
        tensors[f"module_list.{number}.yolo_{number}.s_id"] = torch.tensor(
            [level + 1.0]
        )
    tensors["something.else"] = torch.ones(1)
    found = convert(tensors, SMALL)
    assert found.loss["classifier.weight"].shape == (5, 16)
    assert found.loss["identity_log_variance"].tolist() == [1, 2, 3]
    assert "box_log_variance" not in found.loss
    assert found.unexpected == ("something.else",)


def test_files_of_something_else_are_refused() -> None:
    tensors = published(scrambled())
    with pytest.raises(InputError, match=r"\d+ convolutions and this JDE 78"):
        load_published(tensors)
    wider = JdeConfig(depth=0.33, width=0.25, embedding=16)
    with pytest.raises(InputError, match=r"shape \(8, 8, 3, 3\) for backbone\.stages"):
        load_published(tensors, wider)
    lacking = {
        k: v for k, v in tensors.items() if k != "module_list.0.batch_norm_0.bias"
    }
    with pytest.raises(InputError, match=r"no tensor for backbone\.stem\.norm\.bias"):
        load_published(lacking, SMALL)
    assert not is_published({"model.0.conv.conv.weight": torch.ones(1)})


def test_old_files_do_not_count_batches() -> None:
    network = scrambled()
    tensors = {
        name: tensor
        for name, tensor in published(network).items()
        if not name.endswith("num_batches_tracked")
    }
    loaded, _ = load_published(tensors, SMALL)
    assert torch.equal(loaded.backbone.stem.norm.bias, network.backbone.stem.norm.bias)
