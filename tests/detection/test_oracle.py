"""What ground truth reports: boxes, worse boxes, identities."""

from itertools import pairwise

import numpy as np
import pytest

from cstrack_bench.detection.oracle import IdentityOracle, Jitter, OracleDetector
from cstrack_bench.errors import InputError
from cstrack_bench.formats.mot_files import Annotations
from cstrack_bench.structures import Frame

BOXES = np.array([[0.0, 0, 20, 60], [50, 10, 80, 100], [200, 0, 240, 120]])


def annotations(frames: int = 3) -> Annotations:
    """The same three people, ids 4, 7 and 9, in every frame."""
    count = 3 * frames
    ones = np.ones(count)
    return Annotations(
        np.repeat(np.arange(frames), 3),
        np.tile([4, 7, 9], frames),
        np.tile(BOXES, (frames, 1)),
        ones,
        ones.astype(np.int64),
        ones.copy(),
    )


def frame(index: int) -> Frame:
    def unread() -> np.ndarray:
        raise AssertionError("pixels were read")

    return Frame(index, unread)


class Counting:
    """An embedder that writes each box's left edge."""

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, frame: Frame, boxes: np.ndarray) -> np.ndarray:
        self.calls += 1
        return np.asarray(boxes[:, :1], np.float32)


def test_jitter_is_the_same_each_time_and_another_in_each_frame() -> None:
    def look(seed: int) -> list[np.ndarray]:
        jitter = Jitter(noise=0.1, drop=0.2, seed=seed)
        oracle = OracleDetector(annotations(20), None, jitter)
        return [oracle.detect(frame(i)).boxes for i in range(20)]

    first, second, other = look(1), look(1), look(2)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(
        a.shape != b.shape or (a != b).any() for a, b in zip(first, other, strict=True)
    )
    assert any(a.shape != b.shape or (a != b).any() for a, b in pairwise(first))


def test_noise_is_a_share_of_the_boxs_own_sides() -> None:
    many = np.tile(np.array([[100.0, 100, 140, 300]]), (20_000, 1))
    moved = Jitter(noise=0.1).apply(many, 0)
    sides = moved[:, 2:] - moved[:, :2]
    centres = moved[:, :2] + sides / 2
    np.testing.assert_allclose(centres.std(axis=0), [4.0, 20.0], rtol=0.03)
    np.testing.assert_allclose(sides.std(axis=0), [4.0, 20.0], rtol=0.03)
    np.testing.assert_allclose(centres.mean(axis=0), [120.0, 200.0], atol=0.5)


@pytest.mark.parametrize(("drop", "left"), [(0.0, 1.0), (0.3, 0.7), (1.0, 0.0)])
def test_a_share_of_the_boxes_is_left_out_and_the_rest_untouched(
    drop: float, left: float
) -> None:
    many = np.random.default_rng(0).uniform(0, 100, (10_000, 4))
    kept = Jitter(drop=drop).apply(many, 3)
    assert len(kept) / len(many) == pytest.approx(left, abs=0.02)
    assert {tuple(row) for row in kept} <= {tuple(row) for row in many}


def test_even_wild_noise_leaves_boxes_the_right_way_round() -> None:
    many = np.tile(BOXES, (500, 1))
    moved = Jitter(noise=5.0).apply(many, 0)
    assert (moved[:, 2:] > moved[:, :2]).all()


@pytest.mark.parametrize("wrong", [{"noise": -0.1}, {"drop": 1.5}, {"drop": -1}])
def test_impossible_jitter_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Jitter(**wrong)


def test_embeddings_are_taken_at_the_jittered_box() -> None:
    embedder = Counting()
    oracle = OracleDetector(annotations(), embedder, Jitter(noise=0.1))
    seen = oracle.detect(frame(0))
    assert seen.embeddings is not None
    np.testing.assert_array_equal(seen.embeddings[:, 0], seen.boxes[:, 0])
    assert not np.array_equal(seen.boxes, BOXES.astype(np.float32))


def test_a_box_belongs_to_whom_it_overlaps_by_half() -> None:
    oracle = IdentityOracle(annotations())
    boxes = np.array(
        [
            [0.0, 30, 20, 60],  # exactly half of person 4
            [200, 0, 240, 119],
            [50, 10, 80, 54],  # a bit less than half of person 7
            [400, 0, 420, 60],
        ]
    )
    assert oracle.identities(frame(1), boxes).tolist() == [4, 9, -1, -1]
    assert oracle.identities(frame(99), boxes).tolist() == [-1] * 4
    assert oracle.identities(frame(1), np.zeros((0, 4))).tolist() == []


def test_of_two_boxes_on_one_person_the_better_one_is_theirs() -> None:
    oracle = IdentityOracle(annotations())
    boxes = np.array([[0.0, 0, 20, 50], [0, 0, 20, 60]])
    assert oracle.identities(frame(0), boxes).tolist() == [-1, 4]


def test_a_person_looks_the_same_in_every_frame_and_like_nobody_else() -> None:
    oracle = IdentityOracle(annotations())
    stranger = [[400.0, 0, 420, 60]]
    first = oracle.embed(frame(0), np.concatenate([BOXES, stranger]))
    second = oracle.embed(frame(1), np.concatenate([stranger, BOXES[::-1]]))
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(first[:3], second[:0:-1])
    others = np.abs(first @ second.T)[
        ~np.array([[0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]], bool)
    ]
    # Nobody's box looks like nobody's in another frame either.
    assert others.max() < 0.3
