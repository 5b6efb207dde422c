"""Parameter groups, learning rate, momentum, accumulation and the moving average."""

import copy
import math
from dataclasses import dataclass

import torch
from torch import nn

from cstrack_bench.training.train_config import TrainConfig

# Order of the optimiser's groups (docs/reference.md#optimiser).
OTHER, WEIGHT, BIAS, CLASSIFIER = range(4)


def make_optimizer(
    model: nn.Module, loss: nn.Module, config: TrainConfig
) -> torch.optim.Optimizer:
    """The optimiser over the four groups of docs/reference.md#optimiser.

    Groups: everything else (weights of batch norms, λ), no decay; ``.weight``, decayed;
    ``.bias``; the loss module's parameters. The decay is scaled so that it is the
    configured one at the nominal batch.
    """
    groups: list[list[nn.Parameter]] = [[], [], [], list(loss.parameters())]
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if not parameter.requires_grad:
                continue
            if name == "bias":
                groups[BIAS].append(parameter)
            elif name == "weight" and not isinstance(module, nn.BatchNorm2d):
                groups[WEIGHT].append(parameter)
            else:
                groups[OTHER].append(parameter)
    steps = Schedule(config, batches=1).full_accumulation
    decay = config.weight_decay * config.batch * steps / config.nominal_batch
    parameters = [{"params": g} for g in groups]
    optimizer: torch.optim.Optimizer
    if config.optimizer == "sgd":
        optimizer = torch.optim.SGD(
            parameters,
            config.lr,
            momentum=config.momentum,
            nesterov=config.nesterov,
            fused=config.fused,
        )
    else:
        optimizer = torch.optim.AdamW(
            parameters, config.lr, weight_decay=0.0, fused=config.fused
        )
    optimizer.param_groups[WEIGHT]["weight_decay"] = decay
    return optimizer


@dataclass(frozen=True)
class Step:
    """What one iteration uses.

    Attributes:
        lr: learning rate of the weights.
        bias_lr: learning rate of the biases.
        momentum: momentum.
        accumulate: steps over which gradients are summed.
    """

    lr: float
    bias_lr: float
    momentum: float
    accumulate: int


@dataclass(frozen=True)
class Schedule:
    """Rates by iteration (docs/reference.md#schedule).

    Attributes:
        config: options.
        batches: iterations an epoch.
    """

    config: TrainConfig
    batches: int

    @property
    def full_accumulation(self) -> int:
        """Steps a gradient is summed over after the warm-up."""
        return max(round(self.config.nominal_batch / self.config.batch), 1)

    @property
    def warmup(self) -> int:
        """Iterations of the warm-up."""
        if self.config.schedule == "jde":
            return self.config.warmup_iterations
        by_epochs = round(self.config.warmup_epochs * self.batches)
        return max(by_epochs, self.config.warmup_iterations)

    def at(self, iteration: int) -> Step:
        """Rates at a 0-based iteration.

        The official warm-up rises towards the base rate times a cosine of the epoch;
        its floor is unknown, but within three of thirty epochs it is above 0.97.
        """
        config = self.config
        base = self._base(iteration)
        if config.schedule == "jde":
            burn_in = min(iteration / self.warmup, 1.0) if self.warmup else 1.0
            rate = base * burn_in**4
            return Step(rate, rate, config.momentum, self.full_accumulation)
        if iteration > self.warmup or self.warmup == 0:
            return Step(base, base, config.momentum, self.full_accumulation)
        done = iteration / self.warmup
        if config.schedule == "step":
            epoch = iteration // self.batches
            base = config.lr * (1 + math.cos(math.pi * epoch / config.epochs)) / 2
        return Step(
            lr=done * base,
            bias_lr=config.warmup_bias_lr + done * (base - config.warmup_bias_lr),
            momentum=config.warmup_momentum
            + done * (config.momentum - config.warmup_momentum),
            accumulate=max(1, round(1 + done * (self.full_accumulation - 1))),
        )

    def _base(self, iteration: int) -> float:
        config = self.config
        if config.schedule == "step":
            late = iteration > config.decay_epoch * self.batches
            return config.lr * (config.decay_factor if late else 1.0)
        if config.schedule == "jde":
            done = iteration / (config.epochs * self.batches)
            return config.lr * config.decay_factor ** ((done >= 0.5) + (done >= 0.75))
        total = max(config.epochs * self.batches, 1)
        cosine = (1 + math.cos(math.pi * min(iteration / total, 1))) / 2
        return config.lr * (config.decay_factor + (1 - config.decay_factor) * cosine)

    def apply(self, optimizer: torch.optim.Optimizer, iteration: int) -> Step:
        """Set the optimiser's rates for an iteration and return them."""
        step = self.at(iteration)
        for number, group in enumerate(optimizer.param_groups):
            group["lr"] = step.bias_lr if number == BIAS else step.lr
            if "betas" in group:
                group["betas"] = (step.momentum, group["betas"][1])
            else:
                group["momentum"] = step.momentum
        return step


def freeze_norms(model: nn.Module) -> None:
    """Have the batch normalisations use, and keep, the statistics they came with.

    Layers that came without any, because the weights that a network starts from do not
    reach them, go on as before: they would normalise nothing. To be called after
    ``model.train()``, which undoes it, and before a run's own state is loaded.
    """
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            mean, variance = module.running_mean, module.running_var
            assert mean is not None
            assert variance is not None
            if bool(mean.any()) or bool((variance != 1).any()):
                module.eval()


class MovingAverage:
    """Exponential moving average over the whole state of a model
    (docs/reference.md#moving-average).

    The tensors of the model are kept, so that it must not be given others afterwards
    (``load_state_dict`` writes into them).

    Attributes:
        model: the averaged copy, in evaluation mode.
        updates: optimiser steps taken.
    """

    def __init__(self, model: nn.Module, config: TrainConfig) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.updates = 0
        self._config = config
        # The tensors are found once: to list them costs as much as to average them.
        current = model.state_dict()
        own = self.model.state_dict()
        floats = [name for name, value in own.items() if value.is_floating_point()]
        self._floats = [own[name] for name in floats]
        self._towards = [current[name] for name in floats]
        self._counts = [
            (value, current[name])
            for name, value in own.items()
            if not value.is_floating_point()
        ]

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the model after an optimiser step."""
        self.updates += 1
        ramp = 1 - math.exp(-self.updates / self._config.ema_ramp)
        decay = self._config.ema_decay * ramp
        torch._foreach_lerp_(self._floats, self._towards, 1 - decay)
        for value, current in self._counts:
            value.copy_(current)
