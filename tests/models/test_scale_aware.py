"""SAAN and its attention modules (docs/reference.md#saan, #check-attention, section 10
item 3)."""

import pytest
import torch

from cstrack_bench.models.attention import Attention, ChannelGate, SpatialGate
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.scale_aware import ScaleAware


def levels(batch: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    return tuple(
        torch.randn(batch, channels, 8 // step, 12 // step, generator=generator)
        for channels, step in ((64, 1), (128, 2), (256, 4))
    )


@pytest.mark.parametrize("layout", ["official", "paper"])
def test_one_map_at_stride_8(layout: str) -> None:
    saan = ScaleAware(make_config("n", saan_layout=layout)).eval()
    (out,) = saan(levels(2))
    assert out.shape == (2, 8, 12, 128)


def test_images_of_a_batch_do_not_meet() -> None:
    torch.manual_seed(0)
    saan = ScaleAware(make_config("n")).eval()
    inputs = levels(3)
    (out,) = saan(inputs)
    (turned,) = saan(tuple(x.flip(0) for x in inputs))
    torch.testing.assert_close(turned.flip(0), out)


@pytest.mark.parametrize("gate", [SpatialGate(16, True), SpatialGate(16, False)])
def test_spatial_gate_is_one_value_a_cell(gate: SpatialGate) -> None:
    out = gate(torch.randn(2, 16, 5, 7))
    assert out.shape == (2, 1, 5, 7)
    assert out.min() > 0
    assert out.max() < 1


def test_channel_gate_is_one_value_a_channel_for_both_poolings() -> None:
    torch.manual_seed(0)
    gate = ChannelGate(16)
    x = torch.randn(2, 16, 5, 7)
    out = gate(x)
    assert out.shape == (2, 16, 1, 1)

    def network(vector: torch.Tensor) -> torch.Tensor:
        hidden = gate.layer_norm(gate.convolution(vector[:, None]))
        return gate.linear(gate.activation(hidden))[:, 0]

    wanted = (network(x.mean((2, 3))) + network(x.amax((2, 3)))).sigmoid()
    torch.testing.assert_close(out[:, :, 0, 0], wanted)


@pytest.mark.parametrize("kind", ["spatial", "channel"])
def test_residual_form_keeps_positive_values_between_x_and_2x(kind: str) -> None:
    x = torch.rand(2, 16, 5, 7) + 0.1
    out = Attention(16, kind, "parallel", reduce=True)(x)
    assert (out > x).all()
    assert (out < 2 * x).all()


def test_no_attention_is_nothing() -> None:
    x = torch.randn(1, 16, 3, 3)
    attention = Attention(16, "none", "parallel", reduce=True)
    assert attention(x) is x
    assert not list(attention.parameters())


def test_parallel_multiplies_the_gates_serial_chains_them() -> None:
    torch.manual_seed(0)
    parallel = Attention(16, "both", "parallel", reduce=True).eval()
    serial = Attention(16, "both", "serial", reduce=True).eval()
    serial.load_state_dict(parallel.state_dict())
    assert parallel.spatial is not None
    assert parallel.channel is not None
    x = torch.randn(2, 16, 5, 7)
    gates = parallel.spatial(x) * parallel.channel(x)
    torch.testing.assert_close(parallel(x), x * gates + x)
    first = x * parallel.channel(x) + x
    wanted = first * parallel.spatial(first) + first
    torch.testing.assert_close(serial(x), wanted)


# Table III: (per level, after concatenation) of rows 1 to 7.
ROWS = [
    ("none", "none"),
    ("spatial", "none"),
    ("channel", "none"),
    ("both", "none"),
    ("spatial", "spatial"),
    ("spatial", "channel"),
    ("spatial", "both"),
]


@pytest.mark.parametrize(("level", "fused"), ROWS)
def test_every_arrangement_of_table_3_trains(level: str, fused: str) -> None:
    config = make_config(
        "n", level_attention=level, fused_attention=fused, attention_order="serial"
    )
    saan = ScaleAware(config)
    (out,) = saan(levels(2))
    out.square().sum().backward()
    assert all(p.grad is not None for p in saan.parameters())


def test_arrangements_are_different_networks() -> None:
    sizes = {
        sum(
            p.numel()
            for p in ScaleAware(
                make_config("n", level_attention=level, fused_attention=fused)
            ).parameters()
        )
        for level, fused in ROWS
    }
    assert len(sizes) == len(ROWS)
