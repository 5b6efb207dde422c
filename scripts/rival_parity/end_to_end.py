"""Pictures in, tracks out."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from parity_checks import Arrays, Check, compare, failure
from torch import Tensor, nn

from cstrack_bench.center_affine import centred
from cstrack_bench.detection.centertrack_detector import (
    CenterTrackDetector,
    CenterTrackThresholds,
    drawn_tracks,
)
from cstrack_bench.detection.fairmot_detector import FairMotDetector, PeakConfig
from cstrack_bench.models.centertrack_network import CenterTrack
from cstrack_bench.models.dla_config import STRIDE
from cstrack_bench.models.fairmot_network import FairMot
from cstrack_bench.structures import Frame, TrackTable
from cstrack_bench.tracking.greedy import GreedyConfig, GreedyTracker
from rival_parity.common import END_TO_END, GRID, fill_by_rule, partner
from rival_parity.networks import centertrack_config, fairmot_config
from rival_parity.trackers import compare_rows, fairmot_tracker, rows_of

FRAME_RATE = 30
# Of two peaks that score alike, rounding decides which is the last of K.
LAST_PEAK = 1e-3


class Double(nn.Module):
    """A network in float64 for inputs in float32.

    In float32, rounding decides which of two neighbouring cells of one score is a peak.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.double()

    def forward(self, *inputs: Tensor) -> object:
        """What the network says of the inputs."""
        return self.network(*(value.double() for value in inputs))


def _input_size(recorded: Arrays) -> tuple[int, int]:
    """Height and width of the network's input, from its maps."""
    rows, columns = recorded["hm"].shape[-2:]
    return rows * STRIDE, columns * STRIDE


def _frame(index: int, picture: NDArray[np.uint8]) -> Frame:
    return Frame(index, lambda: picture)


def fairmot(path: Path) -> Iterator[Check]:
    """``fairmot_end_to_end``: detections of every frame, then tracks."""
    with (
        np.load(path) as recorded,
        np.load(partner(path, "fairmot_network")) as statistics,
    ):
        torch.set_num_threads(1)
        network = FairMot(fairmot_config(statistics))
        fill_by_rule(network, statistics, recorded)
        double = cast(FairMot, Double(network))
        confidence, count = float(recorded["confidence"]), int(recorded["K"])
        size = _input_size(statistics)
        everything = FairMotDetector(double, size, PeakConfig(0.0, count))
        detector = FairMotDetector(double, size, PeakConfig(confidence, count))
        tracker = fairmot_tracker(confidence, FRAME_RATE)
        wanted = np.split(
            recorded["detections"], np.cumsum(recorded["detections_counts"])[:-1]
        )
        reported = []
        for index, picture in enumerate(recorded["frames_bgr"]):
            frame = _frame(index, picture)
            found = everything.detect(frame)
            ours = np.column_stack([found.boxes, found.scores])
            yield _as_sets(
                f"{path.stem} detections of frame {index + 1}", ours, wanted[index]
            )
            reported.append((index, tracker.update(detector.detect(frame))))
        rows = rows_of(TrackTable.from_frames(reported))
        yield from compare_rows(path.stem, rows, recorded["tracks"], END_TO_END)


def _as_sets(name: str, ours: NDArray, wanted: NDArray) -> Check:
    """Rows of box and score, each with the nearest of the other side."""
    if len(ours) != len(wanted):
        return failure(name, f"{len(ours)} detections instead of {len(wanted)}.")
    errors = np.abs(ours[:, None] - wanted[None]).max(axis=2)
    last = wanted[:, 4].min() + LAST_PEAK
    nearest = np.concatenate(
        [
            errors.min(axis=1)[ours[:, 4] > last],
            errors.min(axis=0)[wanted[:, 4] > last],
        ]
    )
    return Check(name, float(nearest.max(initial=0.0)), END_TO_END)


def centertrack(path: Path) -> Iterator[Check]:
    """``centertrack_end_to_end``: heatmaps fed to the network, then tracks."""
    with (
        np.load(path) as recorded,
        np.load(partner(path, "centertrack_network")) as statistics,
    ):
        torch.set_num_threads(1)
        network = CenterTrack(centertrack_config(statistics))
        fill_by_rule(network, statistics, recorded)
        least, drawn = (
            float(recorded[key]) for key in ("track_threshold", "previous_threshold")
        )
        size = _input_size(statistics)
        thresholds = CenterTrackThresholds(least, drawn, int(recorded["K"]))
        tracker = GreedyTracker(GreedyConfig(birth_confidence=least))
        double = cast(CenterTrack, Double(network))
        detector = CenterTrackDetector(double, size, thresholds).for_sequence(tracker)
        every_peak = replace(thresholds, confidence=0.0)
        everything = CenterTrackDetector(double, size, every_peak).for_sequence(tracker)
        reported = []
        for index, picture in enumerate(recorded["frames_bgr"]):
            fed = drawn_tracks(tracker.hints(), centred(picture.shape[:2], size), drawn)
            yield compare(
                f"{path.stem} pre_heatmap_{index}",
                fed[0, 0],
                recorded[f"pre_heatmap_{index}"],
                GRID,
            )
            frame = _frame(index, picture)
            yield compare(
                f"{path.stem} peak_scores of frame {index + 1}",
                everything.detect(frame).scores,
                recorded["peak_scores"][index],
                END_TO_END,
            )
            reported.append((index, tracker.update(detector.detect(frame))))
        rows = rows_of(TrackTable.from_frames(reported))
        yield from compare_rows(path.stem, rows, recorded["tracks"], END_TO_END)
