"""SynthMOT's camera, and the one shape everything in its world is made of.

World coordinates are metres: X to the right, Y up from the ground, Z away from the
camera, which stands at X = Z = 0. Pixels go right and down. Nothing here needs OpenCV,
so the annotations do not depend on its version.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CORNER_POINTS = 4
_QUARTER = np.linspace(0.0, np.pi / 2, CORNER_POINTS)
# Bottom right, bottom left, top left, top right: the way a corner turns in the image.
_ARCS = np.concatenate([_QUARTER + quarter * np.pi / 2 for quarter in range(4)])


@dataclass(frozen=True)
class Camera:
    """A pinhole camera whose picture plane is shifted rather than tilted.

    Attributes:
        focal: focal length in pixels.
        height: above the ground in metres.
        horizon: row of the horizon in pixels.
        centre: column of X = 0 in pixels.
        motion: (T, 2, 3) affine maps from the still picture plane to frame t.
    """

    focal: float
    height: float
    horizon: float
    centre: float
    motion: Array

    def project(self, points: Array) -> Array:
        """(..., 3) world points with Z > 0 -> (..., 2) pixels of the still plane."""
        scale = self.focal / points[..., 2]
        return np.stack(
            [
                self.centre + points[..., 0] * scale,
                self.horizon + (self.height - points[..., 1]) * scale,
            ],
            axis=-1,
        )

    def move(self, points: Array, frame: int) -> Array:
        """(..., 2) pixels of the still plane -> pixels of a frame."""
        matrix = self.motion[frame]
        return points @ matrix[:, :2].T + matrix[:, 2]


@dataclass(frozen=True)
class Shapes:
    """Filled convex polygons, to be painted in order.

    Attributes:
        polygons: (K, 16, 2) pixels.
        colours: (K, 3) blue, green, red in 0 to 255.
        outline: (K,) true for the polygons that make the silhouette; false for shading
            and decoration that lies inside it.
    """

    polygons: Array
    colours: Array
    outline: NDArray[np.bool_]

    def moved(self, camera: Camera, frame: int) -> "Shapes":
        """The same shapes seen from the camera's place in a frame."""
        return Shapes(camera.move(self.polygons, frame), self.colours, self.outline)

    def bounds(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2 around the silhouette."""
        points = self.polygons[self.outline].reshape(-1, 2)
        left, top = points.min(axis=0)
        right, bottom = points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


def rounded(corners: Array, radii: Array, angles: Array) -> Array:
    """Polygons around four discs each: limbs, torsos, panels and balls alike.

    Args:
        corners: (K, 4, 2) disc centres: bottom right, bottom left, top left, top right
            as seen after turning by the angle.
        radii: (K, 4) pixels.
        angles: (K,) direction of the shape's own x axis, radians.

    Returns:
        (K, 16, 2) polygons.
    """
    turn = angles[:, None] + _ARCS[None]
    spread = np.repeat(radii, CORNER_POINTS, axis=1)
    centres = np.repeat(corners, CORNER_POINTS, axis=1)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    return centres + ring * spread[..., None]


def spans(polygons: Array, rows: Array) -> tuple[Array, Array]:
    """Left and right ends of convex polygons along rows of the image.

    Args:
        polygons: (K, V, 2) pixels.
        rows: (R,) y of each row.

    Returns:
        (K, R) left and right x; left > right where a row misses a polygon.
    """
    x, y = polygons[:, None, :, 0], polygons[:, None, :, 1]
    next_x, next_y = np.roll(x, -1, axis=2), np.roll(y, -1, axis=2)
    level = rows[None, :, None]
    crossed = (y <= level) != (next_y <= level)
    rise = np.where(crossed, next_y - y, 1.0)
    at = x + (level - y) * ((next_x - x) / rise)
    left = np.where(crossed, at, np.inf).min(axis=2)
    right = np.where(crossed, at, -np.inf).max(axis=2)
    return left, right


def mask(polygons: Array, rows: Array, columns: Array) -> NDArray[np.bool_]:
    """(R, C) true where any polygon covers the point (columns[c], rows[r])."""
    left, right = spans(polygons, rows)
    inside = (columns >= left[..., None]) & (columns <= right[..., None])
    return np.asarray(inside.any(axis=0), np.bool_)
