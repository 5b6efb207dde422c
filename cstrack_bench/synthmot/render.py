"""Painting SynthMOT's frames with OpenCV."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from cstrack_bench.synthmot.backdrop import paint_backdrop
from cstrack_bench.synthmot.geometry import Shapes
from cstrack_bench.synthmot.world import FrameObject, World

Image = NDArray[np.uint8]

_SHIFT = 4  # OpenCV's fixed point: sixteenths of a pixel
_EXPOSURE = 0.5  # of a frame's time, at full blur


class Renderer:
    """Paints one world; frames must be asked for in order."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        rng = np.random.default_rng([seed, 3])
        self._rng = rng
        self._backdrop = paint_backdrop(world, rng)
        config = world.config
        spread = 2.0 + 5.0 * config.noise
        grain = rng.standard_normal((config.height + 64, config.width + 64, 3)) * spread
        self._noise = np.round(grain * (config.noise > 0)).astype(np.int16)
        phase, period = 6.28 * rng.random(3), 2 + 4 * rng.random(3)
        seconds = np.arange(config.frames)[:, None] / config.frame_rate
        wave = np.sin(6.28 * seconds / period + phase)
        self._drift = 1 + config.light * wave * np.array([0.1, 0.02, 0.03])
        self._gain = 1 + config.light * 0.4 * (rng.random() - 0.55)
        self._tint = 1 + config.light * 0.16 * (rng.random(3) - 0.5)
        self._shadow = 0.25 + 0.35 * rng.random()
        self._soft = config.blur * (0.3 + 0.6 * rng.random())

    def paint(self, objects: list[FrameObject], frame: int) -> Image:
        """(H, W, 3) uint8, BGR."""
        world = self._world
        config = world.config
        motion = world.camera.motion
        image = self._backdrop.view(motion[frame], config.width, config.height)
        self._cast_shadows(image, objects)
        for one in objects:
            self._draw(image, one)
        before = motion[max(frame - 1, 0)]
        image = self._smear(image, motion[frame][:, 2] - before[:, 2])
        image = np.asarray(cv2.LUT(image, self._curve(frame)), np.uint8)
        row, column = (int(v * 64) for v in self._rng.random(2))
        noise = self._noise[row : row + config.height, column : column + config.width]
        return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)

    def _curve(self, frame: int) -> Image:
        bright, blue, red = self._drift[frame]
        gains = self._gain * bright * self._tint * np.array([blue, 1.0, red])
        levels = np.arange(256)[:, None] * gains
        return np.clip(levels, 0, 255).astype(np.uint8).reshape(1, 256, 3)

    def _cast_shadows(self, image: Image, objects: list[FrameObject]) -> None:
        """Darken the ground beside feet and wheels, away from the sun."""
        height, width = image.shape[:2]
        shade = np.zeros((height // 2, width // 2), np.uint8)
        for one in objects:
            if one.category == 8:
                continue
            x1, y1, x2, y2 = one.box
            tall = y2 - y1
            if one.identity is None:
                spread = (x2 - x1) * 0.5 if x2 - x1 < 2.2 * tall else tall
                axes = (spread * 1.05, tall * 0.05)
                tip = 0.0
            else:
                spread = 0.16 * tall
                axes = (0.42 * tall, 0.035 * tall)
                tip = -self._world.sun * 0.34 * tall
            centre = (one.foot[0] + tip, one.foot[1] + 0.005 * tall)
            points = tuple(int(v * 8) for v in centre)
            sizes = tuple(max(int(v * 8), 8) for v in axes)
            cv2.ellipse(shade, points, sizes, 0, 0, 360, 255, -1, cv2.LINE_AA, _SHIFT)
        cv2.GaussianBlur(shade, (5, 5), 0, dst=shade)
        lit = 255 - (shade * self._shadow).astype(np.uint8)
        keep = cv2.resize(lit, (width, height))
        cv2.multiply(image, cv2.merge([keep] * 3), image, 1 / 255)

    def _draw(self, image: Image, one: FrameObject) -> None:
        height, width = image.shape[:2]
        x1, y1, x2, y2 = one.box
        if one.identity is None:
            x1, y1, x2, y2 = one.shapes.bounds()
        if x2 < 0 or y2 < 0 or x1 > width or y1 > height:
            return
        blur = _EXPOSURE * self._world.config.blur
        step = np.array(one.speed) * blur / 2
        if np.hypot(*step) < 0.4:
            fill(image, one.shapes, 0.0, 0.0)
            return
        # Two moments of the exposure, averaged where the figure is.
        top, bottom = max(int(y1) - 4, 0), min(int(y2) + 5, height)
        left, right = max(int(x1) - 8, 0), min(int(x2) + 9, width)
        patch = image[top:bottom, left:right]
        if not patch.size:
            return
        first, second = patch.copy(), patch.copy()
        fill(first, one.shapes, -step[0] - left, -step[1] - top)
        fill(second, one.shapes, step[0] - left, step[1] - top)
        cv2.addWeighted(first, 0.5, second, 0.5, 0.0, patch)

    def _smear(self, image: Image, step: NDArray[np.float64]) -> Image:
        length = float(np.hypot(*step)) * self._world.config.blur * _EXPOSURE
        if self._soft > 0.05:
            cv2.GaussianBlur(image, (3, 3), self._soft, dst=image)
        size = int(length)
        if size < 2:
            return image
        size = 2 * min(size, 12) + 1
        kernel = np.zeros((size, size), np.float32)
        half = step / max(float(np.hypot(*step)), 1e-6) * length / 2
        middle = np.array([size // 2, size // 2])
        ends = [tuple(int(v) for v in np.round(middle + s * half)) for s in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA)
        return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def fill(image: Image, shapes: Shapes, dx: float, dy: float) -> None:
    """Paint shapes onto an image, shifted by some pixels."""
    points = (shapes.polygons + np.array([dx, dy])) * (1 << _SHIFT)
    # Far outside the picture OpenCV's fixed point would overflow.
    fixed = np.clip(np.round(points), -(1 << 17), 1 << 17).astype(np.int32)
    colours = shapes.colours.tolist()
    for polygon, colour in zip(fixed, colours, strict=True):
        cv2.fillConvexPoly(image, polygon, colour, cv2.LINE_AA, _SHIFT)


def paint_frames(world: World, seed: int) -> Iterator[tuple[list[FrameObject], Image]]:
    """The objects of each frame, and its picture."""
    renderer = Renderer(world, seed)
    for frame, objects in enumerate(world.frames()):
        yield objects, renderer.paint(objects, frame)
