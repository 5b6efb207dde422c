"""Sharpness is what it is said to be, and a sharper network is found sharper."""

from pathlib import Path

import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.discrimination import (
    DescribedFrame,
    contrast,
    describe_frames,
    in_stretches,
    typical_frame,
)
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.structures import Frame
from tests.worlds import walkers, write_world


class DirectionEmbedder:
    """Each person's own direction by height, blurred by a share of a common one."""

    def __init__(self, common: float) -> None:
        self.common = common

    def embed(self, frame: Frame, boxes: np.ndarray) -> np.ndarray:
        heights = np.round(boxes[:, 3] - boxes[:, 1], 3)
        own = [np.random.default_rng(int(1000 * h)).normal(size=32) for h in heights]
        noise = np.random.default_rng(frame.index).normal(size=(len(boxes), 32))
        vectors = np.array(own) + 0.2 * noise + self.common * np.sqrt(32)
        return vectors.astype(np.float32)


@pytest.fixture
def sequence(tmp_path: Path) -> Sequence:
    return write_world(tmp_path / "SYN-01", walkers(5, 30))


@pytest.fixture
def frames(sequence: Sequence) -> list[DescribedFrame]:
    embedders = {"sharp": DirectionEmbedder(0.0), "dull": DirectionEmbedder(1.0)}
    return describe_frames(embedders, [sequence])


def test_contrast_is_diagonal_less_rest() -> None:
    cosines = np.array([[0.9, 0.2, 0.1], [0.3, 0.8, 0.0], [0.2, 0.2, 1.0]])
    assert contrast(cosines) == pytest.approx(0.9 - 1.0 / 6)
    assert contrast(np.ones((4, 4))) == 0


def test_a_sharper_network_is_found_sharper(frames: list[DescribedFrame]) -> None:
    assert len(frames) == 29  # the first frame has no template yet
    for one in frames:
        sharp, dull = one.matrices["sharp"].sharpness, one.matrices["dull"].sharpness
        assert sharp.matching > dull.matching + 0.2
        assert sharp.templates > dull.templates
        assert sharp.rank1 == 100
        own = one.matrices["sharp"]
        np.testing.assert_allclose(np.diag(own.within_frame), 1, atol=1e-6)
        assert own.matching.shape == (5, 5)


def test_templates_are_the_trackers_average(sequence: Sequence) -> None:
    embedder = DirectionEmbedder(0.0)
    found = describe_frames({"one": embedder}, [sequence])
    # Of the second frame they are the embeddings of the first alone.
    first = found[0].matrices["one"]
    boxes = first.boxes
    zeroth = embedder.embed(Frame(0, lambda: np.zeros((1, 1, 3), np.uint8)), boxes)
    zeroth /= np.linalg.norm(zeroth, axis=1, keepdims=True)
    np.testing.assert_allclose(first.templates, zeroth, atol=1e-6)
    second = found[1].matrices["one"]
    mixed = 0.9 * first.templates + 0.1 * first.embeddings
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    order = [first.identities.tolist().index(i) for i in second.identities.tolist()]
    np.testing.assert_allclose(second.templates, mixed[order], atol=1e-5)


def test_stretches_and_the_typical_frame(frames: list[DescribedFrame]) -> None:
    values = [float(one.frame) for one in frames]  # frames 1 to 29
    means = in_stretches(frames, values, 10)
    assert means == [pytest.approx(5.0), pytest.approx(14.5), pytest.approx(24.5)]
    differences = {
        one.frame: one.matrices["sharp"].sharpness.matching
        - one.matrices["dull"].sharpness.matching
        for one in frames
    }
    mean = np.mean(list(differences.values()))
    shown = typical_frame(frames, "sharp", "dull").frame
    nearest = min(differences, key=lambda frame: abs(differences[frame] - mean))
    assert shown == nearest


def test_one_person_alone_is_told(tmp_path: Path) -> None:
    alone = write_world(tmp_path / "SYN-02", walkers(1, 10))
    with pytest.raises(InputError, match="two people"):
        describe_frames({"one": DirectionEmbedder(0.0)}, [alone])
