"""What one CSTrack network is made of: sizes, ablation switches, presets."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from cstrack_bench.errors import InputError, nearest

RenMode = Literal[
    "full", "self", "cross", "fixed", "none", "cnn3x3", "cnn1x1", "cnn_pooled1x1"
]
Generation = Literal["v2", "v6"]
ReidHead = Literal["saan", "basic"]
EmbedFrom = Literal["detecting_level", "p3"]
AttentionKind = Literal["none", "spatial", "channel", "both"]
AttentionOrder = Literal["parallel", "serial"]
SaanLayout = Literal["official", "paper"]
Anchors = tuple[tuple[tuple[float, float], ...], ...]

STRIDES = (8, 16, 32)
ANCHORS: Anchors = (
    ((8, 24), (11, 34), (16, 48)),
    ((32, 96), (45, 135), (64, 192)),
    ((128, 384), (180, 540), (256, 640)),
)

_CHOICES: dict[str, tuple[Any, ...]] = {
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
    "depth": (int, float),
    "width": (int, float),
    "embedding": (int,),
    "saan_width": (int,),
    "ren_lambda": (int, float),
}


@dataclass(frozen=True)
class ModelConfig:
    """Everything that shapes the network (REFERENCE sections 1 and 2).

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
            number: Any = getattr(self, name)
            sound = isinstance(number, kinds)
            if not sound or not math.isfinite(number):
                noun = "number" if float in kinds else "whole number"
                raise InputError(f"model.{name} is {number!r}: give a {noun}.")
        for name in ("depth", "width"):
            if not 0 < getattr(self, name) <= 4:
                raise InputError(
                    f"model.{name} is {getattr(self, name)!r}: "
                    "give a number above 0 and at most 4."
                )
        if self.embedding < 1:
            raise InputError(f"model.embedding is {self.embedding!r}: give at least 1.")
        if self.saan_width < 4 or self.saan_width % 4:
            raise InputError(
                f"model.saan_width is {self.saan_width!r}: give a multiple of 4."
            )
        object.__setattr__(self, "anchors", checked_anchors(self.anchors, 3))

    def channels(self, count: int) -> int:
        """Channels of a layer that has ``count`` at width 1: a multiple of 8."""
        return math.ceil(count * self.width / 8) * 8

    def repeats(self, count: int) -> int:
        """Bottlenecks of a CSP stage that has ``count`` at depth 1; at least 1."""
        return max(round(count * self.depth), 1) if count > 1 else count

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

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as JSON takes them."""
        return asdict(self)


def checked_anchors(anchors: Any, per_level: int) -> Anchors:
    """Three levels of (width, height) as nested tuples, from any nested sequences.

    Args:
        anchors: pixels, P3 first.
        per_level: how many a level must have.

    Raises:
        InputError: another nesting, or a side that is not a positive number.
    """
    try:
        levels = tuple(
            tuple((float(w), float(h)) for w, h in level) for level in anchors
        )
    except (TypeError, ValueError):
        levels = ()
    sound = len(levels) == 3 and all(
        len(level) == per_level
        and all(0 < side < math.inf for pair in level for side in pair)
        for level in levels
    )
    if not sound:
        noun = {3: "three", 4: "four"}.get(per_level, str(per_level))
        raise InputError(
            f"model.anchors must be three levels of {noun} (width, height) in pixels."
        )
    return levels


# REFERENCE 1.7, 1.8; n is this project's own size for two CPU cores, and xs stands
# to it as CSTrack-S stands to l.
SIZES: dict[str, dict[str, Any]] = {
    "l": {"depth": 1.0, "width": 1.0, "embedding": 512, "saan_width": 256},
    "m": {"depth": 0.67, "width": 0.75, "embedding": 512, "saan_width": 256},
    "s": {"depth": 0.33, "width": 0.5, "embedding": 512, "saan_width": 256},
    "s30": {"depth": 0.3, "width": 0.3, "embedding": 512, "saan_width": 256},
    "n": {"depth": 0.33, "width": 0.25, "embedding": 128, "saan_width": 64},
    "xs": {"depth": 0.33, "width": 0.125, "embedding": 128, "saan_width": 32},
}

# REFERENCE 7, rows 6, 8 and 10: where the paper's text and the released code differ.
IMPLEMENTATIONS: dict[str, dict[str, Any]] = {
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
    size: str = "l", implementation: str = "official", **overrides: Any
) -> ModelConfig:
    """A size, as the code or as the paper has it, with single values replaced.

    Args:
        size: a name of ``SIZES``.
        implementation: a name of ``IMPLEMENTATIONS``.
        overrides: fields of ``ModelConfig``; they win over both.

    Raises:
        InputError: an unknown name or a value that cannot be built.
    """
    if size not in SIZES:
        raise InputError(f"Unknown model.size {size!r}: {nearest(size, SIZES)}.")
    if implementation not in IMPLEMENTATIONS:
        hint = nearest(implementation, IMPLEMENTATIONS)
        raise InputError(f"Unknown model.implementation {implementation!r}: {hint}.")
    known = [field.name for field in fields(ModelConfig)]
    for name in overrides:
        if name not in known:
            raise InputError(f"Unknown setting model.{name}: {nearest(name, known)}.")
    return ModelConfig(
        **{**SIZES[size], **IMPLEMENTATIONS[implementation], **overrides}
    )
