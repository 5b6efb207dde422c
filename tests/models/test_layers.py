"""Building blocks against the plainest way to say the same."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from cstrack_bench.models.cstrack_config import ModelConfig
from cstrack_bench.models.layers import C3, SILU, SPP, Conv, DepthwiseUpsample, Focus
from cstrack_bench.models.yolov5 import Backbone, PathAggregation, make_backbone


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


def test_the_stem_of_v6_halves_the_image_with_two_pixels_of_padding() -> None:
    torch.manual_seed(0)
    stem = Conv(3, 4, 6, 2, SILU).eval()
    x = torch.randn(1, 3, 64, 96)
    wanted = functional.conv2d(x, stem.convolution.weight, stride=2, padding=2)
    assert wanted.shape == (1, 4, 32, 48)
    torch.testing.assert_close(stem(x), functional.silu(stem.norm(wanted)))
    assert Conv(3, 4, 3).convolution.padding == (1, 1)
    assert Conv(3, 4).convolution.padding == (0, 0)


@pytest.mark.parametrize("shortcut", [True, False])
def test_c3_is_two_branches_and_a_merge(shortcut: bool) -> None:
    torch.manual_seed(0)
    stage = C3(6, 8, 2, shortcut).eval()
    x = torch.randn(2, 6, 5, 7)
    through = stage.enter(x)
    assert through.shape == (2, 4, 5, 7)
    for block in stage.blocks:
        out = block.expand(block.reduce(through))
        through = through + out if shortcut else out
    wanted = stage.merge(torch.cat((through, stage.bypass(x)), 1))
    torch.testing.assert_close(stage(x), wanted)


def test_generations_have_their_own_activation_and_the_same_shapes() -> None:
    shapes = {}
    for generation, kind in (("v2", nn.LeakyReLU), ("v6", nn.SiLU)):
        config = ModelConfig(depth=0.33, width=0.125, generation=generation)
        backbone, neck = make_backbone(config).eval(), PathAggregation(config).eval()
        assert isinstance(backbone, Backbone) == (generation == "v2")
        found = {
            type(part)
            for network in (backbone, neck)
            for part in network.modules()
            if isinstance(part, (nn.LeakyReLU, nn.SiLU))
        }
        assert found == {kind}
        norms = [m for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)]
        assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.03)}
        with torch.no_grad():
            levels = neck(*backbone(torch.rand(1, 3, 64, 96)))
        shapes[generation] = [tuple(level.shape) for level in levels]
    assert shapes["v2"] == shapes["v6"]
    assert shapes["v6"] == [(1, 32, 8, 12), (1, 64, 4, 6), (1, 128, 2, 3)]


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
