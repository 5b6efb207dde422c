"""Where a picture lies in the input of a CenterNet network."""

import numpy as np
import pytest

from cstrack_bench.center_affine import CenterAffine, centred, letterboxed_cells


def test_the_longer_side_fills_the_width() -> None:
    affine = centred((1080, 1920), (544, 960))
    # Scale one half; 1080 rows become 540 of 544.
    assert affine.to_map(np.array([[0.0, 0.0], [1920.0, 1080.0]])) == pytest.approx(
        np.array([[0.0, 2.0], [960.0, 542.0]])
    )


def test_of_a_picture_of_4_to_3_top_and_bottom_are_cut_off() -> None:
    affine = centred((480, 640), (544, 960))
    assert affine.scale == 1.5
    above = affine.to_picture(np.array([[0.0, 0.0]]))[0, 1]
    assert above == pytest.approx(58.667, abs=1e-3)


def test_an_odd_size_goes_through_both_rules() -> None:
    boxes = np.array([[10.0, 20.0, 110.0, 320.0]])
    for affine in (
        centred((880, 1173), (544, 960)),
        letterboxed_cells((880, 1173), (608, 1088), 4),
    ):
        moved = affine.boxes_to_map(boxes)
        sides = (moved[:, 2:] - moved[:, :2]) / affine.scale
        assert sides == pytest.approx(np.array([[100.0, 300.0]]), abs=1e-3)
        assert affine.boxes_to_picture(moved) == pytest.approx(boxes, abs=1e-9)


def test_letterboxed_cells_follow_the_narrower_side() -> None:
    # 608 rows for 880: 0.691 input pixels a picture pixel, a quarter of that in cells.
    affine = letterboxed_cells((880, 1173), (608, 1088), 4)
    assert affine.size == (152, 272)
    assert affine.scale == pytest.approx(608 / 880 / 4)
    wide = letterboxed_cells((500, 2000), (608, 1088), 4)
    assert wide.scale == pytest.approx(1088 / 2000 / 4)


def test_a_rotation_turns_about_the_centre() -> None:
    affine = CenterAffine((50.0, 40.0), 100.0, (100, 100), rotation=90.0)
    points = np.array([[50.0, 40.0], [60.0, 40.0]])
    assert affine.to_map(points) == pytest.approx(
        np.array([[50.0, 50.0], [50.0, 40.0]]), abs=1e-5
    )
    assert affine.to_picture(affine.to_map(points)) == pytest.approx(points, abs=1e-5)


def test_no_box_is_fine() -> None:
    affine = centred((480, 640), (544, 960))
    assert affine.boxes_to_map(np.zeros((0, 4))).shape == (0, 4)
