"""Embeddings of crops, and a detector made of two stages."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from cstrack_bench.detection.crops import CropEncoder, TwoStage
from cstrack_bench.errors import InputError
from cstrack_bench.models.wide_resnet import WideResNet, make_config
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detections, Frame


class MeanColour(WideResNet):
    """Three numbers a crop: its mean red, green and blue."""

    def __init__(self) -> None:
        super().__init__(make_config("n", width=0.25, embedding=3))
        self.batches: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        assert not self.training
        assert not torch.is_grad_enabled()
        assert images.shape[1:] == (3, 128, 64)
        self.batches.append(len(images))
        return images.mean((2, 3))


def frame() -> Frame:
    """Blue on the left, green in the middle, red on the right."""
    image = np.zeros((100, 300, 3), np.uint8)
    for channel in range(3):
        image[:, 100 * channel : 100 * channel + 100, channel] = 255
    return Frame(0, lambda: image)


BOXES = np.array([[220, 10, 250, 90], [20, 10, 50, 90], [120, 10, 150, 90]], np.float32)


def test_each_box_gets_the_vector_of_its_own_pixels() -> None:
    vectors = CropEncoder(MeanColour()).embed(frame(), BOXES)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [[1, 0, 0], [0, 0, 1], [0, 1, 0]], atol=1e-6)


def test_the_batch_changes_nothing_but_the_calls() -> None:
    network = MeanColour()
    small = CropEncoder(network, batch=2).embed(frame(), BOXES)
    assert network.batches == [2, 1]
    np.testing.assert_array_equal(small, CropEncoder(network).embed(frame(), BOXES))


def test_without_boxes_no_picture_is_read() -> None:
    def read() -> NDArray[np.uint8]:
        raise AssertionError("nobody asked for it")

    vectors = CropEncoder(MeanColour()).embed(Frame(0, read), BOXES[:0])
    assert vectors.shape == (0, 3)


def test_boxes_without_pixels_look_like_nobody() -> None:
    boxes = np.array([[-90, 0, -50, 90], BOXES[0], [np.nan, 0, 9, 9], [5, 5, 5, 9]])
    network = MeanColour()
    vectors = CropEncoder(network).embed(frame(), boxes)
    np.testing.assert_allclose(vectors[1], [1, 0, 0], atol=1e-6)
    assert not vectors[[0, 2, 3]].any()
    assert network.batches == [1]
    assert not CropEncoder(network).embed(frame(), boxes[:1]).any()


def test_the_real_network_gives_unit_rows() -> None:
    torch.manual_seed(0)
    encoder = CropEncoder(WideResNet(make_config("n")), dtype="bfloat16")
    vectors = encoder.embed(frame(), BOXES)
    assert vectors.shape == (3, 128)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_embedding_is_timed() -> None:
    watch = Stopwatch()
    CropEncoder(MeanColour(), stopwatch=watch).embed(frame(), BOXES)
    watch.next_frame()
    assert "embed" in watch.frames[0]


def test_wrong_options_are_refused() -> None:
    with pytest.raises(InputError, match="dtype"):
        CropEncoder(MeanColour(), dtype="float31")
    with pytest.raises(InputError, match="batch"):
        CropEncoder(MeanColour(), batch=0)


def test_two_stages_are_the_ones_boxes_and_the_others_vectors() -> None:
    scores = np.array([0.9, 0.8, 0.7], np.float32)

    class Finder:
        def detect(self, frame: Frame) -> Detections:
            return Detections(BOXES, scores, np.zeros((3, 512), np.float32))

    found = TwoStage(Finder(), CropEncoder(MeanColour())).detect(frame())
    np.testing.assert_array_equal(found.boxes, BOXES)
    np.testing.assert_array_equal(found.scores, scores)
    assert found.embeddings is not None
    np.testing.assert_allclose(found.embeddings[0], [1, 0, 0], atol=1e-6)
