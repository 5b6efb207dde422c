"""CenterTrack's targets and loss, on cases computed by hand."""

import math

import pytest
import torch

from cstrack_bench.models.centertrack_network import CenterTrackOutput
from cstrack_bench.training.center_loss import object_focal_loss
from cstrack_bench.training.centertrack_loss import CenterTrackLoss
from cstrack_bench.training.centertrack_targets import centertrack_targets

GRID = (8, 16)
NAN = float("nan")


def label(
    *box: float, before: tuple[float, float] = (NAN, NAN), person: int = 1
) -> list[float]:
    return [0, person, *box, *before]


def test_the_centre_is_that_of_the_visible_part() -> None:
    row = label(-4.0, 1.0, 2.0, 4.0, before=(3.0, 2.5))
    found = centertrack_targets(torch.tensor([row]), 1, GRID)
    # Visible from 0 to 2 and from 1 to 4: centre (1, 2.5), cell (1, 2).
    assert found.cell.tolist() == [2 * 16 + 1]
    assert found.offset.tolist() == [[0.0, 0.5]]
    assert found.size.tolist() == [[2.0, 3.0]]
    assert found.amodal.tolist() == [[-5.0, -1.0, 1.0, 2.0]]
    assert found.displacement.tolist() == [[2.0, 0.5]]
    assert found.heatmap[0, 0, 2, 1] == 1


def test_boxes_that_cannot_be_seen_are_skipped() -> None:
    rows = [label(-5, 1, -1, 4), label(3, 3, 3, 5), label(3, 3, 5, 5)]
    found = centertrack_targets(torch.tensor(rows, dtype=torch.float32), 1, GRID)
    assert found.label.tolist() == [2]


def test_regions_to_ignore_are_one_and_no_object() -> None:
    row = label(2.5, 1.5, 4.5, 3.5, person=0)
    found = centertrack_targets(torch.tensor([row]), 1, GRID)
    wanted = torch.zeros(GRID)
    wanted[1:4, 2:5] = 1
    assert torch.equal(found.heatmap[0, 0], wanted)
    assert len(found.cell) == 0


def test_cells_to_ignore_do_not_count() -> None:
    target = torch.zeros(1, 1, 1, 3)
    target[..., 0] = 1
    none = torch.zeros(0, dtype=torch.long)
    found = object_focal_loss(torch.zeros(1, 1, 1, 3), target, none, none)
    assert found.item() == pytest.approx(-2 * math.log(0.5) * 0.25)


def test_two_objects_in_a_cell_count_twice() -> None:
    target = torch.ones(1, 1, 1, 1)
    zero = torch.zeros(2, dtype=torch.long)
    found = object_focal_loss(torch.zeros(1, 1, 1, 1), target, zero, zero)
    assert found.item() == pytest.approx(-math.log(0.5) * 0.25)


def raw() -> CenterTrackOutput:
    return CenterTrackOutput(
        *(torch.zeros(1, c, *GRID, requires_grad=True) for c in (1, 2, 2, 2, 4))
    )


def test_the_total_is_a_weighted_sum() -> None:
    row = label(2.0, 1.0, 4.0, 4.0, before=(3.5, 2.0))
    items = CenterTrackLoss()(raw(), torch.tensor([row]))
    # Centre (3, 2.5): offsets 0 and 0.5; corners -1, -1, 1, 2; moved by 0.5 and 0.
    assert items.offset.item() == pytest.approx(0.5 / 2.0001)
    assert items.size.item() == pytest.approx(5 / 2.0001)
    assert items.displacement.item() == pytest.approx(0.5 / 2.0001)
    assert items.amodal.item() == pytest.approx(5 / 4.0001)
    wanted = (
        items.heatmap
        + items.offset
        + 0.1 * items.size
        + items.displacement
        + 0.1 * items.amodal
    )
    assert items.total.item() == pytest.approx(wanted.item())


def test_who_was_not_there_has_no_displacement_to_learn() -> None:
    rows = [
        label(2.0, 1.0, 4.0, 4.0),
        label(8.0, 1.0, 10.0, 4.0, before=(10.0, 2.0)),
    ]
    output = raw()
    items = CenterTrackLoss()(output, torch.tensor(rows))
    assert items.displacement.item() == pytest.approx(1 / 2.0001)
    items.total.backward()
    assert output.displacement.grad is not None
    assert not output.displacement.grad[0, :, 2, 3].any()


def test_without_objects_the_loss_is_a_number() -> None:
    items = CenterTrackLoss()(raw(), torch.zeros(0, 8))
    assert items.total.item() == pytest.approx(items.heatmap.item())
    assert torch.isfinite(items.total)


def test_without_the_amodal_head_its_term_is_0() -> None:
    row = label(2.0, 1.0, 4.0, 4.0)
    output = raw()._replace(amodal=None)
    assert CenterTrackLoss()(output, torch.tensor([row])).amodal.item() == 0
