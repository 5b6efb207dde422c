"""CenterTrack: objects as points, detected and tied to those of the previous image."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cstrack_bench.errors import InputError
from cstrack_bench.models.center_heads import CenterNetwork, Head, HeatmapHead
from cstrack_bench.models.dla_config import CenterTrackConfig
from cstrack_bench.models.network_base import Piece

#: Logit of every cell at the start: a probability of 0.01.
FIRST_LOGIT = -4.6


class CenterTrackOutput(NamedTuple):
    """Raw values of a batch, H and W those of the map at stride 4; in cells.

    Attributes:
        heatmap: (B, 1, H, W), logit of a centre.
        offset: (B, 2, H, W), x and y of the centre in the cell.
        size: (B, 2, H, W), width and height of the visible box.
        displacement: (B, 2, H, W), from the cell to the centre in the previous image.
        amodal: (B, 4, H, W), from the cell to the corners x1, y1, x2, y2 of the whole
            box; None where the network has no such head.
    """

    heatmap: Tensor
    offset: Tensor
    size: Tensor
    displacement: Tensor
    amodal: Tensor | None


class CenterTrack(CenterNetwork):
    """DLA-34 over two images and a heatmap; modules named as in published weights.

    Args:
        config: what to build.
    """

    config: CenterTrackConfig

    def __init__(self, config: CenterTrackConfig | None = None) -> None:
        config = config or CenterTrackConfig()
        super().__init__(config, config.previous)
        inputs, hidden = config.level_channels[2], config.head_channels
        self.hm = HeatmapHead(inputs, hidden, FIRST_LOGIT)
        self.reg = Head(inputs, hidden, 2)
        self.wh = Head(inputs, hidden, 2)
        self.tracking = Head(inputs, hidden, 2)
        self.ltrb_amodal = Head(inputs, hidden, 4) if config.amodal else None

    def parts(self) -> dict[str, nn.Module]:
        """The network by part, for counting parameters."""
        heads = {"hm": self.hm, "reg": self.reg, "wh": self.wh, "track": self.tracking}
        detect = nn.ModuleDict(heads)
        if self.ltrb_amodal is not None:
            detect["ltrb_amodal"] = self.ltrb_amodal
        return {
            "backbone": self.base,
            "neck": nn.ModuleList([self.dla_up, self.ida_up]),
            "detect": detect,
        }

    def pieces(self, size: tuple[int, int]) -> list[Piece]:
        """One image, with the previous one and its tracks where it takes them."""
        image = torch.empty(1, 3, *size, device="meta")
        if not self.config.previous:
            return super().pieces(size)
        inputs = (image, image, torch.empty(1, 1, *size, device="meta"))
        return [Piece((type(self), self.config), lambda given: self(*given), inputs)]

    def forward(
        self,
        images: Tensor,
        previous: Tensor | None = None,
        heatmap: Tensor | None = None,
    ) -> CenterTrackOutput:
        """Run the network.

        Args:
            images: (B, 3, H, W) BGR, normalised; H and W divisible by 32.
            previous: the previous images, likewise; None adds nothing.
            heatmap: (B, 1, H, W), tracks in the previous images; None adds nothing.

        Raises:
            InputError: H or W is not divisible by 32, or a previous input for a
                network without them.
        """
        given = previous is not None or heatmap is not None
        if given and not self.config.previous:
            raise InputError(
                "This CenterTrack has no previous inputs: build it with "
                "model.previous=true, or give the image alone."
            )
        x = self.features(images, previous, heatmap)
        amodal = None if self.ltrb_amodal is None else self.ltrb_amodal(x)
        return CenterTrackOutput(
            self.hm(x), self.reg(x), self.wh(x), self.tracking(x), amodal
        )
