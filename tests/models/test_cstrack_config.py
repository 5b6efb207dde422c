"""Sizes, presets, and settings that cannot be built."""

import math
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_config import SIZES, ModelConfig, make_config


@given(st.floats(0.05, 2), st.sampled_from([64, 128, 256, 512, 1024]))
def test_channels_are_the_next_multiple_of_eight(width: float, count: int) -> None:
    channels = ModelConfig(width=width).channels(count)
    assert channels % 8 == 0
    assert 0 <= channels - count * width < 8


@given(st.floats(0.01, 2))
def test_repeats_scale_but_never_vanish(depth: float) -> None:
    config = ModelConfig(depth=depth)
    assert config.repeats(1) == 1
    assert config.repeats(9) == max(1, round(9 * depth))


def test_every_size_has_its_own_numbers() -> None:
    assert make_config("n").level_channels == (64, 128, 256)
    assert make_config("s30").level_channels == (80, 160, 312)
    assert make_config("n").saan_width == 64
    assert make_config("n").embedding == 128
    assert make_config("xs").level_channels == (32, 64, 128)
    assert (make_config("xs").embedding, make_config("xs").saan_width) == (128, 32)
    official = SIZES.keys() - {"n", "xs"}
    assert {make_config(size).saan_width for size in official} == {256}


def test_presets_differ_and_single_values_win() -> None:
    paper = make_config("n", "paper")
    assert paper.ren_input_projection
    assert paper.attention_order == "serial"
    assert paper.saan_layout == "paper"
    assert make_config("n") == ModelConfig(**SIZES["n"])
    mixed = make_config("n", "paper", ren_input_projection=False, depth=1.0)
    assert (mixed.ren_input_projection, mixed.depth) == (False, 1.0)


def test_embedding_maps_by_head() -> None:
    assert make_config("n").embedding_strides == (8,)
    assert make_config("n", reid_head="basic").embedding_strides == (8, 16, 32)
    one = make_config("n", reid_head="basic", embed_from="p3")
    assert one.embedding_strides == (8,)


@pytest.mark.parametrize(
    ("setting", "value", "hint"),
    [
        ("ren", "ful", "the nearest is 'full'"),
        ("generation", "v5", "the nearest is 'v"),
        ("head_kernel", 2, "choose from 1, 3"),
        ("width", 0.0, "above 0"),
        ("width", "0.5", "give a number"),
        ("depth", math.nan, "give a number"),
        ("embedding", 0, "at least 1"),
        ("embedding", 12.5, "whole number"),
        ("saan_width", 30, "multiple of 4"),
        ("ren_lambda", math.inf, "give a number"),
        ("anchors", (((8, 24),),), "three levels of three"),
    ],
)
def test_wrong_values_are_named(setting: str, value: object, hint: str) -> None:
    with pytest.raises(InputError, match=f"model.{setting} .*{hint}|{setting} must"):
        make_config("n", **{setting: value})


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(InputError, match="the nearest is 's30'"):
        make_config("s3")
    with pytest.raises(InputError, match="the nearest is 'paper'"):
        make_config("n", "papr")
    with pytest.raises(InputError, match="the nearest is 'width'"):
        make_config("n", widht=1)


def test_anchors_from_lists_are_the_same_configuration() -> None:
    config = make_config("n")
    anchors = [[list(pair) for pair in level] for level in config.anchors]
    assert make_config("n", anchors=anchors) == config


def test_headers_from_before_the_second_generation_are_the_first() -> None:
    config = make_config("n")
    stored = asdict(config)
    assert stored.pop("generation") == "v2"
    assert "system" not in stored
    assert make_config(**stored) == config
