"""Several processes that train one network as one process would: ranks, counts, means.

A step's images are divided among them. Statistics of normalisations are over all images
(``shared_norm``); each loss divides by counts over all images (``over_processes``), so
that the mean over processes of its total, and of the gradients, is that of the batch.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.training.shared_norm import share_norms


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
        """The model with statistics and gradients over all processes."""
        if self.size == 1:
            return model
        device = next(model.parameters()).device
        model = share_norms(model, device)
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


class Counted(NamedTuple):
    """A count of a batch that is divided among processes.

    Attributes:
        here: in this process.
        total: in all of them.
        processes: how many they are.
    """

    here: int
    total: int
    processes: int

    @property
    def weight(self) -> float:
        """What a mean over this process's part weighs in the mean over processes."""
        return self.here * self.processes / self.total if self.total else 1.0

    def divisor(self, least: float = 0.0, more: float = 0.0) -> float:
        """By what this process's sum is divided: the total, shared out.

        Args:
            least: the total counts as at least so many.
            more: added to it.
        """
        return (max(self.total, least) + more) / self.processes


def over_processes(*counts: int) -> list[Counted]:
    """Counts of this process with those of all that train together.

    Every process must ask at the same points of a step.

    Args:
        counts: of this process's part of the batch.
    """
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return [Counted(count, count, 1) for count in counts]
    # On the host, so that a GPU is not waited for.
    totals = torch.tensor(counts, dtype=torch.int64)
    distributed.all_reduce(totals)
    size = distributed.get_world_size()
    return [
        Counted(here, int(total), size)
        for here, total in zip(counts, totals, strict=True)
    ]


def mean_over_processes(values: Tensor) -> Tensor:
    """The mean over processes of detached numbers, (N,)."""
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return values
    summed = values.clone()
    distributed.all_reduce(summed)
    return summed / distributed.get_world_size()


def tied(loss: Tensor, output: object) -> Tensor:
    """A loss that depends, if only by zero, on each tensor of a network's output.

    Where a process has no identity in its part of a batch, the layers of the embedding
    would have no backward pass there, and the others would wait for its statistics.
    """
    if isinstance(output, Tensor):
        return loss + output.flatten()[:1].float().sum() * 0
    if isinstance(output, tuple):
        for one in output:
            loss = tied(loss, one)
    return loss


def is_main() -> bool:
    """Whether this process is the first of those that torchrun started, or alone."""
    return os.environ.get("RANK", "0") == "0"


def join_world(device: torch.device, batch: int) -> World:
    """Join the processes that torchrun started; alone without it.

    Args:
        device: where this process computes; decides whether NCCL is needed.
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
    # Counts are added up on the host, gradients where they are.
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
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
