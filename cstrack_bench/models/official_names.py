"""Official tensor names and shapes under the names of our own modules.

The names are facts of docs/reference.md#state-dict-names, #layer-table, the layer
numbers those of its table 1.2. The v6
generation numbers its layers alike but for the end of the backbone.
"""

import re
from collections.abc import Callable, Mapping

from torch import Tensor

from cstrack_bench.errors import InputError
from cstrack_bench.models.anchors import Anchors
from cstrack_bench.models.cstrack_config import (
    ANCHORS,
    Generation,
    ModelConfig,
)

# Layer number -> what kind of module it is, and our name of it.
_LAYERS: dict[int, tuple[str, str]] = {
    0: ("focus", "backbone.stem."),
    1: ("conv", "backbone.down4."),
    2: ("csp", "backbone.stage4."),
    3: ("conv", "backbone.down8."),
    4: ("csp", "backbone.stage8."),
    5: ("conv", "backbone.down16."),
    6: ("csp", "backbone.stage16."),
    7: ("conv", "backbone.down32."),
    8: ("spp", "backbone.pyramid_pooling."),
    9: ("csp", "backbone.stage32."),
    10: ("conv", "pyramid.lateral32."),
    13: ("csp", "pyramid.top16."),
    14: ("conv", "pyramid.lateral16."),
    17: ("csp", "pyramid.out8."),
    18: ("conv", "pyramid.down16."),
    20: ("csp", "pyramid.out16."),
    21: ("conv", "pyramid.down32."),
    23: ("csp", "pyramid.out32."),
    24: ("ren", "ren.0."),
    25: ("ren", "ren.1."),
    26: ("ren", "ren.2."),
    27: ("saan", "reid."),
    28: ("detect", "detect."),
}
FIRST_HEAD = 24  # backbone and neck are the layers before it

# The heads of v6 weights are none of ours.
_LAYERS_V6: dict[int, tuple[str, str]] = {
    number: ("c3" if kind == "csp" else kind, ours)
    for number, (kind, ours) in _LAYERS.items()
    if number < FIRST_HEAD
} | {
    0: ("conv", "backbone.stem."),
    8: ("c3", "backbone.stage32."),
    9: ("spp", "backbone.pyramid_pooling."),
}

# Kind of module -> (head of the official name, our head, kind of what is inside).
# "" is the end: the rest of the name stays. # stands for a number that is kept.
_PARTS: dict[str, list[tuple[str, str, str]]] = {
    "conv": [("conv.", "convolution.", ""), ("bn.", "norm.", "")],
    "focus": [("conv.", "conv.", "conv")],
    "block": [("cv1.", "reduce.", "conv"), ("cv2.", "expand.", "conv")],
    "csp": [
        ("cv1.", "enter.", "conv"),
        ("cv2.", "bypass.", ""),
        ("cv3.", "leave.", ""),
        ("cv4.", "merge.", "conv"),
        ("bn.", "norm.", ""),
        ("m.#.", "blocks.#.", "block"),
    ],
    "c3": [
        ("cv1.", "enter.", "conv"),
        ("cv2.", "bypass.", "conv"),
        ("cv3.", "merge.", "conv"),
        ("m.#.", "blocks.#.", "block"),
    ],
    "spp": [("cv1.", "reduce.", "conv"), ("cv2.", "merge.", "conv")],
    "ren": [
        ("w1", "detection_weight", ""),
        ("w2", "reid_weight", ""),
        ("c_attention1.0.", "detection.convolution.", ""),
        ("c_attention2.0.", "reid.convolution.", ""),
    ],
    "saan": [
        ("proj1.0.", "levels.0.encode.", "conv"),
        ("proj2.0.", "levels.1.encode.", "conv"),
        ("proj3.0.", "levels.2.encode.", "conv"),
        ("proj2.1.", "levels.1.upsample.", ""),
        ("proj3.1.", "levels.2.upsample.", ""),
        ("proj1.1.", "levels.0.attention.", "attention"),
        ("proj2.2.", "levels.1.attention.", "attention"),
        ("proj3.2.", "levels.2.attention.", "attention"),
        ("node.0.", "attention.", "attention"),
        ("node.1.", "embed.0.", "conv"),
        ("node.2.", "embed.1.", ""),
    ],
    "attention": [
        ("conv_s.0.", "spatial.reduce.", "conv"),
        ("s_attention.", "spatial.convolution.", ""),
        ("c_attention.0.", "channel.convolution.", ""),
        ("c_attention.1.", "channel.layer_norm.", ""),
        ("c_attention.3.", "channel.linear.", ""),
    ],
    "detect": [("m.", "levels.", "")],
}

_EMBEDDING = "model.27.node.2.weight"  # the last convolution of SAAN
ANCHOR_GRID = "model.28.anchor_grid"
# Never learned, or said by the configuration (docs/reference.md#state-dict-names,
# #unused-scalar): no weights of ours.
CONSTANTS = ("model.28.k", "model.28.anchors", ANCHOR_GRID)


