"""JDE's rates, its plain momentum, and normalisation that stays as it is."""

import pytest
import torch
from torch import nn

from cstrack_bench.models.jde_config import JdeConfig
from cstrack_bench.models.jde_network import JDE
from cstrack_bench.training.jde_loss import JdeLoss
from cstrack_bench.training.optimiser import Schedule, freeze_norms, make_optimizer
from cstrack_bench.training.train_config import LossConfig, TrainConfig

PUBLISHED = TrainConfig(
    epochs=30,
    batch=32,
    nominal_batch=32,
    lr=1e-2,
    momentum=0.9,
    nesterov=False,
    weight_decay=1e-4,
    schedule="jde",
    warmup_iterations=1000,
)


def test_rates_at_the_corners() -> None:
    schedule = Schedule(PUBLISHED, 1700)
    assert schedule.warmup == 1000
    assert schedule.at(0).lr == 0
    assert schedule.at(500).lr == pytest.approx(1e-2 / 16)
    assert schedule.at(1000).lr == schedule.at(15 * 1700 - 1).lr == 1e-2
    assert schedule.at(15 * 1700).lr == pytest.approx(1e-3)
    assert schedule.at(22 * 1700).lr == pytest.approx(1e-3)
    assert schedule.at(23 * 1700).lr == pytest.approx(1e-4)


def test_biases_and_momentum_have_no_warm_up_of_their_own() -> None:
    schedule = Schedule(PUBLISHED, 100)
    for iteration in (0, 10, 999, 2000):
        step = schedule.at(iteration)
        assert step.bias_lr == step.lr
        assert (step.momentum, step.accumulate) == (0.9, 1)


def test_without_burn_in_the_first_rate_is_whole() -> None:
    config = TrainConfig(schedule="jde", epochs=1, lr=1.0, warmup_iterations=0)
    rates = [Schedule(config, 8).at(i).lr for i in range(8)]
    assert rates == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


def test_momentum_looks_ahead_only_where_it_should() -> None:
    model, loss = nn.Linear(2, 2), nn.Linear(2, 2)
    for nesterov in (True, False):
        optimizer = make_optimizer(model, loss, TrainConfig(nesterov=nesterov))
        assert {group["nesterov"] for group in optimizer.param_groups} == {nesterov}


def test_the_weights_of_the_tasks_are_trained_without_decay() -> None:
    with torch.device("meta"):
        network = JDE(JdeConfig(depth=0.33, width=0.125, embedding=8))
        loss = JdeLoss(network, 4, LossConfig())
    optimizer = make_optimizer(network, loss, PUBLISHED)
    group = next(
        g
        for g in optimizer.param_groups
        if any(p is loss.box_log_variance for p in g["params"])
    )
    assert group["weight_decay"] == 0
    assert len(group["params"]) == 5


def test_frozen_normalisation_keeps_the_statistics_it_came_with() -> None:
    torch.manual_seed(0)
    network = JDE(JdeConfig(depth=0.33, width=0.125, embedding=8)).train()
    images = torch.rand(2, 3, 64, 64)
    network.backbone(images)  # as if Darknet's weights had come: the neck has none
    freeze_norms(network)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    network(images).raw[0].sum().backward()
    after = network.state_dict()
    changed = {name for name in before if not torch.equal(after[name], before[name])}
    assert not any(name.startswith("backbone.") for name in changed)
    assert "pyramid.sets.2.0.norm.running_mean" in changed
    assert network.training
    # Its weights learn all the same.
    assert network.backbone.stem.norm.weight.grad is not None
    network.train()(images)
    mean = "backbone.stem.norm.running_mean"
    assert not torch.equal(network.state_dict()[mean], before[mean])
