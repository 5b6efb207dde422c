"""A system of one's own, in one file: a small network trained with CSTrack's loss.

Nothing of the package is edited. From the folder that holds ``docs/``:

    cstrack train table2:4 --profile smoke \
        --set model.system=docs/examples/my_system.py:SYSTEM

An installed package names its systems as entry points instead, in the group
``cstrack_bench.systems``; they are then found by name and listed by ``cstrack models``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cstrack_bench.components import Component
from cstrack_bench.models import heads
from cstrack_bench.models.anchors import VALUES
from cstrack_bench.models.cstrack_config import ANCHORS
from cstrack_bench.models.layers import Conv
from cstrack_bench.models.network_base import DetectionNetwork, Output
from cstrack_bench.models.sizes import build_config
from cstrack_bench.systems.detecting import make_anchor_finder, whole_frames
from cstrack_bench.systems.starts import start_from_own
from cstrack_bench.systems.system import System
from cstrack_bench.training.losses import CSTrackLoss
from cstrack_bench.training.train_config import LossConfig


@dataclass(frozen=True)
class SmallConfig:
    """The options of the network: ``--set model.width=32`` sets one.

    Attributes:
        width: channels at stride 8; twice and four times as many below.
        embedding: length of an appearance vector.
    """

    width: int = 16
    embedding: int = 32


class SmallNetwork(DetectionNetwork):
    """Five halving convolutions; on three of them two convolutions for two tasks.

    A part that is called ``reid`` is the re-identification head: networks that start
    from a detector keep their own.
    """

    config: SmallConfig

    def __init__(self, config: SmallConfig) -> None:
        super().__init__(config, ANCHORS)
        width = config.width
        self.stem = nn.Sequential(Conv(3, width, 3, 2), Conv(width, width, 3, 2))
        channels = (width, 2 * width, 4 * width)
        self.levels = nn.ModuleList(
            Conv(inputs, outputs, 3, 2)
            for inputs, outputs in zip((width, *channels), channels, strict=False)
        )
        self.detect = nn.ModuleList(nn.Conv2d(c, 3 * VALUES, 1) for c in channels)
        self.reid = nn.ModuleList(nn.Conv2d(c, config.embedding, 1) for c in channels)

    def neck(self, images: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) -> features at strides 8, 16, 32."""
        x, features = self.stem(images), []
        for level in self.levels:
            x = level(x)
            features.append(x)
        return tuple(features)

    def task_heads(self, features: tuple[Tensor, ...]) -> Output:
        """Features -> logits (B, 3, H, W, 6) and embeddings (B, H, W, D) a level."""
        raw, embeddings = [], []
        for x, detect, reid in zip(features, self.detect, self.reid, strict=True):
            logits = torch.stack(detect(x).split(VALUES, dim=1), dim=1)
            raw.append(logits.permute(0, 1, 3, 4, 2).float())
            embeddings.append(reid(x).permute(0, 2, 3, 1))
        return Output(tuple(raw), tuple(embeddings))

    def decode(self, raw: tuple[Tensor, ...]) -> Tensor:
        """Logits -> boxes and probabilities, as in CSTrack."""
        return heads.decode(raw, self.anchors)

    def parts(self) -> dict[str, nn.Module]:
        """What a parameter count names."""
        trunk = nn.ModuleList([self.stem, *self.levels])
        return {"backbone": trunk, "re-id head": self.reid, "detect": self.detect}


def make_config(
    size: str,
    implementation: str,
    input_size: tuple[int, int],
    options: Mapping[str, object],
) -> SmallConfig:
    """The configuration of a run; this network is the same at every size."""
    return build_config(SmallConfig, options)


def make_loss(network: SmallNetwork, identities: int, config: LossConfig) -> nn.Module:
    """CSTrack's loss, which holds the identity classifier."""
    embedding = network.config.embedding
    return CSTrackLoss(network.anchors, network.strides, embedding, identities, config)


SYSTEM: System[SmallConfig, SmallNetwork] = System(
    name="small",
    # Raise the version when the network or its loss compute other numbers.
    component=Component("system small", 1),
    config=SmallConfig,
    make_config=make_config,
    network=SmallNetwork,
    loss=make_loss,
    training_images=whole_frames,
    start=start_from_own,
    make_finder=make_anchor_finder,
    # What it brings along, under what a row or the command line says.
    settings={"loss": {"identity": 0.1}},
)
