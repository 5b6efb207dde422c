"""Suppression: the official boxes in the official order, and the fast path's claim."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cstrack_bench.detection.embeddings import cells
from cstrack_bench.detection.nms import NmsConfig, keep_boxes, suppress
from cstrack_bench.errors import InputError


def dense_cluster_diou(boxes: np.ndarray, config: NmsConfig) -> np.ndarray:
    """docs/reference.md#nms word by word, on the whole matrix."""
    one, two = boxes[:, None], boxes[None]
    low, high = (
        np.maximum(one[..., :2], two[..., :2]),
        np.minimum(one[..., 2:], two[..., 2:]),
    )
    inter = np.maximum(high - low, 0).prod(-1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(-1)
    union = area[:, None] + area - inter
    iou = np.divide(inter, union, out=np.zeros_like(union), where=union > 0)
    outer = np.maximum(one[..., 2:], two[..., 2:]) - np.minimum(
        one[..., :2], two[..., :2]
    )
    diagonal = (outer**2).sum(-1)
    shift = (one[..., :2] + one[..., 2:] - two[..., :2] - two[..., 2:]) / 2
    part = np.divide(
        (shift**2).sum(-1), diagonal, out=np.zeros_like(iou), where=diagonal > 0
    )
    fixed = np.triu(iou - part ** np.float32(config.diou_power), 1)
    following = fixed
    for _ in range(config.max_rounds):
        matrix = following
        largest = matrix.max(axis=0)
        following = fixed * (largest < np.float32(config.iou))[:, None]
        if np.array_equal(matrix, following):
            break
    return np.flatnonzero(largest <= np.float32(config.iou))[: config.max_boxes]


def greedy(boxes: np.ndarray, threshold: float) -> list[int]:
    """Plain NMS, one box after another."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        for other in boxes[kept]:
            low, high = np.maximum(box[:2], other[:2]), np.minimum(box[2:], other[2:])
            inter = np.maximum(high - low, 0).prod()
            areas = (box[2:] - box[:2]).prod() + (other[2:] - other[:2]).prod()
            if inter / (areas - inter) > np.float32(threshold):
                break
        else:
            kept.append(index)
    return kept


def crowd(seed: int, count: int, spread: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0, spread, (count, 2))
    side = rng.uniform(20, 60, (count, 2))
    return np.concatenate([centre - side / 2, centre + side / 2], 1).astype(np.float32)


def chain(count: int) -> np.ndarray:
    """Boxes in a row, each suppressing only the next."""
    left = np.arange(count) * np.float32(8)
    zero = np.zeros_like(left)
    return np.stack([left, zero, left + 60, zero + 100], 1).astype(np.float32)


def test_kept_boxes_and_cells_are_the_official_ones(golden: Path) -> None:
    with np.load(golden / "official_nms.npz") as file:
        keys = [k.removeprefix("pred_") for k in file.files if k.startswith("pred_")]
        assert "chains" in keys
        for key in keys:
            kept, sources = suppress(torch.from_numpy(file[f"pred_{key}"]), NmsConfig())
            expected = file[f"kept_{key}"]
            assert kept.shape == expected.shape
            np.testing.assert_allclose(kept, expected, atol=1e-3)
            assert len(sources) == len(kept)
            columns, rows = cells(kept[:, :4], 8, (76, 136))
            assert columns.tolist() == np.maximum(file[f"cell_x_{key}"], 0).tolist()
            assert rows.tolist() == np.maximum(file[f"cell_y_{key}"], 0).tolist()


@given(
    st.integers(0, 10**6),
    st.integers(0, 80),
    st.sampled_from([60.0, 200.0, 2000.0]),
    st.sampled_from([0.1, 0.45, 0.6, 0.9]),
)
@settings(max_examples=80, deadline=None)
def test_the_sparse_graph_gives_the_dense_result(
    seed: int, count: int, spread: float, threshold: float
) -> None:
    boxes = crowd(seed, count, spread)
    config = NmsConfig(iou=threshold)
    expected = dense_cluster_diou(boxes, config) if count else np.zeros(0)
    assert keep_boxes(boxes, config).tolist() == expected.tolist()


@given(
    st.integers(0, 10**6),
    st.integers(0, 60),
    st.sampled_from([60.0, 200.0]),
    st.sampled_from([0.1, 0.4, 0.7]),
)
@settings(max_examples=60, deadline=None)
def test_plain_nms_is_the_greedy_one(
    seed: int, count: int, spread: float, threshold: float
) -> None:
    boxes = crowd(seed, count, spread)
    config = NmsConfig(kind="iou", iou=threshold)
    assert keep_boxes(boxes, config).tolist() == greedy(boxes, threshold)


@pytest.mark.parametrize(("count", "rounds"), [(9, 200), (260, 200), (30, 4)])
def test_a_chain_longer_than_the_rounds_stops_half_way(count: int, rounds: int) -> None:
    boxes = chain(count)
    config = NmsConfig(max_rounds=rounds)
    expected = dense_cluster_diou(boxes, config).tolist()
    assert keep_boxes(boxes, config).tolist() == expected
    settled = list(range(0, count, 2))
    assert (expected == settled) == (count < rounds)


def test_objectness_alone_or_times_the_class_score() -> None:
    prediction = torch.tensor([[50.0, 50, 20, 40, 0.6, 0.5], [200, 50, 20, 40, 0.9, 1]])
    kept, sources = suppress(prediction, NmsConfig())
    assert sources.tolist() == [1]
    assert kept[0].tolist() == pytest.approx([190, 30, 210, 70, 0.9, 0])
    kept, sources = suppress(prediction, NmsConfig(score="objectness"))
    assert sources.tolist() == [1, 0]
    assert kept[:, 4].tolist() == pytest.approx([0.9, 0.6])


def test_the_threshold_itself_does_not_pass() -> None:
    prediction = torch.tensor([[50.0, 50, 20, 40, 0.5, 1.0]])
    assert len(suppress(prediction, NmsConfig())[0]) == 0
    assert len(suppress(prediction, NmsConfig(confidence=0.499))[0]) == 1


def test_at_most_so_many_boxes_best_first() -> None:
    prediction = torch.zeros(40, 6)
    prediction[:, 0] = torch.arange(40) * 100
    prediction[:, 2:4] = 50
    prediction[:, 4] = torch.linspace(0.6, 0.9, 40)
    prediction[:, 5] = 1
    _, sources = suppress(prediction, NmsConfig(max_boxes=3))
    assert sources.tolist() == [39, 38, 37]


def test_boxes_without_numbers_or_size_do_no_harm() -> None:
    prediction = torch.tensor(
        [
            [float("nan"), 50, 20, 40, 0.9, 1],
            [50, 50, float("inf"), 40, 0.9, 1],
            [50, 50, 0, 0, 0.8, 1],
            [50, 50, 0, 0, 0.7, 1],
        ]
    )
    kept, sources = suppress(prediction, NmsConfig())
    assert np.isfinite(kept).all()
    assert sources.tolist() == [2, 3]
    assert len(suppress(torch.zeros(0, 6), NmsConfig(kind="iou", iou=0.4))[0]) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "clusterdiou"},
        {"score": "class"},
        {"confidence": 1.5},
        {"iou": 0.0},
        {"max_boxes": 0},
    ],
)
def test_wrong_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(InputError):
        NmsConfig(**wrong)
