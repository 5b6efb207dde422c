"""Parameter and FLOP counts of docs/reference.md#parameter-counts, #layer-table."""

import pytest
import torch

from cstrack_bench.models.counting import (
    dummy_gflops,
    gflops,
    parameters,
    skeleton,
)
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.jde_config import JdeConfig
from cstrack_bench.models.jde_network import JDE as YoloJde
from cstrack_bench.models.wide_resnet import WideResNet, WideResNetConfig

JDE = {"ren": "none", "reid_head": "basic"}

# size, settings, parameters, GFLOPs at 1088x608, 576x320, 640x640
COUNTS = [
    ("l", {}, 78_863_078, 260.2, 75.1, 162.5),
    ("l", {"ren": "none"}, 54_086_880, 248.4, 69.2, 153.8),
    ("l", {"reid_head": "basic"}, 73_088_573, 203.2, 59.2, 127.2),
    ("l", JDE, 48_312_375, 191.4, 53.3, 118.5),
    ("l", {**JDE, "head_kernel": 3}, 55_652_407, 229.4, 63.9, 142.0),
    ("l", {"ren": "cnn1x1"}, 56_846_560, 256.5, 71.5, 158.8),
    ("l", {"ren": "cnn3x3"}, 78_866_656, 321.5, 89.6, 199.1),
    ("s", {}, 18_079_206, 80.9, 23.2, 50.5),
    ("s", {"ren": "none"}, 11_884_256, 78.0, 21.7, 48.3),
    ("s30", {}, 8_940_150, 59.1, 16.7, 36.7),
    ("m", {}, 41_084_454, 145.6, 42.0, 90.9),
]


@pytest.mark.parametrize(
    ("size", "settings", "count", "large", "small", "square"), COUNTS
)
def test_counts_of_the_official_code(
    size: str, settings: dict, count: int, large: float, small: float, square: float
) -> None:
    model = skeleton(CSTrack, make_config(size, **settings))
    assert parameters(model)["total"] == count
    for shape, wanted in (
        ((608, 1088), large),
        ((320, 576), small),
        ((640, 640), square),
    ):
        assert gflops(model, shape) == pytest.approx(wanted, abs=0.1)


def test_counts_of_jde_on_yolov3() -> None:
    model = skeleton(YoloJde, JdeConfig())
    counts = parameters(model)
    assert counts.pop("total") == sum(counts.values()) == 65_664_808
    for shape, wanted in (
        ((608, 1088), 271.0),
        ((320, 576), 75.5),
        ((480, 864), 169.9),
    ):
        assert gflops(model, shape) == pytest.approx(wanted, abs=0.1)


def test_deepsorts_cost_is_that_of_a_crop_whatever_the_image() -> None:
    model = skeleton(WideResNet, WideResNetConfig())
    counts = parameters(model)
    assert counts.pop("total") == sum(counts.values()) == sum(
        p.numel() for p in model.parameters()
    )  # fmt: skip
    assert gflops(model, (608, 1088)) == gflops(model, (64, 64)) > 0


@pytest.mark.parametrize(
    ("size", "published", "p3"),
    [("n", 1_872_157, 64), ("s", 7_235_389, 128), ("l", 46_563_709, 256)],
)
def test_backbone_and_neck_of_the_new_generation(
    size: str, published: int, p3: int
) -> None:
    """What YOLOv5 v6 prints for 80 classes, less its Detect of 255 channels a level."""
    parts = parameters(skeleton(CSTrack, make_config(size, generation="v6")))
    channels = p3 * (1 + 2 + 4)
    assert parts["backbone"] + parts["neck"] == published - 255 * (channels + 3)
    old = parameters(skeleton(CSTrack, make_config(size)))
    for part in ("REN", "re-id head", "detect"):
        assert parts[part] == old[part]


def test_parts_of_the_large_model() -> None:
    parts = parameters(skeleton(CSTrack, make_config("l")))
    assert parts["backbone"] + parts["neck"] == 47_361_024
    assert parts["REN"] == 24_776_198
    assert parts["re-id head"] == 6_693_545
    assert parts["detect"] == 32_311
    assert parts["total"] == sum(parts.values()) - parts["total"]


def test_layers_of_the_large_model() -> None:
    """Row by row of docs/reference.md#layer-table."""
    model = skeleton(CSTrack, make_config("l"))
    counts = {
        name: sum(p.numel() for p in model.get_submodule(name).parameters())
        for name in (
            "backbone.stem", "backbone.down4", "backbone.stage4", "backbone.down8",
            "backbone.stage8", "backbone.down16", "backbone.stage16",
            "backbone.down32", "backbone.pyramid_pooling", "backbone.stage32",
            "pyramid.lateral32", "pyramid.top16", "pyramid.lateral16",
            "pyramid.out8", "pyramid.down16", "pyramid.out16", "pyramid.down32",
            "pyramid.out32", "ren.0", "ren.1", "ren.2",
        )
    }  # fmt: skip
    assert list(counts.values()) == [
        7_040, 73_984, 161_152, 295_424, 1_627_904, 1_180_672, 6_499_840, 4_720_640,
        2_624_512, 10_234_880, 525_312, 2_823_680, 131_584, 707_328, 590_336,
        2_561_536, 2_360_320, 10_234_880, 1_180_162, 4_719_618, 18_876_418,
    ]  # fmt: skip


def test_the_n_model_is_not_the_golden_one() -> None:
    n = skeleton(CSTrack, make_config("n"))
    golden = skeleton(CSTrack, make_config("n", embedding=512, saan_width=256))
    assert parameters(n)["REN"] == parameters(golden)["REN"]
    assert parameters(n)["re-id head"] < parameters(golden)["re-id head"] / 5


def test_the_dummy_rule_inflates_ren() -> None:
    """docs/reference.md#printed-flops: 1345.2, 155.7, 201.1, of which norms and
    poolings are < 1 %."""
    for settings, wanted in (
        ({}, 1345.2),
        ({"ren": "none"}, 155.7),
        ({"ren": "cnn3x3"}, 201.1),
    ):
        model = skeleton(CSTrack, make_config("l", **settings))
        assert dummy_gflops(model) == pytest.approx(wanted, rel=0.01)


def test_counting_leaves_a_real_model_alone() -> None:
    model = CSTrack(make_config("n", width=0.125))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    assert gflops(model, (64, 64)) > 0
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert model.training
