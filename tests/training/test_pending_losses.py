"""Losses that are read several batches late."""

import pytest
import torch

from cstrack_bench.errors import CstrackError
from cstrack_bench.training.checkpoint import Position
from cstrack_bench.training.loss_items import LossItems
from cstrack_bench.training.pending_losses import PendingLosses


def items(value: float) -> LossItems:
    return LossItems(*(torch.tensor(value * k) for k in (1.0, 2.0, 3.0, 4.0)))


def means(limit: int, values: list[float]) -> dict[str, float]:
    position, pending = Position(), PendingLosses(limit)
    for batch, value in enumerate(values):
        position.batch = batch
        pending.add(position, items(value), ["a"])
    pending.settle(position)
    return position.losses


def test_when_they_are_read_changes_no_mean() -> None:
    values = [0.3, 1.7, 0.25, 4.0, 0.1]
    assert means(1, values) == means(3, values) == means(100, values)
    mean = sum(values) / 5
    expected = {"box": 2 * mean, "objectness": 4 * mean, "identity": 3 * mean}
    assert means(2, values) == pytest.approx(expected, rel=1e-6)


def test_an_epoch_starts_its_means_anew() -> None:
    position, pending = Position(), PendingLosses(10)
    pending.add(position, items(5.0), ["a"])
    position.epoch += 1
    pending.add(position, items(1.0), ["b"])
    pending.settle(position)
    assert position.losses["box"] == 2.0


def test_a_loss_that_is_not_finite_names_its_own_batch() -> None:
    position, pending = Position(), PendingLosses(10)
    for batch, value in enumerate([1.0, float("nan"), 2.0]):
        position.batch = batch
        pending.add(position, items(value), [f"image {batch}"])
    position.epoch, position.batch = 4, 0
    with pytest.raises(CstrackError, match=r"epoch 1, batch 2 .*images: image 1\."):
        pending.settle(position)


def test_a_refused_step_is_counted_when_it_is_read() -> None:
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    position, pending = Position(), PendingLosses(10)
    for gradient in (1.0, float("inf"), 1.0):
        scaler.scale(weight.sum() * gradient).backward()
        with pending.watch_scale(scaler, optimizer):
            scaler.step(optimizer)
            scaler.update()
        optimizer.zero_grad()
    assert position.skipped == 0
    pending.settle(position)
    assert position.skipped == 1
