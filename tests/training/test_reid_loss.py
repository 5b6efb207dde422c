"""The cosine softmax loss, and that it teaches a network who is who."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from cstrack_bench.errors import InputError
from cstrack_bench.models.wide_resnet import CROP, WideResNet, make_config
from cstrack_bench.training.loop import seed_everything, train
from cstrack_bench.training.reid_loss import ReidLoss
from cstrack_bench.training.train_config import LossConfig, TrainConfig
from cstrack_bench.training_data.loading import Batch, Item, collate

NETWORK = WideResNet(make_config("n", embedding=4))


def targets(*identities: int) -> torch.Tensor:
    rows = [[i, who, 0.5, 0.5, 1, 1] for i, who in enumerate(identities)]
    return torch.tensor(rows, dtype=torch.float32)


def test_it_is_the_cross_entropy_of_scaled_cosines() -> None:
    loss = ReidLoss(NETWORK, 4, LossConfig())
    loss.directions.data = torch.eye(3, 4) * torch.tensor([[1.0], [5.0], [0.1]])
    loss.log_scale.data = torch.tensor(math.log(2.0))
    # The second row's length must not matter.
    output = torch.tensor([[1.0, 0, 0, 0], [0, 3.0, 4.0, 0]])
    items = loss(output, targets(1, 3))
    first = math.log(1 + 2 * math.exp(-2))
    second = math.log(math.exp(1.2) + math.exp(1.6) + 1) - 1.6
    assert float(items.identity.detach()) == pytest.approx(
        (first + second) / 2, rel=1e-5
    )
    assert float(items.total.detach()) == pytest.approx(first + second, rel=1e-5)
    assert float(items.box) == float(items.objectness) == 0


def test_people_without_identity_are_left_out() -> None:
    loss = ReidLoss(NETWORK, 4, LossConfig())
    output = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    some = loss(output, targets(0, 2, 0))
    alone = loss(output[1:2], targets(2))
    torch.testing.assert_close(some.identity, alone.identity)


def test_a_batch_without_any_identity_still_has_a_gradient() -> None:
    loss = ReidLoss(NETWORK, 4, LossConfig())
    output = torch.ones(2, 4, requires_grad=True)
    items = loss(output, targets(0, 0))
    items.total.backward()
    assert float(items.total.detach()) == 0
    assert output.grad is not None
    assert not output.grad.any()


def test_the_scale_is_learned_and_eta_does_not_matter() -> None:
    torch.manual_seed(0)
    loss = ReidLoss(NETWORK, 9, LossConfig(identity=0.001))
    output = torch.randn(4, 4)
    items = loss(output, targets(1, 2, 3, 4))
    items.total.backward()
    assert float(items.total.detach()) == pytest.approx(
        4 * float(items.identity.detach())
    )
    assert loss.log_scale.grad is not None
    assert float(loss.log_scale.grad) != 0


def test_no_identity_and_no_identity_term_are_refused() -> None:
    with pytest.raises(InputError, match="identity"):
        ReidLoss(NETWORK, 1, LossConfig())
    with pytest.raises(InputError, match="detector_epochs"):
        ReidLoss(NETWORK, 5, LossConfig(identity=0.0))


class Jerseys:
    """Noisy crops; a person is a colour of the upper half and one of the lower."""

    COLOURS = ((200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40))
    identities = 1 + 6

    def __len__(self) -> int:
        return 48

    def crop(self, person: int, random: np.random.Generator) -> NDArray[np.uint8]:
        top, bottom = [(0, 1), (1, 0), (0, 2), (2, 3), (3, 1), (1, 2)][person]
        pixels = np.empty((3, *CROP))
        pixels[:, :64] = np.array(self.COLOURS[top])[:, None, None]
        pixels[:, 64:] = np.array(self.COLOURS[bottom])[:, None, None]
        pixels *= random.uniform(0.8, 1.2)
        pixels += random.normal(0, 20, pixels.shape)
        return pixels.clip(0, 255).astype(np.uint8)

    def __getitem__(self, key: tuple[int, int]) -> Item:
        person = key[1] % 6
        target = np.array([[person + 1, 0.5, 0.5, 1, 1]], np.float32)
        pixels = self.crop(person, np.random.default_rng(key))
        return pixels, target, f"crop {key[1]}"

    def batch(self, keys: list[tuple[int, int]]) -> Batch:
        return collate([self[key] for key in keys])


def test_it_learns_to_tell_people_apart(tmp_path: Path) -> None:
    crops = Jerseys()
    seed_everything(0)
    network = WideResNet(make_config("n", width=0.25, embedding=16))
    loss = ReidLoss(network, crops.identities, LossConfig())
    config = TrainConfig(
        epochs=5,
        batch=16,
        nominal_batch=16,
        optimizer="adamw",
        lr=5e-3,
        momentum=0.9,
        warmup_epochs=0,
        warmup_iterations=0,
        schedule="cosine",
        ema_ramp=4.0,
        precision="float32",
        workers=0,
    )
    device = torch.device("cpu")
    network, summary = train(
        network, loss, crops, config, tmp_path / "state.pt", "jerseys", 0, device
    )
    assert summary.identities == 6
    random = np.random.default_rng(99)
    unseen = np.stack([crops.crop(i % 6, random) for i in range(18)])
    with torch.inference_mode():
        vectors = network(torch.from_numpy(unseen).float() / 255).numpy()
    distances = 1 - vectors @ vectors.T
    people = np.arange(18) % 6
    same = people[:, None] == people[None]
    assert distances[same].max() < 0.2 < distances[~same].min()
