"""FairMOT and CenterTrack as detectors of frames."""

import numpy as np
import pytest
import torch

from cstrack_bench.center_affine import centred
from cstrack_bench.detection.center_decode import decode_centertrack, decode_fairmot
from cstrack_bench.detection.centertrack_detector import (
    CenterTrackDetector,
    CenterTrackThresholds,
    drawn_tracks,
)
from cstrack_bench.detection.fairmot_detector import FairMotDetector, PeakConfig
from cstrack_bench.detection.letterbox import letterbox
from cstrack_bench.errors import InputError
from cstrack_bench.models.centertrack_network import CenterTrack, CenterTrackOutput
from cstrack_bench.models.dla_config import CenterTrackConfig, FairMotConfig
from cstrack_bench.models.fairmot_network import FairMot
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Frame
from cstrack_bench.track_hints import TrackHints

SIZE = (64, 96)


def frame(index: int = 0, shape: tuple[int, int] = (120, 160)) -> Frame:
    picture = np.random.default_rng(index).integers(0, 255, (*shape, 3), np.uint8)
    return Frame(index, lambda: picture)


def test_fairmot_boxes_by_hand() -> None:
    heatmap = torch.full((1, 1, 4, 5), -9.0)
    heatmap[0, 0, 2, 3] = 2.0
    box = torch.tensor([1.0, 2.0, 3.0, 4.0])[None, :, None, None].expand(1, 4, 4, 5)
    offset = torch.full((1, 2, 4, 5), 0.25)
    found = decode_fairmot(heatmap, box, offset, 1)
    assert found.cells.tolist() == [[13]]
    assert found.boxes.tolist() == [[[2.25, 0.25, 6.25, 6.25]]]
    sizes = decode_fairmot(heatmap, box[:, 2:], None, 1)
    assert sizes.boxes.tolist() == [[[2.0, 0.5, 5.0, 4.5]]]


def test_centertrack_boxes_by_hand() -> None:
    maps = {c: torch.full((1, c, 4, 5), -9.0) for c in (1, 2, 4)}
    maps[1][0, 0, 2, 3] = 2.0
    moved = torch.tensor([-1.0, 0.5])[None, :, None, None].expand(1, 2, 4, 5)
    corners = torch.tensor([-1.0, -2.0, 3.0, 4.0])[None, :, None, None]
    output = CenterTrackOutput(
        maps[1], maps[2] * 0 + 0.5, maps[2], moved, corners.expand(1, 4, 4, 5)
    )
    found = decode_centertrack(output, 1)
    assert found.centres.tolist() == [[[3.0, 2.0]]]
    assert found.displacements.tolist() == [[[-1.0, 0.5]]]
    assert found.boxes.tolist() == [[[2.0, 0.0, 6.0, 6.0]]]
    # A size below 0 is none.
    visible = decode_centertrack(output._replace(amodal=None), 1)
    assert visible.boxes.tolist() == [[[3.5, 2.5, 3.5, 2.5]]]


@pytest.fixture(scope="module")
def fairmot() -> FairMot:
    torch.manual_seed(0)
    network = FairMot(FairMotConfig(0.125, embedding=8))
    torch.nn.init.normal_(network.hm[2].weight, std=0.5)
    return network


