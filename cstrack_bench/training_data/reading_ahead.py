"""Batches read ahead by worker processes, whatever shared memory there is.

A worker hands a batch over in shared memory (/dev/shm on Linux), of which Docker gives
64 MB by default. PyTorch drops a batch that does not fit, and its reader waits for
ever; here such a batch goes through a pipe: slower, and the same numbers.
"""

import functools
import pickle
import shutil
import traceback
import warnings
from collections import abc
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from cstrack_bench import console
from cstrack_bench.errors import CstrackError
from cstrack_bench.training_data.loading import (
    EpochSampler,
    LabelledImages,
    TrainingBatch,
)
from cstrack_bench.workers import start_worker

#: Batches that each worker keeps ready.
READY = 4
#: Seconds without a batch after which reading is given up.
LONGEST_READ = 900
_SHARED_MEMORY = Path("/dev/shm")


class _Copied(NamedTuple):
    """A batch as arrays, which are pickled: what its class has as tensors.

    Attributes:
        kind: its class, a named tuple.
        fields: its fields, each tensor as an array.
    """

    kind: type
    fields: tuple[object, ...]

    def restored(self) -> TrainingBatch:
        """The batch."""
        found: TrainingBatch = self.kind(
            *(
                torch.from_numpy(one) if isinstance(one, np.ndarray) else one
                for one in self.fields
            )
        )
        return found


def load_batches(
    dataset: LabelledImages, sampler: EpochSampler, workers: int, pin: bool = False
) -> abc.Iterator[TrainingBatch]:
    """The batches of a sampler, read ahead by worker processes.

    Args:
        dataset: labelled images, which decide how a batch is made.
        sampler: which of them make a batch.
        workers: processes; 0 reads in this one.
        pin: have tensors in memory that a GPU reads directly.

    Raises:
        CstrackError: whatever reading an image raises.
        RuntimeError: a worker was ended from outside (``errors.explained`` knows it).
    """
    loader = _loader(dataset, sampler, workers, pin)
    try:
        handed = iter(loader)
    except OSError as error:  # no memory, or no semaphore, for the workers' queues
        if not workers:
            raise
        _tell_once(
            f"No worker process can be started to read images "
            f"({error.strerror or error}): they are read in this one, which is slower."
        )
        handed = iter(_loader(dataset, sampler, 0, pin))
    for one in handed:
        if isinstance(one, Exception):
            raise one
        if isinstance(one, _Copied):
            _tell_once(_small_memory())
            one = one.restored()
        yield one


def _loader(
    dataset: LabelledImages, sampler: EpochSampler, workers: int, pin: bool
) -> "abc.Iterable[TrainingBatch | _Copied | Exception]":
    if not workers:
        batches = _Batches(dataset)
        return DataLoader(batches, batch_size=None, sampler=sampler, collate_fn=_as_is)
    # Whoever asks for more workers than cores has a reason; PyTorch warns each epoch.
    warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
    return DataLoader(
        _Reported(dataset),
        batch_size=None,
        sampler=sampler,
        num_workers=workers,
        collate_fn=_as_is,
        pin_memory=pin,
        worker_init_fn=_start_worker,
        prefetch_factor=READY,
        timeout=LONGEST_READ,
    )


def _as_is(batch: object) -> object:
    """PyTorch would make tensors of arrays."""
    return batch


class _Batches(Dataset[TrainingBatch]):
    """A data set whose items are batches, so that it decides how one is made.

    Args:
        images: what is read.
    """

    def __init__(self, images: LabelledImages) -> None:
        self._images = images

    def __getitem__(self, keys: list[tuple[int, int]]) -> TrainingBatch:
        return self._images.batch(keys)


class _Reported(Dataset[TrainingBatch | _Copied | Exception]):
    """Batches of which one that cannot be read is its error.

    PyTorch would put the traceback into the error's sentence.

    Args:
        images: what is read.
    """

    def __init__(self, images: LabelledImages) -> None:
        self._images = images

    def __getitem__(
        self, keys: list[tuple[int, int]]
    ) -> TrainingBatch | _Copied | Exception:
        try:
            return hand_over(self._images.batch(keys))
        except Exception as error:
            error.add_note(f"in a worker process: {traceback.format_exc()}")
            try:
                pickle.loads(pickle.dumps(error))
            except Exception:
                return CstrackError(f"{type(error).__name__}: {error}")
            return error


def hand_over(batch: TrainingBatch) -> TrainingBatch | _Copied:
    """A batch as a worker sends it: in shared memory, or where there is none a copy.

    Args:
        batch: one of a named tuple's class can be copied.
    """
    fields = tuple(batch) if isinstance(batch, tuple) else ()
    tensors = [one for one in fields if isinstance(one, torch.Tensor)]
    try:
        # Before 2.10 PyTorch does not notice, and the first write ends the process.
        if fields and not _is_room(sum(one.nbytes for one in tensors)):
            raise MemoryError
        for one in tensors:
            one.share_memory_()
    except (RuntimeError, OSError, MemoryError):
        arrays = (
            one.numpy() if isinstance(one, torch.Tensor) else one for one in fields
        )
        return _Copied(type(batch), tuple(arrays))
    return batch


def _is_room(size: int) -> bool:
    """Whether so many bytes of shared memory are free, and as many for another."""
    if not _SHARED_MEMORY.is_dir():
        return True
    return shutil.disk_usage(_SHARED_MEMORY).free > 2 * size


def _small_memory() -> str:
    there = ""
    if _SHARED_MEMORY.is_dir():
        megabytes = shutil.disk_usage(_SHARED_MEMORY).total / 2**20
        there = f": {_SHARED_MEMORY} has {megabytes:.3g} MB"
    return (
        f"A batch finds no shared memory{there}. Such batches go through pipes, which "
        "is slower; Docker gives more with --shm-size=1g."
    )


@functools.cache
def _tell_once(remark: str) -> None:
    console.err.print(remark, markup=False)


def _start_worker(_: int) -> None:
    start_worker()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
