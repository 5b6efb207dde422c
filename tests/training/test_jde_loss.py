"""JDE's loss: by hand, at its edges, and whether it teaches."""

import math

import pytest
import torch

from cstrack_bench.models.jde_config import JdeConfig, jde_anchors, make_config
from cstrack_bench.models.jde_network import JDE
from cstrack_bench.models.network_base import Output
from cstrack_bench.training.jde_loss import JdeLoss
from cstrack_bench.training.loss_items import LossItems
from cstrack_bench.training.train_config import LossConfig

TARGETS = torch.tensor(
    [
        [0, 1, 0.5, 0.5, 0.1, 0.4],
        [0, 0, 0.2, 0.3, 0.1, 0.3],
        [1, 3, 0.7, 0.6, 0.15, 0.5],
    ]
)
SIZE = (64, 96)
# One level has an anchor that fits: P3's first is 16 × 32 px, the others are far away.
ANCHORS = (
    ((16, 32), (400, 400), (401, 401), (402, 402)),
    ((500, 500), (501, 501), (502, 502), (503, 503)),
    ((600, 600), (601, 601), (602, 602), (603, 603)),
)
ONE = torch.tensor([[0, 2, 40 / 96, 24 / 64, 16 / 96, 32 / 64]])


@pytest.fixture
def network() -> JDE:
    torch.manual_seed(0)
    return JDE(make_config("n", anchors=jde_anchors((192, 320))))


def make_loss(identities: int = 5, **options: float) -> JdeLoss:
    torch.manual_seed(0)
    with torch.device("meta"):
        shape = JDE(JdeConfig(depth=0.33, width=0.125, embedding=8, anchors=ANCHORS))
    shape.anchors = torch.tensor(ANCHORS, dtype=torch.float32)
    return JdeLoss(shape, identities, LossConfig(**options))  # type: ignore[arg-type]


