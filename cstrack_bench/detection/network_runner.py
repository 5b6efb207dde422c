"""Running a network: device, precision, and the clock around it."""

from collections import abc
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Generic, TypeVar

import torch
from torch import nn

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.models.anchors import STRIDES
from cstrack_bench.stopwatch import NULL, Stopwatch

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
Network = TypeVar("Network", bound=nn.Module)


def checked_size(size: tuple[int, int]) -> tuple[int, int]:
    """The (height, width) of a network's input, if a network can take it.

    Raises:
        InputError: not divisible by 32.
    """
    height, width = size
    least = STRIDES[-1]
    if height < least or width < least or height % least or width % least:
        raise InputError(
            f"Input size {width}x{height} is not divisible by {least}: choose the "
            "nearest multiples."
        )
    return size


class NetworkRunner(Generic[Network]):
    """A network on a device.

    Args:
        model: the network; put into eval mode and moved to ``device``.
        device: where the network runs.
        dtype: ``float32``, ``bfloat16`` or ``float16``; below float32 the forward pass
            runs under autocast.
        stopwatch: times what its owner times.

    Raises:
        InputError: an unknown dtype.
    """

    def __init__(
        self,
        model: Network,
        device: str = "cpu",
        dtype: str = "float32",
        stopwatch: Stopwatch | None = None,
    ) -> None:
        if dtype not in DTYPES:
            raise InputError(f"Unknown dtype {dtype!r}: {nearest(dtype, DTYPES)}.")
        self.device = torch.device(device)
        self.dtype = DTYPES[dtype]
        self.stopwatch = stopwatch or NULL
        self.model = model.to(self.device).eval()

    @contextmanager
    def stage(self, name: str) -> abc.Iterator[None]:
        """Time the body, with the work that it gave to the device."""
        with self.stopwatch(name):
            yield
            # A GPU works behind the caller's back.
            if self.stopwatch.enabled and self.device.type == "cuda":
                torch.cuda.synchronize(self.device)

    def autocast(self) -> AbstractContextManager[object]:
        """Run the body in the network's precision."""
        if self.dtype is torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)
