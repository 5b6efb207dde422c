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
    assert float(items.box.detach()) == 0.0
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


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _ciou(a: list[float], b: list[float]) -> float:
    """docs/reference.md#box-loss, of two boxes cx, cy, w, h."""
    width = min(a[0] + a[2] / 2, b[0] + b[2] / 2) - max(
        a[0] - a[2] / 2, b[0] - b[2] / 2
    )
    height = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(
        a[1] - a[3] / 2, b[1] - b[3] / 2
    )
    inner = max(width, 0) * max(height, 0)
    iou = inner / (a[2] * a[3] + b[2] * b[3] - inner)
    outer_width = max(a[0] + a[2] / 2, b[0] + b[2] / 2) - min(
        a[0] - a[2] / 2, b[0] - b[2] / 2
    )
    outer_height = max(a[1] + a[3] / 2, b[1] + b[3] / 2) - min(
        a[1] - a[3] / 2, b[1] - b[3] / 2
    )
    distance = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
    v = 4 / math.pi**2 * (math.atan(a[2] / a[3]) - math.atan(b[2] / b[3])) ** 2
    alpha = v / (1 - iou + v)
    return iou - distance / (outer_width**2 + outer_height**2) - alpha * v


def _cells(centre: float, length: int) -> list[int]:
    """The centre's cell and the nearer neighbour, along one side."""
    own = min(int(centre), length - 1)
    if centre % 1 < 0.5 and centre > 1:
        return [own, own - 1]
    if (length - centre) % 1 < 0.5 and length - centre > 1:
        return [own, own + 1]
    return [own]


def _by_hand(loss: CSTrackLoss, output: Output, targets: torch.Tensor) -> list[float]:
    """Box, identity and objectness losses by loops over anchors and people."""
    config = loss.config
    box_loss = objectness_loss = 0.0
    for raw, anchors, balance in zip(
        output.raw, loss.anchors.tolist(), config.level_balance, strict=True
    ):
        values = raw.detach().double()
        images, count, height, width, _ = values.shape
        wanted = np.zeros((images, count, height, width))
        distances = []
        for number, anchor in enumerate(anchors):
            for image, _, cx, cy, w, h in targets.double().tolist():
                true = [cx * width, cy * height, w * width, h * height]
                ratios = [true[2] / anchor[0], true[3] / anchor[1]]
                if max(*ratios, *(1 / r for r in ratios)) >= config.anchor_ratio:
                    continue
                columns, rows = _cells(true[0], width), _cells(true[1], height)
                for column, row in [
                    *((c, rows[0]) for c in columns),
                    *((columns[0], r) for r in rows[1:]),
                ]:
                    tx, ty, tw, th = values[
                        int(image), number, row, column, :4
                    ].tolist()
                    found = [
                        _sigmoid(tx) * 2 - 0.5 + column,
                        _sigmoid(ty) * 2 - 0.5 + row,
                        (_sigmoid(tw) * 2) ** 2 * anchor[0],
                        (_sigmoid(th) * 2) ** 2 * anchor[1],
                    ]
                    overlap = _ciou(found, true)
                    distances.append(1 - overlap)
                    wanted[int(image), number, row, column] = max(overlap, 0)
        box_loss += float(np.mean(distances)) if distances else 0.0
        p = 1 / (1 + np.exp(-values[..., 4].numpy()))
        entropy = -(wanted * np.log(p) + (1 - wanted) * np.log(1 - p))
        objectness_loss += balance * float(entropy.mean())
    (embeddings,) = output.embeddings
    weight = loss.classifier.weight.detach().double().numpy()
    entropies = []
    for image, identity, cx, cy, _, _ in targets.tolist():
        if identity == 0:
            continue
        height, width = embeddings.shape[1:3]
        vector = embeddings[int(image), int(cy * height), int(cx * width)]
        unit = vector.detach().double().numpy()
        unit = unit / np.linalg.norm(unit)
        logits = weight @ unit * math.sqrt(2) * math.log(loss.identities - 1)
        entropies.append(np.log(np.exp(logits).sum()) - logits[int(identity)])
    identity_loss = float(np.mean(entropies))
    return [config.box * box_loss, identity_loss, config.objectness * objectness_loss]


@pytest.mark.parametrize("seed", range(3))
def test_equals_its_formulas_by_loops(seed: int) -> None:
    random = np.random.default_rng(seed)
    # Apart from each other, so that no two of them claim one slot.
    across = (np.arange(5) + 0.15 + random.random(5) * 0.7) / 5
    people = np.stack(
        [
            [0, 1, across[0], 0.02, 0.1, 0.3],  # in the first row of cells
            [0, 2, across[2], random.uniform(0.3, 0.9), 0.12, 0.55],
            [0, 0, across[4], random.uniform(0.3, 0.9), 0.3, 0.9],
            [1, 4, across[1], random.uniform(0.1, 0.9), 0.15, 0.5],
            [1, 1, across[3], random.uniform(0.1, 0.9), 0.08, 0.2],
        ]
    )
    targets = torch.from_numpy(people).float()
    loss = _loss(box=0.07, objectness=1.7, identity=0.3)
    output = _random_output(seed)
    items = loss(output, targets)
    box, identity, objectness = _by_hand(loss, output, targets)
    found = [float(one.detach()) for one in items]
    total = 2 * (box + objectness + 0.3 * identity)
    assert found == pytest.approx([total, box, identity, objectness], rel=1e-4)
