"""SynthMOT's world in motion: where each object is in a frame, and how much shows.

Only NumPy: the annotations of a seed are the same whatever draws the pictures.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cstrack_bench.synthmot.figure import HALF_BOX, figure
from cstrack_bench.synthmot.geometry import Array, Camera, Shapes, mask
from cstrack_bench.synthmot.pedestrians import Crowd
from cstrack_bench.synthmot.scene import StaticObject, street_furniture
from cstrack_bench.synthmot.world_config import SynthConfig

PEDESTRIAN = 1
SMALLEST_VISIBILITY = 0.1
_ADULT = 1.72
_PIXEL = 2  # visibility is counted on every second pixel of every second row


@dataclass(frozen=True)
class FrameObject:
    """One object in one frame, painted in the order given.

    Attributes:
        shapes: pixels of the frame.
        z: metres away.
        identity: from 1 in each sequence; None for furniture.
        category: MOTChallenge class; 0 for furniture.
        box: x1, y1, x2, y2 pixels, amodal; of no meaning for furniture.
        foot: where it stands, pixels.
        speed: pixels moved to the right and down since the last frame.
    """

    shapes: Shapes
    z: float
    identity: int | None
    category: int
    box: tuple[float, float, float, float]
    foot: tuple[float, float]
    speed: tuple[float, float]


@dataclass(frozen=True)
class World:
    """A sequence before anything is drawn.

    Attributes:
        config: the knobs.
        camera: with its path.
        near: depth of the nearest people, metres.
        far: depth of the farthest people, metres.
        sun: where light comes from, -1 left to 1 right.
        statics: furniture and distractors.
        crowd_seed: of the generator that moves the people.
    """

    config: SynthConfig
    camera: Camera
    near: float
    far: float
    sun: float
    statics: tuple[StaticObject, ...]
    crowd_seed: tuple[int, ...]

    def frames(self) -> Iterator[list[FrameObject]]:
        """All objects of each frame, farthest first."""
        rng = np.random.default_rng(self.crowd_seed)
        crowd = Crowd(self.config, self.camera, self.near, self.far, self.statics, rng)
        names = {id(t): n for n, t in enumerate(self._distractors(), start=1)}
        last: dict[int, tuple[float, float]] = {}
        for frame in range(self.config.frames):
            objects = []
            for static in self.statics:
                shapes = static.shapes.moved(self.camera, frame)
                box = shapes.bounds()
                foot = ((box[0] + box[2]) / 2, box[3])
                identity = names.get(id(static))
                category = static.category or 0
                objects.append(
                    FrameObject(
                        shapes, static.z, identity, category, box, foot, (0.0, 0.0)
                    )
                )
            for pedestrian in crowd.pedestrians:
                still = figure(
                    pedestrian.outfit, pedestrian.pose(), self.camera, self.sun
                )
                shapes = still.moved(self.camera, frame)
                ground = np.array([pedestrian.x, 0.0, pedestrian.z])
                at = self.camera.move(self.camera.project(ground), frame)
                foot = float(at[0]), float(at[1])
                key = len(names) + pedestrian.number
                before = last.get(key, foot)
                step = foot[0] - before[0], foot[1] - before[1]
                last[key] = foot
                box = _box(shapes, foot[0])
                objects.append(
                    FrameObject(shapes, pedestrian.z, key, PEDESTRIAN, box, foot, step)
                )
            crowd.step()
            objects.sort(key=lambda s: -s.z)
            yield objects

    def _distractors(self) -> list[StaticObject]:
        return [static for static in self.statics if static.category is not None]


def _box(shapes: Shapes, axis: float) -> tuple[float, float, float, float]:
    """Around the whole figure, and never narrower than a standing person.

    People who annotate street scenes follow the body, not each swing of a leg: without
    this minimum a pedestrian seen from the side would shrink to a sliver twice a cycle.
    """
    left, top, right, bottom = shapes.bounds()
    half = HALF_BOX * (bottom - top)
    return min(left, axis - half), top, max(right, axis + half), bottom


def build_world(config: SynthConfig, seed: int) -> World:
    """The camera, its path and the furniture of a seed."""
    rng = np.random.default_rng([seed, 1])
    unit = config.height / 384
    focal = (470 + 200 * rng.random()) * unit
    near = focal * _ADULT / ((150 + 35 * rng.random()) * unit)
    far = focal * _ADULT / ((54 + 14 * rng.random()) * unit)
    height = 1.75 + 1.6 * rng.random()
    horizon = config.height * 0.97 - focal * height / near
    horizon = min(max(horizon, 0.1 * config.height), 0.46 * config.height)
    sun = 0.9 * (1 if rng.random() < 0.5 else -1) * (0.5 + 0.5 * rng.random())
    motion = _camera_path(config, rng, unit)
    camera = Camera(focal, height, horizon, config.width / 2, motion)
    statics = street_furniture(
        rng, camera, near, far, config.width, config.occlusion, sun
    )
    return World(config, camera, near, far, sun, tuple(statics), (seed, 2))


def _camera_path(config: SynthConfig, rng: np.random.Generator, unit: float) -> Array:
    """Affine maps: slow pan, shake, roll and zoom about the picture's centre."""
    strength = config.camera_motion
    seconds = np.arange(config.frames) / config.frame_rate
    # A third of the cameras stand still but for the shake, as in street footage.
    pan = 0.0 if rng.random() < 0.33 else 1.0
    reach = (50 + 80 * rng.random()) * unit * strength * pan
    period, start = 6 + 8 * rng.random(), 2 * math.pi * rng.random()
    right = reach * np.sin(2 * math.pi * seconds / period + start)
    zoom = 1 + 0.06 * strength * np.sin(2 * math.pi * seconds / (period * 1.3))
    shake = (0.4 + 2.2 * rng.random()) * unit * strength
    jitter = np.zeros((config.frames, 3))
    state = np.zeros(3)
    for frame in range(config.frames):
        push = (2 * rng.random(3) - 1) * np.array([1.0, 1.0, 0.0012]) * 1.7 * shake
        state = 0.6 * state + push
        jitter[frame] = state
    cosine, sine = np.cos(jitter[:, 2]) * zoom, np.sin(jitter[:, 2]) * zoom
    centre = np.array([config.width / 2, config.height / 2])
    motion = np.empty((config.frames, 2, 3))
    motion[:, 0, 0], motion[:, 0, 1] = cosine, -sine
    motion[:, 1, 0], motion[:, 1, 1] = sine, cosine
    shift = np.stack([right + jitter[:, 0], jitter[:, 1]], axis=1)
    motion[:, :, 2] = centre + shift - motion[:, :, :2] @ centre
    return motion


