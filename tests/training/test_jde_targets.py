"""Which anchors are positive, background or neither: cases worked by hand."""

import torch

from cstrack_bench.training.jde_targets import IGNORED, JdeTargets, assign_jde

# Two anchors of 2 × 4 and 4 × 8 cells on a level of 8 rows and 10 columns.
ANCHORS = torch.tensor([[2.0, 4.0], [4.0, 8.0]])
HEIGHT, WIDTH = 8, 10


def target(image: int, cx: float, cy: float, w: float, h: float) -> list[float]:
    """A box given in cells."""
    return [image, 1, cx / WIDTH, cy / HEIGHT, w / WIDTH, h / HEIGHT]


def assign(*targets: list[float], batch: int = 1) -> JdeTargets:
    rows = torch.tensor(targets).reshape(-1, 6)
    return assign_jde(rows, ANCHORS, batch, HEIGHT, WIDTH)


def test_a_box_on_an_anchor() -> None:
    """2 × 4 at cell (5, 4). One cell aside IoU is 1/3, one up 3/5, two up 1/3."""
    found = assign(target(0, 5, 4, 2, 4))
    assert list(
        zip(
            found.anchor.tolist(),
            found.row.tolist(),
            found.column.tolist(),
            strict=True,
        )
    ) == [
        (0, 3, 5),
        (0, 4, 5),
        (0, 5, 5),
    ]
    assert torch.allclose(found.overlap, torch.tensor([0.6, 1.0, 0.6]))
    assert found.person[0, 0, 4, 4] == 0
    # The larger anchor holds the whole box: 8 of 32 cells are 0.25.
    assert not found.person[0, 1].any()
    assert int(found.person.sum()) == 3


def test_between_the_thresholds_is_ignored() -> None:
    """0.6 cells aside: common 1.4 × 4 of 16 − 5.6: IoU 0.538; 0.4 aside 0.667; in
    the next column 1.6 aside: 0.111. Height 3.2 in place of 4: 0.8 of these."""
    found = assign(target(0, 5.4, 4, 2, 4))
    assert found.person[0, 0, 4, 5] == 1
    assert found.person[0, 0, 4, 6] == 1
    assert found.person[0, 0, 4, 4] == 0
    # One row up as well: 1.6 × 3 = 4.8 of 11.2: 0.4286 is neither.
    assert found.person[0, 0, 3, 5] == IGNORED
    # 1.4 × 3 = 4.2 of 11.8: 0.356 is background.
    assert found.person[0, 0, 3, 6] == 0


def test_exactly_half_is_not_enough_and_exactly_two_fifths_is_not_background() -> None:
    """2 × 2 in 2 × 4 is a half; 2 × 1.6 is two fifths."""
    found = assign(target(0, 5, 4, 2, 2))
    assert len(found.target) == 0
    assert found.person[0, 0, 4, 5] == IGNORED
    found = assign(target(0, 5, 4, 1, 2))
    assert found.person[0, 0, 4, 5] == 0


def test_an_anchor_belongs_to_the_box_it_overlaps_most() -> None:
    near, far = target(0, 5, 4, 2, 4), target(0, 5, 4.8, 2, 4)
    found = assign(far, near)
    owner = {
        (r, c): t
        for r, c, t in zip(
            found.row.tolist(),
            found.column.tolist(),
            found.target.tolist(),
            strict=True,
        )
    }
    assert owner[4, 5] == 1
    assert owner[5, 5] == 0


def test_images_do_not_mix() -> None:
    found = assign(target(1, 5, 4, 2, 4), target(0, 2, 4, 4, 8), batch=3)
    assert set(found.image[found.target == 0].tolist()) == {1}
    assert set(found.image[found.target == 1].tolist()) == {0}
    assert not found.person[2].any()
    assert set(found.anchor[found.target == 1].tolist()) == {1}


def test_without_targets_all_is_background() -> None:
    found = assign(batch=2)
    assert found.person.shape == (2, 2, HEIGHT, WIDTH)
    assert not found.person.any()
    assert len(found.target) == 0


def test_boxes_at_the_edges_have_positives_inside() -> None:
    found = assign(target(0, 9.5, 0.2, 2, 4), target(0, -0.3, 7.5, 2, 4))
    assert found.target.unique().tolist() == [0, 1]
    assert set(found.column[found.target == 0].tolist()) == {9}
    assert set(found.row[found.target == 0].tolist()) == {0}
    assert set(found.column[found.target == 1].tolist()) == {0}
    assert set(found.row[found.target == 1].tolist()) == {7}
