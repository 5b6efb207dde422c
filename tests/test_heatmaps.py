"""Points drawn into heatmaps and read from them."""

import math

import pytest
import torch
from torch import Tensor

from cstrack_bench import heatmaps


def numbers(*values: int) -> Tensor:
    return torch.tensor(values)


@pytest.mark.parametrize(
    ("height", "width", "radius"),
    [
        (64, 21, 8),
        (101, 37, 15),
        (63.2, 20.1, 8),
        (20, 35, 7),
        (1, 1, 0),
        (0.1, 0.1, 0),
    ],
)
def test_radius_of_a_box(height: float, width: float, radius: int) -> None:
    found = heatmaps.radius(torch.tensor([height]), torch.tensor([width]))
    assert found.tolist() == [radius]


def test_radius_is_the_closed_form() -> None:
    h, w = 40.0, 17.0
    wanted = (math.sqrt(1.96 * (h + w) ** 2 + 3.36 * h * w) - 1.4 * (h + w)) / 2
    found = heatmaps.raw_radius(torch.tensor([h]), torch.tensor([w]))
    assert found.item() == pytest.approx(wanted, abs=1e-12)


def draw(*points: tuple[int, int, int], peaks: Tensor | None = None) -> Tensor:
    maps = torch.zeros(1, 6, 8)
    x, y, radii = torch.tensor(points).T
    heatmaps.draw(maps, torch.zeros_like(x), x, y, radii, peaks)
    return maps[0]


def test_a_point_is_a_gaussian_of_its_radius() -> None:
    drawn = draw((3, 2, 1))
    assert drawn[2, 3] == 1
    assert drawn[2, 4].item() == pytest.approx(math.exp(-1 / (2 * 0.25)))
    assert drawn[3, 4].item() == pytest.approx(math.exp(-2 / (2 * 0.25)))
    assert int((drawn > 0).sum()) == 9


def test_points_keep_the_larger_value_and_their_own_map() -> None:
    both = draw((3, 2, 2), (4, 2, 2))
    assert torch.equal(both, torch.maximum(draw((3, 2, 2)), draw((4, 2, 2))))
    maps = torch.zeros(2, 6, 8)
    heatmaps.draw(maps, numbers(1), numbers(3), numbers(2), numbers(2))
    assert not maps[0].any()
    assert torch.equal(maps[1], draw((3, 2, 2)))


def test_points_are_cut_at_the_border() -> None:
    assert torch.equal(draw((0, 0, 3))[:3, :3], draw((3, 3, 3))[3:, 3:6])
    assert draw((-1, 2, 1))[2, 0].item() == pytest.approx(math.exp(-2))
    assert int((draw((-1, 2, 1)) > 0).sum()) == 3
    assert not draw((20, 20, 3)).any()


def test_a_peak_of_zero_draws_nothing_and_no_point_is_fine() -> None:
    assert not draw((3, 2, 2), peaks=torch.zeros(1)).any()
    maps, none = torch.zeros(1, 6, 8), torch.zeros(0, dtype=torch.long)
    heatmaps.draw(maps, none, none, none, none)
    assert not maps.any()


def logits(values: dict[tuple[int, int], float], height: int = 5) -> Tensor:
    maps = torch.full((1, 1, height, 6), -9.0)
    for (row, column), value in values.items():
        maps[0, 0, row, column] = value
    return maps


def test_peaks_are_local_maxima_best_first() -> None:
    found = heatmaps.peaks(logits({(1, 1): 1.0, (1, 2): 2.0, (4, 5): 3.0}), 2)
    assert found.cells.tolist() == [[29, 8]]
    wanted = torch.tensor([3.0, 2.0]).sigmoid()
    torch.testing.assert_close(found.scores[0], wanted)


def test_a_plateau_keeps_all_its_cells() -> None:
    found = heatmaps.peaks(logits({(1, 1): 1.0, (1, 2): 1.0}), 2)
    assert sorted(found.cells[0].tolist()) == [7, 8]


def test_more_peaks_than_cells_are_all_cells() -> None:
    assert heatmaps.peaks(logits({}, height=1), 100).cells.shape == (1, 6)


def test_values_are_gathered_by_cell() -> None:
    maps = torch.arange(24.0).reshape(1, 2, 3, 4)
    found = heatmaps.gather(maps, torch.tensor([[5, 0]]))
    assert found.tolist() == [[[5.0, 17.0], [0.0, 12.0]]]
