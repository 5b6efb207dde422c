"""How fast a recipe's row trains: a batch by stages, and an epoch through the loop."""

import collections.abc as abc
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.settings import Settings
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.systems.system import TrainingOptions
from cstrack_bench.systems.system_registry import build_network, find_system
from cstrack_bench.training.loop import (
    pick_precision,
    prepare_inputs,
    seed_everything,
    targets_for,
    train,
)
from cstrack_bench.training.optimiser import MovingAverage, Schedule, make_optimizer
from cstrack_bench.training_data.loading import (
    EpochSampler,
    LabelledImages,
    TrainingBatch,
)

#: In the order in which an image meets them; the first two are the readers'.
STAGES = (
    *("load", "augment", "upload", "forward", "loss", "backward", "step"),
    "average",
)
READER_STAGES = ("load", "augment")
# The first ones choose kernels and fill caches.
_WARM_UP = 2


@dataclass(frozen=True)
class StageTime:
    """Median milliseconds an image.

    Attributes:
        cpu_ms: of this process's processor time.
        wall_ms: of time; on a GPU the stage is waited for.
    """

    cpu_ms: float
    wall_ms: float


@dataclass(frozen=True)
class TrainingSpeed:
    """How fast a network is trained.

    Attributes:
        system: of the network.
        size: of the model.
        input_size: width × height.
        batch: images a step.
        precision: of the forward pass.
        device: that computed.
        threads: of this process.
        readers: processes that read images in the epoch; 0 is none beside this one.
        images: of the epoch.
        stages: by name, in the order of ``STAGES``: ``load`` decodes and fits a picture
            that is not in memory, ``augment`` makes an image ready that is.
        step_images_per_second: of the stages from upload to average, by wall time.
        step_images_per_cpu_second: likewise, by processor time.
        epoch_images_per_second: of a whole epoch through the training loop, loader and
            checkpoint included, by wall time.
        epoch_images_per_cpu_second: likewise, by this process's processor time.
        readers_needed: processes that keep this device fed once pictures are in memory.
    """

    system: str
    size: str
    input_size: str
    batch: int
    precision: str
    device: str
    threads: int
    readers: int
    images: int
    stages: dict[str, StageTime]
    step_images_per_second: float
    step_images_per_cpu_second: float
    epoch_images_per_second: float
    epoch_images_per_cpu_second: float
    readers_needed: int


@dataclass
class _Times:
    """Seconds an image of each stage, batch by batch."""

    device: torch.device
    cpu: dict[str, list[float]] = field(default_factory=dict)
    wall: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, images: int) -> abc.Iterator[None]:
        """Time what is inside."""
        self._wait()
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self._wait()
        self.cpu.setdefault(name, []).append((time.process_time() - cpu) / images)
        self.wall.setdefault(name, []).append((time.perf_counter() - wall) / images)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def medians(self) -> dict[str, StageTime]:
        """Of each stage, the first batches left out."""

        def median(values: list[float]) -> float:
            return 1e3 * float(np.median(values[_WARM_UP:] or values))

        return {
            name: StageTime(median(self.cpu[name]), median(self.wall[name]))
            for name in STAGES
        }


def time_training(
    settings: Settings,
    sequences: abc.Sequence[Sequence],
    device: torch.device,
    checkpoint: Path,
    steps: int,
) -> TrainingSpeed:
    """Time the steps of one row, then one epoch of its training.

    Args:
        settings: of the row.
        sequences: with images and ground truth.
        device: where to compute.
        checkpoint: a file that does not exist; the epoch writes it.
        steps: batches timed by stages, after two that are not.

    Raises:
        InputError: fewer images than a batch, or nothing to train on.
    """
    seed_everything(0)
    torch.set_flush_denormal(True)
    times = _Times(device)
    system = find_system(settings.system)
    options = TrainingOptions(settings.data.size, settings.augment, 0)
    dataset = system.training_images(sequences, settings.model, options)
    batches = _read(dataset, settings.train.batch, steps + _WARM_UP, times)
    precision = pick_precision(settings.train.precision, device)
    network = build_network(system, settings.model)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network = network.to(device).train()
    loss = system.loss(network, dataset.identities, settings.loss).to(device)
    optimizer = make_optimizer(network, loss, settings.train)
    average = MovingAverage(network, settings.train)
    schedule = Schedule(settings.train, len(batches))
    for number, batch in enumerate(batches):
        count = len(batch.names)
        schedule.apply(optimizer, number)
        with times.stage("upload", count):
            inputs = prepare_inputs(batch, device)
            targets = targets_for(loss, batch, device)
        with times.stage("forward", count), _autocast(device, precision):
            output = network(*inputs)
        with times.stage("loss", count):
            total: Tensor = loss(output, targets).total
        with times.stage("backward", count):
            total.backward()
        with times.stage("step", count):
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        with times.stage("average", count):
            average.update()
    stages = times.medians()
    computing = [stages[name] for name in STAGES if name not in READER_STAGES]
    step_wall = sum(stage.wall_ms for stage in computing)
    step_cpu = sum(stage.cpu_ms for stage in computing)
    one = replace(settings.train, epochs=1)
    network = build_network(system, settings.model)
    loss = system.loss(network, dataset.identities, settings.loss)
    _, summary = train(
        *(network, loss, dataset, one, checkpoint, "speed", 0, device),
        label="one epoch",
    )
    fed = stages["augment"].cpu_ms / step_wall
    return TrainingSpeed(
        system=system.name,
        size=settings.size,
        input_size=settings.data.input_size,
        batch=settings.train.batch,
        precision=summary.precision,
        device=str(device),
        threads=torch.get_num_threads(),
        readers=settings.train.workers,
        images=len(dataset),
        stages=stages,
        step_images_per_second=1e3 / step_wall,
        step_images_per_cpu_second=1e3 / step_cpu,
        epoch_images_per_second=len(dataset) / max(summary.wall_s, 1e-3),
        epoch_images_per_cpu_second=len(dataset) / max(summary.cpu_s, 1e-3),
        readers_needed=int(np.ceil(fed)),
    )


def _autocast(device: torch.device, precision: torch.dtype) -> torch.autocast:
    enabled = precision is not torch.float32
    return torch.autocast(device.type, precision, enabled=enabled)


def _read(
    dataset: LabelledImages, batch: int, count: int, times: _Times
) -> list[TrainingBatch]:
    """Batches, each read twice: from the file, then from memory."""
    if len(dataset) < batch:
        raise InputError(
            f"{len(dataset)} images make no batch of {batch}; give a longer sequence "
            "or --set train.batch=1."
        )
    found: list[TrainingBatch] = []
    epoch = 0
    while len(found) < count:
        for keys in EpochSampler(len(dataset), batch, 0, epoch):
            if len(keys) < batch or len(found) == count:
                continue
            for name in READER_STAGES:
                with times.stage(name, batch):
                    read = dataset.batch(keys)
            found.append(read)
        epoch += 1
    # What was in memory already took no decoding.
    for side in (times.cpu, times.wall):
        first = max(1, len(dataset) // batch)
        side["load"] = side["load"][:first]
    return found
