"""Boxes stay on what they belong to, whatever is done to the picture."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from cstrack_bench.detection.letterbox import letterbox
from cstrack_bench.errors import InputError
from cstrack_bench.placement import GREY, letterboxed, stretched
from cstrack_bench.training_data.augment import (
    AugmentConfig,
    augment_image,
    clip,
    fit,
    move_boxes,
    placement_of,
)

STILL = AugmentConfig(hue=0, saturation=0, value=0, flip=0, fit="letterbox")
JDE = AugmentConfig(
    hue=0,
    saturation=0.5,
    value=0.5,
    fit="letterbox",
    rotation=5,
    translation=0.1,
    zoom=(0.5, 1.2),
    shear=2,
)
SIZE = (192, 320)
BOX = np.array([[7.0, 100, 60, 140, 180]])  # identity 7 in a picture of 240 × 300


def picture() -> NDArray[np.uint8]:
    """Blue, with a green rectangle where BOX is."""
    image = np.zeros((240, 300, 3), np.uint8)
    image[..., 0] = 200
    x1, y1, x2, y2 = BOX[0, 1:].astype(int)
    image[y1:y2, x1:x2] = (0, 200, 0)
    return image


def run(
    config: AugmentConfig, seed: int, size: tuple[int, int] = SIZE
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    image = picture()
    placement = placement_of((240, 300), size, config)
    labels = BOX.copy()
    labels[:, 1:] = placement.boxes(labels[:, 1:])
    fitted = fit(image, size, config)
    random = np.random.default_rng(seed)
    return augment_image(fitted, labels, config, random, placement)


def seen(image: NDArray[np.uint8]) -> list[float]:
    """The box around what is greener than blue, to half a pixel."""
    green = image[..., 1].astype(int) > image[..., 0]
    rows, columns = np.flatnonzero(green.any(1)), np.flatnonzero(green.any(0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"flip": 1.0},
        {"zoom": (0.5, 1.2)},
        {"translation": 0.1},
        {"translation": 0.1, "zoom": (0.5, 1.2), "flip": 0.5},
        {"fit": "stretch", "scale": 0.3},
        {"fit": "stretch", "translation": 0.1, "flip": 1.0},
    ],
)
def test_the_box_is_where_the_person_is(changes: dict, seed: int) -> None:
    image, labels = run(dataclasses.replace(STILL, **changes), seed)
    assert labels[0, 0] == 7
    assert seen(image) == pytest.approx(labels[0, 1:].tolist(), abs=1.01)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("changes", [{"rotation": 5.0}, {"shear": 2.0}])
def test_turned_and_sheared_people_stay_in_their_boxes(
    changes: dict, seed: int
) -> None:
    image, labels = run(dataclasses.replace(STILL, **changes), seed)
    assert seen(image) == pytest.approx(labels[0, 1:].tolist(), abs=1.51)


def test_all_of_jde_at_once_keeps_the_person_in_the_box() -> None:
    moved = set()
    for seed in range(40):
        image, labels = run(JDE, seed)
        assert seen(image) == pytest.approx(labels[0, 1:].tolist(), abs=2.5)
        moved.add(tuple(labels[0, 1:].round(1)))
    assert len(moved) == 40


def test_rotation_by_hand() -> None:
    """A quarter turn about (10, 20): a wide box becomes a high one."""
    quarter = np.array([[0.0, 1, 10 - 20], [-1, 0, 20 + 10]])
    box = np.array([[8.0, 19, 12, 21]])
    assert move_boxes(box, quarter).tolist() == [[9, 18, 11, 22]]
    shear = np.array([[1.0, 0.5, 0], [0, 1, 0]])
    assert move_boxes(box, shear).tolist() == [[17.5, 19, 22.5, 21]]


@pytest.mark.parametrize("size", [(192, 320), (320, 192), (96, 97), (608, 1088)])
@pytest.mark.parametrize("shape", [(240, 300), (101, 33), (50, 401)])
def test_a_training_picture_is_fitted_as_a_test_picture(
    size: tuple[int, int], shape: tuple[int, int]
) -> None:
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    fitted = fit(image, size, STILL)
    tested = letterbox(image, size)
    assert np.array_equal(fitted[:, :, ::-1].transpose(2, 0, 1), tested.tensor)
    boxes = np.array([[1.0, 2, 30, 40]])
    moved = placement_of(shape, size, STILL).boxes(boxes)
    assert np.allclose(tested.to_image(moved), boxes)


def test_places_by_hand() -> None:
    """300 × 240 in 320 × 192 shrinks by 0.8 to 240 × 192 and leaves 80 columns."""
    inside = letterboxed((240, 300), SIZE)
    assert (inside.top, inside.left, inside.height, inside.width) == (0, 40, 192, 240)
    assert inside.boxes(np.array([[0.0, 0, 300, 240]])).tolist() == [[40, 0, 280, 192]]
    fitted = fit(picture(), SIZE, STILL)
    assert (fitted[:, :40] == GREY).all()
    assert (fitted[:, 280:] == GREY).all()
    assert (fitted[:, 40:280, 2] == 0).all()
    whole = stretched((240, 300), SIZE)
    assert whole.boxes(np.array([[0.0, 0, 300, 240]])).tolist() == [[0, 0, 320, 192]]
    assert placement_of((240, 300), SIZE, None) == whole


def test_the_grey_around_a_picture_keeps_its_colour() -> None:
    image, _ = run(dataclasses.replace(STILL, value=0.5), 3)
    assert (image[:, :40] == GREY).all()
    assert not np.array_equal(image, fit(picture(), SIZE, STILL))
    assert image[0, 160, 0] != 200


def test_what_is_given_is_not_written_to() -> None:
    fitted = fit(picture(), SIZE, JDE)
    fitted.flags.writeable = False
    placement = placement_of((240, 300), SIZE, JDE)
    labels = BOX.copy()
    augment_image(fitted, labels, JDE, np.random.default_rng(0), placement)
    stretch = AugmentConfig()
    augment_image(fitted, labels, stretch, np.random.default_rng(0))


def test_options_that_are_off_draw_nothing() -> None:
    """The pictures of CSTrack do not depend on what JDE's options could be."""
    one, _ = run(AugmentConfig(), 5)
    other, _ = run(AugmentConfig(zoom=(1.0, 1.0), rotation=0.0), 5)
    assert np.array_equal(one, other)
    random = np.random.default_rng(5)
    image, labels = picture(), BOX.copy()
    augment_image(image, labels, AugmentConfig(), random)
    expected = np.random.default_rng(5)
    expected.uniform(-1, 1, 3)
    expected.random()
    assert random.random() == expected.random()


def test_slivers_and_what_is_mostly_outside_is_dropped() -> None:
    labels = np.array(
        [
            [1.0, 10, 10, 30, 60],
            [2, -90, 10, 10, 60],  # a tenth is inside
            [3, 10, 10, 11.5, 60],  # 1.5 px wide
            [4, 10, 10, 13, 90],  # 26 times as high as wide
            [5, 310, 150, 330, 200],
        ]
    )
    kept = clip(labels, SIZE)
    assert kept[:, 0].tolist() == [1, 5]
    assert kept[1, 1:].tolist() == [310, 150, 319, 191]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"fit": "leterbox"},
            r"augment\.fit is 'leterbox': the nearest is 'letterbox'",
        ),
        ({"zoom": (1.2, 0.5)}, r"augment\.zoom"),
        ({"zoom": (0.0, 0.5)}, r"augment\.zoom"),
    ],
)
def test_options_that_cannot_be(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        AugmentConfig(**options)
