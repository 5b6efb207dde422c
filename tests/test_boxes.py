"""Box arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cstrack_bench.boxes import iou_matrix, xywh_to_xyxy, xyxy_to_xywh

# Training in the same process has the processor flush denormals, also hypothesis's.
place = st.floats(-1e3, 1e3, allow_subnormal=False)
side = st.floats(0.01, 1e3, allow_subnormal=False)
boxes = st.lists(
    st.tuples(place, place, side, side),
    min_size=1,
    max_size=6,
).map(lambda rows: xywh_to_xyxy(np.array(rows)))


@given(boxes, boxes)
def test_iou_is_symmetric_and_bounded(a: np.ndarray, b: np.ndarray) -> None:
    overlap = iou_matrix(a, b)
    assert np.allclose(overlap, iou_matrix(b, a).T)
    assert overlap.min() >= 0
    assert overlap.max() <= 1 + 1e-9
    assert np.allclose(np.diag(iou_matrix(a, a)), 1)


def test_known_overlaps() -> None:
    a = np.array([[0.0, 0, 10, 10]])
    b = np.array([[5.0, 0, 15, 10], [20, 20, 30, 30], [0, 0, 10, 10]])
    assert iou_matrix(a, b)[0] == pytest.approx([1 / 3, 0, 1])


def test_an_extra_pixel_counts_the_last_one_as_inside() -> None:
    a, b = np.array([[0.0, 0, 1, 1]]), np.array([[1.0, 0, 2, 1]])
    assert iou_matrix(a, b)[0, 0] == 0
    assert iou_matrix(a, b, extra=1)[0, 0] == pytest.approx(2 / 6)


def test_empty_boxes_have_no_overlap() -> None:
    point = np.zeros((1, 4))
    assert iou_matrix(point, point)[0, 0] == 0
    assert iou_matrix(np.zeros((0, 4)), point).shape == (0, 1)


@given(boxes)
def test_conversions_are_inverse(a: np.ndarray) -> None:
    assert np.allclose(xywh_to_xyxy(xyxy_to_xywh(a)), a)
