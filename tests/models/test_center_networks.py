"""FairMOT's and CenterTrack's networks: counts, starts, gradients, inputs."""

import pytest
import torch
from torch import nn

from cstrack_bench.errors import InputError
from cstrack_bench.models.center_heads import CenterNetwork
from cstrack_bench.models.centertrack_network import CenterTrack
from cstrack_bench.models.dla_config import (
    CenterTrackConfig,
    FairMotConfig,
    make_config,
)
from cstrack_bench.models.dla_up import bilinear_kernel
from cstrack_bench.models.fairmot_network import FairMot

SMALL = 0.125
IMAGE = (1, 3, 64, 96)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (FairMotConfig(), 19_836_711),
        (FairMotConfig(embedding=64), 19_820_263),
        (FairMotConfig(embedding=512), 19_935_399),
        (FairMotConfig(embedding=512, box="size"), 19_934_885),
        (make_config(FairMotConfig, "n"), 1_375_375),
    ],
)
def test_fairmot_has_the_published_number_of_parameters(
    config: FairMotConfig, parameters: int
) -> None:
    with torch.device("meta"):
        assert count(FairMot(config)) == parameters


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (CenterTrackConfig(), 19_955_755),
        (CenterTrackConfig(previous=False), 19_952_555),
        (CenterTrackConfig(amodal=False), 19_807_015),
        (make_config(CenterTrackConfig, "n"), 1_378_195),
    ],
)
def test_centertrack_has_the_published_number_of_parameters(
    config: CenterTrackConfig, parameters: int
) -> None:
    with torch.device("meta"):
        assert count(CenterTrack(config)) == parameters


@pytest.mark.parametrize(
    ("network", "parts"),
    [
        (FairMot, [15_270_832, 3_940_336, 180_608, 444_935]),
        (CenterTrack, [15_274_032, 3_940_336, 741_387]),
    ],
)
def test_parts_add_up(network: type[FairMot | CenterTrack], parts: list[int]) -> None:
    with torch.device("meta"):
        built = network()
    assert [count(part) for part in built.parts().values()] == parts
    assert sum(parts) == count(built)


@pytest.fixture
def fairmot() -> FairMot:
    torch.manual_seed(0)
    return FairMot(FairMotConfig(SMALL, embedding=8))


@pytest.fixture
def centertrack() -> CenterTrack:
    torch.manual_seed(0)
    return CenterTrack(CenterTrackConfig(SMALL))


def total(network: CenterNetwork) -> torch.Tensor:
    torch.manual_seed(1)
    output = network(torch.randn(2, *IMAGE[1:]))
    return sum((value**2).sum() for value in output)


def test_every_parameter_but_the_unused_ones_gets_a_gradient(fairmot: FairMot) -> None:
    # At the start, masks and offsets are symmetric: move them off it.
    for name, parameter in fairmot.named_parameters():
        if "conv_offset_mask" in name:
            nn.init.normal_(parameter, std=0.05)
    total(fairmot).backward()
    without = {n for n, p in fairmot.named_parameters() if p.grad is None}
    unused = {f"base.level{level}.project" for level in (3, 4)}
    assert {name.rsplit(".", 2)[0] for name in without} == unused
    assert len(without) == 6
    assert all(
        p.grad.abs().sum() > 0 for p in fairmot.parameters() if p.grad is not None
    )


def test_maps_have_a_quarter_of_the_input(fairmot: FairMot) -> None:
    output = fairmot.eval()(torch.zeros(IMAGE))
    assert [tuple(value.shape) for value in output] == [
        (1, channels, 16, 24) for channels in (1, 4, 8, 2)
    ]


def test_the_heatmap_starts_improbable() -> None:
    assert FairMot(FairMotConfig(SMALL)).hm[2].bias.item() == pytest.approx(-2.19)
    network = CenterTrack(CenterTrackConfig(SMALL))
    assert network.hm[2].bias.item() == pytest.approx(-4.6)
    assert network.hm[0].bias.any()
    assert not network.wh[0].bias.any()
    assert not network.wh[2].bias.any()


def test_upsampling_starts_bilinear(fairmot: FairMot) -> None:
    row = torch.tensor([0.25, 0.75, 0.75, 0.25])
    assert torch.equal(bilinear_kernel(4), row[:, None] * row)
    assert torch.equal(fairmot.ida_up.up_1.weight[3, 0], row[:, None] * row)


@pytest.mark.parametrize("size", [(64, 100), (60, 96)])
def test_an_input_that_does_not_fit_is_refused(
    fairmot: FairMot, size: tuple[int, int]
) -> None:
    with pytest.raises(InputError, match="multiples of 32"):
        fairmot(torch.zeros(1, 3, *size))


def test_previous_inputs_count(centertrack: CenterTrack) -> None:
    torch.manual_seed(2)
    network, image = centertrack.eval(), torch.randn(IMAGE)
    blank = torch.zeros(1, 1, *IMAGE[2:])
    drawn = blank.clone()
    drawn[..., 30:40, 30:40] = 1
    with torch.inference_mode():
        alone, first, tracked = (
            network(*given).heatmap
            for given in ((image,), (image, image, blank), (image, image, drawn))
        )
    assert not torch.equal(alone, first)
    assert not torch.equal(first, tracked)


def test_a_network_without_previous_inputs_refuses_them() -> None:
    network = CenterTrack(CenterTrackConfig(SMALL, previous=False))
    with pytest.raises(InputError, match="no previous inputs"):
        network(torch.zeros(IMAGE), torch.zeros(IMAGE))


def test_without_the_amodal_head_there_is_no_amodal_box() -> None:
    network = CenterTrack(CenterTrackConfig(SMALL, amodal=False)).eval()
    assert network(torch.zeros(IMAGE)).amodal is None


@pytest.mark.parametrize(
    ("kind", "size", "options", "message"),
    [
        (FairMotConfig, "huge", {}, "Unknown model.size"),
        (FairMotConfig, "n", {"embeding": 8}, "the nearest is 'embedding'"),
        (FairMotConfig, "n", {"embedding": 0}, "model.embedding is 0"),
        (FairMotConfig, "n", {"box": "corners"}, "model.box is 'corners'"),
        (CenterTrackConfig, "n", {"width": float("nan")}, "model.width is nan"),
        (CenterTrackConfig, "n", {"width": 0}, "model.width is 0"),
    ],
)
def test_a_configuration_that_cannot_be_built_is_refused(
    kind: type, size: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make_config(kind, size, **options)