def test_fairmot_reports_confident_peaks_best_first(fairmot: FairMot) -> None:
    everything = FairMotDetector(fairmot, SIZE, PeakConfig(0.0, 20)).detect(frame())
    assert len(everything) == 20
    assert (np.diff(everything.scores) <= 0).all()
    limit = float(everything.scores[7])
    some = FairMotDetector(fairmot, SIZE, PeakConfig(limit, 20)).detect(frame())
    assert len(some) == int((everything.scores > np.float32(limit)).sum()) < 20
    assert np.array_equal(some.boxes, everything.boxes[: len(some)])
    assert some.embeddings is not None
    assert np.linalg.norm(some.embeddings, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_fairmot_without_a_peak(fairmot: FairMot) -> None:
    found = FairMotDetector(fairmot, SIZE, PeakConfig(1.0)).detect(frame())
    assert found.boxes.shape == (0, 4)
    assert found.embeddings is not None
    assert found.embeddings.shape == (0, 8)


def test_fairmot_describes_given_boxes_at_their_centre(fairmot: FairMot) -> None:
    detector = FairMotDetector(fairmot, SIZE, PeakConfig(0.0, 5))
    with torch.inference_mode():
        pixels = torch.from_numpy(letterbox(frame().image, SIZE).tensor)[None]
        output = fairmot(pixels.float() / 255)
    # 120×160 into 64×96: ratio 8/15, 5.33 columns of grey; cell (column 11, row 9).
    x, y = (11.5 * 4 - (96 - 160 * 8 / 15) / 2) * 15 / 8, 9.5 * 4 * 15 / 8
    boxes = np.array([[x - 9, y - 20, x + 9, y + 20], [-500.0, -500, -400, -400]])
    found = detector.embed(frame(), boxes)
    vectors = torch.nn.functional.normalize(output.embedding[0], dim=0)
    assert found[0] == pytest.approx(vectors[:, 9, 11].numpy(), abs=1e-6)
    assert found[1] == pytest.approx(vectors[:, 0, 0].numpy(), abs=1e-6)
    assert detector.embed(frame(), np.zeros((0, 4))).shape == (0, 8)


def test_stages_are_timed(fairmot: FairMot) -> None:
    watch = Stopwatch()
    detector = FairMotDetector(fairmot, SIZE, PeakConfig(0.0, 5), stopwatch=watch)
    detector.detect(frame())
    watch.next_frame()
    stages = {"preprocess", "upload", "forward", "nms", "embed"}
    assert set(watch.summary()) >= stages


def test_bfloat16_is_close(fairmot: FairMot) -> None:
    config = PeakConfig(0.0, 5)
    exact = FairMotDetector(fairmot, SIZE, config).detect(frame())
    half = FairMotDetector(fairmot, SIZE, config, dtype="bfloat16").detect(frame())
    assert half.scores == pytest.approx(exact.scores, abs=0.05)


@pytest.mark.parametrize(
    ("size", "dtype", "message"),
    [((64, 100), "float32", "divisible by 32"), (SIZE, "float31", "'float32'")],
)
def test_what_cannot_run_is_refused(
    fairmot: FairMot, size: tuple[int, int], dtype: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        FairMotDetector(fairmot, size, dtype=dtype)


@pytest.mark.parametrize("options", [{"confidence": 1.5}, {"count": 0}])
def test_wrong_thresholds_are_refused(options: dict[str, float]) -> None:
    name = next(iter(options))
    for kind in (PeakConfig, CenterTrackThresholds):
        with pytest.raises(InputError, match=name):
            kind(**options)


def test_tracks_are_drawn_clipped_and_by_score() -> None:
    hints = TrackHints(
        np.array(
            [[10.0, 10, 30, 50], [50, 10, 70, 50], [-40, 10, 20, 50], [-9, 0, -5, 9]]
        ),
        np.array([0.5, 0.49, 0.9, 0.9]),
    )
    drawn = drawn_tracks(hints, centred(SIZE, SIZE), 0.5)
    assert drawn.shape == (1, 1, *SIZE)
    assert (drawn == 1).nonzero()[:, 2:].tolist() == [[30, 10], [30, 20]]
    assert not drawn_tracks(TrackHints.empty(), centred(SIZE, SIZE), 0.5).any()


class Fixed:
    """Always the same tracks; counts how often they are asked for."""

    def __init__(self, hints: TrackHints) -> None:
        self._hints = hints
        self.asked = 0

    def hints(self) -> TrackHints:
        self.asked += 1
        return self._hints


@pytest.fixture(scope="module")
def centertrack() -> CenterTrackDetector:
    torch.manual_seed(0)
    network = CenterTrack(CenterTrackConfig(0.125))
    torch.nn.init.normal_(network.hm[2].weight, std=0.5)
    thresholds = CenterTrackThresholds(confidence=0.0, count=10)
    return CenterTrackDetector(network, SIZE, thresholds)


NOTHING = TrackHints.empty()
SOMETHING = TrackHints(np.array([[40.0, 40, 80, 100]]), np.array([0.9]))


def test_centertrack_asks_for_tracks_before_each_frame(
    centertrack: CenterTrackDetector,
) -> None:
    source = Fixed(SOMETHING)
    detector = centertrack.for_sequence(source)
    without = centertrack.for_sequence(Fixed(NOTHING))
    with_tracks, without_tracks = detector.detect(frame()), without.detect(frame())
    assert source.asked == 1
    assert not np.array_equal(with_tracks.scores, without_tracks.scores)


def test_centertrack_remembers_the_previous_image(
    centertrack: CenterTrackDetector,
) -> None:
    detector = centertrack.for_sequence(Fixed(NOTHING))
    first = detector.detect(frame(0))
    second = detector.detect(frame(1))
    again = centertrack.for_sequence(Fixed(NOTHING))
    assert np.array_equal(again.detect(frame(0)).scores, first.scores)
    fresh = centertrack.for_sequence(Fixed(NOTHING)).detect(frame(1))
    assert not np.array_equal(second.scores, fresh.scores)


def test_centertrack_points_are_in_pixels_of_the_frame(
    centertrack: CenterTrackDetector,
) -> None:
    found = centertrack.for_sequence(Fixed(NOTHING)).detect(frame())
    cells = centred((120, 160), (16, 24)).to_map(found.centres)
    assert cells == pytest.approx(cells.round(), abs=1e-4)
    assert found.displacements.shape == found.centres.shape == (10, 2)
