"""Losses that the device may still be computing, and what becomes of them."""

from collections import abc
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from cstrack_bench.errors import CstrackError
from cstrack_bench.training.checkpoint import Position
from cstrack_bench.training.distributed import mean_over_processes
from cstrack_bench.training.loss_items import LossTerms, parts


@dataclass(frozen=True)
class _Pending:
    """One batch's loss: its total and its named terms, (1 + N,), on the device."""

    values: Tensor
    names: tuple[str, ...]
    epoch: int
    batch: int
    images: abc.Sequence[str]


class PendingLosses:
    """Keeps losses on the device and reads several at once.

    To read a number from a GPU is to wait until it has done everything before. So the
    losses of some batches are read together, and their running means and the check that
    they are finite come as many batches late; what a run writes waits for them.

    Args:
        limit: batches after which they are read; 1 reads each before its gradient.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pending: list[_Pending] = []
        self._refused: list[Tensor] = []

    def add(
        self, position: Position, items: LossTerms, images: abc.Sequence[str]
    ) -> None:
        """Take the losses of a batch.

        Args:
            position: before the batch is counted; its means are brought up to date.
            items: of the batch.
            images: its names.

        Raises:
            CstrackError: see ``settle``.
        """
        terms = parts(items)
        values = torch.stack(
            [value.detach().float() for value in (items.total, *terms.values())]
        )
        values = mean_over_processes(values)
        self._pending.append(
            _Pending(values, tuple(terms), position.epoch, position.batch, images)
        )
        if len(self._pending) >= self._limit:
            self.settle(position)

    @contextmanager
    def watch_scale(
        self, scaler: torch.amp.GradScaler, optimizer: torch.optim.Optimizer
    ) -> abc.Iterator[None]:
        """Count the step inside as refused if it lowers the scale of the gradients."""
        if not scaler.is_enabled():
            yield
            return
        first = next(p for group in optimizer.param_groups for p in group["params"])
        one = torch.ones((), device=first.device)
        # The scale itself is only to be had by waiting for the device.
        before = scaler.scale(one)
        yield
        self._refused.append(scaler.scale(one) < before)

    def settle(self, position: Position) -> None:
        """Read what is owed: bring the epoch's means and refused steps up to date.

        Raises:
            CstrackError: a loss is not finite; names the images of its batch.
        """
        if self._refused:
            position.skipped += int(torch.stack(self._refused).sum())
            self._refused.clear()
        if not self._pending:
            return
        rows = torch.stack([item.values for item in self._pending]).tolist()
        for item, (total, *terms) in zip(self._pending, rows, strict=True):
            found = dict(zip(item.names, terms, strict=True))
            if not abs(total) < float("inf"):
                told = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
                raise CstrackError(
                    f"The loss became {total} in epoch {item.epoch + 1}, batch "
                    f"{item.batch + 1} ({told}); its images: {', '.join(item.images)}."
                )
            before = position.losses if item.batch else {}
            position.losses = {
                name: before.get(name, 0.0)
                + (value - before.get(name, 0.0)) / (item.batch + 1)
                for name, value in found.items()
            }
        self._pending.clear()
