"""FairMOT's random changes of pictures and boxes."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from cstrack_bench.formats.sequences import open_sequence
from cstrack_bench.training_data.augment import AugmentConfig
from cstrack_bench.training_data.fairmot_augment import (
    DRAWS,
    FAIRMOT,
    FairMotAugment,
    affine,
    augment,
    move_labels,
    recolour,
    warp,
)
from cstrack_bench.training_data.fairmot_set import FairMotSet

SIZE = (96, 160)
MIDDLE = np.full(DRAWS, 0.5)
# Zoom 1 lies at five sevenths of 0.5 to 1.2.
STILL = np.array([0.5, 5 / 7, 0.5, 0.5, 0.5, 0.5])


@pytest.fixture
def picture() -> np.ndarray:
    random = np.random.default_rng(0)
    return random.integers(0, 255, (*SIZE, 3), np.uint8)


def test_the_middle_of_every_range_changes_nothing(picture: np.ndarray) -> None:
    draws = np.concatenate([[0.5, 0.5], STILL, [0.5]])
    labels = np.array([[3.0, 20, 20, 50, 80]])
    image, moved = augment(picture, labels, SIZE, draws)
    # Colours went through hue, saturation and value and back.
    assert np.abs(image.astype(int) - picture).mean() < 1
    assert moved == pytest.approx(labels)


def test_the_shift_takes_each_share_from_the_other_side() -> None:
    draws = STILL.copy()
    draws[2:4] = 1.0
    matrix = affine(draws, SIZE, FAIRMOT).matrix
    assert matrix[:2, 2] == pytest.approx([0.1 * 96, 0.1 * 160])


def test_a_turned_box_shrinks_by_the_angle() -> None:
    draws = STILL.copy()
    draws[0] = 1.0
    turned = affine(draws, SIZE, FAIRMOT)
    boxes = np.array([[60.0, 28.0, 100.0, 68.0]])  # about the centre (80, 48)
    moved, kept = move_labels(boxes, turned, SIZE)
    angle = math.radians(5)
    side = 40 * (math.cos(angle) + math.sin(angle)) * math.sqrt(math.cos(angle))
    assert kept.all()
    assert moved[0] == pytest.approx(
        [80 - side / 2, 48 - side / 2, 80 + side / 2, 48 + side / 2]
    )


def test_boxes_are_dropped_but_not_clipped() -> None:
    still = affine(STILL, SIZE, FAIRMOT)
    boxes = np.array(
        [
            [-20.0, 10, 10, 60],  # partly outside: kept as it is
            [-30.0, 10, -5, 60],  # wholly outside
            [10.0, 10, 13.5, 40],  # too narrow
            [10.0, 10, 15, 70],  # too long for its width
        ]
    )
    moved, kept = move_labels(boxes, still, SIZE)
    assert kept.tolist() == [True, False, False, False]
    assert moved[0] == pytest.approx(boxes[0])


def test_clipping_is_an_option(picture: np.ndarray) -> None:
    labels = np.array([[1.0, -20, 10, 10, 60]])
    draws = np.concatenate([[0.5, 0.5], STILL, [0.0]])
    _, moved = augment(picture, labels, SIZE, draws, FairMotAugment(clip=True))
    assert moved[0, 1:] == pytest.approx([0, 10, 10, 60])


def test_a_flip_mirrors_picture_and_boxes(picture: np.ndarray) -> None:
    labels = np.array([[1.0, 20, 10, 50, 60]])
    plain, flipped = (
        augment(picture, labels, SIZE, np.concatenate([[0.5, 0.5], STILL, [u]]))
        for u in (0.4, 0.6)
    )
    assert np.array_equal(plain[0][:, ::-1], flipped[0])
    assert flipped[1][0, 1:] == pytest.approx([110, 10, 140, 60])


def test_what_comes_in_is_grey(picture: np.ndarray) -> None:
    draws = STILL.copy()
    draws[1] = 0.0  # half as large
    warped = warp(picture, affine(draws, SIZE, FAIRMOT))
    assert set(np.unique(warped[:20])) <= {127, 128}


def test_colours_are_cut_off_at_their_most() -> None:
    bright = np.full((4, 4, 3), (40, 80, 200), np.uint8)
    changed = recolour(bright, np.array([1.0, 1.5]))
    assert changed[0, 0, 2] == 255
    darker = recolour(bright, np.array([1.0, 0.5]))
    assert darker[0, 0, 2] == 100


def test_a_flip_is_as_probable_as_asked(picture: np.ndarray) -> None:
    labels = np.array([[3.0, 20, 20, 50, 80]])
    draws = np.concatenate([[0.5, 0.5], STILL, [0.9]])
    for probability, left in ((0.0, 20.0), (0.05, 20.0), (0.2, 160.0 - 50)):
        _, moved = augment(
            picture, labels, SIZE, draws, FairMotAugment(flip=probability)
        )
        assert moved[0, 1] == pytest.approx(left)


def test_saturation_and_value_have_a_range_each(picture: np.ndarray) -> None:
    still = FairMotAugment(saturation=0, value=0)
    draws = np.concatenate([[1.0, 1.0], STILL, [0.0]])
    none = np.zeros((0, 5))
    plain, _ = augment(picture, none, SIZE, draws, still)
    bright, _ = augment(picture, none, SIZE, draws, FairMotAugment(saturation=0))
    assert np.abs(plain.astype(int) - picture).mean() < 1
    assert bright.mean() > plain.mean() + 5


def test_a_set_gives_boxes_as_they_are_beyond_the_border(
    make_sequence: Callable[..., Path], tmp_path: Path
) -> None:
    people = [(1, 7, 1), (1, 9, 1), (3, 9, 1), (3, 0, 0)]
    source = open_sequence(make_sequence(tmp_path, "one", people))
    options = AugmentConfig(fit="letterbox")
    shifted = FairMotAugment(
        saturation=0, value=0, rotation=0, zoom=(1, 1), translation=0.3, shear=0
    )
    found = FairMotSet([source], (64, 96), options, shifted, 0)
    assert (len(found), found.identities) == (2, 3)
    cut = 0
    for epoch in range(30):
        image, targets, name = found[epoch, 0]
        again = found[epoch, 0]
        assert np.array_equal(image, again[0])
        assert np.array_equal(targets, again[1])
        assert name == "one frame 1"
        assert set(targets[:, 0]) <= {1, 2}
        assert targets[:, 3:] == pytest.approx(
            np.tile([7 / 96, 20 / 64], (len(targets), 1)), abs=1e-5
        )
        cut += int((targets[:, 1] - targets[:, 3] / 2 < 0).sum())
    assert cut
    batch = found.batch([(0, 0), (0, 1)])
    assert batch.inputs(torch.device("cpu"))[0].shape == (2, 3, 64, 96)
