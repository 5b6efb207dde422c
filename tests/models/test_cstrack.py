"""The assembled network: shapes, decoding, first biases, gradients."""

import math

import pytest
import torch

from cstrack_bench.errors import InputError
from cstrack_bench.models.counting import skeleton
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.network_base import Output


def test_grids_at_the_papers_input_size() -> None:
    """docs/reference.md#check-sizes: 40,698 candidates, embeddings 76×136×512."""
    model = skeleton(CSTrack, make_config("l"))
    output = model(torch.empty(1, 3, 608, 1088, device="meta"))
    assert [tuple(raw.shape[1:]) for raw in output.raw] == [
        (3, 76, 136, 6),
        (3, 38, 68, 6),
        (3, 19, 34, 6),
    ]
    assert sum(math.prod(raw.shape[1:4]) for raw in output.raw) == 40_698
    assert [e.shape for e in output.embeddings] == [(1, 76, 136, 512)]


def run(**settings: object) -> tuple[CSTrack, Output]:
    torch.manual_seed(0)
    model = CSTrack(make_config("n", width=0.125, **settings))
    return model, model(torch.rand(2, 3, 64, 96))


@pytest.mark.parametrize(
    ("settings", "grids"),
    [
        ({}, [(8, 12)]),
        ({"reid_head": "basic"}, [(8, 12), (4, 6), (2, 3)]),
        ({"reid_head": "basic", "head_kernel": 3}, [(8, 12), (4, 6), (2, 3)]),
        ({"reid_head": "basic", "embed_from": "p3"}, [(8, 12)]),
    ],
)
def test_embedding_maps(settings: dict, grids: list[tuple[int, int]]) -> None:
    _, output = run(**settings)
    assert [tuple(e.shape) for e in output.embeddings] == [
        (2, *grid, 128) for grid in grids
    ]


@pytest.mark.parametrize(
    "settings",
    [
        *({"ren": mode} for mode in ("full", "self", "cross", "fixed", "none")),
        *({"ren": mode} for mode in ("cnn3x3", "cnn1x1", "cnn_pooled1x1")),
        {"reid_head": "basic", "head_kernel": 3},
        {"saan_layout": "paper", "ren_input_projection": True},
    ],
)
def test_every_parameter_of_every_system_gets_a_gradient(settings: dict) -> None:
    model, output = run(**settings)
    sum(x.square().sum() for x in (*output.raw, *output.embeddings)).backward()
    assert [n for n, p in model.named_parameters() if p.grad is None] == []


def test_relation_weights_by_mode() -> None:
    def weights(**settings: object) -> object:
        return CSTrack(make_config("n", **settings)).relation_weights()

    assert weights() == [(0.5, 0.5)] * 3
    assert weights(ren_lambda=0.25) == [(0.25, 0.25)] * 3
    assert weights(ren="self") == [(1.0, 1.0)] * 3
    assert weights(ren="cross") == [(0.0, 0.0)] * 3
    assert weights(ren="fixed", ren_lambda=0.75) == [(0.75, 0.75)] * 3
    assert weights(ren="none") is None
    assert weights(ren="cnn3x3") is None


def test_first_biases_expect_few_objects() -> None:
    """docs/reference.md#bias-init: -6.69, -5.30, -3.91 and ln 60 on top of the
    default."""
    torch.manual_seed(0)
    detect = CSTrack(make_config("l", width=0.125)).detect
    for level, prior in zip(detect.levels, (-6.69, -5.30, -3.91), strict=True):
        bias = level.get_parameter("bias").detach().view(3, 6)
        bound = level.get_parameter("weight").shape[1] ** -0.5
        assert bias[:, :4].abs().max() <= bound
        assert (bias[:, 4] - prior).abs().max() <= bound + 0.01
        assert (bias[:, 5] - math.log(60)).abs().max() <= bound + 1e-6


def test_decoding_one_cell_by_hand() -> None:
    """docs/reference.md#decoding, #forward-output, and the order level, anchor, row,
    column."""
    model = CSTrack(make_config("n", width=0.125))
    raw = [torch.zeros(1, 3, 64 // s, 96 // s, 6) for s in (8, 16, 32)]
    raw[1][0, 2, 3, 5] = torch.tensor([0.3, -0.2, 0.5, -1.0, 2.0, -3.0])
    decoded = model.decode(tuple(raw))
    assert decoded.shape == (1, 3 * (8 * 12 + 4 * 6 + 2 * 3), 6)
    at = 3 * 8 * 12 + 2 * 4 * 6 + 3 * 6 + 5

    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    wanted = [
        (2 * sigmoid(0.3) - 0.5 + 5) * 16,
        (2 * sigmoid(-0.2) - 0.5 + 3) * 16,
        (2 * sigmoid(0.5)) ** 2 * 64,
        (2 * sigmoid(-1.0)) ** 2 * 192,
        sigmoid(2.0),
        sigmoid(-3.0),
    ]
    assert decoded[0, at].tolist() == pytest.approx(wanted, rel=1e-6)
    # Zeros decode to the cell's centre and the anchor's own size.
    assert decoded[0, 0].tolist() == [4, 4, 8, 24, 0.5, 0.5]
    assert decoded[0, 1].tolist() == [12, 4, 8, 24, 0.5, 0.5]
    assert decoded[0, -1].tolist() == [80, 48, 256, 640, 0.5, 0.5]


@pytest.mark.parametrize("size", [(600, 1088), (64, 100)])
def test_input_sizes_that_do_not_fit(size: tuple[int, int]) -> None:
    model = skeleton(CSTrack, make_config("n"))
    with pytest.raises(InputError, match=f"{size[1]}x{size[0]}.*multiples of 32"):
        model(torch.empty(1, 3, *size, device="meta"))


def test_images_of_a_batch_do_not_meet() -> None:
    torch.manual_seed(0)
    model = CSTrack(make_config("n", width=0.125)).eval()
    images = torch.rand(3, 3, 64, 96)
    with torch.no_grad():
        together, alone = model(images), model(images[1:2])
    for one, other in zip(
        (*together[0], *together[1]), (*alone[0], *alone[1]), strict=True
    ):
        torch.testing.assert_close(one[1:2], other, atol=1e-4, rtol=1e-4)


def test_bfloat16_keeps_box_logits_in_float32() -> None:
    torch.manual_seed(0)
    model = CSTrack(make_config("n", width=0.125)).eval()
    images = torch.rand(1, 3, 64, 96)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        output = model(images)
    assert all(raw.dtype == torch.float32 for raw in output.raw)
    assert all(bool(torch.isfinite(raw).all()) for raw in output.raw)


def test_anchors_follow_the_configuration_but_not_the_state_dict() -> None:
    anchors = tuple(
        tuple((2 * w, 2 * h) for w, h in level) for level in make_config("n").anchors
    )
    model = CSTrack(make_config("n", width=0.125, anchors=anchors))
    assert model.anchors[0, 0].tolist() == [16, 48]
    assert "anchors" not in model.state_dict()