def flat_output(embedding: float = 0.0) -> Output:
    grids = [(SIZE[0] // s, SIZE[1] // s) for s in (8, 16, 32)]
    raw = tuple(torch.zeros(1, 4, *g, 6, requires_grad=True) for g in grids)
    maps = tuple(torch.full((1, *g, 8), embedding, requires_grad=True) for g in grids)
    return Output(raw, maps)


def test_terms_by_hand() -> None:
    """A box on the anchor of cell (5, 3): positives there and one row up and down.

    IoU with the anchors one row aside is 3/5, their deltas are ±1/4 in y; one column
    aside 1/3. All logits are 0, so person against background costs ln 2.
    """
    loss = make_loss()
    output = flat_output()
    items = loss(output, ONE)
    assert items.objectness.item() == pytest.approx(3 * math.log(2), rel=1e-5)
    # Smooth L1 of 1/4 is 1/32, for two of twelve numbers.
    assert items.box.item() == pytest.approx(2 / 32 / 12, rel=1e-4)
    # Embeddings of length 0 leave the classifier its bias.
    bias = loss.classifier.bias.detach()
    wanted = float(torch.logsumexp(bias, 0) - bias[1])
    assert items.identity.item() == pytest.approx(wanted, rel=1e-5)
    total = 0.5 * (
        3 * (math.exp(4.15) * math.log(2) - 4.15)
        + math.exp(4.85) * 2 / 32 / 12
        - 4.85
        + math.exp(2.3) * wanted
        - 2.3
    )
    assert items.total.item() == pytest.approx(total, rel=1e-4)


def test_the_right_answer_costs_next_to_nothing() -> None:
    loss = make_loss()
    output = flat_output()
    with torch.no_grad():
        for raw in output.raw:
            raw[..., 4] = 20.0
        output.raw[0][0, 0, 2:5, 5, 4:] = torch.tensor([0.0, 20.0])
        for row, delta in ((2, 0.25), (3, 0.0), (4, -0.25)):
            output.raw[0][0, 0, row, 5, 1] = delta
    items = loss(output, ONE)
    assert items.box.item() == pytest.approx(0, abs=1e-10)
    assert items.objectness.item() == pytest.approx(0, abs=1e-6)


def test_embeddings_are_judged_at_their_cells_alone() -> None:
    output = flat_output(0.1)
    make_loss()(output, ONE).identity.backward()
    gradient = output.embeddings[0].grad
    assert gradient is not None
    cells = gradient.abs().sum(-1)[0].nonzero().tolist()
    assert cells == [[2, 5], [3, 5], [4, 5]]
    assert output.embeddings[1].grad is None


def test_embeddings_are_scaled_by_the_number_of_people() -> None:
    """√2 · ln(people − 1), 4 people; the vector's own length does not matter."""
    loss = make_loss()
    with torch.no_grad():
        loss.classifier.bias.zero_()
        loss.classifier.weight.zero_()
        loss.classifier.weight[1, 0] = 1.0
    for length in (0.1, 30.0):
        output = flat_output()
        with torch.no_grad():
            output.embeddings[0][..., 0] = length
        logit = math.sqrt(2) * math.log(3)
        wanted = math.log(math.exp(logit) + 3) - logit
        assert loss(output, ONE).identity.item() == pytest.approx(wanted, rel=1e-4)


def test_a_person_without_identity_is_a_person_all_the_same() -> None:
    nobody = ONE.clone()
    nobody[:, 1] = 0
    one, other = make_loss()(flat_output(), ONE), make_loss()(flat_output(), nobody)
    assert other.identity.item() == 0
    assert other.objectness.item() == one.objectness.item()
    assert other.box.item() == one.box.item()
    assert math.isfinite(other.total.item())


def test_a_cell_is_judged_by_the_box_that_fits_it_best() -> None:
    """Two people in one cell: the order of the targets says nothing."""
    other = ONE.clone()
    other[0, 1], other[0, 5] = 3, 20 / 64
    both = [torch.cat([ONE, other]), torch.cat([other, ONE])]
    values = [make_loss()(flat_output(), rows).identity.item() for rows in both]
    assert values[0] == values[1]
    middle = make_loss()(flat_output(), ONE).identity.item()
    assert values[0] == pytest.approx(middle)


def test_without_anybody_only_background_is_learned(network: JDE) -> None:
    loss = JdeLoss(network, 5, LossConfig())
    items = loss(network(torch.rand(2, 3, *SIZE)), torch.zeros(0, 6))
    items.total.backward()
    assert items.box.item() == items.identity.item() == 0
    assert math.isfinite(items.total.item())
    gradient = network.detect[0].prediction.weight.grad.reshape(4, 6, -1)
    assert bool(gradient[:, 4:].any())
    assert not gradient[:, :4].any()
    # A task that has nothing to say does not move its own weight either.
    assert loss.box_log_variance.grad is None
    assert loss.class_log_variance.grad is None


def test_a_level_without_people_does_not_move_its_weights() -> None:
    """Only P3 has a positive; the s of the others would fall without end."""
    loss = make_loss()
    loss(flat_output(), ONE).total.backward()
    for s in (
        loss.class_log_variance,
        loss.box_log_variance,
        loss.identity_log_variance,
    ):
        assert s.grad is not None
        assert [bool(value) for value in s.grad] == [True, False, False]


def gradients_of_reid(network: JDE, loss: JdeLoss) -> bool:
    loss(network(torch.rand(2, 3, *SIZE)), TARGETS).total.backward()
    parameters = [*network.reid.parameters(), *loss.classifier.parameters()]
    return any(p.grad is not None and bool(p.grad.any()) for p in parameters)


def test_detection_alone_leaves_re_identification_alone(network: JDE) -> None:
    assert not gradients_of_reid(network, JdeLoss(network, 5, LossConfig(identity=0)))
    assert gradients_of_reid(network, JdeLoss(network, 5, LossConfig()))


@pytest.mark.parametrize("identities", [1, 2, 3])
def test_few_people_are_no_error(network: JDE, identities: int) -> None:
    targets = TARGETS.clone()
    targets[:, 1] = targets[:, 1].clamp(max=identities - 1)
    items = JdeLoss(network, identities, LossConfig())(
        network(torch.rand(2, 3, *SIZE)), targets
    )
    assert math.isfinite(items.total.item())


def test_a_few_steps_lower_every_term(network: JDE) -> None:
    torch.manual_seed(0)
    loss = JdeLoss(network, 5, LossConfig())
    images = torch.rand(2, 3, *SIZE)
    parameters = [*network.parameters(), *loss.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=2e-3, momentum=0.9)
    seen: list[LossItems] = []
    for _ in range(25):
        items = loss(network(images), TARGETS)
        optimizer.zero_grad()
        items.total.backward()
        optimizer.step()
        seen.append(LossItems(*(value.detach() for value in items)))
    first, last = seen[0], seen[-1]
    assert all(bool(torch.isfinite(value)) for value in last)
    assert last.total.item() < 0.5 * first.total.item()
    assert last.objectness.item() < 0.5 * first.objectness.item()
    assert last.identity.item() < first.identity.item()
    assert last.box.item() < first.box.item()


def test_half_precision_embeddings_are_judged_in_full(network: JDE) -> None:
    loss = JdeLoss(network, 5, LossConfig())
    with torch.autocast("cpu", torch.bfloat16):
        output = network(torch.rand(2, 3, *SIZE))
        items = loss(output, TARGETS)
    assert output.raw[0].dtype == torch.float32
    assert items.identity.dtype == torch.float32
    items.total.backward()
