"""What one JDE network (YOLOv3 with embeddings) is made of: sizes and anchors."""

from dataclasses import dataclass

from cstrack_bench.errors import InputError
from cstrack_bench.models import sizes
from cstrack_bench.models.anchors import Anchors, checked_anchors

ANCHORS_PER_LEVEL = 4

# (height, width) of the published networks -> anchors in pixels
# (docs/reference.md#jde-anchor-boxes). Of
# the two heights printed for two anchors of the smallest, the unclipped ones.
PUBLISHED_ANCHORS: dict[tuple[int, int], Anchors] = {
    (608, 1088): (
        ((8, 24), (11, 34), (16, 48), (23, 68)),
        ((32, 96), (45, 135), (64, 192), (90, 271)),
        ((128, 384), (180, 540), (256, 640), (512, 640)),
    ),
    (480, 864): (
        ((6, 19), (9, 27), (13, 38), (18, 54)),
        ((25, 76), (36, 107), (51, 152), (71, 215)),
        ((102, 305), (143, 429), (203, 508), (407, 508)),
    ),
    (320, 576): (
        ((6, 16), (8, 23), (11, 32), (16, 45)),
        ((21, 64), (30, 90), (43, 128), (60, 180)),
        ((85, 255), (120, 360), (170, 420), (340, 320)),
    ),
}
LARGEST = (608, 1088)


def jde_anchors(input_size: tuple[int, int]) -> Anchors:
    """The anchors of an input size: published, or the largest's scaled to it.

    Inputs smaller than any published one keep the largest's as they are, as CSTrack
    does at every size. Scaled, they would be small beside the cells, which are not:
    at 320×192 on SynthMOT two boxes of five then overlap no anchor by half and are
    never learned; unscaled it is one of twenty.

    Args:
        input_size: height, width of the network's input.
    """
    if input_size in PUBLISHED_ANCHORS:
        return PUBLISHED_ANCHORS[input_size]
    ratio = _shrinkage(input_size)
    if ratio < min(map(_shrinkage, PUBLISHED_ANCHORS)):
        ratio = 1.0
    return tuple(
        tuple((round(w * ratio, 1), round(h * ratio, 1)) for w, h in level)
        for level in PUBLISHED_ANCHORS[LARGEST]
    )


def _shrinkage(size: tuple[int, int]) -> float:
    """How much smaller than at the largest input a letterboxed picture is."""
    return min(size[0] / LARGEST[0], size[1] / LARGEST[1])


@dataclass(frozen=True)
class JdeConfig:
    """Everything that shapes the network (docs/reference.md#parameter-counts,
    #basic-reid-head).

    Attributes:
        depth: multiplies the residual blocks of a stage with more than one.
        width: multiplies the channels of backbone and neck.
        embedding: length of an appearance vector.
        anchors: width and height in pixels, four for each of three levels.
    """

    depth: float = 1.0
    width: float = 1.0
    embedding: int = 512
    anchors: Anchors = PUBLISHED_ANCHORS[LARGEST]

    def __post_init__(self) -> None:
        """Refuse what cannot be built, naming the setting."""
        for name in ("depth", "width"):
            sizes.check_multiplier(name, getattr(self, name))
        if not isinstance(self.embedding, int) or self.embedding < 1:
            raise InputError(
                f"model.embedding is {self.embedding!r}: "
                "give a whole number of at least 1."
            )
        anchors = checked_anchors(self.anchors, ANCHORS_PER_LEVEL)
        object.__setattr__(self, "anchors", anchors)

    def channels(self, count: int) -> int:
        """Channels of a layer that has ``count`` at width 1: a multiple of 8."""
        return sizes.scaled_channels(count, self.width)

    def repeats(self, count: int) -> int:
        """Residual blocks of a stage that has ``count`` at depth 1; at least 1."""
        return sizes.scaled_repeats(count, self.depth)

    @property
    def level_channels(self) -> tuple[int, int, int]:
        """Channels of P3, P4 and P5, which the heads read."""
        return self.channels(128), self.channels(256), self.channels(512)


# Only l was published; the others take the multipliers of CSTrack's sizes, so that
# both systems can be compared at one of them.
SIZES = {name: sizes.SIZES[name] for name in ("l", "m", "s", "n")}


def make_config(size: str = "l", **overrides: object) -> JdeConfig:
    """A size with single values replaced.

    Args:
        size: a name of ``SIZES``.
        overrides: fields of ``JdeConfig``.

    Raises:
        InputError: an unknown name or a value that cannot be built.
    """
    return sizes.build_config(JdeConfig, sizes.size_values(size, SIZES), overrides)
