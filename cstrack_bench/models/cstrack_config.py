"""What one CSTrack network is made of: sizes, ablation switches, presets."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.models import sizes
from cstrack_bench.models.anchors import STRIDES, Anchors, checked_anchors

RenMode = Literal[
    "full", "self", "cross", "fixed", "none", "cnn3x3", "cnn1x1", "cnn_pooled1x1"
]
Generation = Literal["v2", "v6"]
ReidHead = Literal["saan", "basic"]
EmbedFrom = Literal["detecting_level", "p3"]
AttentionKind = Literal["none", "spatial", "channel", "both"]
AttentionOrder = Literal["parallel", "serial"]
SaanLayout = Literal["official", "paper"]

ANCHORS: Anchors = (
    ((8, 24), (11, 34), (16, 48)),
    ((32, 96), (45, 135), (64, 192)),
    ((128, 384), (180, 540), (256, 640)),
)

_CHOICES: dict[str, tuple[object, ...]] = {
    "generation": get_args(Generation),
    "ren": get_args(RenMode),
    "reid_head": get_args(ReidHead),
    "head_kernel": (1, 3),
    "embed_from": get_args(EmbedFrom),
    "level_attention": get_args(AttentionKind),
    "fused_attention": get_args(AttentionKind),
    "attention_order": get_args(AttentionOrder),
    "saan_layout": get_args(SaanLayout),
}
_NUMBERS: dict[str, tuple[type, ...]] = {
    "embedding": (int,),
    "saan_width": (int,),
    "ren_lambda": (int, float),
}


@dataclass(frozen=True)
class ModelConfig:
    """Everything that shapes the network (docs/reference.md#architecture).

    Attributes:
        depth: multiplies the repeats of every CSP stage with more than one.
        width: multiplies the channels of backbone and neck.
        embedding: length of an appearance vector.
        saan_width: channels inside SAAN; a literal in the official code, so it does
            not follow ``width``.
        ren: how the neck's features are decoupled. ``full`` learns λ per task and
            level, ``self`` and ``cross`` keep one relation alone (Table II rows 1, 2),
            ``fixed`` holds λ at ``ren_lambda`` (row 3), ``none`` feeds both tasks the
            same features (row 5), ``cnn…`` replaces the relations (row 6).
        ren_lambda: weight of the self relation: first value in ``full``, the value in
            ``fixed``.
        ren_input_projection: a 1×1 convolution on the features that the relations
            multiply: in the paper's text, not in the official code.
        reid_head: ``saan``, or ``basic``: one convolution a level.
        head_kernel: kernel of the basic head's convolutions.
        embed_from: basic head only: vectors from the level that detected the box, or
            all from the stride-8 level.
        level_attention: attention on each of SAAN's three levels (Table III).
        fused_attention: attention on the concatenated levels (Table III).
        attention_order: ``parallel``: both gates multiply the input and one residual
            is added (official code); ``serial``: channel, then spatial, as in CBAM
            (paper).
        saan_layout: ``official``: convolve, then learned up-sampling, SAM on a
            quarter of the channels, 3×3 then 1×1 to the embedding; ``paper``:
            up-sample, then convolve, SAM on all channels, 3×3 to the embedding.
        anchors: width and height in pixels, three for each of three levels.
        generation: whose YOLOv5 the backbone and neck are: ``v2`` is the paper's
            (Focus stem, CSP blocks, LeakyReLU); ``v6`` is what today's published
            COCO weights fit (6×6 stem, C3 blocks, SiLU). The rest is the same.
    """

    depth: float = 1.0
    width: float = 1.0
    embedding: int = 512
    saan_width: int = 256
    ren: RenMode = "full"
    ren_lambda: float = 0.5
    ren_input_projection: bool = False
    reid_head: ReidHead = "saan"
    head_kernel: Literal[1, 3] = 1
    embed_from: EmbedFrom = "detecting_level"
    level_attention: AttentionKind = "spatial"
    fused_attention: AttentionKind = "channel"
    attention_order: AttentionOrder = "parallel"
    saan_layout: SaanLayout = "official"
    anchors: Anchors = ANCHORS
    generation: Generation = "v2"

    def __post_init__(self) -> None:
        """Refuse what cannot be built, naming the setting."""
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                hint = nearest(str(value), map(str, choices))
                raise InputError(f"model.{name} is {value!r}: {hint}.")
        for name, kinds in _NUMBERS.items():
            number = getattr(self, name)
            sound = isinstance(number, kinds)
            if not sound or not math.isfinite(number):
                noun = "number" if float in kinds else "whole number"
                raise InputError(f"model.{name} is {number!r}: give a {noun}.")
        for name in ("depth", "width"):
            sizes.check_multiplier(name, getattr(self, name))
        if self.embedding < 1:
            raise InputError(f"model.embedding is {self.embedding!r}: give at least 1.")
        if self.saan_width < 4 or self.saan_width % 4:
            raise InputError(
                f"model.saan_width is {self.saan_width!r}: give a multiple of 4."
            )
        object.__setattr__(self, "anchors", checked_anchors(self.anchors, 3))

    def channels(self, count: int) -> int:
        """Channels of a layer that has ``count`` at width 1: a multiple of 8."""
        return sizes.scaled_channels(count, self.width)

    def repeats(self, count: int) -> int:
        """Bottlenecks of a CSP stage that has ``count`` at depth 1; at least 1."""
        return sizes.scaled_repeats(count, self.depth)

    @property
    def level_channels(self) -> tuple[int, int, int]:
        """Channels of P3, P4 and P5."""
        return self.channels(256), self.channels(512), self.channels(1024)

    @property
    def embedding_strides(self) -> tuple[int, ...]:
        """Strides of the embedding maps: the stride-8 one, or one a level."""
        if self.reid_head == "basic" and self.embed_from == "detecting_level":
            return STRIDES
        return STRIDES[:1]


# SAAN's width is a literal in the official code; ours follows at our own sizes.
SIZES: dict[str, dict[str, float]] = {
    name: {**values, "saan_width": {"n": 64, "xs": 32}.get(name, 256)}
    for name, values in sizes.SIZES.items()
}

# docs/reference.md#departure-ren-input-projection, #departure-saan-layout,
# #departure-attention-order: where the paper's text and the released code differ.
IMPLEMENTATIONS: dict[str, dict[str, object]] = {
    "official": {
        "ren_input_projection": False,
        "attention_order": "parallel",
        "saan_layout": "official",
    },
    "paper": {
        "ren_input_projection": True,
        "attention_order": "serial",
        "saan_layout": "paper",
    },
}


def make_config(
    size: str = "l", implementation: str = "official", **overrides: object
) -> ModelConfig:
    """A size, as the code or as the paper has it, with single values replaced.

    Args:
        size: a name of ``SIZES``.
        implementation: a name of ``IMPLEMENTATIONS``.
        overrides: fields of ``ModelConfig``; they win over both.

    Raises:
        InputError: an unknown name or a value that cannot be built.
    """
    values = sizes.size_values(size, SIZES)
    if implementation not in IMPLEMENTATIONS:
        hint = nearest(implementation, IMPLEMENTATIONS)
        raise InputError(f"Unknown model.implementation {implementation!r}: {hint}.")
    preset = IMPLEMENTATIONS[implementation]
    return sizes.build_config(ModelConfig, values, preset, overrides)
