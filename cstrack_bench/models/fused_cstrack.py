"""CSTrack rebuilt for inference."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from cstrack_bench.models.cell_embeddings import FusedLevelHeads
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.fused_layers import plain_conv, replace_layers
from cstrack_bench.models.fused_network import FusedNetwork, split_logits
from cstrack_bench.models.fused_relations import FusedReciprocal
from cstrack_bench.models.fused_saan import FusedScaleAware
from cstrack_bench.models.heads import BasicReid
from cstrack_bench.models.reciprocal import PooledConvolutional, Reciprocal
from cstrack_bench.models.scale_aware import ScaleAware


class FusedLevel(nn.Module):
    """One level of a CSTrack whose tasks are decoupled by something else than REN.

    Args:
        decouple: features -> features for detection and for re-id.
        detect: the 1×1 convolution to the logits.
        dtype: of the features; logits are float32.
    """

    def __init__(
        self, decouple: nn.Module, detect: nn.Conv2d, dtype: torch.dtype
    ) -> None:
        super().__init__()
        if isinstance(decouple, PooledConvolutional):
            _with_plain(decouple, dtype)
        replace_layers(decouple, dtype)
        self.decouple = decouple
        self.detect = detect

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(1, C, H, W) -> logits (1, 3, H, W, 6) float32, features for re-id."""
        detection, reid = self.decouple(x)
        return split_logits(self.detect(detection.float())), reid


class FusedRelations(nn.Module):
    """One level of a CSTrack with REN: see ``FusedReciprocal``."""

    def __init__(
        self, level: Reciprocal, detect: nn.Conv2d, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.level = FusedReciprocal(level, detect, dtype)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(1, C, H, W) -> logits (1, 3, H, W, 6) float32, features for re-id."""
        logits, reid = self.level(x)
        return split_logits(logits), reid


def fuse_cstrack(network: CSTrack, dtype: torch.dtype) -> FusedNetwork:
    """A network of the same outputs, for inference on single images.

    Args:
        network: left as it is, and no weight is shared.
        dtype: of weights and features.
    """
    own = copy.deepcopy(network).eval().requires_grad_(False)
    if isinstance(own.reid, ScaleAware):
        reid: nn.Module = FusedScaleAware(own.reid, dtype)
    else:
        assert isinstance(own.reid, BasicReid)
        reid = FusedLevelHeads(own.reid.levels, dtype)
    levels = list(_levels(own, dtype))
    del own.reid, own.detect, own.ren
    replace_layers(own, dtype)
    return FusedNetwork(own, levels, reid, dtype)


def _levels(network: CSTrack, dtype: torch.dtype) -> Iterator[nn.Module]:
    for ren, detect in zip(network.ren, network.detect.levels, strict=True):
        assert isinstance(detect, nn.Conv2d)
        if isinstance(ren, Reciprocal):
            yield FusedRelations(ren, detect, dtype)
        else:
            yield FusedLevel(ren, detect, dtype)


def _with_plain(module: nn.Module, dtype: torch.dtype) -> None:
    """Its convolutions have no normalisation of their own: they change type."""
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Conv2d):
            setattr(module, name, plain_conv(child, dtype))
        else:
            _with_plain(child, dtype)
