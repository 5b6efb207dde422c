"""What the networks that detect by anchors have in common."""

import torch
from torch import Tensor, nn

from cstrack_bench.errors import InputError
from cstrack_bench.models.anchors import STRIDES, Anchors
from cstrack_bench.models.network import Output


class AnchorNetwork(nn.Module):
    """Image -> features at strides 8, 16, 32 -> logits and embedding maps.

    Args:
        anchors: width and height in pixels, the same number for each of three levels.

    Attributes:
        strides: pixels a cell, by level.
        anchors: buffer (3, A, 2), widths and heights in pixels.
    """

    anchors: Tensor
    strides = STRIDES

    def __init__(self, anchors: Anchors) -> None:
        super().__init__()
        # Not in the state dict: the configuration already says them.
        self.register_buffer(
            "anchors", torch.tensor(anchors, dtype=torch.float32), False
        )

    def neck(self, images: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) -> features P3, P4, P5 that both tasks start from."""
        raise NotImplementedError

    def task_heads(self, features: tuple[Tensor, ...]) -> Output:
        """P3, P4, P5 -> logits and embeddings."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Output:
        """Run the network.

        Args:
            images: (B, 3, H, W) RGB in [0, 1]; H and W divisible by 32.

        Raises:
            InputError: H or W is not divisible by 32.
        """
        height, width = images.shape[-2:]
        if height % STRIDES[-1] or width % STRIDES[-1]:
            raise InputError(
                f"Input size {width}x{height} does not fit the network: "
                "width and height must be multiples of 32."
            )
        return self.task_heads(self.neck(images))
