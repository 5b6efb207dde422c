"""From the raw values of FairMOT and CenterTrack to boxes, in cells of their maps."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from cstrack_bench.heatmaps import gather, peaks
from cstrack_bench.models.centertrack_network import CenterTrackOutput

#: Where a centre lies in its cell if the network does not say.
MIDDLE = 0.5


class FairMotBoxes(NamedTuple):
    """The K best peaks of each image, best first; in cells.

    Attributes:
        boxes: (B, K, 4) x1 y1 x2 y2, neither ordered nor clipped.
        scores: (B, K).
        cells: (B, K) int64, row · W + column.
    """

    boxes: Tensor
    scores: Tensor
    cells: Tensor


def decode_fairmot(
    heatmap: Tensor, box: Tensor, offset: Tensor | None, count: int
) -> FairMotBoxes:
    """Peaks and their boxes (docs/rivals.md#fairmot-decode).

    Args:
        heatmap: (B, 1, H, W), logits.
        box: (B, 4, H, W), distances to the sides; or (B, 2, H, W), width and height.
        offset: (B, 2, H, W); None puts centres in the middle of their cells.
        count: K.
    """
    scores, cells = peaks(heatmap, count)
    point = _points(cells, heatmap.shape[-1], box.dtype)
    centre = point + (MIDDLE if offset is None else gather(offset, cells))
    values = gather(box, cells)
    if values.shape[2] == 2:
        values = (values / 2).repeat(1, 1, 2)
    corners = centre - values[..., :2], centre + values[..., 2:]
    return FairMotBoxes(torch.cat(corners, dim=2), scores, cells)


def fairmot_embeddings(maps: Tensor, cells: Tensor) -> Tensor:
    """Embeddings (B, D, H, W) at cells (B, K) -> (B, K, D) of length 1."""
    return F.normalize(gather(maps, cells), dim=2)


class CenterTrackBoxes(NamedTuple):
    """The K best peaks of each image, best first; in cells.

    Attributes:
        boxes: (B, K, 4) x1 y1 x2 y2.
        scores: (B, K).
        centres: (B, K, 2), column and row of the peak: whole numbers.
        displacements: (B, K, 2), to the centre in the previous image.
    """

    boxes: Tensor
    scores: Tensor
    centres: Tensor
    displacements: Tensor


def decode_centertrack(
    output: CenterTrackOutput, count: int, refine: bool = True
) -> CenterTrackBoxes:
    """Peaks with boxes and displacements (docs/rivals.md#centertrack-decode).

    The amodal box counts where the network has one, else the visible box about the
    centre.

    Args:
        output: raw values of the network.
        count: K.
        refine: visible boxes are centred on cell + offset, else on the cell's middle.
    """
    scores, cells = peaks(output.heatmap, count)
    point = _points(cells, output.heatmap.shape[-1], output.size.dtype)
    if output.amodal is not None:
        boxes = point.repeat(1, 1, 2) + gather(output.amodal, cells)
    else:
        half = gather(output.size, cells).clamp(min=0) / 2
        centre = point + (gather(output.offset, cells) if refine else MIDDLE)
        boxes = torch.cat((centre - half, centre + half), dim=2)
    displacements = gather(output.displacement, cells)
    return CenterTrackBoxes(boxes, scores, point, displacements)


def _points(cells: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    """Column and row (B, K, 2) of cells (B, K)."""
    return torch.stack((cells % width, cells // width), dim=2).to(dtype)
