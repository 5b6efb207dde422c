"""Which cells are positive."""

import torch

from cstrack_bench.training.targets import assign_level

ANCHORS = torch.tensor([[2.0, 4.0], [8.0, 16.0]])


def _cells(
    cx: float, cy: float, w: float = 2.0, h: float = 4.0, neighbours: bool = True
) -> set[tuple[int, int]]:
    """(column, row) of the positives of one box on a grid of 20 × 10 cells."""
    targets = torch.tensor([[0, 1, cx / 20, cy / 10, w / 20, h / 10]])
    level = assign_level(targets, ANCHORS[:1], 10, 20, 4.0, neighbours)
    return set(zip(level.column.tolist(), level.row.tolist(), strict=True))


def test_the_nearer_neighbours_are_positive_too() -> None:
    assert _cells(5.2, 5.7) == {(5, 5), (4, 5), (5, 6)}
    assert _cells(5.7, 5.2) == {(5, 5), (6, 5), (5, 4)}


def test_a_centre_in_the_middle_of_its_cell_has_no_neighbour() -> None:
    assert _cells(5.5, 5.5) == {(5, 5)}


def test_the_paper_knows_the_own_cell_alone() -> None:
    assert _cells(5.2, 5.7, neighbours=False) == {(5, 5)}


def test_no_neighbour_beyond_the_border() -> None:
    assert _cells(0.3, 0.3) == {(0, 0)}
    assert _cells(19.8, 9.8) == {(19, 9)}


def test_a_centre_on_the_image_edge_gets_the_last_cell() -> None:
    assert _cells(20.0, 10.0) <= {(19, 9), (18, 9), (19, 8)}


def test_a_ratio_of_exactly_four_does_not_match() -> None:
    assert _cells(5.5, 5.5, w=8.0) == set()
    assert _cells(5.5, 5.5, w=7.99) == {(5, 5)}


def test_every_fitting_anchor_is_used_and_written_by_anchor() -> None:
    targets = torch.tensor([[0, 1, 0.275, 0.55, 0.2, 0.8], [1, 2, 0.5, 0.5, 0.2, 0.8]])
    level = assign_level(targets, ANCHORS, 10, 20, 4.0, False)
    assert level.anchor.tolist() == [0, 0, 1, 1]
    assert level.target.tolist() == [0, 1, 0, 1]
    assert level.image.tolist() == [0, 1, 0, 1]


def test_the_box_is_relative_to_the_assigned_cell() -> None:
    targets = torch.tensor([[0, 1, 5.2 / 20, 0.55, 2 / 20, 0.4]])
    level = assign_level(targets, ANCHORS[:1], 10, 20)
    offsets = level.box[:, 0]
    assert torch.allclose(offsets, torch.tensor([0.2, 1.2]), atol=1e-5)
    assert bool(((level.box[:, :2] > -0.5) & (level.box[:, :2] < 1.5)).all())
