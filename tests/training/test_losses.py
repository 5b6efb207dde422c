"""The loss against the official implementation's, and at its edges."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from cstrack_bench.models.network_base import Output
from cstrack_bench.training.losses import CSTrackLoss, complete_iou
from cstrack_bench.training.train_config import LossConfig

CASES = ("typical", "tiny", "unlabelled", "one", "large_only")


def _official(golden: Path, case: str) -> tuple[CSTrackLoss, Output, torch.Tensor]:
    arrays = np.load(golden / "official_loss.npz")
    strides = (8, 16, 32)
    grid = torch.from_numpy(arrays["anchors_grid"]).float()
    pixels = grid * torch.tensor(strides).view(3, 1, 1)
    weight = torch.from_numpy(arrays["classifier_weight"])
    loss = CSTrackLoss(
        pixels, strides, weight.shape[1], int(arrays["n_id"]), LossConfig()
    )
    loss.classifier.weight.data.copy_(weight)
    raw = tuple(torch.from_numpy(arrays[f"{case}_raw_p{p}"]) for p in (3, 4, 5))
    maps = (torch.from_numpy(arrays[f"{case}_embedding_map"]),)
    return loss, Output(raw, maps), torch.from_numpy(arrays[f"{case}_targets"]).float()


@pytest.mark.parametrize("case", CASES)
def test_equals_the_official_loss(golden: Path, case: str) -> None:
    loss, output, targets = _official(golden, case)
    with torch.no_grad():
        items = loss(output, targets)
    expected = np.load(golden / "official_loss.npz")
    box, identity, objectness, _ = expected[f"{case}_items"]
    total = float(expected[f"{case}_total"].item())
    assert float(items.box) == pytest.approx(float(box), rel=1e-4)
    assert float(items.identity) == pytest.approx(float(identity), rel=1e-4)
    assert float(items.objectness) == pytest.approx(float(objectness), rel=1e-4)
    assert float(items.total) == pytest.approx(total, rel=1e-4)


def _random_output(seed: int = 0, maps: int = 1) -> Output:
    random = torch.Generator().manual_seed(seed)
    raw = tuple(
        torch.randn(2, 3, 64 // s, 96 // s, 6, generator=random).requires_grad_()
        for s in (8, 16, 32)
    )
    embeddings = tuple(
        torch.randn(2, 64 // s, 96 // s, 16, generator=random).requires_grad_()
        for s in (8, 16, 32)[:maps]
    )
    return Output(raw, embeddings)


def _loss(identities: int = 5, **options: object) -> CSTrackLoss:
    anchors = torch.tensor(
        [
            [[8.0, 24.0], [11, 34], [16, 48]],
            [[32, 96], [45, 135], [64, 192]],
            [[128, 384], [180, 540], [256, 640]],
        ]
    )
    torch.manual_seed(0)
    config = LossConfig(**options)  # type: ignore[arg-type]
    return CSTrackLoss(anchors, (8, 16, 32), 16, identities, config)


TARGETS = torch.tensor(
    [
        [0, 1, 0.5, 0.5, 0.1, 0.4],
        [0, 0, 0.2, 0.3, 0.1, 0.3],
        [1, 3, 0.7, 0.6, 0.15, 0.5],
    ]
)


def test_nobody_with_an_identity_costs_nothing_and_is_finite() -> None:
    targets = TARGETS.clone()
    targets[:, 1] = 0
    items = _loss()(_random_output(), targets)
    assert float(items.identity) == 0.0
    assert math.isfinite(float(items.total.detach()))


def test_an_image_without_people_still_has_a_gradient() -> None:
    output = _random_output()
    items = _loss()(output, torch.zeros(0, 6))
    items.total.backward()
    assert float(items.box) == 0.0
    assert output.raw[0].grad is not None
    assert float(output.raw[0].grad[..., 4].abs().sum()) > 0


def test_eta_scales_the_identity_term_alone() -> None:
    low = _loss(identity=0.0)(_random_output(), TARGETS)
    high = _loss(identity=0.5)(_random_output(), TARGETS)
    assert float(high.total - low.total) == pytest.approx(
        2 * 0.5 * float(high.identity), rel=1e-5
    )
    assert float(high.box) == float(low.box)


def test_a_person_without_identity_does_not_move_the_identity_loss() -> None:
    moved = TARGETS.clone()
    moved[1, 2:4] = 0.8
    output = _random_output()
    assert float(_loss()(output, TARGETS).identity) == pytest.approx(
        float(_loss()(output, moved).identity)
    )


def test_one_map_a_level_counts_a_person_on_the_levels_that_fit() -> None:
    output = _random_output(maps=3)
    items = _loss()(output, TARGETS)
    items.identity.backward()
    touched = [m.grad is not None and bool(m.grad.any()) for m in output.embeddings]
    # 10 × 26 px fits the anchors of P3 and P4 within a factor 4, those of P5 not.
    assert touched == [True, True, False]


def test_the_last_positive_of_a_slot_gives_the_objectness_target() -> None:
    loss = _loss()
    output = _random_output()
    twice = torch.tensor([[0, 1, 0.5, 0.5, 0.1, 0.4], [0, 2, 0.5, 0.5, 0.12, 0.5]])
    forward = loss(output, twice)
    backward = loss(output, twice.flip(0))
    assert float(forward.objectness) != float(backward.objectness)
    assert float(forward.box) == pytest.approx(float(backward.box))


def test_focal_weights_the_positives_by_alpha() -> None:
    plain = _loss(objectness=1.0)(_random_output(), TARGETS)
    focal = _loss(focal_alpha=0.25)(_random_output(), TARGETS)
    assert float(focal.objectness) < float(plain.objectness)


def test_complete_iou_of_a_box_with_itself_is_one() -> None:
    boxes = torch.tensor([[5.0, 5, 2, 6], [1, 1, 0.5, 0.5]])
    assert torch.allclose(complete_iou(boxes, boxes), torch.ones(2))


def test_complete_iou_punishes_distance_and_shape() -> None:
    box = torch.tensor([[5.0, 5, 2, 4]])
    near = complete_iou(box, torch.tensor([[6.0, 5, 2, 4]]))
    far = complete_iou(box, torch.tensor([[50.0, 5, 2, 4]]))
    assert float(far) < 0 < float(near) < 1


def test_nothing_of_the_device_is_read_when_targets_are_on_the_host() -> None:
    # Tensors of the meta device hold no numbers: to read one is an error.
    loss = _loss().to("meta")
    output = _random_output()
    away = Output(
        tuple(raw.detach().to("meta").requires_grad_() for raw in output.raw),
        tuple(maps.detach().to("meta").requires_grad_() for maps in output.embeddings),
    )
    items = loss(away, TARGETS)
    assert items.total.device.type == "meta"
    items.total.backward()
