"""Costs, and the assignment with a cost of staying unmatched."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from cstrack_bench.tracking.matching import (
    assign,
    cosine_costs,
    fuse_motion,
    iou_costs,
    normalise,
)


def extended(costs: np.ndarray, limit: float) -> float:
    """Value of the (N + M)² problem in which any may stay unmatched."""
    rows, columns = costs.shape
    size = rows + columns
    square = np.full((size, size), limit / 2)
    square[rows:, columns:] = 0.0
    square[:rows, :columns] = np.where(np.isfinite(costs), costs, 1e6)
    i, j = linear_sum_assignment(square)
    return float(square[i, j].sum())


@given(
    st.integers(0, 10**6), st.integers(0, 7), st.integers(0, 7), st.floats(0.05, 0.9)
)
@settings(max_examples=80, deadline=None)
def test_it_solves_the_extended_problem(
    seed: int, rows: int, columns: int, limit: float
) -> None:
    rng = np.random.default_rng(seed)
    costs = rng.random((rows, columns))
    costs[rng.random(costs.shape) < 0.2] = np.inf
    i, j = assign(costs.copy(), limit)
    assert len(set(i)) == len(i)
    assert len(set(j)) == len(j)
    assert (costs[i, j] <= limit).all()
    value = costs[i, j].sum() + (rows + columns - 2 * len(i)) * limit / 2
    assert value == pytest.approx(extended(costs, limit))


def test_a_pair_exactly_at_the_limit_is_accepted() -> None:
    assert [a.tolist() for a in assign(np.array([[0.4]]), 0.4)] == [[0], [0]]
    above = np.array([[np.nextafter(0.4, 1)]])
    assert [a.tolist() for a in assign(above, 0.4)] == [[], []]


def test_one_cheap_pair_beats_two_middling_ones() -> None:
    costs = np.array([[0.0, 0.35], [0.3, np.inf]])
    assert [a.tolist() for a in assign(costs, 0.4)] == [[0], [0]]


def test_overlap_counts_the_last_pixel() -> None:
    boxes = np.array([[0.0, 0.0, 9.0, 9.0]])
    other = np.array([[5.0, 0.0, 14.0, 9.0], [10.0, 0.0, 19.0, 9.0]])
    assert iou_costs(boxes, other)[0].tolist() == pytest.approx([1 - 50 / 150, 1.0])


def test_vectors_without_direction_become_zero() -> None:
    rows = np.array([[3, 4], [0, 0], [np.nan, 1], [np.inf, 1]], np.float32)
    normalise(rows)
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0], [0, 0], [0, 0]], rtol=1e-6)
    costs = cosine_costs(rows[:2], rows)
    np.testing.assert_allclose(costs, [[0, 1, 1, 1], [1, 1, 1, 1]], atol=1e-6)
    assert costs.dtype == np.float64


def test_the_gate_forbids_and_motion_is_mixed_in() -> None:
    fused = fuse_motion(
        np.array([[0.5, 0.5, 0.5]]), np.array([[1.0, 9.4877, 9.49]]), 9.4877, 0.98
    )
    assert fused[0].tolist() == pytest.approx([0.51, 0.49 + 0.02 * 9.4877, np.inf])
