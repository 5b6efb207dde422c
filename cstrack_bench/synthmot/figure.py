"""SynthMOT's people: an outfit, a body of limbs, and a walking pose.

Body coordinates are forward, to the right, and up, in units of the person's height.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from cstrack_bench.synthmot.geometry import Array, Camera, Shapes, rounded

Colour = tuple[float, float, float]
Point = tuple[float, float, float]

# Blue, green, red. Small on purpose: look-alikes must occur by chance as well.
_SKIN: tuple[Colour, ...] = (
    (170, 195, 232), (135, 168, 215), (95, 130, 180), (60, 84, 124),
)  # fmt: skip
_HAIR: tuple[Colour, ...] = (
    (28, 26, 26), (38, 58, 86), (96, 168, 205), (150, 152, 155), (40, 70, 150),
)  # fmt: skip
_TOPS: tuple[Colour, ...] = (
    (52, 48, 46), (225, 225, 222), (52, 44, 178), (150, 82, 40), (72, 124, 52),
    (48, 176, 222), (190, 160, 120), (128, 62, 122), (172, 138, 232), (118, 120, 124),
    (60, 118, 228), (178, 170, 60),
)  # fmt: skip
_LOWER: tuple[Colour, ...] = (
    (112, 72, 46), (44, 42, 42), (104, 104, 106), (118, 156, 188), (74, 92, 84),
    (206, 204, 198),
)  # fmt: skip
_SHOES: tuple[Colour, ...] = ((36, 34, 34), (226, 226, 226), (40, 66, 104))
_BAGS: tuple[Colour, ...] = (
    (40, 38, 38), (44, 60, 160), (130, 80, 40), (70, 110, 150), (80, 150, 60),
)  # fmt: skip

HALF_BOX = 0.155  # a pedestrian's box is never narrower than this, each side, / height


@dataclass(frozen=True)
class Outfit:
    """What one identity looks like; ``size`` is metres, ``build`` a width factor."""

    size: float
    build: float
    skin: Colour
    hair: Colour
    hair_style: str
    hat: str
    top: Colour
    second: Colour
    pattern: str
    long_sleeves: bool
    lower_style: str
    lower: Colour
    shoes: Colour
    bag_style: str
    bag: Colour


def _pick(rng: np.random.Generator, choices: tuple) -> object:
    return choices[int(rng.random() * len(choices))]


def _tone(rng: np.random.Generator, choices: tuple[Colour, ...]) -> Colour:
    blue, green, red = choices[int(rng.random() * len(choices))]
    gain = 0.92 + 0.16 * rng.random()
    return (min(255, blue * gain), min(255, green * gain), min(255, red * gain))


def draw_outfit(rng: np.random.Generator) -> Outfit:
    """A new identity from the palette."""
    return Outfit(
        size=1.56 + 0.32 * rng.random(),
        build=0.9 + 0.28 * rng.random(),
        skin=_tone(rng, _SKIN),
        hair=_tone(rng, _HAIR),
        hair_style=str(_pick(rng, ("short", "short", "long", "bun", "bald"))),
        hat=str(_pick(rng, ("none", "none", "none", "none", "cap", "beanie"))),
        top=_tone(rng, _TOPS),
        second=_tone(rng, _TOPS),
        pattern=str(
            _pick(rng, ("plain", "plain", "stripes", "halves", "open", "print"))
        ),
        long_sleeves=bool(rng.random() < 0.65),
        lower_style=str(
            _pick(rng, ("trousers", "trousers", "trousers", "shorts", "skirt", "coat"))
        ),
        lower=_tone(rng, _LOWER),
        shoes=_tone(rng, _SHOES),
        bag_style=str(_pick(rng, ("none", "none", "backpack", "shoulder", "hand"))),
        bag=_tone(rng, _BAGS),
    )


def look_alike(rng: np.random.Generator, other: Outfit) -> Outfit:
    """Another person in the same clothes: own body, hair and bag."""
    new = draw_outfit(rng)
    return replace(
        other,
        size=new.size,
        build=new.build,
        hair=new.hair if rng.random() < 0.5 else other.hair,
        hat=new.hat if rng.random() < 0.3 else other.hat,
        bag_style=new.bag_style if rng.random() < 0.5 else other.bag_style,
    )


def stone(outfit: Outfit, colour: Colour) -> Outfit:
    """A statue of a person: one colour all over, nothing carried."""
    dark = (colour[0] * 0.82, colour[1] * 0.82, colour[2] * 0.82)
    return replace(
        outfit,
        skin=colour,
        hair=dark,
        top=colour,
        second=dark,
        lower=dark,
        shoes=dark,
        bag_style="none",
        pattern="plain",
    )


@dataclass(frozen=True)
class Pose:
    """How a figure stands or walks.

    Attributes:
        x: metres to the right.
        z: metres away.
        heading: radians; 0 walks away, pi / 2 to the right, pi to the camera.
        phase: of the walking cycle, radians; one cycle is two steps.
        swing: leg swing, radians; 0 stands.
        ground: height of the ground under the figure, metres.
        seated: sits on a seat 0.45 m high.
    """

    x: float
    z: float
    heading: float
    phase: float = 0.0
    swing: float = 0.0
    ground: float = 0.0
    seated: bool = False


class _Body:
    """Collects the parts of a figure as four body points and radii each."""

    def __init__(self) -> None:
        self.points: list[tuple[Point, Point, Point, Point]] = []
        self.radii: list[tuple[float, float, float, float]] = []
        self.colours: list[Colour] = []
        self.limb: list[bool] = []
        self.layer: list[float] = []

    def bone(
        self, a: Point, b: Point, ra: float, rb: float, colour: Colour, layer: float
    ) -> None:
        self.points.append((b, a, a, b))
        self.radii.append((rb, ra, ra, rb))
        self.colours.append(colour)
        self.limb.append(True)
        self.layer.append(layer)

    def panel(
        self,
        top: tuple[float, float],
        bottom: tuple[float, float],
        radii: tuple[float, float],
        colour: Colour,
        layer: float,
        forward: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """A slab across the body: (half width, height) of its top and its bottom."""
        (wide, high), (hem, low) = top, bottom
        at, under = forward
        self.points.append(
            ((under, hem, low), (under, -hem, low), (at, -wide, high), (at, wide, high))
        )
        self.radii.append((radii[1], radii[1], radii[0], radii[0]))
        self.colours.append(colour)
        self.limb.append(False)
        self.layer.append(layer)


def _legs(body: _Body, outfit: Outfit, pose: Pose, depth_sign: float) -> float:
    """Add both legs; return the height of the hips."""
    style, build = outfit.lower_style, outfit.build
    thigh_colour = outfit.skin if style == "skirt" else outfit.lower
    shin_colour = outfit.lower if style in ("trousers", "coat") else outfit.skin
    legs = []
    for side, offset in ((1.0, 0.0), (-1.0, math.pi)):
        angle = pose.swing * math.sin(pose.phase + offset)
        bend = 0.08 + 1.9 * pose.swing * max(0.0, math.cos(pose.phase + offset)) ** 1.5
        if pose.seated:
            angle, bend = 1.35, 1.35
        knee = (0.245 * math.sin(angle), -0.245 * math.cos(angle))
        shin = angle - bend
        ankle = (
            knee[0] + 0.235 * math.sin(shin),
            knee[1] - 0.235 * math.cos(shin),
        )
        legs.append((side, knee, ankle, shin))
    hips = max(-ankle[1] for _, _, ankle, _ in legs) + 0.028
    for side, knee, ankle, shin in legs:
        lateral = 0.048 * side * build
        layer = 1.0 - 0.1 * side * depth_sign
        hip = (0.0, lateral, hips)
        knee_at = (knee[0], lateral, hips + knee[1])
        ankle_at = (ankle[0], lateral, hips + ankle[1])
        toe = (
            ankle[0] + 0.085 * math.cos(shin * 0.6),
            lateral * 1.25,
            hips + ankle[1] - 0.012 + 0.085 * math.sin(shin * 0.6),
        )
        body.bone(ankle_at, toe, 0.024, 0.016, outfit.shoes, layer)
        body.bone(knee_at, ankle_at, 0.036, 0.024, shin_colour, layer + 0.01)
        body.bone(hip, knee_at, 0.056 * build, 0.04, thigh_colour, layer + 0.02)
        if style == "shorts":
            mid = tuple(0.1 * h + 0.9 * k for h, k in zip(hip, knee_at, strict=True))
            body.bone(hip, mid, 0.06 * build, 0.05, outfit.lower, layer + 0.03)  # type: ignore[arg-type]
    return hips


def _arms(body: _Body, outfit: Outfit, pose: Pose, hips: float, sign: float) -> None:
    sleeve = outfit.top
    for side, offset in ((1.0, math.pi), (-1.0, 0.0)):
        angle = 0.75 * pose.swing * math.sin(pose.phase + offset)
        lateral = 0.112 * side * outfit.build
        shoulder = (0.0, lateral * 0.92, hips + 0.292)
        elbow = (
            0.165 * math.sin(angle),
            lateral * 1.12,
            shoulder[2] - 0.165 * math.cos(angle),
        )
        fore = angle + 0.25 + 0.5 * pose.swing + (0.9 if pose.seated else 0.0)
        wrist = (
            elbow[0] + 0.14 * math.sin(fore),
            lateral * 1.05,
            elbow[2] - 0.14 * math.cos(fore),
        )
        layer = 4.0 if side * sign > -0.12 else 0.5
        body.bone(wrist, wrist, 0.024, 0.024, outfit.skin, layer)
        lower = outfit.top if outfit.long_sleeves else outfit.skin
        body.bone(elbow, wrist, 0.028, 0.021, lower, layer + 0.01)
        body.bone(shoulder, elbow, 0.038, 0.03, sleeve, layer + 0.02)
        if outfit.bag_style == "hand" and side > 0:
            low = wrist[2] - 0.12
            body.points.append(
                (
                    (wrist[0] + 0.06, wrist[1], low),
                    (wrist[0] - 0.06, wrist[1], low),
                    (wrist[0] - 0.045, wrist[1], wrist[2] - 0.04),
                    (wrist[0] + 0.045, wrist[1], wrist[2] - 0.04),
                )
            )
            body.radii.append((0.02, 0.02, 0.02, 0.02))
            body.colours.append(outfit.bag)
            body.limb.append(False)
            body.layer.append(layer - 0.01)


def _trunk(body: _Body, outfit: Outfit, hips: float, toward: float) -> None:
    """Torso, its pattern, what hangs over the legs, and bags worn on it."""
    wide, waist = 0.074 * outfit.build, 0.05 * outfit.build
    chest, belt = hips + 0.275, hips + 0.02
    if outfit.lower_style == "skirt":
        body.panel((waist, belt), (0.075, hips - 0.2), (0.05, 0.04), outfit.lower, 2.0)
    coat = outfit.lower_style == "coat"
    low = hips - 0.19 if coat else belt
    hem = waist * 1.3 if coat else waist
    body.panel((wide, chest), (hem, low), (0.056, 0.05), outfit.top, 2.1)
    if outfit.pattern == "stripes":
        for step in range(4):
            at = belt + 0.01 + 0.065 * step
            half = waist + (wide - waist) * (at - belt) / (chest - belt) + 0.036
            band = (half, at + 0.013), (half, at - 0.013)
            body.panel(*band, (0.008, 0.008), outfit.second, 2.2)
    elif outfit.pattern == "halves":
        body.panel((waist, hips + 0.1), (hem, low), (0.05, 0.05), outfit.second, 2.2)
    elif outfit.pattern == "open" and toward > -0.2:
        strip = (0.028, chest + 0.02), (0.034, low)
        body.panel(*strip, (0.01, 0.01), outfit.second, 2.2, (0.05, 0.05))
    elif outfit.pattern == "print":
        at = 0.055 if toward > 0 else -0.055
        spot = (0.03, chest - 0.05), (0.03, chest - 0.11)
        body.panel(*spot, (0.015, 0.015), outfit.second, 2.2, (at, at))
    if outfit.bag_style == "backpack":
        layer = 4.5 if toward < 0.3 else 0.2
        pack = (0.055, chest - 0.02), (0.06, belt + 0.05)
        body.panel(*pack, (0.04, 0.045), outfit.bag, layer, (-0.095, -0.11))
        if toward > -0.3:
            for side in (-0.062, 0.062):
                strap = (0.05, side, chest + 0.035), (0.05, side, chest - 0.12)
                body.bone(*strap, 0.01, 0.01, outfit.bag, 2.4)
    elif outfit.bag_style == "shoulder":
        strap = (0.0, -0.07, chest + 0.04), (0.02, 0.11, belt)
        body.bone(*strap, 0.009, 0.009, outfit.bag, 2.4)
        bag = (0.02, 0.13, belt - 0.02), (-0.05, 0.13, belt - 0.02)
        body.bone(*bag, 0.045, 0.045, outfit.bag, 4.6)


def _head(body: _Body, outfit: Outfit, hips: float, toward: float) -> None:
    neck = hips + 0.3
    top = hips + 0.42
    body.bone((0, 0, neck), (0.01, 0, neck + 0.06), 0.028, 0.026, outfit.skin, 3.0)
    over = 3.3 if toward < -0.25 else 3.1
    if outfit.hair_style == "long":
        ends = (-0.02, 0.0, top), (-0.035, 0.0, top - 0.1)
        body.bone(*ends, 0.05, 0.042, outfit.hair, over)
    if outfit.hair_style != "bald":
        crown = (-0.014, 0.0, top + 0.016), (-0.018, 0.0, top)
        body.bone(*crown, 0.052, 0.05, outfit.hair, over + 0.01)
    if outfit.hair_style == "bun":
        body.bone((-0.06, 0, top + 0.03), (-0.06, 0, top + 0.03), 0.025, 0.025,
                  outfit.hair, over + 0.02)  # fmt: skip
    face = (0.008, 0.0, top + 0.008), (0.014, 0.0, top - 0.026)
    body.bone(*face, 0.047, 0.038, outfit.skin, 3.2)
    if toward > 0.2 and outfit.hair_style != "bald":
        fringe = (0.02, -0.022, top + 0.045), (0.02, 0.022, top + 0.045)
        body.bone(*fringe, 0.02, 0.02, outfit.hair, 3.25)
    if toward > 0.25:
        for side in (-0.018, 0.018):
            eye = (0.045, side, top + 0.004)
            body.bone(eye, eye, 0.005, 0.005, (62, 66, 80), 3.26)
    if outfit.hat != "none":
        rim = (-0.01, -0.03, top + 0.04), (-0.01, 0.03, top + 0.04)
        body.bone(*rim, 0.034, 0.034, outfit.second, 3.4)
        if outfit.hat == "cap":
            peak = (0.04, 0.0, top + 0.03), (0.085, 0.0, top + 0.025)
            body.bone(*peak, 0.014, 0.01, outfit.second, 3.45)


def figure(outfit: Outfit, pose: Pose, camera: Camera, sun: float = 0.6) -> Shapes:
    """The shapes of a person on the still picture plane.

    Args:
        outfit: who.
        pose: where and how.
        camera: that sees the person.
        sun: where light comes from, -1 left to 1 right.
    """
    sine, cosine = math.sin(pose.heading), math.cos(pose.heading)
    body = _Body()
    hips = _legs(body, outfit, pose, -sine)
    _arms(body, outfit, pose, hips, sine)
    _trunk(body, outfit, hips, -cosine)
    _head(body, outfit, hips, -cosine)

    order = np.argsort(np.array(body.layer), kind="stable")
    points = np.array(body.points, np.float64)[order]
    radii = np.array(body.radii, np.float64)[order]
    limb = np.array(body.limb)[order]
    colours = np.array(body.colours, np.float64)[order]
    size = outfit.size
    world = np.empty_like(points)
    world[..., 0] = pose.x + size * (points[..., 0] * sine + points[..., 1] * cosine)
    world[..., 1] = pose.ground + size * points[..., 2]
    if pose.seated:
        world[..., 1] += 0.45 - size * (hips - 0.05)
    world[..., 2] = pose.z + size * (points[..., 0] * cosine - points[..., 1] * sine)
    flat = camera.project(world)
    radii = radii * size * camera.focal / pose.z
    return shaded(flat, radii, colours, limb, sun)


def shaded(
    corners: Array, radii: Array, colours: Array, limb: np.ndarray, sun: float
) -> Shapes:
    """Polygons with a lit stripe on each, as on a cylinder.

    Args:
        corners: (K, 4, 2) pixels.
        radii: (K, 4) pixels.
        colours: (K, 3).
        limb: (K,) true for bones (direction from corner 1 to corner 0), false for
            upright panels.
        sun: -1 left to 1 right.
    """
    along = corners[:, 0] - corners[:, 1]
    angles = np.where(limb, np.arctan2(along[:, 1], along[:, 0]), 0.0)
    swapped = corners[:, [1, 0, 3, 2]]
    mirrored = ~limb & (corners[:, 0, 0] < corners[:, 1, 0])
    corners = np.where(mirrored[:, None, None], swapped, corners)
    base = rounded(corners, radii, angles)
    middle = corners.mean(axis=1, keepdims=True)
    inner = middle + (corners - middle) * np.where(limb, 1.0, 0.62)[:, None, None]
    inner = inner + np.stack([sun * radii * 0.33, radii * -0.1], axis=-1)
    lit = rounded(inner, radii * 0.56, angles)
    polygons = np.stack([base, lit], axis=1).reshape(-1, 16, 2)
    both = np.stack([colours * 0.86, np.minimum(colours * 1.1 + 6, 255)], axis=1)
    outline = np.tile([True, False], len(base))
    return Shapes(polygons, both.reshape(-1, 3), outline)
