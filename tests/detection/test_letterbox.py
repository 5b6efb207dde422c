"""Letterbox: the official pixels, and a way back to the frame."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cstrack_bench.detection.letterbox import GREY, letterbox
from cstrack_bench.errors import InputError


def test_pixels_and_geometry_are_the_official_ones(golden: Path) -> None:
    with np.load(golden / "official_letterbox.npz") as file:
        names = [name for name in file.files if name.startswith("image_")]
        assert names
        for name in names:
            key = name.removeprefix("image_")
            expected = file[f"tensor_{key}"]
            result = letterbox(file[name], expected.shape[1:])
            np.testing.assert_array_equal(result.tensor, expected)
            geometry = (result.ratio, result.pad_x, result.pad_y)
            np.testing.assert_allclose(geometry, file[f"ratio_pad_{key}"], atol=1e-12)


@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.sampled_from([(32, 64), (96, 32), (192, 320)]),
)
@settings(max_examples=40, deadline=None)
def test_any_size_fits_and_boxes_come_back(
    height: int, width: int, size: tuple[int, int]
) -> None:
    result = letterbox(np.full((height, width, 3), 7, np.uint8), size)
    assert result.tensor.shape == (3, *size)
    assert set(np.unique(result.tensor)) <= {7, GREY}
    assert (result.tensor == 7).any()
    boxes = np.array([[0.0, 0.0, width, height], [-5.5, 3.25, 9.0, 1e3]])
    back = result.to_image(result.to_network(boxes))
    np.testing.assert_allclose(back, boxes, atol=1e-9 * (1 + 1e3 / result.ratio))


def test_channels_are_turned_to_rgb() -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    image[..., 0] = 200  # blue in BGR
    assert letterbox(image, (32, 32)).tensor[:, 5, 5].tolist() == [0, 0, 200]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(InputError):
        letterbox(image, (32, 32))
