"""Several processes that train one network: their ranks, their waiting, the device."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from cstrack_bench.errors import CstrackError, InputError


@dataclass(frozen=True)
class World:
    """This process among those that torchrun started.

    Attributes:
        rank: number of this process.
        size: number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def main(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model with gradients averaged over the processes."""
        if self.size == 1:
            return model
        device = next(model.parameters()).device
        ids = [device.index] if device.type == "cuda" else None
        # λ of a mode without that relation gets no gradient; so may embedding layers
        # of a batch without identities.
        return DistributedDataParallel(
            model, device_ids=ids, find_unused_parameters=True
        )

    def wait(self) -> None:
        """Wait until every process has come here."""
        if self.size > 1:
            distributed.barrier()

    def leave(self) -> None:
        """End the process group."""
        if self.size > 1:
            distributed.destroy_process_group()


def is_main() -> bool:
    """Whether this process is the first of those that torchrun started, or alone."""
    return os.environ.get("RANK", "0") == "0"


def join_world(device: torch.device, batch: int) -> World:
    """Join the processes that torchrun started; alone without it.

    Args:
        device: where this process computes; decides NCCL or Gloo.
        batch: images a step over all processes.

    Raises:
        InputError: the batch does not divide among the processes.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    if batch % size:
        raise InputError(
            f"train.batch {batch} does not divide among {size} processes; "
            f"use --set train.batch={size * max(1, batch // size)}."
        )
    backend = "nccl" if device.type == "cuda" else "gloo"
    distributed.init_process_group(backend)
    return World(int(os.environ["RANK"]), size)


@contextmanager
def lost_processes_named() -> Iterator[None]:
    """Turn what a broken connection raises into a sentence that says what to do.

    Raises:
        CstrackError: another process ended, or cannot be reached any more.
    """
    try:
        yield
    except RuntimeError as error:
        text = str(error)
        broken = isinstance(error, distributed.DistError) or "gloo" in text.lower()
        if not broken:
            raise
        raise CstrackError(
            "Another process of this training ended or cannot be reached any more; "
            "start it again with --resume, and it goes on from its last checkpoint."
        ) from error


def pick_device(name: str) -> torch.device:
    """The device that auto, cpu, cuda or cuda:N stands for.

    Raises:
        InputError: there is no such device.
    """
    local = os.environ.get("LOCAL_RANK")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and local is not None:
        name = f"cuda:{local}"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(
            f"No device {name!r}; use auto, cpu, cuda or cuda:N."
        ) from None
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"No device {name!r}; use auto, cpu, cuda or cuda:N.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(
            f"Device {name!r} was asked for, but this machine has "
            f"{torch.cuda.device_count()} CUDA devices; use --device cpu."
        )
    return device
