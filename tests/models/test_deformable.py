"""Deformable convolution: exact in output and in every gradient."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cstrack_bench.models.deformable import (
    TAPS,
    DeformConv,
    _sampled,
    deform_conv2d,
)

HEIGHT, WIDTH = 4, 5
CENTRE = 4


def inputs(seed: int = 0, spread: float = 1.5) -> list[Tensor]:
    """Map, offsets, masks, weight and bias in float64, none at a whole position."""
    random = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    return [
        draw(2, 3, HEIGHT, WIDTH),
        draw(2, 2 * TAPS, HEIGHT, WIDTH) * spread,
        draw(2, TAPS, HEIGHT, WIDTH).sigmoid(),
        draw(4, 3, 3, 3),
        draw(4),
    ]


def one_tap(offset: tuple[float, float], x: Tensor) -> tuple[Tensor, Tensor]:
    """A convolution whose centre tap alone counts, moved by (dy, dx)."""
    height, width = x.shape[-2:]
    moves = torch.zeros(1, 2 * TAPS, height, width, dtype=x.dtype)
    moves[:, 2 * CENTRE], moves[:, 2 * CENTRE + 1] = offset
    moves.requires_grad_()
    weight = torch.zeros(1, 1, 3, 3, dtype=x.dtype)
    weight[0, 0, 1, 1] = 1
    mask = torch.ones(1, TAPS, height, width, dtype=x.dtype)
    return moves, deform_conv2d(x, moves, mask, weight, torch.zeros(1).to(x.dtype))


@pytest.fixture
def ramp() -> Tensor:
    """Row r, column c holds 10 r + c², so that every cell has another slope."""
    rows = torch.arange(HEIGHT, dtype=torch.float64)[:, None]
    columns = torch.arange(WIDTH, dtype=torch.float64)
    return (10 * rows + columns**2)[None, None]


def test_gradients_are_those_of_the_output() -> None:
    given = [value.requires_grad_() for value in inputs()]
    assert torch.autograd.gradcheck(deform_conv2d, given)


def test_without_offsets_it_is_an_ordinary_convolution() -> None:
    x, offset, mask, weight, bias = inputs()
    ours = deform_conv2d(x, offset * 0, torch.ones_like(mask), weight, bias)
    torch.testing.assert_close(ours, F.conv2d(x, weight, bias, padding=1))


def test_it_starts_as_half_an_ordinary_convolution() -> None:
    layer = DeformConv(3, 4).double()
    x = inputs()[0]
    wanted = F.conv2d(x, layer.weight, layer.bias, padding=1) / 2
    torch.testing.assert_close(layer(x), wanted)


def test_a_sample_between_cells_is_bilinear(ramp: Tensor) -> None:
    _, output = one_tap((0.5, 0.25), ramp)
    # Between rows 1 and 2, a quarter of the way from column 2 to 3: 15 + 4 + 5 / 4.
    assert output[0, 0, 1, 2].item() == pytest.approx(20.25)


def test_channels_are_dy_then_dx(ramp: Tensor) -> None:
    _, output = one_tap((1.0, 0.0), ramp)
    assert output[0, 0, 1, 2].item() == pytest.approx(24.0)


@pytest.mark.parametrize(("dx", "slope"), [(0.0, 5.0), (1.0, 7.0), (-1.0, 3.0)])
def test_at_whole_positions_the_slope_is_that_to_the_right(
    ramp: Tensor, dx: float, slope: float
) -> None:
    moves, output = one_tap((0.0, dx), ramp)
    output[0, 0, 1, 2].backward()
    assert moves.grad is not None
    assert moves.grad[0, 2 * CENTRE + 1, 1, 2].item() == pytest.approx(slope)
    assert moves.grad[0, 2 * CENTRE, 1, 2].item() == pytest.approx(10.0)


def test_outside_the_open_rectangle_nothing_counts(ramp: Tensor) -> None:
    moves, output = one_tap((-2.0, 0.0), ramp)
    output[0, 0, 1, 2].backward()  # row -1, exactly
    assert output[0, 0, 1, 2].item() == 0.0
    assert moves.grad is not None
    assert not moves.grad.any()


def test_just_inside_the_border_the_outside_counts_as_zero(ramp: Tensor) -> None:
    _, output = one_tap((-1.5, 0.0), ramp)
    assert output[0, 0, 1, 2].item() == pytest.approx(0.5 * 4.0)


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), 1e30])
def test_offsets_that_are_no_numbers_do_not_leave_the_map(broken: float) -> None:
    x, offset, mask, weight, bias = inputs()
    offset[0, 3, 1, 1] = broken
    assert deform_conv2d(x, offset, mask, weight, bias).shape == (2, 4, HEIGHT, WIDTH)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_close(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    layer = DeformConv(8, 8)
    torch.nn.init.normal_(layer.conv_offset_mask.weight, std=0.1)
    x = torch.randn(1, 8, 6, 6)
    wanted = layer(x)
    ours = layer.to(dtype)(x.to(dtype))
    assert ours.dtype is dtype
    torch.testing.assert_close(ours.float(), wanted, atol=0.05, rtol=0.05)


def test_autocast_leaves_offsets_in_float32() -> None:
    torch.manual_seed(0)
    layer = DeformConv(8, 8)
    torch.nn.init.normal_(layer.conv_offset_mask.weight, std=0.1)
    x = torch.randn(1, 8, 6, 6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = layer(x)
    assert ours.dtype is torch.bfloat16
    torch.testing.assert_close(ours.float(), layer(x), atol=0.02, rtol=0.02)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_the_gradient_of_the_map_is_that_of_an_ordinary_bag(kind: torch.dtype) -> None:
    random = torch.Generator().manual_seed(3)
    rows = torch.randn(12, 5, generator=random, dtype=kind)
    index = torch.randint(0, 12, (30, 4), generator=random, dtype=torch.int32)
    share = torch.rand(30, 4, generator=random, dtype=kind)
    upstream = torch.randn(30, 5, generator=random, dtype=kind)
    found = []
    for sample in (
        _sampled,
        lambda a, b, c: F.embedding_bag(b, a, per_sample_weights=c, mode="sum"),
    ):
        given = [rows.clone().requires_grad_(), share.clone().requires_grad_()]
        sums = sample(given[0], index, given[1])
        sums.backward(upstream)
        found.append([sums.detach(), given[0].grad, given[1].grad])
    for ours, theirs in zip(*found, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)
