"""Modulated deformable convolution (DCNv2) in plain PyTorch, with exact gradients.

Sampling is one ``embedding_bag`` call: every tap of every cell is a bag of four rows of
the channels-last feature map, weighted by bilinear weight × mask. Its gradients are
those of the published kernels everywhere, also where offsets are whole numbers, which
is where training starts; those of ``grid_sample`` are not (docs/rivals.md#deformable).
"""

import math

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F

from cstrack_bench.models.layers import full_precision

KERNEL = 3
TAPS = KERNEL * KERNEL


def deform_conv2d(
    x: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, bias: Tensor
) -> Tensor:
    """3×3 convolution, stride 1, padding 1, whose taps are moved and weighted.

    Tap k = 3 · row + column of cell (i, j) reads the map at (i - 1 + row + dy,
    j - 1 + column + dx) by bilinear interpolation, and 0 from outside the open
    rectangle (-1, H) × (-1, W) (docs/rivals.md#deformable).

    Args:
        x: (B, C, H, W).
        offset: (B, 18, H, W) in cells: dy and dx of tap 0, of tap 1, ….
        mask: (B, 9, H, W), one factor a tap.
        weight: (O, C, 3, 3).
        bias: (O,).

    Returns:
        (B, O, H, W) in the memory format "channels last". Sampling is done in float32
        (float64 where x has it), the sum over taps and channels in the type of
        ``weight`` or of autocast.
    """
    batch, channels, height, width = x.shape
    wide = torch.float64 if x.dtype is torch.float64 else torch.float32
    with full_precision(x):
        rows = x.to(wide).permute(0, 2, 3, 1).reshape(-1, channels)  # (B·H·W, C)
        index, share = _corners(offset.to(wide), mask.to(wide))
        taps = _sampled(rows, index.view(-1, 4), share.view(-1, 4))  # (B·H·W·9, C)
    kernel = weight.permute(2, 3, 1, 0).reshape(TAPS * channels, -1)
    taps = taps.view(-1, TAPS * channels).to(weight.dtype)
    out = torch.addmm(bias, taps, kernel)  # (B·H·W, O)
    return out.view(batch, height, width, -1).permute(0, 3, 1, 2)


def _sampled(rows: Tensor, index: Tensor, share: Tensor) -> Tensor:
    """Weighted sums of four rows each: (R, C), (N, 4) and (N, 4) -> (N, C)."""
    if not (rows.requires_grad and torch.is_grad_enabled() and rows.is_cpu):
        return F.embedding_bag(index, rows, per_sample_weights=share, mode="sum")
    sums = F.embedding_bag(index, rows.detach(), per_sample_weights=share, mode="sum")
    joined: Tensor = _RowGradient.apply(sums, rows, index, share.detach())
    return joined


class _RowGradient(torch.autograd.Function):
    """The gradient of ``_sampled`` for its rows, on a CPU.

    PyTorch's own sorts all indices of a map first; the same sums by the transpose of a
    sparse matrix take a twentieth of the time, which is a third of a training step.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, sums: Tensor, rows: Tensor, index: Tensor, share: Tensor
    ) -> Tensor:
        ctx.save_for_backward(index, share)
        ctx.rows = len(rows)  # type: ignore[attr-defined]
        return sums.view_as(sums)

    @staticmethod
    def backward(
        ctx: FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor, Tensor, None, None]:
        index, share = ctx.saved_tensors  # type: ignore[attr-defined]
        count = len(index)
        matrix = csr_array(
            (
                share.reshape(-1).numpy(),
                index.reshape(-1).numpy(),
                np.arange(0, 4 * count + 1, 4, dtype=index.numpy().dtype),
            ),
            shape=(count, ctx.rows),  # type: ignore[attr-defined]
        )
        summed = matrix.T @ gradient.contiguous().numpy()
        return gradient, torch.from_numpy(summed), None, None


def _corners(offset: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The four cells around every sampling point, and the share of each.

    Args:
        offset: (B, 18, H, W).
        mask: (B, 9, H, W).

    Returns:
        Rows of the flattened map, (B, H, W, 9, 4) int, and their weights.
    """
    batch, _, height, width = mask.shape
    count = torch.int32 if batch * height * width < 2**31 else torch.int64
    moves = offset.permute(0, 2, 3, 1).reshape(batch, height, width, TAPS, 2)
    step = torch.arange(KERNEL, device=mask.device, dtype=mask.dtype) - KERNEL // 2
    y_grid = torch.arange(height, device=mask.device, dtype=mask.dtype)
    x_grid = torch.arange(width, device=mask.device, dtype=mask.dtype)
    y_taps = y_grid[:, None, None] + step.repeat_interleave(KERNEL)  # (H, 1, 9)
    x_taps = x_grid[:, None] + step.repeat(KERNEL)  # (W, 9)
    y, x = moves[..., 0] + y_taps, moves[..., 1] + x_taps  # (B, H, W, 9)
    # The cell is a constant for the gradient: at whole numbers the derivative is the
    # one towards the lower right, as in the published kernels.
    with torch.no_grad():
        y0, x0 = y.floor(), x.floor()
        inside = (y > -1) & (x > -1) & (y < height) & (x < width)
        has_top, has_left = y0 >= 0, x0 >= 0
        has_bottom, has_right = y0 < height - 1, x0 < width - 1
        # Clamped as integers, so that an offset that is no number stays in the map.
        row = y0.to(count).clamp(-1, height - 1)
        column = x0.to(count).clamp(-1, width - 1)
        top, bottom = row.clamp(min=0), (row + 1).clamp(max=height - 1)
        left, right = column.clamp(min=0), (column + 1).clamp(max=width - 1)
        image = torch.arange(batch, device=mask.device, dtype=count)
        start = (image * (height * width)).view(-1, 1, 1, 1)
        top, bottom = top * width + start, bottom * width + start
        index = torch.stack(
            (top + left, top + right, bottom + left, bottom + right), dim=-1
        )
    below, rightward = y - y0, x - x0
    factor = mask.permute(0, 2, 3, 1) * inside
    upper = (1 - below) * has_top * factor
    lower = below * has_bottom * factor
    near, far = (1 - rightward) * has_left, rightward * has_right
    share = torch.stack((upper * near, upper * far, lower * near, lower * far), dim=-1)
    return index, share


class DeformConv(nn.Module):
    """Deformable convolution that predicts its own offsets and masks.

    Names of parameters are those of published weights: ``weight``, ``bias`` and the
    ordinary convolution ``conv_offset_mask``, whose 27 channels are 18 offsets and the
    logits of 9 masks. They start at 0, so that the layer starts as half of an ordinary
    convolution.

    Args:
        inputs: channels in.
        outputs: channels out.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, KERNEL, KERNEL))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.conv_offset_mask = nn.Conv2d(inputs, 3 * TAPS, KERNEL, padding=1)
        bound = 1 / math.sqrt(inputs * TAPS)
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.zeros_(self.conv_offset_mask.weight)
        assert self.conv_offset_mask.bias is not None
        nn.init.zeros_(self.conv_offset_mask.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        # Eight bits of mantissa are a hundredth of a cell at an offset of three.
        with full_precision(x):
            moves = self.conv_offset_mask(x.to(self.conv_offset_mask.weight.dtype))
            offset, logits = moves.split((2 * TAPS, TAPS), dim=1)
            mask = logits.sigmoid()
        return deform_conv2d(x, offset, mask, self.weight, self.bias)
