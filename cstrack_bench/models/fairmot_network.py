"""FairMOT: boxes and embeddings from the centres of objects, on one map."""

from typing import NamedTuple

from torch import Tensor, nn

from cstrack_bench.models.center_heads import CenterNetwork, Head, HeatmapHead
from cstrack_bench.models.dla_config import FairMotConfig

#: Logit of every cell at the start: a probability of 0.1.
FIRST_LOGIT = -2.19


class FairMotOutput(NamedTuple):
    """Raw values of a batch, H and W those of the map at stride 4.

    Attributes:
        heatmap: (B, 1, H, W), logit of a centre.
        box: (B, 4, H, W), distances in cells from the centre to the left, upper, right
            and lower side; or (B, 2, H, W), width and height.
        embedding: (B, D, H, W), not normalised.
        offset: (B, 2, H, W), x and y of the centre in the cell.
    """

    heatmap: Tensor
    box: Tensor
    embedding: Tensor
    offset: Tensor


class FairMot(CenterNetwork):
    """DLA-34 with four heads; modules are named as in published weights.

    Args:
        config: what to build.
    """

    reid_part = "id"
    config: FairMotConfig

    def __init__(self, config: FairMotConfig | None = None) -> None:
        config = config or FairMotConfig()
        super().__init__(config)
        inputs, hidden = config.level_channels[2], config.head_channels
        self.hm = HeatmapHead(inputs, hidden, FIRST_LOGIT)
        self.wh = Head(inputs, hidden, config.box_values)
        self.id = Head(inputs, hidden, config.embedding)
        self.reg = Head(inputs, hidden, 2)

    def parts(self) -> dict[str, nn.Module]:
        """The network by part, for counting parameters."""
        detect = nn.ModuleDict({"hm": self.hm, "wh": self.wh, "reg": self.reg})
        return {
            "backbone": self.base,
            "neck": nn.ModuleList([self.dla_up, self.ida_up]),
            "re-id head": self.id,
            "detect": detect,
        }

    def forward(self, images: Tensor) -> FairMotOutput:
        """Run the network.

        Args:
            images: (B, 3, H, W) RGB in [0, 1]; H and W divisible by 32.

        Raises:
            InputError: H or W is not divisible by 32.
        """
        x = self.features(images)
        return FairMotOutput(self.hm(x), self.wh(x), self.id(x), self.reg(x))
