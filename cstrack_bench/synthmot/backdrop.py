"""SynthMOT's street: sky, houses, road and pavement, painted once a sequence."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cstrack_bench.synthmot.world import World

Image = NDArray[np.uint8]
Colour = tuple[float, float, float]

_WALLS: tuple[Colour, ...] = (
    (120, 150, 178), (150, 168, 184), (104, 116, 150), (176, 184, 188),
    (134, 160, 170), (92, 104, 132), (160, 172, 160), (150, 190, 205),
)  # fmt: skip
_BRICKS = 22  # facade pixels a metre
_PAVING = 28  # ground pixels a metre


@dataclass(frozen=True)
class Backdrop:
    """The still street, larger than a frame so that the camera can move over it.

    Attributes:
        image: (H + 2 margin, W + 2 margin, 3) uint8, BGR.
        margin: pixels beyond the still picture plane on every side.
    """

    image: Image
    margin: int

    def view(self, motion: NDArray[np.float64], width: int, height: int) -> Image:
        """The street under one frame's affine map, (height, width, 3)."""
        matrix = motion.copy()
        matrix[:, 2] -= matrix[:, :2] @ np.array([self.margin, self.margin])
        frame = cv2.warpAffine(
            self.image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(frame, np.uint8)


def paint_backdrop(world: World, rng: np.random.Generator) -> Backdrop:
    """Paint the street behind a world's people."""
    config, camera = world.config, world.camera
    margin = int(0.32 * config.width)
    height, width = config.height + 2 * margin, config.width + 2 * margin
    image = _sky(height, width, camera.horizon + margin, rng)
    back = world.far * (1.15 + 0.25 * rng.random())
    painter = _Painter(world, image, margin)
    street = rng.random() < 0.45
    if street:
        back *= 1.4
    side = (width / 2 + 40) * back / camera.focal
    texture = _ground_texture(back, side, rng)
    painter.paste(
        texture,
        [(-side, 0.0, back), (side, 0.0, back), (side, 0.0, 2.0), (-side, 0.0, 2.0)],
    )
    if street:
        _street_walls(painter, back, side, rng)
    else:
        x = -side
        while x < side:
            wide = 6 + 7 * rng.random()
            _building(painter, (x, back), (x + wide, back), rng)
            x += wide
    painter.shade_foot(back)
    return Backdrop(image, margin)


class _Painter:
    def __init__(self, world: World, image: Image, margin: int) -> None:
        self.world, self.image, self.margin = world, image, margin

    def pixels(self, corners: list[tuple[float, float, float]]) -> NDArray[np.float32]:
        flat = self.world.camera.project(np.array(corners, np.float64)) + self.margin
        return np.asarray(flat, np.float32)

    def paste(self, texture: Image, corners: list[tuple[float, float, float]]) -> None:
        """Lay a texture over a world quadrangle (top left first, clockwise)."""
        rows, columns = texture.shape[:2]
        source = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)],
                          np.float32)  # fmt: skip
        target = self.pixels(corners)
        matrix = cv2.getPerspectiveTransform(source, target)
        size = (self.image.shape[1], self.image.shape[0])
        warped = cv2.warpPerspective(
            texture, matrix, size, flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        hole = np.zeros(self.image.shape[:2], np.uint8)
        cv2.fillConvexPoly(hole, np.round(target).astype(np.int32), 255)
        cv2.copyTo(warped, hole, self.image)

    def shade_foot(self, back: float) -> None:
        """A soft dark line where the houses meet the ground."""
        row = int(self.pixels([(0.0, 0.0, back)])[0, 1])
        band = self.image[max(row - 2, 0) : row + 5]
        band[:] = (band * 0.72).astype(np.uint8)


def _sky(height: int, width: int, horizon: float, rng: np.random.Generator) -> Image:
    blue = np.array([232, 206, 172]) if rng.random() < 0.6 else np.array([214] * 3)
    pale = np.array([238, 234, 228])
    share = np.clip(np.arange(height) / max(horizon, 1), 0, 1)[:, None]
    column = blue * (1 - share) + pale * share
    image = np.repeat(column[:, None].astype(np.uint8), width, axis=1)
    for _ in range(6):
        at = int(rng.random() * width), int(rng.random() * max(horizon, 1))
        axes = int(60 + 120 * rng.random()), int(10 + 22 * rng.random())
        cv2.ellipse(image, at, axes, 0, 0, 360, (244, 242, 240), -1, cv2.LINE_AA)
    return np.ascontiguousarray(cv2.GaussianBlur(image, (0, 0), 9))


def _grain(image: Image, rng: np.random.Generator, amount: float) -> Image:
    """Speckle at two sizes: plaster, asphalt and stone are never one colour."""
    rows, columns = image.shape[:2]
    fine = rng.standard_normal((rows, columns)).astype(np.float32)
    coarse = rng.standard_normal((rows // 16 + 2, columns // 16 + 2))
    wide = cv2.resize(coarse.astype(np.float32), (columns, rows))
    speckle = (fine * 0.6 + wide * 1.2) * amount
    return np.clip(image + speckle[..., None], 0, 255).astype(np.uint8)


def _ground_texture(back: float, side: float, rng: np.random.Generator) -> Image:
    """A strip of ground from the houses (first row) to the camera."""
    deep = back - 2.0
    rows, columns = int(deep * _PAVING), int(2 * side * _PAVING)
    scale = min(1.0, 2600 / columns, 1400 / rows)
    rows, columns, ppm = int(rows * scale), int(columns * scale), _PAVING * scale
    stone = 128 + 50 * rng.random()
    warm = 1 + 0.08 * (rng.random() - 0.3)
    image = np.empty((rows, columns, 3), np.uint8)
    image[:] = (stone / warm, stone, stone * warm)
    image = _grain(image, rng, 7)
    tile = (0.5 + 0.7 * rng.random()) * ppm
    line = (stone * 0.8, stone * 0.8, stone * 0.8)
    for step in range(1, int(rows / tile) + 1):
        cv2.line(image, (0, int(step * tile)), (columns, int(step * tile)), line, 2)
    for step in range(1, int(columns / tile) + 1):
        cv2.line(image, (int(step * tile), 0), (int(step * tile), rows), line, 2)
    if rng.random() < 0.7:
        start = int((0.1 + 0.25 * rng.random()) * rows)
        stop = start + int(min(6.5, 0.45 * deep) * ppm)
        road = image[start:stop]
        tar = 84 + 30 * rng.random()
        road[:] = (tar * 1.03, tar, tar * 0.99)
        road[:] = _grain(np.ascontiguousarray(road), rng, 6)
        for edge in (start, stop):
            cv2.rectangle(image, (0, edge - 6), (columns, edge), (188, 192, 194), -1)
            cv2.rectangle(image, (0, edge), (columns, edge + 3), (80, 80, 80), -1)
        middle = (start + stop) // 2
        for step in range(0, columns, int(4 * ppm)):
            end = step + int(1.8 * ppm), middle + 4
            cv2.rectangle(image, (step, middle - 3), end, (222, 224, 224), -1)
        if rng.random() < 0.5:
            left = int((0.3 + 0.3 * rng.random()) * columns)
            for bar in range(5):
                at = left + int(bar * 1.1 * ppm)
                corner = at + int(0.55 * ppm), stop - 10
                cv2.rectangle(image, (at, start + 10), corner, (222, 224, 224), -1)
    for _ in range(5):
        spot = int(rng.random() * columns), int(rng.random() * rows)
        cv2.circle(image, spot, int(0.35 * ppm), line, -1, cv2.LINE_AA)
        cv2.circle(image, spot, int(0.35 * ppm), (70, 70, 70), 2, cv2.LINE_AA)
    return image


def _facade(wide: float, high: float, rng: np.random.Generator) -> Image:
    """One house front, seen straight on."""
    rows, columns = int(high * _BRICKS), max(int(wide * _BRICKS), 8)
    base = np.array(_WALLS[int(rng.random() * len(_WALLS))])
    base = base * (0.85 + 0.25 * rng.random())
    image = np.empty((rows, columns, 3), np.uint8)
    image[:] = np.clip(base, 0, 255)
    image = _grain(image, rng, 6)
    if rng.random() < 0.4:
        for row in range(0, rows, 7):
            cv2.line(image, (0, row), (columns, row), (base * 0.88).tolist(), 1)
    frame = (228, 230, 230) if rng.random() < 0.6 else (70, 76, 84)
    storey, ground = int(3.0 * _BRICKS), int(3.6 * _BRICKS)
    bay = int((1.9 + 0.9 * rng.random()) * _BRICKS)
    glass_w, glass_h = int(bay * 0.52), int(1.6 * _BRICKS)
    for top in range(rows - ground - storey, -storey, -storey):
        for left in range(bay // 4, columns - glass_w, bay):
            _window(image, left, top + storey // 5, glass_w, glass_h, frame, rng)
    cv2.rectangle(image, (0, rows - ground - 8), (columns, rows - ground - 2),
                  (base * 0.75).tolist(), -1)  # fmt: skip
    _shops(image, rows, columns, ground, base, rng)
    cv2.line(image, (0, 0), (0, rows), (base * 0.7).tolist(), 3)
    return np.ascontiguousarray(cv2.GaussianBlur(image, (0, 0), 0.8))


def _window(image: Image, left: int, top: int, wide: int, high: int,
            frame: Colour, rng: np.random.Generator) -> None:  # fmt: skip
    glass = 60 + 90 * rng.random()
    right, bottom = left + wide, top + high
    cv2.rectangle(image, (left - 2, top - 2), (right + 2, bottom + 2), frame, -1)
    pane = (glass * 1.15, glass * 1.05, glass)
    cv2.rectangle(image, (left, top), (right, bottom), pane, -1)
    if rng.random() < 0.4:
        drawn = top + int(high * (0.2 + 0.5 * rng.random()))
        cv2.rectangle(image, (left, top), (right, drawn), (196, 204, 208), -1)
    middle = (left + right) // 2
    cv2.line(image, (middle, top), (middle, bottom), frame, 2)
    cv2.rectangle(image, (left - 4, bottom + 2), (right + 4, bottom + 5),
                  (180, 184, 186), -1)  # fmt: skip


def _shops(image: Image, rows: int, columns: int, ground: int,
           base: NDArray[np.float64], rng: np.random.Generator) -> None:  # fmt: skip
    left = int(0.4 * _BRICKS)
    while left < columns - _BRICKS:
        kind = rng.random()
        if kind < 0.3:
            wide = int(1.1 * _BRICKS)
            tone = (40 + 80 * rng.random(), 40 + 60 * rng.random(), 50.0)
            top = rows - int(2.3 * _BRICKS)
            cv2.rectangle(image, (left, top), (left + wide, rows), tone, -1)
            cv2.rectangle(image, (left, top), (left + wide, rows), (60, 64, 70), 2)
        else:
            wide = int((1.8 + 2.0 * rng.random()) * _BRICKS)
            right = min(left + wide, columns - 6)
            top, low = rows - int(2.5 * _BRICKS), rows - int(0.5 * _BRICKS)
            glow = 90 + 80 * rng.random()
            cv2.rectangle(image, (left, top), (right, low),
                          (glow * 0.9, glow, glow * 1.1), -1)  # fmt: skip
            cv2.rectangle(image, (left, top), (right, low), (60, 60, 62), 3)
            if rng.random() < 0.6:
                sign = tuple(float(v) for v in 60 + 140 * rng.random(3))
                cv2.rectangle(image, (left - 4, rows - ground + 4),
                              (right + 4, top - 2), sign, -1)  # fmt: skip
                cv2.line(image, (left + 8, top - 14), (right - 8, top - 14),
                         (235, 236, 236), 4)  # fmt: skip
            wide = right - left
        left += wide + int(0.5 * _BRICKS)


def _building(painter: _Painter, start: tuple[float, float], end: tuple[float, float],
           rng: np.random.Generator) -> None:  # fmt: skip
    """A front between two ground points (x, z), left one first as seen."""
    wide = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    high = 7.5 + 7 * rng.random()
    texture = _facade(wide, high, rng)
    (x1, z1), (x2, z2) = start, end
    corners = [(x1, high, z1), (x2, high, z2), (x2, 0.0, z2), (x1, 0.0, z1)]
    painter.paste(texture, corners)


def _street_walls(painter: _Painter, back: float, side: float,
                  rng: np.random.Generator) -> None:  # fmt: skip
    """Houses along both sides of a street that leads away, and one at its end."""
    edge = side * (0.38 + 0.2 * rng.random())
    x = -edge
    while x < edge:
        _building(painter, (x, back), (x + 10, back), rng)
        x += 10
    for sign in (-1.0, 1.0):
        z = back
        while z > back * 0.35:
            near = max(z - (6 + 5 * rng.random()), back * 0.35)
            walls = [(sign * edge, near), (sign * edge, z)]
            start, end = walls if sign < 0 else (walls[1], walls[0])
            _building(painter, start, end, rng)
            z = near
