"""One constant-velocity Kalman filter for all tracks at once (REFERENCE 5.6).

State of a track: centre x, centre y, aspect w/h and height h, each with a velocity a
frame. Noise, motion and measurement all treat the four coordinates apart, so the 8×8
covariance only ever has entries within a coordinate: variance of the value, variance
of its velocity, and their covariance. Keeping those three numbers a coordinate is exact
and turns every step into arithmetic on arrays.

Batches are (N, 5, 4) float64; the middle axis holds the rows named below.
"""

import numpy as np
from numpy.typing import NDArray

VALUE, VELOCITY, VARIANCE, COVARIANCE, VELOCITY_VARIANCE = range(5)
HEIGHT = 3

Floats = NDArray[np.float64]

# Standard deviations are these shares of the height (the aspect's are absolute).
_POSITION, _SPEED = 1.0 / 20, 1.0 / 160
# (5, 4): the parts of each noise that grow with the height squared, and the rest.
_START = np.zeros((5, 4))
_START[VARIANCE] = (2 * _POSITION) ** 2
_START[VELOCITY_VARIANCE] = (10 * _SPEED) ** 2
_START[:, 2] = 0.0
_START_ASPECT = np.zeros((5, 4))
_START_ASPECT[VARIANCE, 2] = 1e-2**2
_START_ASPECT[VELOCITY_VARIANCE, 2] = 1e-5**2
_PROCESS = np.zeros((5, 4))
_PROCESS[VARIANCE] = _POSITION**2
_PROCESS[VELOCITY_VARIANCE] = _SPEED**2
_PROCESS[:, 2] = 0.0
_PROCESS_ASPECT = _START_ASPECT
_MEASUREMENT = np.array([1.0, 1.0, 0.0, 1.0]) * _POSITION**2
_MEASUREMENT_ASPECT = np.array([0.0, 0.0, 1e-1**2, 0.0])


def start(measurements: Floats) -> Floats:
    """New tracks at their first measurement, standing still.

    Args:
        measurements: (N, 4) centre x, centre y, aspect, height.

    Returns:
        (N, 5, 4) states.
    """
    height = measurements[:, HEIGHT, None, None]
    states = height * height * _START + _START_ASPECT
    states[:, VALUE] = measurements
    return states


def predict(states: Floats) -> None:
    """Move ``states`` (N, 5, 4) one frame ahead, in place."""
    height = states[:, VALUE, HEIGHT, None, None]
    noise = height * height * _PROCESS + _PROCESS_ASPECT
    states[:, VALUE] += states[:, VELOCITY]
    # F P Fᵀ a coordinate: the variance takes in the covariance before and after it
    # has itself taken in the variance of the velocity.
    states[:, VARIANCE] += states[:, COVARIANCE]
    states[:, COVARIANCE] += states[:, VELOCITY_VARIANCE]
    states[:, VARIANCE] += states[:, COVARIANCE]
    states += noise


def _innovation_variance(states: Floats) -> Floats:
    """Variance of measurement minus prediction, (N, 4)."""
    height = states[:, VALUE, HEIGHT, None]
    noise = height * height * _MEASUREMENT + _MEASUREMENT_ASPECT
    return states[:, VARIANCE] + noise


def update(states: Floats, measurements: Floats) -> None:
    """Correct ``states`` (N, 5, 4) in place by one measurement (N, 4) each."""
    # Row 0: the gain of the value, row 1: of its velocity.
    spread = states[:, VARIANCE : COVARIANCE + 1].copy()
    gain = spread / _innovation_variance(states)[:, None]
    residual = measurements - states[:, VALUE]
    states[:, VALUE : VELOCITY + 1] += gain * residual[:, None]
    states[:, VELOCITY_VARIANCE] -= gain[:, 1] * spread[:, 1]
    states[:, VARIANCE : COVARIANCE + 1] -= gain[:, :1] * spread


def squared_mahalanobis(states: Floats, measurements: Floats) -> Floats:
    """Squared distance of every measurement from every prediction, (N, M).

    Args:
        states: (N, 5, 4); measurements: (M, 4).
    """
    weights = 1.0 / _innovation_variance(states)
    values = states[:, VALUE]
    total = np.zeros((len(states), len(measurements)))
    # Coordinate by coordinate: four (N, M) arrays are quicker than one (N, M, 4).
    for axis in range(4):
        difference = measurements[:, axis] - values[:, axis, None]
        difference *= difference
        difference *= weights[:, axis, None]
        total += difference
    return total


def boxes(states: Floats) -> Floats:
    """(N, 4) x1 y1 x2 y2 of the states."""
    values = states[:, VALUE]
    sides = values[:, 2:].copy()
    sides[:, 0] *= sides[:, 1]
    result = np.empty((len(states), 4))
    result[:, :2] = values[:, :2] - sides / 2
    result[:, 2:] = result[:, :2] + sides
    return result


def measurements(boxes: Floats) -> Floats:
    """(N, 4) centre x, centre y, aspect, height of boxes x1 y1 x2 y2 with h > 0."""
    result = np.empty((len(boxes), 4))
    sides = boxes[:, 2:] - boxes[:, :2]
    result[:, :2] = boxes[:, :2] + sides / 2
    result[:, 2] = sides[:, 0] / sides[:, 1]
    result[:, 3] = sides[:, 1]
    return result
