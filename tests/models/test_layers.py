"""Building blocks against the plainest way to say the same."""

import torch
from torch.nn import functional

from cstrack_bench.models.layers import SPP, Conv, DepthwiseUpsample, Focus


def test_focus_orders_its_phases_by_column_then_row() -> None:
    focus = Focus(1, 4)
    seen = []
    focus.conv.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    image = torch.arange(4.0).reshape(1, 1, 2, 2)  # rows (0 1), (2 3)
    focus.eval()(image)
    assert seen[0].flatten().tolist() == [0, 2, 1, 3]


def test_norm_constants_are_those_of_yolov5() -> None:
    norm = Conv(3, 8).norm
    assert (norm.eps, norm.momentum) == (1e-3, 0.03)


def test_pyramid_pooling_equals_windows_of_5_9_13() -> None:
    torch.manual_seed(0)
    spp = SPP(8, 16).eval()
    x = torch.randn(2, 8, 7, 11)
    seen = []
    spp.merge.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    spp(x)
    reduced = seen[0][:, :4]
    pooled = [functional.max_pool2d(reduced, k, 1, k // 2) for k in (5, 9, 13)]
    torch.testing.assert_close(seen[0], torch.cat([reduced, *pooled], 1))


def test_learned_upsampling_keeps_channels_apart_and_half_precision() -> None:
    torch.manual_seed(0)
    for factor in (2, 4):
        up = DepthwiseUpsample(3, factor)
        x = torch.randn(1, 3, 5, 6)
        x[:, 1] = 0
        out = up(x)
        assert out.shape == (1, 3, 5 * factor, 6 * factor)
        assert out[:, 1].abs().max() == 0
        assert out[:, 0].abs().max() > 0
        with torch.autocast("cpu", torch.bfloat16):
            half = up(x.bfloat16())
        assert half.dtype == torch.bfloat16
        torch.testing.assert_close(half.float(), out, atol=0.05, rtol=0.05)
