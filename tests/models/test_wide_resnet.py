"""DeepSORT's network: its printed size, its output, its options."""

from dataclasses import asdict

import pytest
import torch

from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_config import SIZES
from cstrack_bench.models.wide_resnet import (
    CROP,
    ShiftNorm,
    WideResNet,
    WideResNetConfig,
    make_config,
)


def test_the_published_network_has_the_printed_number_of_parameters() -> None:
    network = WideResNet()
    assert sum(p.numel() for p in network.parameters()) == 2_800_864


def test_parts_hold_every_parameter_once() -> None:
    network = WideResNet(make_config("n"))
    counted = [p for part in network.parts().values() for p in part.parameters()]
    assert len(counted) == len({id(p) for p in counted})
    assert len(counted) == len(list(network.parameters()))


def test_maps_are_those_of_table_1() -> None:
    network = WideResNet().eval()
    with torch.inference_mode():
        x = network.stem(torch.zeros(1, 3, *CROP))
        shapes = [tuple(x.shape[1:])]
        for block in network.blocks:
            x = block(x)
            shapes.append(tuple(x.shape[1:]))
    assert shapes == [(32, 64, 32)] * 3 + [(64, 32, 16)] * 2 + [(128, 16, 8)] * 2


@pytest.mark.parametrize("training", [True, False])
def test_every_row_has_length_1(training: bool) -> None:
    torch.manual_seed(0)
    network = WideResNet(make_config("n")).train(training)
    vectors = network(torch.rand(3, 3, *CROP))
    assert vectors.shape == (3, 128)
    assert vectors.dtype == torch.float32
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))


def test_half_precision_inside_is_float32_outside() -> None:
    network = WideResNet(make_config("n")).eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert network(torch.rand(2, 3, *CROP)).dtype == torch.float32


def test_crops_do_not_see_each_other_once_trained() -> None:
    network = WideResNet(make_config("n")).eval()
    crops = torch.rand(3, 3, *CROP)
    with torch.inference_mode():
        torch.testing.assert_close(network(crops)[1:2], network(crops[1:2]))


def test_a_lone_crop_can_end_an_epoch() -> None:
    network = WideResNet(make_config("n")).train()
    network(torch.rand(1, 3, *CROP)).sum().backward()
    assert network.dense.weight.grad is not None


def test_norms_shift_and_do_not_scale() -> None:
    norm = ShiftNorm(4)
    assert [name for name, _ in norm.named_parameters()] == ["bias"]
    norm.bias.data[:] = 3.0
    out = norm(torch.randn(64, 4) * 7 + 5)
    torch.testing.assert_close(out.mean(0), torch.full((4,), 3.0), atol=1e-4, rtol=0)
    torch.testing.assert_close(
        out.std(0, unbiased=False), torch.ones(4), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("size", SIZES)
def test_every_size_has_a_network(size: str) -> None:
    small = SIZES[size]["width"] < SIZES["s"]["width"]
    assert make_config(size) == WideResNetConfig(width=0.5 if small else 1.0)


def test_a_configuration_comes_back_from_its_dictionary() -> None:
    config = make_config("n", embedding=32)
    assert WideResNetConfig(**asdict(config)) == config
    assert config.crop_size == (128, 64)


@pytest.mark.parametrize(
    "options",
    [{"width": 0}, {"width": float("nan")}, {"width": "x"}, {"embedding": 0}],
)
def test_what_cannot_be_built_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"model\."):
        make_config("l", **options)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="embedding"):
        make_config("l", embeding=3)
    with pytest.raises(InputError, match="size"):
        make_config("xl")