def translate(name: str, generation: Generation = "v2") -> str | None:
    """Our name of an official tensor; None for one that our modules have not."""
    layers = _LAYERS_V6 if generation == "v6" else _LAYERS
    number = layer_of(name)
    if number not in layers:
        return None
    kind, ours = layers[number]
    rest = name.split(".", 2)[2]
    while kind:
        for head, replacement, inside in _PARTS[kind]:
            found = re.match(re.escape(head).replace(r"\#", r"(\d+)"), rest)
            if found:
                ours += replacement.replace("#", found[1] if "#" in head else "")
                kind, rest = inside, rest[found.end() :]
                break
        else:
            return None
    return ours + rest


def layer_of(name: str) -> int:
    """The layer number in an official name; -1 for a name that has none."""
    match = re.match(r"model\.(\d{1,3})\..", name)
    return int(match[1]) if match else -1


def infer_generation(tensors: Mapping[str, Tensor]) -> Generation | None:
    """Whose YOLOv5 backbone official tensors are; None for another network's."""
    if "model.0.conv.conv.weight" in tensors and "model.2.cv4.bn.weight" in tensors:
        return "v2"
    if "model.0.conv.weight" in tensors and "model.9.cv2.bn.weight" in tensors:
        return "v6"
    return None


def infer_multipliers(
    tensors: Mapping[str, Tensor], generation: Generation
) -> tuple[float, float]:
    """Depth and width: the roundest that give the shapes of backbone and neck.

    Args:
        tensors: official name -> tensor.
        generation: whose names they are.

    Raises:
        InputError: a tensor that this generation has is not there, or no multiplier
            gives these shapes.
    """
    stem, merge = (
        ("model.0.conv.bn.weight", "cv4")
        if generation == "v2"
        else ("model.0.bn.weight", "cv3")
    )
    names = (stem, *(f"model.{layer}.{merge}.bn.weight" for layer in (17, 20, 23)))
    for name in names:
        if name not in tensors or tensors[name].ndim != 1:
            raise InputError(f"it lacks {name!r}.")
    channels = tuple(len(tensors[name]) for name in names)
    repeats = tuple(_count_blocks(tensors, layer) for layer in (2, 4, 6))
    at_one = (3, 9, 9) if generation == "v2" else (3, 6, 9)

    def shapes_width(width: float) -> bool:
        config = ModelConfig(width=width)
        return (config.channels(64), *config.level_channels) == channels

    def shapes_depth(depth: float) -> bool:
        config = ModelConfig(depth=depth)
        return tuple(config.repeats(count) for count in at_one) == repeats

    return (
        _roundest(shapes_depth, f"repeats {repeats}"),
        _roundest(shapes_width, f"channels {channels}"),
    )


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are the names of an official CSTrack state dict."""
    return _EMBEDDING in tensors


def infer_config(tensors: Mapping[str, Tensor]) -> ModelConfig:
    """The configuration of an official CSTrack state dict, from its shapes.

    Width and depth are the roundest multipliers that give these shapes; the anchors
    are those of the file.

    Args:
        tensors: official name -> tensor.

    Raises:
        InputError: a tensor that every CSTrack has is not there, or no multiplier
            gives these shapes.
    """
    try:
        if _EMBEDDING not in tensors or tensors[_EMBEDDING].ndim != 4:
            raise InputError(f"it lacks {_EMBEDDING!r}.")
        depth, width = infer_multipliers(tensors, "v2")
    except InputError as error:
        raise InputError(f"This is not a CSTrack state dict: {error}") from error
    embedding, saan_width = tensors[_EMBEDDING].shape[:2]
    return ModelConfig(
        depth=depth,
        width=width,
        embedding=embedding,
        saan_width=saan_width,
        anchors=_anchors(tensors),
    )


def _count_blocks(tensors: Mapping[str, Tensor], layer: int) -> int:
    pattern = re.compile(rf"model\.{layer}\.m\.(\d+)\.")
    return len({found[1] for name in tensors if (found := pattern.match(name))})


def _roundest(fits: Callable[[float], bool], what: str) -> float:
    """The first multiplier that fits: the usual ones, then 0.005 steps up to 2."""
    usual = (1.0, 0.75, 0.67, 0.5, 0.33, 0.3, 0.25, 0.125)
    steps = (step / 200 for step in range(1, 401))
    for value in (*usual, *steps):
        if fits(value):
            return value
    raise InputError(f"no width or depth of YOLOv5 gives its {what}.")


def _anchors(tensors: Mapping[str, Tensor]) -> Anchors:
    if ANCHOR_GRID not in tensors:
        return ANCHORS
    grid = tensors[ANCHOR_GRID].float().reshape(3, -1, 2)
    return tuple(tuple((w, h) for w, h in level) for level in grid.tolist())
