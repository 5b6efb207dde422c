"""Heads that predict at every cell of one map, and how they start."""

import torch
from torch import Tensor, nn

from cstrack_bench.errors import InputError
from cstrack_bench.models.dla import Dla
from cstrack_bench.models.dla_config import (
    DEEPEST_STRIDE,
    CenterTrackConfig,
    FairMotConfig,
)
from cstrack_bench.models.dla_up import DlaUp, IdaUp
from cstrack_bench.models.layers import full_precision
from cstrack_bench.models.network_base import Network


class Head(nn.Sequential):
    """3×3 convolution, ReLU, 1×1 convolution, both with bias (docs/rivals.md#heads).

    Args:
        inputs: channels of the map.
        hidden: channels between the convolutions.
        outputs: values a cell.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        first = nn.Conv2d(inputs, hidden, 3, padding=1)
        last = nn.Conv2d(hidden, outputs, 1)
        assert first.bias is not None
        assert last.bias is not None
        nn.init.zeros_(first.bias)
        nn.init.zeros_(last.bias)
        super().__init__(first, nn.ReLU(inplace=True), last)

    def forward(self, input: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W) float32, or float64 from float64."""
        hidden = self[1](self[0](input))
        # Distances of a hundred cells want more than eight bits of mantissa.
        with full_precision(hidden):
            values: Tensor = self[2](hidden.to(self[2].weight.dtype))
        return values if values.dtype is torch.float64 else values.float()


class HeatmapHead(Head):
    """The head whose value is the logit of an object's centre.

    Its first convolution keeps PyTorch's bias, as in the published code; the last one's
    makes every cell improbable at the start.

    Args:
        inputs: channels of the map.
        hidden: channels between the convolutions.
        logit: of every cell at the start.
    """

    def __init__(self, inputs: int, hidden: int, logit: float) -> None:
        super().__init__(inputs, hidden, 1)
        first, last = (layer for layer in self if isinstance(layer, nn.Conv2d))
        first.reset_parameters()
        assert last.bias is not None
        nn.init.constant_(last.bias, logit)


class CenterNetwork(Network):
    """DLA-34 and its aggregation up to one map at stride 4.

    Args:
        config: width of the layers.
        previous: whether there are inputs for the previous image and its tracks.
    """

    def __init__(
        self, config: FairMotConfig | CenterTrackConfig, previous: bool = False
    ) -> None:
        super().__init__(config)
        channels = config.level_channels
        self.base = Dla(channels, previous)
        self.dla_up = DlaUp(channels[2:])
        c2, c3, c4 = channels[2:5]
        self.ida_up = IdaUp(c2, [c3, c4], [2, 4])

    def features(
        self,
        image: Tensor,
        previous: Tensor | None = None,
        heatmap: Tensor | None = None,
    ) -> Tensor:
        """(B, 3, H, W), and what ``Dla`` takes besides -> (B, C, H / 4, W / 4).

        Raises:
            InputError: H or W is not divisible by 32.
        """
        height, width = image.shape[-2:]
        if height % DEEPEST_STRIDE or width % DEEPEST_STRIDE:
            raise InputError(
                f"Input size {width}x{height} does not fit the network: "
                f"width and height must be multiples of {DEEPEST_STRIDE}."
            )
        levels = self.base(image, previous, heatmap)
        sixteen, eight, four = self.dla_up(levels[2:])
        features: Tensor = self.ida_up(four, [eight, sixteen])[-1]
        return features
