"""REN and its replacements (docs/reference.md#ren, #check-relations, section 10 item
2)."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cstrack_bench.models.cstrack_config import ModelConfig, make_config
from cstrack_bench.models.official_weights import load_official
from cstrack_bench.models.reciprocal import Reciprocal, make_ren, relation

CHANNELS = 8


def features(*size: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(2, CHANNELS, *size, generator=generator)


def twin(mode: str, weight: float, like: Reciprocal) -> Reciprocal:
    """The same branches under another mode."""
    other = Reciprocal(CHANNELS, mode, weight)
    other.load_state_dict(like.state_dict())
    if mode in ("self", "cross", "fixed"):
        other.detection_weight.fill_(weight)
        other.reid_weight.fill_(weight)
    return other


@pytest.fixture
def full() -> Reciprocal:
    torch.manual_seed(0)
    return Reciprocal(CHANNELS)


def test_rows_of_both_relations_sum_to_one(full: Reciprocal) -> None:
    for weights in full.relations(features(9, 13)):
        assert weights.shape == (2, CHANNELS, CHANNELS)
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, CHANNELS))
        assert weights.min() >= 0


def test_weights_one_and_zero_are_the_pure_relations(full: Reciprocal) -> None:
    x = features(6, 10)
    for mode, value in (("self", 1.0), ("cross", 0.0)):
        pure, mixed = twin(mode, value, full), twin("fixed", value, full)
        for ours, theirs in zip(pure(x), mixed(x), strict=True):
            torch.testing.assert_close(ours, theirs)
    own, cross = twin("self", 1.0, full)(x), twin("cross", 0.0, full)(x)
    assert (own[0] - cross[0]).abs().max() > 0.1


def test_mixture_is_linear_in_the_weight(full: Reciprocal) -> None:
    x = features(6, 10)
    own, cross = twin("self", 1.0, full)(x), twin("cross", 0.0, full)(x)
    mixed = twin("fixed", 0.25, full)(x)
    for task in (0, 1):
        wanted = 0.25 * own[task] + 0.75 * cross[task]
        torch.testing.assert_close(mixed[task], wanted)


def test_cross_relation_reads_the_other_task() -> None:
    first, second = features(5, 12).flatten(2), features(5, 12).flatten(2).flip(1)
    weights = relation(first, second)
    # Row c of A belongs to column C - 1 - c of B, which is the same vector.
    assert (weights.argmax(-1) == torch.arange(CHANNELS).flip(0)).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (6, 10), (19, 34), (24, 40)])
def test_shape_is_kept_at_any_size(full: Reciprocal, size: tuple[int, int]) -> None:
    x = features(*size)
    assert all(out.shape == x.shape for out in full.eval()(x))


def test_self_relation_of_white_noise_is_the_identity() -> None:
    # Zero mean, unit variance, uncorrelated: the output is 2F
    # (docs/reference.md#ren-properties).
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(1, 32, 60, generator=generator)
    noise = torch.nn.functional.instance_norm(noise)
    torch.testing.assert_close(
        relation(noise, noise)[0], torch.eye(32), atol=1e-6, rtol=0
    )


def test_golden_self_relations_are_not_the_identity(golden: Path) -> None:
    """docs/reference.md#ren-properties: mean diagonal 0.47, 0.37, 0.25 at P3, P4,
    P5."""
    model, _ = load_official(golden / "official_cstrack_d033_w025.pt")
    with np.load(golden / "official_cstrack_d033_w025_io.npz") as recorded:
        for level, ren, wanted in zip(
            ("p3", "p4", "p5"), model.ren, (0.47, 0.37, 0.25), strict=True
        ):
            assert isinstance(ren, Reciprocal)
            ren.mode = "self"
            neck = torch.from_numpy(recorded[f"neck_{level}"])
            with torch.no_grad():
                both = torch.stack(ren.relations(neck))
            diagonal = both.diagonal(dim1=-2, dim2=-1).mean().item()
            assert diagonal == pytest.approx(wanted, abs=0.02)


def test_learned_weights_get_a_gradient_and_fixed_ones_are_no_parameters() -> None:
    learned, fixed = Reciprocal(CHANNELS), Reciprocal(CHANNELS, "fixed", 0.3)
    detection, reid = learned(features(6, 10))
    (detection.square().sum() + 2 * reid.square().sum()).backward()
    for name in ("detection_weight", "reid_weight"):
        gradient = learned.get_parameter(name).grad
        assert gradient is not None
        assert gradient.abs().item() > 0
    assert not any(
        "weight" in n and "conv" not in n for n, _ in fixed.named_parameters()
    )
    assert fixed.detection_weight.item() == pytest.approx(0.3)


def test_half_precision_does_not_round_the_relations(full: Reciprocal) -> None:
    x = features(6, 10)
    exact = full.relations(x)[0]
    with torch.autocast("cpu", torch.bfloat16):
        close = full.relations(x)[0]
    assert close.dtype == torch.float32
    torch.testing.assert_close(close.sum(-1), exact.sum(-1))


def test_without_ren_both_tasks_read_the_neck() -> None:
    ren = make_ren(make_config("n", ren="none"))
    x = torch.randn(1, 64, 4, 4)
    assert all(out is x for out in ren[0](x))


@pytest.mark.parametrize("mode", ["cnn1x1", "cnn3x3", "cnn_pooled1x1"])
def test_replacements_decouple_the_tasks_and_train(mode: str) -> None:
    torch.manual_seed(0)
    config = ModelConfig(width=0.0625, ren=mode)  # type: ignore[arg-type]
    ren = make_ren(config)[0]
    x = torch.randn(2, 16, 12, 20)
    detection, reid = ren(x)
    assert detection.shape == reid.shape == x.shape
    assert (detection - reid).abs().max() > 1e-3
    (detection.square().sum() + reid.square().sum()).backward()
    assert all(p.grad is not None for p in ren.parameters())


def test_input_projection_changes_only_what_is_multiplied() -> None:
    torch.manual_seed(0)
    ren = Reciprocal(CHANNELS, input_projection=True)
    assert ren.projection is not None
    torch.nn.init.zeros_(ren.projection.weight)
    torch.nn.init.zeros_(ren.projection.bias)
    x = features(6, 10)
    assert all(torch.equal(out, x) for out in ren(x))
