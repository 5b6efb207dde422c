"""Running a network frame by frame: device, precision, and the clock around it."""

from collections import abc
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Generic, TypeVar

import torch
from torch import nn

from cstrack_bench.detection.network_detector import DTYPES
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.models.dla_config import DEEPEST_STRIDE
from cstrack_bench.stopwatch import NULL, Stopwatch

Network = TypeVar("Network", bound=nn.Module)


class CenterRunner(Generic[Network]):
    """A network on a device, for inputs of one size.

    Args:
        model: the network; put into eval mode and moved to ``device``.
        size: (height, width) of its input, each divisible by 32.
        device: where the network runs.
        dtype: ``float32``, ``bfloat16`` or ``float16``; below float32 the forward pass
            runs under autocast.
        stopwatch: times ``upload`` and ``forward``, and what its owner times.

    Raises:
        InputError: a size not divisible by 32, an unknown dtype.
    """

    def __init__(
        self,
        model: Network,
        size: tuple[int, int],
        device: str = "cpu",
        dtype: str = "float32",
        stopwatch: Stopwatch | None = None,
    ) -> None:
        height, width = size
        least = DEEPEST_STRIDE
        if height < least or width < least or height % least or width % least:
            raise InputError(
                f"Input size {width}x{height} is not divisible by {least}: choose the "
                "nearest multiples."
            )
        if dtype not in DTYPES:
            raise InputError(f"Unknown dtype {dtype!r}: {nearest(dtype, DTYPES)}.")
        self.size = size
        self.device = torch.device(device)
        self.dtype = DTYPES[dtype]
        self.stopwatch = stopwatch or NULL
        self.model = model.to(self.device).eval()

    @contextmanager
    def uploading(self) -> abc.Iterator[None]:
        """Time the body as ``upload``."""
        with self.stopwatch("upload"):
            yield
            self._synchronise()

    @contextmanager
    def forwarding(self) -> abc.Iterator[None]:
        """Run the body in the network's precision; time it as ``forward``."""
        with self.stopwatch("forward"):
            with self._autocast():
                yield
            self._synchronise()

    def _autocast(self) -> AbstractContextManager[object]:
        if self.dtype is torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)

    def _synchronise(self) -> None:
        # A GPU works behind the caller's back; a stage's time must include its work.
        if self.stopwatch.enabled and self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
