"""FairMOT's targets and loss, on cases computed by hand."""

import math

import pytest
import torch
from torch import Tensor

from cstrack_bench.errors import InputError
from cstrack_bench.models.dla_config import FairMotConfig
from cstrack_bench.models.fairmot_network import FairMotOutput
from cstrack_bench.training.center_loss import focal_loss, mean_distance
from cstrack_bench.training.fairmot_loss import FairMotLoss, FairMotLossConfig
from cstrack_bench.training.fairmot_targets import fairmot_targets

GRID = (8, 16)
WIDTH = 4


def label(
    x: float, y: float, w: float, h: float, identity: int = 0, image: int = 0
) -> list[float]:
    """A label whose box is given in cells."""
    return [image, identity, x / 16, y / 8, w / 16, h / 8]


def test_the_centre_is_clipped_and_the_box_is_not() -> None:
    labels = torch.tensor([label(5.5, 3.25, 2, 4, 7), label(-1, 4, 6, 2, 0)])
    found = fairmot_targets(labels, 1, GRID)
    assert found.cell.tolist() == [3 * 16 + 5, 4 * 16]
    assert found.offset.tolist() == [[0.5, 0.25], [0.0, 0.0]]
    # The second box reaches from -4 to 2; its centre was moved from -1 to 0.
    assert found.box.tolist() == [[1, 2, 1, 2], [4, 1, 2, 1]]
    assert found.identity.tolist() == [7, 0]
    assert found.heatmap[0, 0, 3, 5] == found.heatmap[0, 0, 4, 0] == 1


def test_a_centre_far_outside_has_a_negative_side() -> None:
    found = fairmot_targets(torch.tensor([label(-3, 4, 4, 2)]), 1, GRID)
    assert found.box.tolist() == [[5, 1, -1, 1]]


def test_sizes_of_the_first_version() -> None:
    found = fairmot_targets(torch.tensor([label(5.5, 3, 2, 4)]), 1, GRID, "size")
    assert found.box.tolist() == [[2, 4]]


def test_labels_without_a_side_are_skipped_but_keep_their_turn() -> None:
    rows = [label(2, 2, 0, 1), label(3, 3, 1, -1), label(4, 4, 1, 1), label(5, 5, 1, 1)]
    assert fairmot_targets(torch.tensor(rows), 1, GRID).label.tolist() == [2, 3]
    first = fairmot_targets(torch.tensor(rows), 1, GRID, max_objects=3)
    assert first.label.tolist() == [2]


def test_the_limit_holds_for_each_image() -> None:
    rows = [label(2, 2, 1, 1), label(4, 4, 1, 1), label(2, 2, 1, 1, image=1)]
    found = fairmot_targets(torch.tensor(rows), 2, GRID, max_objects=1)
    assert found.label.tolist() == [0, 2]
    assert found.image.tolist() == [0, 1]


def test_focal_loss_of_one_positive_by_hand() -> None:
    target = torch.tensor([[[[1.0, 0.5, 0.0]]]])
    logits = torch.zeros(1, 1, 1, 3)
    positive = math.log(0.5) * 0.25
    negative = math.log(0.5) * 0.25 * (0.5**4 + 1)
    assert focal_loss(logits, target).item() == pytest.approx(-positive - negative)


def test_focal_loss_without_a_positive_is_a_sum() -> None:
    found = focal_loss(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2))
    assert found.item() == pytest.approx(-4 * math.log(0.5) * 0.25)


def test_focal_loss_counts_cells_not_objects() -> None:
    rows = [label(4.2, 4.2, 2, 2), label(4.6, 4.4, 2, 2)]
    one, two = (
        fairmot_targets(torch.tensor(rows[:count]), 1, GRID).heatmap for count in (1, 2)
    )
    logits = torch.zeros(1, 1, *GRID)
    assert focal_loss(logits, one).item() == focal_loss(logits, two).item()


def test_mean_distance_has_the_published_denominator() -> None:
    found = mean_distance(torch.ones(2, 4), torch.zeros(2, 4))
    assert found.item() == pytest.approx(8 / 8.0001)
    assert mean_distance(torch.ones(0, 4), torch.zeros(0, 4)).item() == 0


def raw(batch: int = 1) -> FairMotOutput:
    torch.manual_seed(0)
    channels = (1, 4, WIDTH, 2)
    return FairMotOutput(
        *(torch.randn(batch, c, *GRID, requires_grad=True) for c in channels)
    )


def loss(**options: object) -> FairMotLoss:
    torch.manual_seed(1)
    config = FairMotLossConfig(**options)
    return FairMotLoss(FairMotConfig(embedding=WIDTH), 6, config)


LABELS = torch.tensor([label(5.5, 3.25, 2, 4, 3), label(9, 4, 2, 2, 0)])


def test_the_total_weighs_tasks_by_their_variances() -> None:
    criterion = loss()
    items = criterion(raw(), LABELS)
    detection = items.heatmap + 0.1 * items.box + items.offset
    wanted = 0.5 * (
        math.exp(1.85) * detection + math.exp(1.05) * items.identity - 1.85 - 1.05
    )
    assert items.total.item() == pytest.approx(wanted.item(), rel=1e-6)


def test_the_identity_loss_is_a_cross_entropy_over_known_ones() -> None:
    criterion, output = loss(), raw()
    vector = torch.nn.functional.normalize(output.embedding[0, :, 3, 5], dim=0)
    logits = criterion.classifier(vector * math.sqrt(2) * math.log(5))
    wanted = torch.nn.functional.cross_entropy(logits[None], torch.tensor([2]))
    found = criterion(output, LABELS).identity
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)


def test_fixed_weights() -> None:
    items = loss(weighting="fixed")(raw(), LABELS)
    detection = items.heatmap + 0.1 * items.box + items.offset
    wanted = detection + 0.1 * items.identity
    assert items.total.item() == pytest.approx(wanted.item(), rel=1e-6)


@pytest.mark.parametrize(
    "labels", [torch.zeros(0, 6), torch.tensor([label(9, 4, 2, 2, 0)])]
)
def test_without_an_identity_the_loss_is_a_number(labels: Tensor) -> None:
    criterion = loss()
    items = criterion(raw(), labels)
    assert items.identity.item() == 0
    assert torch.isfinite(items.total)
    items.total.backward()
    # Nothing holds its variance, so that it must not drift.
    assert criterion.identity_log_variance.grad is None
    assert criterion.detection_log_variance.grad is not None


def test_a_weight_of_zero_trains_detection_alone() -> None:
    output = raw()
    items = loss(identity=0.0)(output, LABELS)
    items.total.backward()
    assert items.identity.item() == 0
    assert output.embedding.grad is None


def test_an_unknown_weighting_is_refused() -> None:
    with pytest.raises(InputError, match="the nearest is 'learned'"):
        FairMotLossConfig(weighting="learnt")
