"""Rates by iteration, parameter groups, the moving average."""

import pytest
import torch
from torch import nn

from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.training.optimiser import (
    BIAS,
    CLASSIFIER,
    OTHER,
    WEIGHT,
    MovingAverage,
    Schedule,
    make_optimizer,
)
from cstrack_bench.training.train_config import IMPLEMENTATIONS, TrainConfig

BATCHES = 665  # MOT17 alone at batch 8 (docs/reference.md#schedule)


def test_official_rates_at_the_corners() -> None:
    schedule = Schedule(TrainConfig(), BATCHES)
    assert schedule.warmup == 3 * BATCHES
    first = schedule.at(0)
    assert (first.lr, first.bias_lr, first.momentum, first.accumulate) == (
        0.0,
        0.1,
        0.9,
        1,
    )
    warm = schedule.at(schedule.warmup)
    assert warm.lr == pytest.approx(5e-3, rel=0.03)
    assert (warm.momentum, warm.accumulate) == (0.95, 8)
    assert schedule.at(20 * BATCHES).lr == 5e-3
    assert schedule.at(20 * BATCHES + 1).lr == pytest.approx(5e-4)


def test_a_short_epoch_warms_up_for_a_thousand_iterations() -> None:
    assert Schedule(TrainConfig(), 333).warmup == 1000


def test_the_paper_says_a_tenth_of_the_official_rate() -> None:
    config = TrainConfig(**IMPLEMENTATIONS["paper"]["train"])
    assert Schedule(config, BATCHES).at(10 * BATCHES).lr == 5e-4


def test_cosine_falls_monotonically_to_its_floor() -> None:
    config = TrainConfig(
        schedule="cosine", epochs=4, warmup_epochs=0, warmup_iterations=0, lr=1.0
    )
    rates = [Schedule(config, 10).at(i).lr for i in range(41)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 1.0
    assert rates[-1] == pytest.approx(0.1)


def _groups(model: nn.Module) -> list[int]:
    loss = nn.Linear(4, 3, bias=False)
    optimizer = make_optimizer(model, loss, TrainConfig())
    return [len(group["params"]) for group in optimizer.param_groups]


def test_the_official_groups() -> None:
    with torch.device("meta"):
        counts = _groups(CSTrack(make_config("l")))
    # Detect's unused scalar k is not a parameter here: 121 tensors there, 120 here.
    assert counts[OTHER] in (120, 121)
    assert (counts[WEIGHT], counts[BIAS], counts[CLASSIFIER]) == (140, 125, 1)


def test_decay_reaches_weights_alone() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 1))
    optimizer = make_optimizer(model, nn.Linear(2, 2, bias=False), TrainConfig())
    decays = [group["weight_decay"] for group in optimizer.param_groups]
    assert decays == [0, 5e-4, 0, 0]


def test_the_average_approaches_the_model() -> None:
    model = nn.Linear(2, 1)
    average = MovingAverage(model, TrainConfig(ema_ramp=10))
    start = model.weight.detach().clone()
    with torch.no_grad():
        model.weight += 1
    average.update()
    moved = (average.model.weight - start).detach()  # type: ignore[operator, union-attr]
    # decay 0.9999·(1 − e^(−1/10)) = 0.0952: nine tenths of the way at once.
    assert torch.allclose(moved, torch.full_like(moved, 1 - 0.09515), atol=1e-4)
