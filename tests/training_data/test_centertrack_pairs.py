"""Pairs of frames, their labels and the disturbed tracks of the previous one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from cstrack_bench.center_affine import centred
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import open_sequence
from cstrack_bench.formats.thinned import Thinned
from cstrack_bench.training_data import centertrack_image
from cstrack_bench.training_data.centertrack_labels import (
    NONE,
    Annotated,
    Disturbance,
    labels,
    previous_points,
)
from cstrack_bench.training_data.centertrack_pairs import (
    PLAIN,
    PairConfig,
    PairSet,
    collate_pairs,
)

MakeSequence = Callable[..., Path]
MakePairs = Callable[..., PairSet]

INPUT = (64, 96)
IDENTITY = centred(INPUT, INPUT)
CELLS = centred(INPUT, (16, 24))


def annotated(*rows: tuple[int, float, float, float, float]) -> Annotated:
    """Rows id, x1, y1, x2, y2."""
    values = np.array(rows, np.float64).reshape(-1, 5)
    none = np.zeros(len(values), np.bool_)
    return Annotated(values[:, 0].astype(np.int64), values[:, 1:], none, none)


class Fixed:
    """Draws from two lists."""

    def __init__(self, normals: list[float], uniforms: list[float]) -> None:
        self.normals, self.uniforms = iter(normals), iter(uniforms)

    def standard_normal(self) -> float:
        return next(self.normals)

    def random(self) -> float:
        return next(self.uniforms)


def test_a_lost_object_keeps_its_moved_centre_and_is_not_drawn() -> None:
    one = annotated((4, 20, 20, 40, 60))
    draws = Fixed([1.0, -1.0], [0.39, 0.5])
    found = previous_points(one, IDENTITY, Disturbance(), draws)
    assert found.centres.tolist() == [[31.0, 38.0]]
    assert found.drawn[0, [0, 1, 3]].tolist() == [31.0, 38.0, 0.0]


def test_an_object_that_is_not_lost_keeps_its_exact_centre() -> None:
    one = annotated((4, 20, 20, 40, 60))
    draws = Fixed([1.0, -1.0, 0.0, 2.0], [0.4, 0.05])
    found = previous_points(one, IDENTITY, Disturbance(), draws)
    assert found.centres.tolist() == [[30.0, 40.0]]
    # The second point is beside the exact centre.
    assert found.drawn[:, [0, 1, 3]].tolist() == [[31, 38, 1], [30, 44, 1]]


def test_previous_boxes_are_clipped_and_crowds_left_out() -> None:
    boxes = annotated((1, -20, 10, 10, 30), (2, -20, 10, -5, 30), (3, 40, 10, 60, 30))
    boxes = boxes._replace(crowd=np.array([False, False, True]))
    found = previous_points(boxes, IDENTITY, NONE, Fixed([], []))
    assert found.ids.tolist() == [1]
    assert found.centres.tolist() == [[5.0, 20.0]]


def test_labels_know_where_an_id_was() -> None:
    before = previous_points(
        annotated((7, 20, 20, 40, 40), (7, 0, 0, 8, 8)), IDENTITY, NONE, Fixed([], [])
    )
    now = annotated((7, 24, 20, 44, 40), (9, 60, 20, 80, 40))
    now = now._replace(ignore=np.array([False, True]))
    found = labels(now, before, CELLS, 5)
    assert found[0].tolist() == [1, 6, 5, 11, 10, 7.5, 7.5]
    assert found[1, :5].tolist() == [0, 15, 5, 20, 10]
    assert np.isnan(found[1, 5:]).all()
    assert len(labels(now, before, CELLS, 1)) == 1


def test_labels_without_previous_objects() -> None:
    none = previous_points(annotated(), IDENTITY, NONE, Fixed([], []))
    assert np.isnan(labels(annotated((1, 0, 0, 8, 8)), none, CELLS, 5)[:, 5:]).all()


def test_colours_without_change_stay() -> None:
    image = np.random.default_rng(0).random((5, 6, 3), np.float32)
    draw = centertrack_image.ColourDraw(
        ("contrast", "brightness", "saturation"), (1.0, 1.0, 1.0), np.zeros(3)
    )
    assert centertrack_image.recolour(image, draw) == pytest.approx(image)


def test_brightness_multiplies_and_contrast_pulls_to_the_mean() -> None:
    image = np.full((2, 2, 3), 0.4, np.float32)
    image[0] = 0.2
    for change, wanted in (("brightness", [0.1, 0.2]), ("contrast", [0.25, 0.35])):
        draw = centertrack_image.ColourDraw((change,), (0.5,), np.zeros(3))
        found = centertrack_image.recolour(image, draw)
        assert found[:, 0, 0] == pytest.approx(wanted, abs=1e-6)


@pytest.fixture
def pairs(make_sequence: MakeSequence, tmp_path: Path) -> MakePairs:
    """A set over a sequence of five frames with one person in each."""
    people = [(frame, 1, 1) for frame in range(1, 6)]
    folder = make_sequence(tmp_path, "one", people, frames=5)

    def make(config: PairConfig, seed: int = 0) -> PairSet:
        return PairSet([open_sequence(folder)], INPUT, config, seed)

    return make


def test_plain_pairs_are_a_frame_and_the_one_before(pairs: MakePairs) -> None:
    made = pairs(PLAIN)
    assert len(made) == 5
    first, second = made[0, 0], made[0, 1]
    assert torch.equal(first.image, first.previous)
    assert torch.equal(second.previous, first.image)
    assert second.name == "one frame 2"
    # The box goes 8 pixels to the right from 4 to 11, 10 to 30, whose centre (7.5, 20)
    # is drawn at whole pixels.
    assert second.heatmap[0, 20, 7] == 1
    assert second.labels[0].tolist() == [1, 3, 2.5, 4.75, 7.5, 1.875, 5]


def test_pairs_depend_on_seed_epoch_and_image_alone(pairs: MakePairs) -> None:
    made, again, other = (
        pairs(PairConfig()),
        pairs(PairConfig()),
        pairs(PairConfig(), 1),
    )
    again[0, 0]
    assert torch.equal(made[3, 2].image, again[3, 2].image)
    assert torch.equal(made[3, 2].heatmap, again[3, 2].heatmap)
    assert not torch.equal(made[3, 2].image, made[4, 2].image)
    assert not torch.equal(made[3, 2].image, other[3, 2].image)


def test_the_previous_frame_is_less_than_three_away(pairs: MakePairs) -> None:
    made = pairs(PairConfig(flip=0, crop=False, colour=False, disturbance=NONE))
    plain = [made[0, i].image for i in range(5)]
    chosen = set()
    for epoch in range(60):
        previous = made[epoch, 0].previous
        chosen |= {i for i, image in enumerate(plain) if torch.equal(image, previous)}
    assert chosen == {0, 1, 2}


def test_a_flip_mirrors_image_heatmap_and_labels(pairs: MakePairs) -> None:
    config = {"reach": 1, "crop": False, "colour": False, "disturbance": NONE}
    plain, flipped = (pairs(PairConfig(flip=f, **config))[0, 0] for f in (0.0, 1.0))
    assert torch.equal(plain.image.flip(2), flipped.image)
    # Columns 4 to 11 of 96 become 84 to 91, as columns are counted from 0.
    assert flipped.labels[0, [1, 3]].tolist() == [84 / 4, 91 / 4]
    assert flipped.heatmap[0, 20, 87] == 1


def test_one_frame_is_moved_where_motion_is_simulated(pairs: MakePairs) -> None:
    config = {"reach": 1, "flip": 0, "crop": False, "colour": False}
    config["disturbance"] = NONE
    still = pairs(PairConfig(**config))[0, 2]
    assert torch.equal(still.image, still.previous)
    moved = pairs(PairConfig(still_shift=0.05, still_scale=0.05, **config))[0, 2]
    assert torch.equal(moved.image, still.image)
    assert not torch.equal(moved.previous, still.previous)
    assert not np.array_equal(moved.labels[:, 5:], still.labels[:, 5:])


def test_a_batch_numbers_its_labels(pairs: MakePairs) -> None:
    made = pairs(PLAIN)
    batch = collate_pairs([made[0, 1], made[0, 2]])
    assert batch.images.shape == batch.previous.shape == (2, 3, *INPUT)
    assert batch.heatmaps.shape == (2, 1, *INPUT)
    assert batch.targets[:, 0].tolist() == [0, 1]
    assert batch.targets.shape == (2, 8)


def test_people_hardly_visible_are_left_out(pairs: MakePairs, tmp_path: Path) -> None:
    truth = tmp_path / "one" / "gt" / "gt.txt"
    text = "1,1,4,10,7,20,1,1,0.24\n2,1,4,10,7,20,1,1,0.25\n"
    pairs(PLAIN)
    truth.write_text(text)
    made = pairs(PLAIN)
    assert [len(made[0, i].labels) for i in range(3)] == [0, 1, 0]


def test_a_sequence_without_ground_truth_is_refused(
    make_sequence: MakeSequence, tmp_path: Path
) -> None:
    folder = make_sequence(tmp_path, "bare", [(1, 1, 1)])
    (folder / "gt" / "gt.txt").unlink()
    with pytest.raises(InputError, match=r"bare .* has no ground truth"):
        PairSet([open_sequence(folder)], INPUT, PLAIN, 0)


def test_who_has_no_identity_has_no_earlier_self(
    make_sequence: MakeSequence, tmp_path: Path
) -> None:
    people = [(frame, 1, 1) for frame in range(1, 4)]
    source = open_sequence(make_sequence(tmp_path, "one", people, frames=3))
    made = PairSet([Thinned(source, "boxes", identities=False)], INPUT, PLAIN, 0)
    assert not np.isnan(made[0, 0].labels[0, 5:]).any()  # the frame is its own
    assert np.isnan(made[0, 1].labels[0, 5:]).all()
    assert made[0, 1].heatmap.max() == 1  # and still it is drawn


def test_a_picture_of_no_video_is_its_own_previous_one_moved(
    make_sequence: MakeSequence, tmp_path: Path
) -> None:
    people = [(frame, 1, 1) for frame in range(1, 5)]
    source = open_sequence(make_sequence(tmp_path, "one", people))
    config = PairConfig(flip=0, crop=False, colour=False, disturbance=NONE)
    # Frames of which some are left out are pictures of no video.
    made = PairSet([Thinned(source, "some", step=2)], INPUT, config, 0)
    pair, plain = made[0, 2], PairSet([source], INPUT, PLAIN, 0)[0, 2]
    assert torch.equal(pair.image, plain.image)
    assert not torch.equal(pair.previous, pair.image)
    assert not np.isnan(pair.labels[0, 5:]).any()
    unmoved = PairSet([Thinned(source, "some", step=2)], INPUT, PLAIN, 0)[0, 2]
    assert torch.equal(unmoved.previous, unmoved.image)