def visibilities(objects: list[FrameObject], width: int, height: int) -> list[float]:
    """Share of each silhouette that nothing nearer and no picture edge hides.

    Args:
        objects: farthest first.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """
    taken = np.zeros((-(-height // _PIXEL), -(-width // _PIXEL)), bool)
    shares = [0.0] * len(objects)
    for index in range(len(objects) - 1, -1, -1):
        shapes = objects[index].shapes
        left, top, right, bottom = shapes.bounds()
        if objects[index].identity is None:
            left, top = max(left, 0), max(top, 0)
            right, bottom = min(right, width), min(bottom, height)
        row, column = math.floor(top / _PIXEL), math.floor(left / _PIXEL)
        if right <= left or bottom <= top:
            continue
        rows = np.arange(row, math.ceil(bottom / _PIXEL) + 1)
        columns = np.arange(column, math.ceil(right / _PIXEL) + 1)
        level = rows.astype(np.float64) * _PIXEL + 0.5
        across = columns.astype(np.float64) * _PIXEL + 0.5
        here = mask(shapes.polygons[shapes.outline], level, across)
        inside_rows = (rows >= 0) & (rows < taken.shape[0])
        inside_columns = (columns >= 0) & (columns < taken.shape[1])
        inner = here[np.ix_(inside_rows, inside_columns)]
        window = np.ix_(rows[inside_rows], columns[inside_columns])
        total = int(here.sum())
        if total:
            shares[index] = float((inner & ~taken[window]).sum()) / total
        taken[window] |= inner
    return shares


def annotation_rows(
    objects: list[FrameObject], frame: int, config: SynthConfig
) -> list[str]:
    """The MOTChallenge rows of one frame (0-based), sorted by identity.

    A row is kept while at least a tenth of the silhouette shows; the box is amodal and
    may leave the picture. Only pedestrians are marked for scoring.
    """
    rows = []
    shares = visibilities(objects, config.width, config.height)
    for one, share in zip(objects, shares, strict=True):
        if one.identity is None or share < SMALLEST_VISIBILITY:
            continue
        x1, y1, x2, y2 = one.box
        mark = 1 if one.category == PEDESTRIAN else 0
        rows.append(
            (
                one.identity,
                f"{frame + 1},{one.identity},{x1:.1f},{y1:.1f},{x2 - x1:.1f},"
                f"{y2 - y1:.1f},{mark},{one.category},{share:.2f}",
            )
        )
    return [text for _, text in sorted(rows)]
