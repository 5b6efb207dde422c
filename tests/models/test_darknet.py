"""DarkNet-53: its parts and its weight file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cstrack_bench.errors import InputError
from cstrack_bench.models.darknet import Darknet53, FeaturePyramid
from cstrack_bench.models.jde_config import JdeConfig, make_config
from cstrack_bench.models.jde_names import read_darknet53
from cstrack_bench.models.jde_network import JDE

SMALL = JdeConfig(depth=0.33, width=0.125, embedding=16)


def test_the_trunk_has_52_convolutions_of_40_million_parameters() -> None:
    with torch.device("meta"):
        trunk = Darknet53(make_config("l"))
    convolutions = [m for m in trunk.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 52
    # DarkNet-53 without its classifier: 40,584,928 in the published network.
    assert sum(p.numel() for p in trunk.parameters()) == 40_584_928


def test_features_at_three_strides() -> None:
    config = make_config("n")
    trunk, pyramid = Darknet53(config).eval(), FeaturePyramid(config).eval()
    with torch.no_grad():
        deep = trunk(torch.zeros(1, 3, 64, 96))
        levels = pyramid(*deep)
    assert [tuple(x.shape[1:]) for x in deep] == [(64, 8, 12), (128, 4, 6), (256, 2, 3)]
    assert [tuple(x.shape[1:]) for x in levels] == [
        (32, 8, 12),
        (64, 4, 6),
        (128, 2, 3),
    ]


def test_only_the_way_down_reaches_a_level() -> None:
    """P5 knows nothing of C3; P3 knows all three."""
    config = SMALL
    pyramid = FeaturePyramid(config).eval()
    torch.manual_seed(0)
    inputs = [
        torch.randn(1, config.channels(c), side, side, requires_grad=True)
        for c, side in ((256, 8), (512, 4), (1024, 2))
    ]
    p3, p4, p5 = pyramid(*inputs)

    def reached(output: torch.Tensor) -> list[bool]:
        gradients = torch.autograd.grad(
            output.sum(), inputs, retain_graph=True, allow_unused=True
        )
        return [g is not None and bool(g.any()) for g in gradients]

    assert reached(p5) == [False, False, True]
    assert reached(p4) == [False, True, True]
    assert reached(p3) == [True, True, True]


def weight_file(path: Path, network: JDE) -> Path:
    """Write the backbone as Darknet does."""
    values = [np.array([0, 2, 0, 32013312, 0], "<i4").tobytes()]
    for module in network.backbone.modules():
        if hasattr(module, "convolution"):
            norm = module.norm
            for tensor in (
                norm.bias,
                norm.weight,
                norm.running_mean,
                norm.running_var,
                module.convolution.weight,
            ):
                values.append(tensor.detach().numpy().astype("<f4").tobytes())
    path.write_bytes(b"".join(values))
    return path


def scrambled(config: JdeConfig, seed: int) -> JDE:
    """A network in which no two tensors are alike, running statistics included."""
    random = torch.Generator().manual_seed(seed)
    network = JDE(config).eval()
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=random) + 0.1)
    return network


def test_a_darknet_file_fills_the_backbone(tmp_path: Path) -> None:
    network = scrambled(SMALL, 0)
    tensors = read_darknet53(
        weight_file(tmp_path / "darknet53.conv.74", network), SMALL
    )
    own = {
        name: tensor
        for name, tensor in network.state_dict().items()
        if name.startswith("backbone.") and not name.endswith("num_batches_tracked")
    }
    assert tensors.keys() == own.keys()
    assert all(torch.equal(tensor, own[name]) for name, tensor in tensors.items())
    fresh = JDE(SMALL)
    report = fresh.load_state_dict(tensors, strict=False)
    assert not report.unexpected_keys
    assert fresh.backbone.stem.norm.running_var.equal(
        own["backbone.stem.norm.running_var"]
    )


def test_a_darknet_file_of_another_length_is_refused(tmp_path: Path) -> None:
    path = weight_file(tmp_path / "darknet53.conv.74", JDE(SMALL))
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match=r"darknet53\.conv\.74 is \d+ bytes long"):
        read_darknet53(path, SMALL)
    with pytest.raises(InputError, match="no weights"):
        read_darknet53(tmp_path / "none", SMALL)
