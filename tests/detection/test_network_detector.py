"""The network detector, with a network small enough to know its answer."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cstrack_bench.detection.embeddings import cells, pick, source_cells
from cstrack_bench.detection.file_detector import FileDetector
from cstrack_bench.detection.network_detector import NetworkDetector
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.detection.oracle import OracleDetector
from cstrack_bench.errors import InputError
from cstrack_bench.formats.mot_files import Annotations
from cstrack_bench.models.jde_config import JdeConfig
from cstrack_bench.models.jde_network import JDE
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detections, Frame

SIZE = (64, 128)
GRIDS = [(8, 16), (4, 8), (2, 4)]


class Output(NamedTuple):
    raw: tuple[Tensor, ...]
    embeddings: tuple[Tensor, ...]


class Fake(nn.Module):
    """Sees one box, from row ``source`` of the candidates; a cell's embedding is its
    level, row and column, and the brightness there."""

    def __init__(self, box: list[float], source: int = 0, levels: int = 1) -> None:
        super().__init__()
        self.box, self.source, self.levels = box, source, levels
        self.register_buffer(
            "anchors",
            torch.tensor([[[8, 16]] * 3, [[32, 64]] * 3, [[128, 256]] * 3]).float(),
        )

    def forward(self, images: Tensor) -> Output:
        assert not torch.is_grad_enabled()
        assert images.min() >= 0
        assert images.max() <= 1
        maps = []
        for level, (rows, columns) in enumerate(GRIDS[: self.levels]):
            one = torch.zeros(1, rows, columns, 4)
            one[..., 0] = level
            one[..., 1] = torch.arange(rows)[:, None]
            one[..., 2] = torch.arange(columns)
            one[..., 3] = images.mean()
            maps.append(one)
        raw = tuple(torch.zeros(1, 3, h, w, 6) for h, w in GRIDS)
        return Output(raw, tuple(maps))

    def decode(self, raw: tuple[Tensor, ...]) -> Tensor:
        count = sum(level[0, ..., 0].numel() for level in raw)
        decoded = torch.zeros(1, count, 6)
        decoded[0, self.source] = torch.tensor([*self.box, 0.9, 1.0])
        return decoded


def frame(height: int = 128, width: int = 256) -> Frame:
    return Frame(0, lambda: np.full((height, width, 3), 255, np.uint8))


def detector(model: Fake, **options: object) -> NetworkDetector:
    return NetworkDetector(model, SIZE, **options)  # type: ignore[arg-type]


def test_boxes_come_back_in_pixels_of_the_frame() -> None:
    seen = detector(Fake([64.0, 32.0, 10.0, 20.0])).detect(frame())
    assert seen.boxes.tolist() == [[118.0, 44.0, 138.0, 84.0]]
    assert seen.scores.tolist() == pytest.approx([0.9])
    assert seen.embeddings is not None
    assert seen.embeddings.tolist() == [[0.0, 4.0, 8.0, 1.0]]
    assert (seen.boxes.dtype, seen.embeddings.dtype) == (np.float32, np.float32)


def test_the_padding_is_taken_off() -> None:
    seen = detector(Fake([64.0, 32.0, 10.0, 20.0])).detect(frame(64, 64))
    assert seen.boxes.tolist() == [[27.0, 22.0, 37.0, 42.0]]


@pytest.mark.parametrize(
    ("centre", "cell"),
    [((-9.0, -1.0), (0, 0)), ((127.9, 63.9), (7, 15)), ((500.0, 500.0), (7, 15))],
)
def test_cells_outside_are_clamped_to_the_networks_own_grid(
    centre: tuple[float, float], cell: tuple[int, int]
) -> None:
    seen = detector(Fake([*centre, 10.0, 20.0])).detect(frame())
    assert seen.embeddings is not None
    assert seen.embeddings[0, 1:3].tolist() == list(cell)


def test_per_level_maps_use_the_cell_that_produced_the_box() -> None:
    # Second level, anchor 1, row 2, column 5; the box itself lies somewhere else.
    source = 3 * 8 * 16 + 1 * 4 * 8 + 2 * 8 + 5
    model = Fake([64.0, 32.0, 10.0, 20.0], source, levels=3)
    seen = detector(model).detect(frame())
    assert seen.embeddings is not None
    assert seen.embeddings[0, :3].tolist() == [1.0, 2.0, 5.0]


def test_every_candidate_row_finds_its_own_cell() -> None:
    expected = [
        (level, column, row)
        for level, (rows, columns) in enumerate(GRIDS)
        for _ in range(3)
        for row in range(rows)
        for column in range(columns)
    ]
    found = source_cells(np.arange(len(expected)), GRIDS)
    assert list(zip(*(a.tolist() for a in found), strict=True)) == expected


def test_no_boxes_still_have_an_embedding_width() -> None:
    nms = NmsConfig(confidence=0.95)
    seen = detector(Fake([64.0, 32.0, 10.0, 20.0]), nms=nms).detect(frame())
    assert len(seen) == 0
    assert seen.embeddings is not None
    assert seen.embeddings.shape == (0, 4)
    none = np.zeros(0, np.int64)
    assert pick([torch.zeros(2, 2, 7)], none, none, none).shape == (0, 7)


def test_given_boxes_are_described_on_the_level_that_fits_them() -> None:
    model = Fake([0.0, 0.0, 1.0, 1.0], levels=3)
    boxes = np.array([[0.0, 0.0, 16, 32], [0, 0, 64, 128], [-100, -100, 300, 400]])
    vectors = detector(model).embed(frame(), boxes)
    assert vectors[:, 0].tolist() == [0.0, 1.0, 2.0]
    assert detector(Fake([0.0] * 4)).embed(frame(), boxes)[:, 0].tolist() == [0.0] * 3


def test_a_network_with_four_anchors_a_level() -> None:
    """Every candidate of JDE finds its cell, and given boxes the level that fits."""
    expected = [
        (level, column, row)
        for level, (rows, columns) in enumerate(GRIDS)
        for _ in range(4)
        for row in range(rows)
        for column in range(columns)
    ]
    found = source_cells(np.arange(len(expected)), GRIDS, 4)
    assert list(zip(*(a.tolist() for a in found), strict=True)) == expected
    torch.manual_seed(0)
    model = JDE(JdeConfig(depth=0.33, width=0.125, embedding=8))
    network = NetworkDetector(model, SIZE, NmsConfig(confidence=0.0, kind="iou"))
    seen = network.detect(frame())
    assert len(seen) > 0
    assert seen.embeddings is not None
    maps = network.model(torch.full((1, 3, *SIZE), 1.0)).embeddings
    rows = torch.cat([m.detach().reshape(-1, 8) for m in maps])
    distance = torch.cdist(torch.from_numpy(seen.embeddings), rows).min(1).values
    assert float(distance.max()) < 1e-4
    # 20 × 60 px of the frame are 10 × 30 of the input: P3; 512 × 640 is of P5.
    boxes = np.array([[100.0, 50, 120, 110], [-400, -400, 624, 880]])
    vectors = torch.from_numpy(network.embed(frame(), boxes))
    assert torch.allclose(vectors[0], maps[0][0, 5, 6], atol=1e-5)
    assert torch.allclose(vectors[1], maps[2][0, 1, 1], atol=1e-5)


def test_bfloat16_sees_the_same_box() -> None:
    seen = detector(Fake([64.0, 32.0, 10.0, 20.0]), dtype="bfloat16").detect(frame())
    assert seen.boxes.tolist() == [[118.0, 44.0, 138.0, 84.0]]
    assert seen.embeddings is not None
    assert seen.embeddings.dtype == np.float32


def test_stages_are_timed() -> None:
    watch = Stopwatch()
    detector(Fake([64.0, 32.0, 10.0, 20.0]), stopwatch=watch).detect(frame())
    watch.next_frame()
    stages = ["preprocess", "upload", "forward", "nms", "embed"]
    assert list(watch.summary()) == stages


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(InputError, match="divisible by 32"):
        NetworkDetector(Fake([0.0] * 4), (60, 128))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="bfloat16"):
        detector(Fake([0.0] * 4), dtype="bfloat")


def test_cells_are_floors_of_the_centre() -> None:
    boxes = np.array([[0.0, 0.0, 15.99, 16.0]], np.float32)
    columns, rows = cells(boxes, 8, (10, 10))
    assert (columns.tolist(), rows.tolist()) == ([0], [1])


def annotations() -> Annotations:
    frames = np.array([1, 0, 1], np.int64)
    ones = np.ones(3)
    boxes = np.array([[0.0, 0, 16, 32], [5, 5, 9, 9], [50, 60, 70, 90]])
    return Annotations(
        frames, np.arange(3), boxes, ones, ones.astype(np.int64), ones.copy()
    )


def test_the_oracle_reports_what_is_annotated_in_the_frame() -> None:
    oracle = OracleDetector(annotations())
    seen = oracle.detect(Frame(1, frame().read))
    assert seen.boxes.tolist() == [[0.0, 0, 16, 32], [50, 60, 70, 90]]
    assert seen.scores.tolist() == [1.0, 1.0]
    assert seen.embeddings is None
    assert len(oracle.detect(Frame(7, frame().read))) == 0


def test_the_oracle_borrows_embeddings_from_a_network() -> None:
    oracle = OracleDetector(annotations(), detector(Fake([0.0] * 4)))
    seen = oracle.detect(Frame(1, frame().read))
    assert seen.embeddings is not None
    assert seen.embeddings[:, 1:3].tolist() == [[1.0, 0.0], [4.0, 3.0]]
    empty = oracle.detect(Frame(7, frame().read))
    assert empty.embeddings is not None
    assert empty.embeddings.shape == (0, 4)


def test_detections_from_a_file_are_passed_on_without_reading_pixels() -> None:
    boxes = np.array([[0, 0, 5, 9], [1, 1, 4, 8]], np.float32)
    known = Detections(boxes, np.array([0.9, 0.2], np.float32), np.eye(2, dtype="f4"))

    def unread() -> np.ndarray:
        raise AssertionError("pixels were read")

    assert FileDetector({3: known}).detect(Frame(3, unread)) is known
    kept = FileDetector({3: known}, confidence=0.5).detect(Frame(3, unread))
    assert kept.boxes.tolist() == [[0, 0, 5, 9]]
    assert kept.embeddings is not None
    assert kept.embeddings.tolist() == [[1.0, 0.0]]
    assert len(FileDetector({3: known}).detect(Frame(4, unread))) == 0
