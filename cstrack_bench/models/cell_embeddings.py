"""Embeddings computed at the cells of boxes alone, from the feature maps before them.

The last layers of a re-identification head are convolutions over a whole map of which
a frame reads some tens of cells: 39 of CSTrack's 260 GFLOPs at size l, 39 of 81 at s.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from cstrack_bench.models.fused_layers import folded
from cstrack_bench.models.layers import Conv


class EmbeddingSource(Protocol):
    """Where embeddings are computed from, for one image."""

    @property
    def grids(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) of each map there would be: one, or one a level."""
        ...

    def at(self, level: int, rows: Tensor, columns: Tensor) -> Tensor:
        """Embeddings at cells.

        Args:
            level: which map.
            rows: (N,) int64; columns: (N,) int64.

        Returns:
            (N, D) float32, not normalised.
        """
        ...


def gathered(
    maps: Sequence[Tensor], rows: Tensor, columns: Tensor, reach: int
) -> Tensor:
    """Square neighbourhoods of cells, zero outside the maps.

    Args:
        maps: each (H, W, C_i), of one size.
        rows: (N,) int64; columns: (N,) int64.
        reach: 0 for the cells alone, 1 for 3×3.

    Returns:
        (N, (2 reach + 1)², C), channels of the maps one after the other.
    """
    height, width = maps[0].shape[:2]
    step = torch.arange(-reach, reach + 1, device=rows.device)
    y = (rows[:, None] + step)[:, :, None]  # (N, k, 1)
    x = (columns[:, None] + step)[:, None, :]  # (N, 1, k)
    index = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)
    index = index.flatten(1)  # (N, k²)
    found = [one.reshape(height * width, -1)[index] for one in maps]
    patches = found[0] if len(found) == 1 else torch.cat(found, dim=2)
    if not reach:
        return patches
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    return patches * inside.flatten(1)[:, :, None]


class ConvAtCells(nn.Module):
    """A convolution of odd kernel, computed at given cells only.

    Args:
        weight: (O, I, k, k).
        bias: (O,).
        activation: of the result.
        dtype: of the weights.
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self, weight: Tensor, bias: Tensor, activation: nn.Module, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.reach = weight.shape[-1] // 2
        matrix = weight.detach().permute(2, 3, 1, 0).flatten(0, 2)  # (k² I, O)
        self.register_buffer("weight", matrix.to(dtype).contiguous())
        self.register_buffer("bias", bias.detach().to(dtype).clone())
        self.activation = activation

    def forward(self, patches: Tensor) -> Tensor:
        """(N, k², I), as ``gathered`` gives them -> (N, O)."""
        values = torch.addmm(self.bias, patches.flatten(1), self.weight)
        out: Tensor = self.activation(values)
        return out


class CellLayers(nn.Module):
    """The layers from a map to the embedding, at cells: a convolution, then 1×1 ones.

    Args:
        layers: ``Conv`` or plain convolutions, only the first of more than 1×1.
        dtype: of the weights.
    """

    def __init__(self, layers: Sequence[nn.Module], dtype: torch.dtype) -> None:
        super().__init__()
        made = []
        for layer in layers:
            if isinstance(layer, Conv):
                parts = folded(layer.convolution, layer.norm)
                activation: nn.Module = layer.activation
            else:
                assert isinstance(layer, nn.Conv2d)
                assert layer.bias is not None
                parts, activation = (layer.weight, layer.bias), nn.Identity()
            made.append(ConvAtCells(*parts, activation, dtype))
        self.layers = nn.Sequential(*made)
        self.reach = made[0].reach

    def forward(
        self,
        maps: Sequence[Tensor],
        scale: Tensor | None,
        rows: Tensor,
        columns: Tensor,
    ) -> Tensor:
        """Maps, each (H, W, C_i), at (N,) cells -> (N, D) float32.

        Args:
            maps: of one size; channels one after the other.
            scale: (C,) for the channels, or None.
            rows: (N,) int64; columns: (N,) int64.
        """
        patches = gathered(maps, rows, columns, self.reach)
        if scale is not None:
            patches = patches * scale.to(patches.dtype)
        out: Tensor = self.layers(patches)
        return out.float()


class CellSource:
    """An ``EmbeddingSource`` over feature maps.

    Args:
        layers: of each map of embeddings.
        maps: for each, feature maps (H, W, C_i) of one size.
        scale: (C,) for the channels, or None.
    """

    def __init__(
        self,
        layers: Sequence[CellLayers],
        maps: Sequence[Sequence[Tensor]],
        scale: Tensor | None = None,
    ) -> None:
        self._layers = layers
        self._maps = maps
        self._scale = scale

    @property
    def grids(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) of each map."""
        return tuple((maps[0].shape[0], maps[0].shape[1]) for maps in self._maps)

    def at(self, level: int, rows: Tensor, columns: Tensor) -> Tensor:
        """Embeddings (N, D) float32 at cells (N,) of a map."""
        vectors: Tensor = self._layers[level](
            self._maps[level], self._scale, rows, columns
        )
        return vectors


class FusedLevelHeads(nn.Module):
    """One convolution a level to the embedding, at cells."""

    def __init__(self, levels: Iterable[nn.Module], dtype: torch.dtype) -> None:
        super().__init__()
        self.levels = nn.ModuleList(CellLayers([level], dtype) for level in levels)

    def forward(self, features: tuple[Tensor, ...]) -> CellSource:
        """Features of P3, P4, P5, one image -> where embeddings come from."""
        layers = [one for one in self.levels if isinstance(one, CellLayers)]
        return CellSource(
            layers, [cells_first([x]) for x in features[: len(self.levels)]]
        )


def cells_first(maps: Sequence[Tensor]) -> list[Tensor]:
    """(1, C, H, W) each -> (H, W, C)."""
    return [one[0].permute(1, 2, 0) for one in maps]
