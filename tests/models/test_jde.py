"""JDE's network: size, shapes, boxes from logits, settings."""

import json
import math
from dataclasses import asdict

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cstrack_bench.errors import InputError
from cstrack_bench.models.jde_config import (
    PUBLISHED_ANCHORS,
    SIZES,
    JdeConfig,
    jde_anchors,
    make_config,
)
from cstrack_bench.models.jde_network import (
    JDE,
    anchor_grid,
    decode_deltas,
    encode_deltas,
)


@pytest.fixture(scope="module")
def tiny() -> JDE:
    torch.manual_seed(0)
    return JDE(JdeConfig(depth=0.33, width=0.125, embedding=16)).eval()


def test_parameters_of_the_published_network() -> None:
    with torch.device("meta"):
        network = JDE(make_config("l"))
    parts = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in network.parts().items()
    }
    assert sum(p.numel() for p in network.parameters()) == 65_664_808
    assert sum(parts.values()) == 65_664_808
    # Three 3×3 convolutions with bias from 128, 256, 512 channels to 512.
    assert parts["re-id head"] == 9 * 512 * (128 + 256 + 512) + 3 * 512


@pytest.mark.parametrize(
    ("size", "cost"), [((608, 1088), 271.0), ((320, 576), 75.5), ((480, 864), 169.9)]
)
def test_cost_of_the_published_network(size: tuple[int, int], cost: float) -> None:
    with torch.device("meta"):
        network = JDE(make_config("l")).eval()
        images = torch.empty(1, 3, *size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(images)
    assert counter.get_total_flops() / 1e9 == pytest.approx(cost, abs=0.06)


def test_a_level_has_its_own_logits_and_embeddings(tiny: JDE) -> None:
    with torch.no_grad():
        output = tiny(torch.rand(2, 3, 64, 96))
    grids = [(8, 12), (4, 6), (2, 3)]
    assert [tuple(raw.shape) for raw in output.raw] == [(2, 4, *g, 6) for g in grids]
    assert [tuple(e.shape) for e in output.embeddings] == [(2, *g, 16) for g in grids]
    assert tiny.decode(output.raw).shape == (2, 4 * (96 + 24 + 6), 6)
    assert tiny.relation_weights() is None


def test_embeddings_and_logits_share_the_bottleneck_feature_alone(tiny: JDE) -> None:
    before = tiny(torch.rand(1, 3, 32, 32))
    torch.manual_seed(1)
    images = torch.rand(1, 3, 32, 32)
    one = tiny(images)
    with torch.no_grad():
        saved = [p.clone() for p in tiny.reid.parameters()]
        for parameter in tiny.reid.parameters():
            parameter.zero_()
        other = tiny(images)
        for parameter, value in zip(tiny.reid.parameters(), saved, strict=True):
            parameter.copy_(value)
    assert before.raw[0].shape == one.raw[0].shape
    assert all(torch.equal(a, b) for a, b in zip(one.raw, other.raw, strict=True))
    assert not any(bool(e.any()) for e in other.embeddings)


def test_re_identification_convolutions_are_found_by_name(tiny: JDE) -> None:
    names = [name for name in tiny.state_dict() if name.startswith("reid.")]
    assert names == [
        f"reid.{level}.{p}" for level in range(3) for p in ("weight", "bias")
    ]


def test_boxes_of_hand_made_logits(tiny: JDE) -> None:
    raw = tuple(torch.zeros(1, 4, 64 // s, 96 // s, 6) for s in tiny.strides)
    # Level P4, anchor 2 (64 × 192 px), row 3, column 1: half an anchor to the right, a
    # quarter up, twice as wide, half as high; three times as likely a person as not.
    raw[1][0, 2, 3, 1] = torch.tensor(
        [0.5, -0.25, math.log(2), -math.log(2), 0.0, math.log(3)]
    )
    decoded = tiny.decode(raw)[0]
    row = 4 * 8 * 12 + 2 * 4 * 6 + 3 * 6 + 1
    wanted = [16 + 32, 3 * 16 - 48, 128, 96, 0.75, 1.0]
    assert decoded[row].tolist() == pytest.approx(wanted)
    # All others are their anchors at their cells.
    assert decoded[0].tolist() == pytest.approx([0, 0, 8, 24, 0.5, 1])
    assert decoded[1].tolist() == pytest.approx([8, 0, 8, 24, 0.5, 1])
    assert decoded[-1].tolist() == pytest.approx([64, 32, 512, 640, 0.5, 1])


def test_deltas_of_an_untrained_network_stay_finite(tiny: JDE) -> None:
    raw = tuple(torch.full((1, 4, 2, 2, 6), 1e4) for _ in range(3))
    assert bool(torch.isfinite(tiny.decode(raw)).all())


def test_encoding_is_the_inverse_of_decoding() -> None:
    torch.manual_seed(0)
    anchors = torch.rand(4, 2) * 5 + 0.5
    deltas = torch.randn(1, 4, 3, 5, 4)
    boxes = decode_deltas(deltas, anchors)[0].reshape(-1, 4)
    back = encode_deltas(boxes, anchor_grid(anchors, 3, 5).reshape(-1, 4))
    assert torch.allclose(back, deltas.reshape(-1, 4), atol=1e-4)


def test_input_sizes_that_do_not_divide_are_refused(tiny: JDE) -> None:
    with pytest.raises(InputError, match="multiples of 32"):
        tiny(torch.zeros(1, 3, 64, 100))


def test_anchors_of_published_and_other_inputs() -> None:
    assert jde_anchors((480, 864))[0][0] == (6, 19)
    assert jde_anchors((320, 576))[2][3] == (340, 320)
    assert jde_anchors((608, 1088)) == make_config("l").anchors
    # The tighter side decides: a letterboxed picture shrinks by it.
    smaller = jde_anchors((456, 1088))
    assert smaller[1] == ((24, 72), (33.8, 101.2), (48, 144), (67.5, 203.2))
    assert jde_anchors((608, 816)) == smaller
    assert jde_anchors((192, 320)) == jde_anchors((608, 1088))
    assert set(PUBLISHED_ANCHORS) == {(608, 1088), (480, 864), (320, 576)}


def test_sizes_and_settings() -> None:
    assert make_config("n").level_channels == (32, 64, 128)
    assert {make_config(size).embedding for size in SIZES} == {512, 128}
    config = make_config("n", embedding=64, anchors=jde_anchors((192, 320)))
    stored = json.loads(json.dumps(asdict(config)))
    assert JdeConfig(**stored) == config


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": "x"}, "Unknown model.size 'x'"),
        ({"widht": 1.0}, "the nearest is 'width'"),
        ({"width": 0}, r"model\.width is 0"),
        ({"depth": "deep"}, r"model\.depth is 'deep'"),
        ({"embedding": 0}, r"model\.embedding is 0"),
        ({"embedding": 1.5}, r"model\.embedding is 1\.5"),
        ({"anchors": [[(1, 2)] * 3] * 3}, "three levels of four"),
    ],
)
def test_settings_that_cannot_be_built(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_config(**options)
