"""SynthMOT's static objects: street furniture, and distractors like people."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cstrack_bench.synthmot.figure import (
    Outfit,
    Pose,
    draw_outfit,
    figure,
    shaded,
    stone,
)
from cstrack_bench.synthmot.geometry import Camera, Shapes

Colour = tuple[float, float, float]
Vertex = tuple[float, float, float]

STATIC_PERSON = 7
DISTRACTOR = 8


@dataclass(frozen=True)
class StaticObject:
    """An object that does not move.

    Attributes:
        shapes: on the still picture plane.
        z: metres away, for the painting order.
        x: metres to the right.
        reach: half its width in metres; pedestrians keep out.
        category: MOTChallenge class of a distractor, None for furniture.
    """

    shapes: Shapes
    z: float
    x: float
    reach: float
    category: int | None = None


class _Builder:
    """Collects rounded quadrangles in world coordinates."""

    def __init__(self, x: float, z: float) -> None:
        self.x, self.z = x, z
        self.corners: list[tuple[Vertex, Vertex, Vertex, Vertex]] = []
        self.radii: list[tuple[float, float, float, float]] = []
        self.colours: list[Colour] = []
        self.limb: list[bool] = []

    def slab(
        self,
        bottom: tuple[float, float, float],
        top: tuple[float, float, float],
        colour: Colour,
        radius: float = 0.02,
        depth: float = 0.0,
    ) -> None:
        """A panel facing the camera: (left, right, height) of bottom and top edge."""
        (bl, br, b), (tl, tr, t), z = bottom, top, self.z + depth
        x = self.x
        self.corners.append(
            ((x + br, b, z), (x + bl, b, z), (x + tl, t, z), (x + tr, t, z))
        )
        self.radii.append((radius, radius, radius, radius))
        self.colours.append(colour)
        self.limb.append(False)

    def box(self, left: float, right: float, low: float, high: float, colour: Colour,
            radius: float = 0.02, depth: float = 0.0) -> None:  # fmt: skip
        self.slab((left, right, low), (left, right, high), colour, radius, depth)

    def ball(self, x: float, y: float, radius: float, colour: Colour,
             depth: float = 0.0) -> None:  # fmt: skip
        at = (self.x + x, y, self.z + depth)
        self.corners.append((at, at, at, at))
        self.radii.append((radius, radius, radius, radius))
        self.colours.append(colour)
        self.limb.append(True)

    def shapes(self, camera: Camera, sun: float) -> Shapes:
        corners = np.array(self.corners, np.float64)
        scale = camera.focal / corners[..., 2]
        radii = np.array(self.radii, np.float64) * scale
        colours = np.array(self.colours, np.float64)
        limb = np.array(self.limb)
        return shaded(camera.project(corners), radii, colours, limb, sun)


def _grey(level: float) -> Colour:
    return (level, level, level)


def _vary(rng: np.random.Generator, colour: Colour, amount: float) -> Colour:
    gain = 1 + amount * (2 * rng.random() - 1)
    return (colour[0] * gain, colour[1] * gain, colour[2] * gain)


_CARS: tuple[Colour, ...] = (
    (60, 54, 50), (205, 206, 208), (60, 50, 150), (140, 92, 52), (120, 124, 126),
    (96, 116, 92),
)  # fmt: skip


def _lamp(b: _Builder, rng: np.random.Generator) -> float:
    metal = _vary(rng, (62, 66, 60), 0.3)
    b.box(-0.09, 0.09, 0.0, 0.7, metal, 0.03)
    b.box(-0.04, 0.04, 0.6, 4.4, metal, 0.03)
    side = 1 if rng.random() < 0.5 else -1
    b.slab((-0.03, 0.03, 4.3), (0.9 * side, 0.95 * side, 4.6), metal, 0.03)
    b.box(0.7 * side - 0.15, 0.7 * side + 0.25, 4.55, 4.65, _grey(225), 0.05)
    return 0.25


def _tree(b: _Builder, rng: np.random.Generator) -> float:
    bark = _vary(rng, (52, 70, 92), 0.25)
    b.slab((-0.2, 0.2, 0.0), (-0.13, 0.13, 2.9), bark, 0.04)
    b.slab((-0.08, 0.08, 2.2), (0.6, 0.75, 3.4), bark, 0.02)
    b.slab((-0.08, 0.08, 2.3), (-0.8, -0.65, 3.3), bark, 0.02)
    leaf = _vary(rng, (48, 118, 72), 0.25)
    for number in range(70):
        # Large dark leaves within, small bright ones outside and above.
        share = number / 70
        turn, out = 2 * math.pi * rng.random(), math.sqrt(rng.random())
        out *= 0.7 + 0.35 * share
        dx, dy = 1.5 * out * math.cos(turn), 1.0 * out * math.sin(turn)
        tone = 0.55 + 0.3 * share + 0.3 * (dy + 1.0) / 2.0
        shade = _vary(rng, (leaf[0] * tone, leaf[1] * tone, leaf[2] * tone), 0.14)
        b.ball(dx, 4.0 + dy, 0.36 - 0.26 * share + 0.08 * rng.random(), shade)
    return 0.35


def _bench(b: _Builder, rng: np.random.Generator) -> float:
    wood = _vary(rng, (70, 108, 146), 0.25)
    for x in (-0.75, 0.75):
        b.box(x - 0.03, x + 0.03, 0.0, 0.82, _grey(52), 0.01, 0.1)
    for y in (0.55, 0.67, 0.79):
        b.box(-0.88, 0.88, y, y + 0.07, wood, 0.01, 0.1)
    b.box(-0.9, 0.9, 0.42, 0.47, _vary(rng, wood, 0.1), 0.015)
    for x in (-0.75, 0.75):
        b.box(x - 0.03, x + 0.03, 0.0, 0.42, _grey(52), 0.01, -0.2)
    return 1.0


def _car(b: _Builder, rng: np.random.Generator) -> float:
    paint = _vary(rng, _CARS[int(rng.random() * len(_CARS))], 0.12)
    dark, glass = (34.0, 32.0, 32.0), (132.0, 118.0, 100.0)
    b.slab((-1.15, 1.05, 0.85), (-0.75, 0.65, 1.36), paint, 0.06)
    b.slab((-1.02, -0.12, 0.88), (-0.7, -0.1, 1.3), glass, 0.03)
    b.slab((0.0, 0.92, 0.88), (0.0, 0.6, 1.3), glass, 0.03)
    b.slab((-2.0, 2.0, 0.34), (-1.95, 1.85, 0.82), paint, 0.1)
    b.box(-2.05, 2.05, 0.3, 0.38, dark, 0.03)
    b.box(-0.06, -0.04, 0.4, 1.3, _vary(rng, (50, 48, 48), 0.1), 0.0)
    b.box(1.85, 2.02, 0.62, 0.72, (210, 235, 240), 0.03)
    b.box(-2.05, -1.92, 0.6, 0.74, (40, 36, 190), 0.03)
    for x in (-1.25, 1.28):
        b.ball(x, 0.33, 0.36, dark, -0.3)
        b.ball(x, 0.33, 0.2, _grey(150), -0.31)
    return 2.2


def _column(b: _Builder, rng: np.random.Generator) -> float:
    body = _vary(rng, (120, 150, 140), 0.3)
    b.box(-0.6, 0.6, 0.0, 2.9, body, 0.02)
    for x in (-0.52, 0.02):
        for y in (0.55, 1.65):
            paper = (80 + 160 * rng.random(), 80 + 160 * rng.random(), 190.0)
            b.box(x, x + 0.48, y, y + 0.95, paper, 0.01, -0.02)
            b.box(x + 0.08, x + 0.38, y + 0.1, y + 0.4, _vary(rng, _grey(110), 0.5),
                  0.02, -0.03)  # fmt: skip
            b.box(x + 0.08, x + 0.4, y + 0.7, y + 0.76, _grey(60), 0.01, -0.03)
    b.box(-0.68, 0.68, 2.85, 3.0, (60, 70, 62), 0.05)
    b.slab((-0.5, 0.5, 3.0), (-0.06, 0.06, 3.45), (70, 84, 74), 0.05)
    return 0.8


def _bus_stop(b: _Builder, rng: np.random.Generator) -> float:
    metal = _grey(70 + 40 * rng.random())
    for x in (-1.6, 0.3, 1.6):
        b.box(x - 0.04, x + 0.04, 0.0, 2.4, metal, 0.01, 0.5)
    for y in (0.25, 1.1):
        b.box(-1.6, 1.6, y, y + 0.03, _vary(rng, (150, 150, 140), 0.1), 0.01, 0.5)
    b.box(-1.4, 0.2, 0.45, 0.5, (60, 96, 130), 0.02, 0.3)
    b.box(0.6, 1.75, 0.15, 2.2, metal, 0.04)
    b.box(0.68, 1.67, 0.3, 2.1, _vary(rng, (200, 196, 180), 0.2), 0.01, -0.02)
    b.box(-1.75, 1.85, 2.4, 2.55, _vary(rng, (96, 84, 70), 0.2), 0.04)
    b.box(-1.2, 0.1, 2.58, 2.8, (60, 150, 220), 0.02)
    return 1.8


def _hedge(b: _Builder, rng: np.random.Generator) -> float:
    leaf = _vary(rng, (46, 104, 62), 0.25)
    for _ in range(40):
        x, y = 1.0 * (2 * rng.random() - 1), 0.45 + 0.4 * rng.random()
        tone = 0.6 + 0.5 * (y - 0.3)
        shade = _vary(rng, (leaf[0] * tone, leaf[1] * tone, leaf[2] * tone), 0.15)
        b.ball(x, y, 0.12 + 0.08 * rng.random(), shade)
    b.box(-1.1, 1.1, 0.02, 0.45, _vary(rng, (120, 132, 142), 0.2), 0.03, -0.1)
    return 1.2


def _bin(b: _Builder, rng: np.random.Generator) -> float:
    colour = _vary(rng, (64, 92, 58), 0.4)
    b.slab((-0.22, 0.22, 0.05), (-0.27, 0.27, 0.85), colour, 0.03)
    b.box(-0.29, 0.29, 0.86, 0.95, _grey(52), 0.03)
    return 0.35


_Kind = Callable[[_Builder, np.random.Generator], float]
# Full occluders first: they are what makes a person vanish and come back.
_TALL: tuple[_Kind, ...] = (_column, _bus_stop, _column, _tree)
_LOW: tuple[_Kind, ...] = (_lamp, _tree, _car, _bench, _lamp, _hedge, _bin, _tree)


def _seated(
    camera: Camera, outfit: Outfit, x: float, z: float, sun: float
) -> StaticObject:
    pose = Pose(x, z - 0.12, math.pi, seated=True)
    return StaticObject(
        figure(outfit, pose, camera, sun), z - 0.12, x, 0.3, STATIC_PERSON
    )


def _statue(camera: Camera, rng: np.random.Generator, x: float, z: float,
            sun: float) -> list[StaticObject]:  # fmt: skip
    tone = 90 + 70 * rng.random()
    b = _Builder(x, z)
    b.box(-0.5, 0.5, 0.0, 0.2, _grey(tone * 1.1), 0.02)
    b.box(-0.38, 0.38, 0.2, 0.85, _grey(tone * 1.2), 0.02)
    plinth = StaticObject(b.shapes(camera, sun), z, x, 0.6)
    outfit = stone(draw_outfit(rng), (tone, tone * 1.04, tone))
    pose = Pose(x, z, math.pi + rng.random() - 0.5, 0.9, 0.2, ground=0.87)
    shapes = figure(outfit, pose, camera, sun)
    return [plinth, StaticObject(shapes, z - 0.01, x, 0.6, DISTRACTOR)]


def _poster(camera: Camera, rng: np.random.Generator, x: float, z: float,
            sun: float) -> StaticObject:  # fmt: skip
    pose = Pose(x, z - 0.06, math.pi + 0.8 * (rng.random() - 0.5), 1.0, 0.15,
                ground=0.36)  # fmt: skip
    shapes = figure(draw_outfit(rng), pose, camera, sun)
    colours = np.minimum(shapes.colours * 0.75 + 70, 255)
    flat = Shapes(shapes.polygons, colours, shapes.outline)
    return StaticObject(flat, z - 0.06, x, 0.4, DISTRACTOR)


def street_furniture(
    rng: np.random.Generator,
    camera: Camera,
    near: float,
    far: float,
    view: float,
    amount: float,
    sun: float,
) -> list[StaticObject]:
    """Draw furniture and distractors between two depths.

    Args:
        rng: the sequence's own generator.
        camera: that sees them.
        near: depth of the nearest people, metres.
        far: depth of the farthest people, metres.
        view: width of the picture in pixels.
        amount: the occlusion knob.
        sun: where light comes from.
    """
    objects: list[StaticObject] = []
    tall, low = round(4 * amount), round(1 + 7 * amount)
    wanted: list[_Kind] = [_TALL[int(rng.random() * len(_TALL))] for _ in range(tall)]
    wanted += [_LOW[int(rng.random() * len(_LOW))] for _ in range(low)]
    if rng.random() < 0.45:
        wanted.append(_bench)
    statue = rng.random() < 0.6
    taken: list[tuple[float, float]] = []
    for number in range(len(wanted) + 1):
        kind = wanted[number] if number < len(wanted) else None
        for _ in range(12):
            share = rng.random()
            depth = near * 1.3 * (far / (near * 1.3)) ** share
            column = (1.1 * rng.random() - 0.05) * view
            x = (column - camera.centre) * depth / camera.focal
            reach = 2.2 if kind in (_car, _bus_stop) else 1.0
            half = reach * camera.focal / depth
            if half < 0.2 * view and all(abs(column - c) > half + h for c, h in taken):
                break
        else:
            continue
        taken.append((column, half))
        if kind is None:
            if statue:
                objects += _statue(camera, rng, x, depth, sun)
            continue
        builder = _Builder(x, depth)
        reach = kind(builder, rng)
        objects.append(StaticObject(builder.shapes(camera, sun), depth, x, reach))
        if kind is _bench and rng.random() < 0.7:
            objects.append(_seated(camera, draw_outfit(rng), x + 0.3, depth, sun))
        if kind is _bus_stop and rng.random() < 0.7:
            objects.append(_poster(camera, rng, x + 1.17, depth, sun))
    return objects
