"""CenterTrack's loss: five terms with fixed weights."""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from cstrack_bench.models.centertrack_network import CenterTrackOutput
from cstrack_bench.training.center_loss import (
    at_objects,
    mean_distance,
    object_focal_loss,
)
from cstrack_bench.training.centertrack_targets import centertrack_targets


@dataclass(frozen=True)
class CenterTrackLossConfig:
    """Weights of the terms; the defaults are the published ones.

    Attributes:
        heatmap: of the focal loss.
        offset: of the centre in its cell.
        size: of the visible box.
        displacement: from the centre to that in the previous image.
        amodal: of the whole box.
    """

    heatmap: float = 1.0
    offset: float = 1.0
    size: float = 0.1
    displacement: float = 1.0
    amodal: float = 0.1


class CenterTrackItems(NamedTuple):
    """The loss of one batch, scalars; distances in cells, before their weights.

    Attributes:
        total: what is minimised.
        heatmap: focal loss of the centres.
        offset: mean distance of the offsets.
        size: mean distance of widths and heights.
        displacement: mean distance of the displacements of those seen before.
        amodal: mean distance of the corners; 0 where the network has no such head.
    """

    total: Tensor
    heatmap: Tensor
    offset: Tensor
    size: Tensor
    displacement: Tensor
    amodal: Tensor


class CenterTrackLoss(nn.Module):
    """The weighted sum of five terms (docs/rivals.md#centertrack-loss).

    Args:
        config: weights.
    """

    def __init__(self, config: CenterTrackLossConfig | None = None) -> None:
        super().__init__()
        self.config = config or CenterTrackLossConfig()

    def forward(self, output: CenterTrackOutput, targets: Tensor) -> CenterTrackItems:
        """The loss of a batch.

        Args:
            output: raw values of the network.
            targets: (T, 8), see ``centertrack_targets.LABEL_WIDTH``.
        """
        batch, _, rows, columns = output.heatmap.shape
        wanted = centertrack_targets(targets, batch, (rows, columns))
        objects = wanted.image, wanted.cell
        seen = ~wanted.displacement.isnan().any(dim=1)
        heatmap = object_focal_loss(output.heatmap, wanted.heatmap, *objects)
        offset = mean_distance(at_objects(output.offset, *objects), wanted.offset)
        size = mean_distance(at_objects(output.size, *objects), wanted.size)
        moved = at_objects(output.displacement, *objects)[seen]
        displacement = mean_distance(moved, wanted.displacement[seen])
        amodal = heatmap.new_zeros(())
        if output.amodal is not None:
            amodal = mean_distance(at_objects(output.amodal, *objects), wanted.amodal)
        weights = self.config
        total = (
            weights.heatmap * heatmap
            + weights.offset * offset
            + weights.size * size
            + weights.displacement * displacement
            + weights.amodal * amodal
        )
        return CenterTrackItems(total, heatmap, offset, size, displacement, amodal)
