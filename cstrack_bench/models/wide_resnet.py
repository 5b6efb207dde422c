"""The wide residual network of DeepSORT: a crop of a person in, a direction out.

Wojke, Bewley and Paulus, "Simple Online and Realtime Tracking with a Deep Association
Metric" (2017), Table 1. The paper prints 2,800,864 parameters. That sum comes out with
batch normalisation that shifts but does not scale (2,799,456 weights of convolutions
and of the dense layer, 1,408 shifts and biases), so that is what is built here.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from cstrack_bench.errors import InputError
from cstrack_bench.models import sizes
from cstrack_bench.models.network_base import CropNetwork

#: Height, width of a crop in pixels: the dense layer fits no other.
CROP = (128, 64)

_STEM = 32
# Channels and stride of residual blocks 4 to 9.
_BLOCKS = ((32, 1), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1))


@dataclass(frozen=True)
class WideResNetConfig:
    """Everything that shapes the network.

    Attributes:
        width: multiplies the channels; 1 is the published network.
        embedding: length of an appearance vector.
    """

    width: float = 1.0
    embedding: int = 128

    def __post_init__(self) -> None:
        """Refuse what cannot be built, naming the setting."""
        sizes.check_multiplier("width", self.width)
        if not isinstance(self.embedding, int) or self.embedding < 1:
            raise InputError(
                f"model.embedding is {self.embedding!r}: give a whole number from 1."
            )

    def channels(self, count: int) -> int:
        """Channels of a layer that has ``count`` at width 1: a multiple of 8."""
        return sizes.scaled_channels(count, self.width)

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height, width of a crop in pixels."""
        return CROP


def make_config(size: str = "l", **overrides: object) -> WideResNetConfig:
    """The network at a size: as published down to s, half as wide below it (s30, n).

    A few people's crops need no 2.8 million parameters, nor have two cores the time.

    Args:
        size: a name of ``models.sizes.SIZES``.
        overrides: fields of ``WideResNetConfig``; they win.

    Raises:
        InputError: an unknown name or a value that cannot be built.
    """
    values = sizes.size_values(size, sizes.SIZES)
    width = 1.0 if values["width"] >= sizes.SIZES["s"]["width"] else 0.5
    return sizes.build_config(WideResNetConfig, {"width": width}, overrides)


class ShiftNorm(nn.BatchNorm2d):
    """Batch normalisation with a learned shift and no scale."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-3)
        self.register_parameter("weight", None)

    def reset_parameters(self) -> None:
        """Mean 0, variance 1, shift 0."""
        self.reset_running_stats()
        nn.init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """The same shape; one vector alone is normalised by the running statistics."""
        if self.training and input.numel() == self.num_features:
            return F.batch_norm(
                input,
                self.running_mean,
                self.running_var,
                None,
                self.bias,
                eps=self.eps,
            )
        return super().forward(input)

    def _check_input_dim(self, input: Tensor) -> None:
        """Pictures (B, C, H, W) and vectors (B, C) alike."""


class Layer(nn.Sequential):
    """3×3 convolution without bias, batch normalisation, ELU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            ShiftNorm(outputs),
            nn.ELU(inplace=True),
        )


class Residual(nn.Module):
    """Two convolutions around which the input is added, normalised beforehand.

    Args:
        inputs: channels in.
        outputs: channels out; where they or the stride differ, a 1×1 convolution takes
            the input along.
        stride: of the first convolution.
        activated: the input is normalised and activated already (the first block).
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int = 1, activated: bool = False
    ) -> None:
        super().__init__()
        self.enter = (
            nn.Identity()
            if activated
            else nn.Sequential(ShiftNorm(inputs), nn.ELU(inplace=True))
        )
        self.first = Layer(inputs, outputs, stride)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        same = inputs == outputs and stride == 1
        self.bypass = (
            nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        return self.bypass(x) + self.second(self.first(self.enter(x)))


class WideResNet(CropNetwork):
    """Two convolutions, a pooling, six residual blocks, one dense layer.

    Args:
        config: width and length of the embedding.
    """

    config: WideResNetConfig

    def __init__(self, config: WideResNetConfig | None = None) -> None:
        super().__init__(config or WideResNetConfig())
        width = self.config.channels(_STEM)
        self.stem = nn.Sequential(
            Layer(3, width),
            Layer(width, width),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        blocks: list[nn.Module] = []
        scale = 2
        for number, (count, stride) in enumerate(_BLOCKS):
            outputs = self.config.channels(count)
            blocks.append(Residual(width, outputs, stride, activated=number == 0))
            width, scale = outputs, scale * stride
        self.blocks = nn.Sequential(*blocks)
        cells = (CROP[0] // scale) * (CROP[1] // scale)
        self.dense = nn.Linear(width * cells, self.config.embedding, bias=False)
        self.norm = ShiftNorm(self.config.embedding)

    def forward(self, images: Tensor) -> Tensor:
        """Crops (B, 3, 128, 64) RGB in [0, 1] -> (B, D) float32 of length 1."""
        x = self.blocks(self.stem(images))  # (B, C, 16, 8)
        x = self.norm(self.dense(x.flatten(1)))  # (B, D)
        return F.normalize(x.float())

    def parts(self) -> dict[str, nn.Module]:
        """The parts whose parameters are counted apart."""
        head = nn.ModuleDict({"dense": self.dense, "norm": self.norm})
        return {"stem": self.stem, "blocks": self.blocks, "head": head}
