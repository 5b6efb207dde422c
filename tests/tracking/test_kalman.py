"""The batched filter against the textbook one with 8×8 matrices."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cstrack_bench.tracking import kalman


class Dense:
    """One track, full matrices, as docs/reference.md#kalman puts it."""

    def __init__(self, z: np.ndarray) -> None:
        p, v = z[3] / 20, z[3] / 160
        self.x = np.concatenate([z, np.zeros(4)])
        std = [2 * p, 2 * p, 1e-2, 2 * p, 10 * v, 10 * v, 1e-5, 10 * v]
        self.P = np.diag(np.square(std))

    def predict(self) -> None:
        p, v = self.x[3] / 20, self.x[3] / 160
        F = np.eye(8) + np.eye(8, k=4)
        self.x = F @ self.x
        self.P = F @ self.P @ F.T + np.diag(np.square([p, p, 1e-2, p, v, v, 1e-5, v]))

    def innovation(self) -> np.ndarray:
        p = self.x[3] / 20
        return self.P[:4, :4] + np.diag(np.square([p, p, 1e-1, p]))

    def update(self, z: np.ndarray) -> None:
        S = self.innovation()
        K = self.P[:, :4] @ np.linalg.inv(S)
        self.x = self.x + K @ (z - self.x[:4])
        self.P = self.P - K @ S @ K.T

    def distance(self, z: np.ndarray) -> float:
        d = z - self.x[:4]
        return float(d @ np.linalg.inv(self.innovation()) @ d)


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_it_is_the_textbook_filter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low, high = [0, 0, 0.2, 20], [1920, 1080, 0.8, 400]
    z = rng.uniform(low, high, (5, 4))
    states = kalman.start(z)
    dense = [Dense(row) for row in z]
    for _ in range(6):
        kalman.predict(states)
        for one in dense:
            one.predict()
        z = z + rng.normal(0, [4, 2, 0.01, 2], (5, 4))
        np.testing.assert_allclose(
            kalman.squared_mahalanobis(states, z),
            [[one.distance(row) for row in z] for one in dense],
            rtol=1e-6,
        )
        if rng.random() < 0.7:
            kalman.update(states, z)
            for one, row in zip(dense, z, strict=True):
                one.update(row)
    np.testing.assert_allclose(
        states[:, :2].reshape(5, 8), [one.x for one in dense], rtol=1e-9, atol=1e-9
    )
    full = np.stack([one.P for one in dense])
    for axis in range(4):
        np.testing.assert_allclose(states[:, 2, axis], full[:, axis, axis], rtol=1e-7)
        np.testing.assert_allclose(
            states[:, 3, axis], full[:, axis, axis + 4], rtol=1e-7, atol=1e-15
        )


def test_boxes_and_measurements_are_inverse() -> None:
    boxes = np.array([[10.0, 20.0, 30.0, 80.0], [-5.0, 0.0, 7.0, 9.0]])
    states = kalman.start(kalman.measurements(boxes))
    np.testing.assert_allclose(kalman.boxes(states), boxes)


def test_no_tracks_are_no_trouble() -> None:
    states = kalman.start(np.zeros((0, 4)))
    kalman.predict(states)
    kalman.update(states, np.zeros((0, 4)))
    assert kalman.boxes(states).shape == (0, 4)
    assert kalman.squared_mahalanobis(states, np.zeros((3, 4))).shape == (0, 3)
