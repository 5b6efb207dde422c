"""The training loop."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import torch
from torch import Tensor

from cstrack_bench.components import Component
from cstrack_bench.console import progress
from cstrack_bench.interruption import held_back
from cstrack_bench.training.checkpoint import Position, TrainingState
from cstrack_bench.training.distributed import World, tied
from cstrack_bench.training.loss_items import LossTerms
from cstrack_bench.training.optimiser import (
    MovingAverage,
    Schedule,
    freeze_norms,
    make_optimizer,
)
from cstrack_bench.training.pending_losses import PendingLosses
from cstrack_bench.training.train_config import TrainConfig
from cstrack_bench.training_data.loading import (
    EpochSampler,
    LabelledImages,
    TrainingBatch,
)
from cstrack_bench.training_data.reading_ahead import load_batches

COMPONENT = Component("training", 3)

# Batches whose losses a GPU may owe before the host asks for them.
LOOK_BACK = 20

Trainable = TypeVar("Trainable", bound=torch.nn.Module)


@dataclass(frozen=True)
class TrainingSummary:
    """What a training run was, for the ledger.

    Attributes:
        images: labelled images.
        identities: classes of the identity classifier, "no identity" not counted.
        epochs: passes over the images.
        steps: optimiser steps taken.
        skipped_steps: steps that the float16 gradient scaler refused.
        precision: of the forward pass.
        loss: means over the last epoch, by term, before the terms' weights.
        wall_s: seconds.
        cpu_s: processor seconds of the training process, its readers not counted.
    """

    images: int
    identities: int
    epochs: int
    steps: int
    skipped_steps: int
    precision: str
    loss: dict[str, float]
    wall_s: float
    cpu_s: float


def pick_precision(name: str, device: torch.device) -> torch.dtype:
    """The type of the forward pass; ``auto`` is what the device multiplies fastest."""
    if name != "auto":
        chosen: torch.dtype = getattr(torch, name)
        return chosen
    if device.type == "cuda":
        return torch.float16
    fast = torch.backends.cpu.get_cpu_capability() == "AVX512" and _has_bf16()
    return torch.bfloat16 if fast else torch.float32


def _has_bf16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def seed_everything(seed: int) -> None:
    """Seed torch and Python; data order and augmentation have seeds of their own."""
    random.seed(seed)
    torch.manual_seed(seed)


def train(
    model: Trainable,
    loss: torch.nn.Module,
    dataset: LabelledImages,
    config: TrainConfig,
    checkpoint: Path,
    identity: str,
    seed: int,
    device: torch.device,
    world: World | None = None,
    label: str = "training",
    save_every: int | None = None,
    on_epoch: Callable[[Position], None] | None = None,
) -> tuple[Trainable, TrainingSummary]:
    """Train a network; go on from ``checkpoint`` where it exists.

    Args:
        model: freshly initialised network.
        loss: ``loss(output, targets) -> LossTerms``; its own parameters (an identity
            classifier) are trained with the network and belong to the checkpoint.
        dataset: labelled images.
        config: optimiser, schedule, precision.
        checkpoint: file that holds the state of the run; removed by the caller.
        identity: hash of what the run is.
        seed: of the order of the images.
        device: where to compute.
        world: the processes of a distributed run.
        label: what the progress display calls the run.
        save_every: also save after this many iterations.
        on_epoch: called after each epoch.

    Returns:
        The moving average of the network, in evaluation mode, and a summary.

    Raises:
        CstrackError: the loss is not finite; names the images of the batch.
        KeyboardInterrupt: interrupted; the state after the last batch is saved.
    """
    world = world or World()
    torch.set_flush_denormal(True)
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model = model.to(device).train()
    if config.freeze_norm:
        freeze_norms(model)
    loss = loss.to(device)
    precision = pick_precision(config.precision, device)
    state = TrainingState(
        model=model,
        average=MovingAverage(model, config),
        loss=loss,
        optimizer=make_optimizer(model, loss, config),
        scaler=torch.amp.GradScaler(
            device.type, enabled=precision is torch.float16 and device.type == "cuda"
        ),
        position=Position(),
        identity=identity,
    )
    if checkpoint.exists():
        state.load(checkpoint)
    forward = world.wrap(model)
    if config.compile:
        forward.compile()
    pending = PendingLosses(1 if device.type == "cpu" else LOOK_BACK)
    batches = math.ceil(len(dataset) / config.batch)
    schedule = Schedule(config, batches)
    clock = _Clock(state.position)
    saved = time.monotonic()
    # Processes that train together would wait for the one that stops to save.
    with progress() as display, held_back(world.size == 1) as interrupted:
        task = display.add_task(
            label, total=config.epochs * batches, completed=state.position.iteration
        )

        def save_where_due() -> None:
            nonlocal saved
            position, stop = state.position, interrupted()
            due = time.monotonic() - saved > config.save_seconds or (
                save_every is not None and position.iteration % save_every == 0
            )
            if (due or stop) and world.main:
                pending.settle(position)
                clock.stamp()
                state.save(checkpoint)
                saved = time.monotonic()
            if stop:
                raise KeyboardInterrupt

        while state.position.epoch < config.epochs:
            position = state.position
            sampler = EpochSampler(
                len(dataset),
                config.batch,
                seed,
                position.epoch,
                position.batch,
                world.rank,
                world.size,
            )
            loader = load_batches(
                dataset, sampler, config.workers, device.type == "cuda"
            )
            for batch in loader:
                _one_batch(
                    forward, state, schedule, batch, device, precision, world, pending
                )
                _advance(position, batches)
                display.update(task, completed=position.iteration)
                if position.batch:
                    save_where_due()
            pending.settle(state.position)
            # Before the state that counts the epoch as done: what is told of it is
            # written, and told again where the epoch ends a second time.
            if on_epoch is not None and world.main:
                on_epoch(position)
            save_where_due()
    clock.stamp()
    if world.main:  # a run stopped while it is being measured trains no second time
        state.save(checkpoint)
    position = state.position
    summary = TrainingSummary(
        images=len(dataset),
        identities=dataset.identities - 1,
        epochs=config.epochs,
        steps=position.steps,
        skipped_steps=position.skipped,
        precision=str(precision).removeprefix("torch."),
        loss={name: round(value, 5) for name, value in position.losses.items()},
        wall_s=round(position.wall_s, 1),
        cpu_s=round(position.cpu_s, 1),
    )
    return cast(Trainable, state.average.model), summary


def _one_batch(
    forward: torch.nn.Module,
    state: TrainingState,
    schedule: Schedule,
    batch: TrainingBatch,
    device: torch.device,
    precision: torch.dtype,
    world: World,
    pending: PendingLosses,
) -> None:
    """Forward, backward and, where it is due, an optimiser step."""
    position = state.position
    rates = schedule.apply(state.optimizer, position.iteration)
    inputs = prepare_inputs(batch, device)
    with torch.autocast(device.type, precision, enabled=precision is not torch.float32):
        output = forward(*inputs)
    items: LossTerms = state.loss(output, targets_for(state.loss, batch, device))
    pending.add(position, items, batch.names)
    total = tied(items.total, output) if world.size > 1 else items.total
    state.scaler.scale(total).backward()
    if position.iteration % rates.accumulate == 0:
        _step(state, schedule.config.clip_norm, world, pending)


def prepare_inputs(batch: TrainingBatch, device: torch.device) -> tuple[Tensor, ...]:
    """What the network takes, on the device, channels last."""
    return tuple(
        one.contiguous(memory_format=torch.channels_last)
        for one in batch.inputs(device)
    )


def targets_for(
    loss: torch.nn.Module, batch: TrainingBatch, device: torch.device
) -> Tensor:
    """The targets of a batch where the loss wants them."""
    if getattr(loss, "targets_on_host", False):
        return batch.targets
    return batch.targets.to(device, non_blocking=True)


def _step(
    state: TrainingState, clip_norm: float | None, world: World, pending: PendingLosses
) -> None:
    if world.size > 1:
        _average_classifier_gradients(state.loss, world)
    if clip_norm is not None:
        state.scaler.unscale_(state.optimizer)
        groups = state.optimizer.param_groups
        everything = [p for group in groups for p in group["params"]]
        torch.nn.utils.clip_grad_norm_(everything, clip_norm)
    with pending.watch_scale(state.scaler, state.optimizer):
        state.scaler.step(state.optimizer)
        state.scaler.update()
    state.optimizer.zero_grad(set_to_none=True)
    state.position.steps += 1
    state.position.last_step = state.position.iteration
    state.average.update()


def _average_classifier_gradients(loss: torch.nn.Module, world: World) -> None:
    """The classifier lives outside the wrapped model, so its gradients do too."""
    for parameter in loss.parameters():
        gradient = (
            parameter.grad
            if parameter.grad is not None
            else torch.zeros_like(parameter)
        )
        torch.distributed.all_reduce(gradient)
        parameter.grad = gradient / world.size


def _advance(position: Position, batches: int) -> None:
    """Move to the next batch."""
    position.iteration += 1
    position.batch += 1
    if position.batch == batches:
        position.batch = 0
        position.epoch += 1


class _Clock:
    """Adds this session's seconds to a run's."""

    def __init__(self, position: Position) -> None:
        self._position = position
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def stamp(self) -> None:
        wall, cpu = time.monotonic(), time.process_time()
        self._position.wall_s += wall - self._wall
        self._position.cpu_s += cpu - self._cpu
        self._wall, self._cpu = wall, cpu
