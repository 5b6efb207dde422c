"""Crops lie where the boxes do; the set is fair, deterministic and cheap."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import Sequence, open_sequence
from cstrack_bench.training_data.crop_set import CropSet, crop_boxes, cut
from cstrack_bench.training_data.loading import AugmentConfig

SIZE = (128, 64)


def write_sequence(
    folder: Path, rows: list[tuple[int, int, float, float, float, float, float]]
) -> Sequence:
    """Frames whose boxes are filled with a colour: blue = 10 × id, green = frame.

    Args:
        folder: where to.
        rows: frame (1-based), id, left, top, width, height, visibility.
    """
    (folder / "img1").mkdir(parents=True)
    (folder / "gt").mkdir()
    length = max(row[0] for row in rows)
    for frame in range(1, length + 1):
        image = np.zeros((200, 300, 3), np.uint8)
        for number, who, x, y, w, h, _ in rows:
            if number == frame:
                place = slice(max(int(y), 0), int(y + h)), slice(int(x), int(x + w))
                image[place] = (10 * who, frame, 0)
        cv2.imwrite(str(folder / "img1" / f"{frame:06d}.png"), image)
    (folder / "gt" / "gt.txt").write_text(
        "".join(f"{f},{i},{x},{y},{w},{h},1,1,{v}\n" for f, i, x, y, w, h, v in rows)
    )
    (folder / "seqinfo.ini").write_text(
        "[Sequence]\nframeRate=10\nimWidth=300\nimHeight=200\n"
        f"seqLength={length}\nimDir=img1\nimExt=.png\n"
    )
    return open_sequence(folder)


def walk(who: int, frames: range, visibility: float = 1.0, height: float = 60):
    return [(f, who, 40.0 * who, 50.0, 30.0, height, visibility) for f in frames]


@dataclass
class Counted:
    """A sequence that counts what is decoded of it."""

    inner: Sequence
    decoded: Counter[int] = field(default_factory=Counter)

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def frame(self, index: int):
        self.decoded[index] += 1
        return self.inner.frame(index)


def show(crops: CropSet, epoch: int, index: int) -> tuple[int, int, int]:
    """Identity, and the blue and green at the middle of a crop."""
    pixels, targets, _ = crops[epoch, index]
    return int(targets[0, 0]), int(pixels[2, 64, 32]), int(pixels[1, 64, 32])


def test_crops_show_the_people_in_the_boxes(tmp_path: Path) -> None:
    rows = walk(1, range(1, 9)) + walk(3, range(3, 9)) + walk(5, range(2, 5))
    crops = CropSet([write_sequence(tmp_path / "A", rows)], SIZE, None, 0)
    assert crops.identities == 4
    assert len(crops) == 17
    seen = [show(crops, 0, i) for i in range(len(crops))]
    assert {(who, blue) for who, blue, _ in seen} == {(1, 10), (2, 30), (3, 50)}
    # Each crop of each person once: as many are shown as there are.
    assert sorted(g for who, _, g in seen if who == 1) == list(range(1, 9))
    pixels, targets, name = crops[0, 0]
    assert pixels.shape == (3, *SIZE)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(targets[:, 1:], [[0.5, 0.5, 1, 1]])
    assert name == "A frame 1 person 1"


def test_the_same_id_in_another_sequence_is_somebody_else(tmp_path: Path) -> None:
    parts = [write_sequence(tmp_path / n, walk(1, range(1, 4))) for n in "AB"]
    crops = CropSet(parts, SIZE, None, 0)
    assert crops.identities == 3
    assert {int(crops[0, i][1][0, 0]) for i in range(len(crops))} == {1, 2}


def test_a_part_of_a_sequence_gives_its_own_frames_only(tmp_path: Path) -> None:
    part = write_sequence(tmp_path / "A", walk(1, range(1, 11))).part(4, 7)
    crops = CropSet([part], SIZE, None, 0)
    assert sorted(show(crops, 0, i)[2] for i in range(len(crops))) == [5, 6, 7]


def test_an_epoch_shows_few_crops_of_a_person_spread_over_time(tmp_path: Path) -> None:
    rows = walk(1, range(1, 41)) + walk(2, range(1, 4))
    crops = CropSet(
        [write_sequence(tmp_path / "A", rows)], SIZE, None, 0, per_identity=4
    )
    assert len(crops) == 4 + 3
    epochs = [[show(crops, e, i)[2] for i in range(4)] for e in range(30)]
    for frames in epochs:  # one of each quarter
        assert [(f - 1) // 10 for f in frames] == [0, 1, 2, 3]
    assert len({f for frames in epochs for f in frames}) > 30


def test_memory_holds_a_spread_too(tmp_path: Path) -> None:
    part = write_sequence(tmp_path / "A", walk(1, range(1, 22)))
    crops = CropSet([part], SIZE, None, 0, per_identity=3, pool=3)
    assert [show(crops, 0, i)[2] for i in range(3)] == [1, 11, 21]


def test_every_frame_is_decoded_once_at_most(tmp_path: Path) -> None:
    rows = walk(1, range(1, 6)) + walk(2, range(1, 4)) + walk(3, range(6, 8), 0.1)
    counted = Counted(write_sequence(tmp_path / "A", rows))
    crops = CropSet([counted], SIZE, AugmentConfig(), 0)
    for epoch in range(3):
        for index in range(len(crops)):
            crops[epoch, index]
    assert counted.decoded == {0: 1, 1: 1, 2: 1, 3: 1, 4: 1}


def test_hidden_and_tiny_people_are_left_out(tmp_path: Path) -> None:
    rows = (
        walk(1, range(1, 4))
        + walk(2, range(1, 4), visibility=0.2)
        + walk(3, range(1, 4), height=20)
    )
    part = write_sequence(tmp_path / "A", rows)
    assert CropSet([part], SIZE, None, 0).identities == 2
    assert CropSet([part], SIZE, None, 0, min_visibility=0.1).identities == 3
    assert CropSet([part], SIZE, None, 0, min_height=10).identities == 3
    strict = AugmentConfig(min_visibility=1.1)
    with pytest.raises(InputError, match="No training image"):
        CropSet([part], SIZE, strict, 0)


def test_choices_depend_on_seed_epoch_and_index_alone(tmp_path: Path) -> None:
    part = write_sequence(tmp_path / "A", walk(1, range(1, 31)))

    def epoch(seed: int, number: int, order: list[int]) -> list[NDArray[np.uint8]]:
        crops = CropSet([part], SIZE, AugmentConfig(), seed, per_identity=4)
        found = {i: crops[number, i][0] for i in order}
        return [found[i] for i in sorted(found)]

    first = epoch(0, 2, [0, 1, 2, 3])
    assert np.array_equal(first, epoch(0, 2, [3, 1, 0, 2]))
    assert not np.array_equal(first, epoch(1, 2, [0, 1, 2, 3]))
    assert not np.array_equal(first, epoch(0, 3, [0, 1, 2, 3]))


def test_augmentation_leaves_the_stored_crops_alone(tmp_path: Path) -> None:
    part = write_sequence(tmp_path / "A", walk(1, range(1, 2)))
    crops = CropSet([part], SIZE, AugmentConfig(flip=0.5), 0)
    once = crops[0, 0][0].copy()
    for epoch in range(10):
        crops[epoch, 0]
    np.testing.assert_array_equal(crops[0, 0][0], once)


def test_what_cannot_be_trained_on_is_refused(tmp_path: Path) -> None:
    part = write_sequence(tmp_path / "A", walk(1, range(1, 3)))
    with pytest.raises(InputError, match="per"):
        CropSet([part], SIZE, None, 0, per_identity=5, pool=4)
    with pytest.raises(InputError, match="no sequence"):
        CropSet([], SIZE, None, 0)
    (part.folder / "gt" / "gt.txt").unlink()
    with pytest.raises(InputError, match="ground truth"):
        CropSet([open_sequence(part.folder)], SIZE, None, 0)


def test_a_box_grows_on_its_short_side_and_is_cut_to_the_picture() -> None:
    boxes = np.array(
        [
            [100, 50, 120, 150],  # slim: widened to 50
            [100, 50, 200, 110],  # wide: heightened to 200, which is cut
            [-10, 50, 10, 150],  # at the left edge
        ]
    )
    wanted = [[85, 50, 135, 150], [100, 0, 200, 180], [0, 50, 25, 150]]
    np.testing.assert_array_equal(crop_boxes(boxes, 0.5, 300, 200), wanted)


@pytest.mark.parametrize(
    "box",
    [
        [-50, 10, -1, 90],
        [300, 10, 340, 90],
        [10, 200, 40, 280],
        [np.nan, 10, 40, 90],
        [10, 10, np.inf, 90],
        [40, 10, 10, 90],
        [10, 10, 10, 90],
    ],
)
def test_a_box_without_pixels_is_grey(box: list[float]) -> None:
    image = np.full((200, 300, 3), 255, np.uint8)
    crops, seen = cut(image, np.array([box, [10, 10, 40, 90]]), SIZE)
    assert seen.tolist() == [False, True]
    assert np.unique(crops[0]).tolist() == [114]
    assert np.unique(crops[1]).tolist() == [255]


coordinates = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(st.lists(st.tuples(*[coordinates] * 4), max_size=5))
def test_any_box_can_be_cut(boxes: list[tuple[float, ...]]) -> None:
    places = crop_boxes(np.array(boxes).reshape(-1, 4), 0.5, 300, 200)
    empty = (places == 0).all(axis=1)
    x1, y1, x2, y2 = places[~empty].T
    assert (x1 >= 0).all()
    assert (y1 >= 0).all()
    assert (x2 > x1).all()
    assert (y2 > y1).all()
    assert (x2 <= 300).all()
    assert (y2 <= 200).all()
