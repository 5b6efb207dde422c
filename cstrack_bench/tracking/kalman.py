"""One constant-velocity Kalman filter for all tracks at once
(docs/reference.md#kalman).

State of a track: centre x, centre y and two values for its size, each with a velocity
a frame; ``Coordinates`` says which two (aspect w/h and height h by default)
and how uncertain all four are. Noise, motion and measurement treat the four coordinates
apart, so the 8×8 covariance only ever has entries within a coordinate: variance of the
value, variance of its velocity, and their covariance. Keeping those three numbers a
coordinate is exact and turns every step into arithmetic on arrays.

Batches are (N, 5, 4) float64; the middle axis holds the rows named below.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VALUE, VELOCITY, VARIANCE, COVARIANCE, VELOCITY_VARIANCE = range(5)
HEIGHT = 3

Floats = NDArray[np.float64]

# Standard deviations of a position and of a speed, as shares of a length.
POSITION, SPEED = 1.0 / 20, 1.0 / 160


@dataclass(frozen=True, eq=False)
class Coordinates:
    """What the four values of a state are, and how uncertain each is.

    A variance is ``relative`` × the square of a length of the box + ``absolute``.

    Attributes:
        lengths: (N, 4) values -> (N, 4) or (N, 1), the length of each coordinate.
        start: relative and absolute variances (5, 4) of a track that begins.
        process: those that a frame adds.
        measurement: those of a detection, (4,) each.
        measurements: boxes (N, 4) x1 y1 x2 y2 with w, h > 0 -> values (N, 4).
        sides: values (N, 4) -> width and height (N, 2).
    """

    lengths: Callable[[Floats], Floats]
    start: tuple[Floats, Floats]
    process: tuple[Floats, Floats]
    measurement: tuple[Floats, Floats]
    measurements: Callable[[Floats], Floats]
    sides: Callable[[Floats], Floats]


def variances(position: Floats, speed: Floats) -> Floats:
    """(5, 4): these variances of value and velocity, 0 elsewhere."""
    result = np.zeros((5, 4))
    result[VARIANCE], result[VELOCITY_VARIANCE] = position, speed
    return result


def centres(boxes: Floats) -> Floats:
    """(N, 4): centre x, centre y, width, height of boxes x1 y1 x2 y2."""
    result = np.empty((len(boxes), 4))
    result[:, 2:] = boxes[:, 2:] - boxes[:, :2]
    result[:, :2] = boxes[:, :2] + result[:, 2:] / 2
    return result


def _with_aspect(boxes: Floats) -> Floats:
    result = centres(boxes)
    result[:, 2] /= result[:, 3]
    return result


def _sides_of_aspect(values: Floats) -> Floats:
    sides = values[:, 2:].copy()
    sides[:, 0] *= sides[:, 1]
    return sides


_NOT_ASPECT = np.array([1.0, 1.0, 0.0, 1.0])
_ONLY_ASPECT = 1.0 - _NOT_ASPECT
_ALL = np.ones(4)
_ASPECT_DRIFT = variances(1e-2**2 * _ONLY_ASPECT, 1e-5**2 * _ONLY_ASPECT)

#: Aspect w/h and height; lengths are the height, the aspect's noise is absolute.
ASPECT = Coordinates(
    lengths=lambda values: values[:, HEIGHT:],
    start=(
        variances((2 * POSITION) ** 2 * _NOT_ASPECT, (10 * SPEED) ** 2 * _NOT_ASPECT),
        _ASPECT_DRIFT,
    ),
    process=(
        variances(POSITION**2 * _NOT_ASPECT, SPEED**2 * _NOT_ASPECT),
        _ASPECT_DRIFT,
    ),
    measurement=(POSITION**2 * _NOT_ASPECT, 1e-1**2 * _ONLY_ASPECT),
    measurements=_with_aspect,
    sides=_sides_of_aspect,
)

#: Width and height themselves; noise across grows with the width, along with the
#: height (BoT-SORT, Aharon et al. 2022, section 3.1).
WIDTH = Coordinates(
    lengths=lambda values: values[:, [2, 3, 2, 3]],
    start=(
        variances((2 * POSITION) ** 2 * _ALL, (10 * SPEED) ** 2 * _ALL),
        np.zeros((5, 4)),
    ),
    process=(variances(POSITION**2 * _ALL, SPEED**2 * _ALL), np.zeros((5, 4))),
    measurement=(POSITION**2 * _ALL, np.zeros(4)),
    measurements=centres,
    sides=lambda values: values[:, 2:],
)


def start(measurements: Floats, coordinates: Coordinates = ASPECT) -> Floats:
    """New tracks at their first measurement, standing still.

    Args:
        measurements: (N, 4) values, as ``coordinates.measurements`` gives them.
        coordinates: what they are.

    Returns:
        (N, 5, 4) states.
    """
    relative, absolute = coordinates.start
    states = _squares(measurements, coordinates)[:, None] * relative + absolute
    states[:, VALUE] = measurements
    return states


def predict(states: Floats, coordinates: Coordinates = ASPECT) -> None:
    """Predict ``states`` (N, 5, 4) one frame ahead, in place."""
    relative, absolute = coordinates.process
    noise = _squares(states[:, VALUE], coordinates)[:, None] * relative + absolute
    states[:, VALUE] += states[:, VELOCITY]
    # F P Fᵀ a coordinate: the variance takes in the covariance before and after it
    # has itself taken in the variance of the velocity.
    states[:, VARIANCE] += states[:, COVARIANCE]
    states[:, COVARIANCE] += states[:, VELOCITY_VARIANCE]
    states[:, VARIANCE] += states[:, COVARIANCE]
    states += noise


def _squares(values: Floats, coordinates: Coordinates) -> Floats:
    """Squared lengths, (N, 4) or (N, 1)."""
    lengths = coordinates.lengths(values)
    return lengths * lengths


def _innovation_variance(states: Floats, coordinates: Coordinates) -> Floats:
    """Variance of measurement minus prediction, (N, 4)."""
    relative, absolute = coordinates.measurement
    noise = _squares(states[:, VALUE], coordinates) * relative + absolute
    return states[:, VARIANCE] + noise


def update(
    states: Floats, measurements: Floats, coordinates: Coordinates = ASPECT
) -> None:
    """Correct ``states`` (N, 5, 4) in place by one measurement (N, 4) each."""
    # Row 0: the gain of the value, row 1: of its velocity.
    spread = states[:, VARIANCE : COVARIANCE + 1].copy()
    gain = spread / _innovation_variance(states, coordinates)[:, None]
    residual = measurements - states[:, VALUE]
    states[:, VALUE : VELOCITY + 1] += gain * residual[:, None]
    states[:, VELOCITY_VARIANCE] -= gain[:, 1] * spread[:, 1]
    states[:, VARIANCE : COVARIANCE + 1] -= gain[:, :1] * spread


def squared_mahalanobis(states: Floats, measurements: Floats) -> Floats:
    """Squared distance of every measurement from every prediction, (N, M).

    Args:
        states: (N, 5, 4) with ``ASPECT``; measurements: (M, 4).
    """
    weights = 1.0 / _innovation_variance(states, ASPECT)
    values = states[:, VALUE]
    total = np.zeros((len(states), len(measurements)))
    # Coordinate by coordinate: four (N, M) arrays are quicker than one (N, M, 4).
    for axis in range(4):
        difference = measurements[:, axis] - values[:, axis, None]
        difference *= difference
        difference *= weights[:, axis, None]
        total += difference
    return total


def boxes(states: Floats, coordinates: Coordinates = ASPECT) -> Floats:
    """(N, 4) x1 y1 x2 y2 of the states."""
    values = states[:, VALUE]
    sides = coordinates.sides(values)
    result = np.empty((len(states), 4))
    result[:, :2] = values[:, :2] - sides / 2
    result[:, 2:] = result[:, :2] + sides
    return result


def measurements(boxes: Floats) -> Floats:
    """(N, 4) centre x, centre y, aspect, height of boxes x1 y1 x2 y2 with h > 0."""
    return ASPECT.measurements(boxes)
