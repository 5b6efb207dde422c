"""A function of one tensor as a CUDA graph: recorded once, replayed without Python."""

from collections.abc import Callable

import torch
from torch import Tensor


class CudaGraph:
    """A function of one tensor, recorded once and replayed.

    Args:
        function: looks at no value and makes the same shapes in every call.
    """

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self._function = function
        self._graph: torch.cuda.CUDAGraph | None = None
        self._input: Tensor | None = None
        self._output: Tensor | None = None

    def __call__(self, batch: Tensor) -> Tensor:
        """The function's result; overwritten by the next call."""
        if self._graph is None:
            self._record(batch)
        assert self._graph is not None
        assert self._input is not None
        assert self._output is not None
        self._input.copy_(batch)
        self._graph.replay()
        return self._output

    def _record(self, batch: Tensor) -> None:
        self._input = batch.clone()
        # What is chosen and allocated in first calls must not be recorded.
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._function(self._input)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._output = self._function(self._input)
