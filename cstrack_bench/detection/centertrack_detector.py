"""CenterTrack as a detector of one sequence, which is given the tracks so far."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cstrack_bench import heatmaps
from cstrack_bench.center_affine import CenterAffine, centred
from cstrack_bench.components import Component
from cstrack_bench.detection.center_decode import decode_centertrack
from cstrack_bench.detection.network_runner import NetworkRunner, checked_size
from cstrack_bench.errors import InputError
from cstrack_bench.models.centertrack_network import CenterTrack
from cstrack_bench.models.dla_config import STRIDE
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Frame
from cstrack_bench.track_hints import HintSource, PointDetections, TrackHints
from cstrack_bench.training_data.centertrack_image import DEVIATION, MEAN, fit
from cstrack_bench.training_data.centertrack_labels import clip, move

COMPONENT = Component("detection centertrack", 1)


@dataclass(frozen=True)
class CenterTrackThresholds:
    """Thresholds of detection (docs/rivals.md#centertrack-thresholds).

    Attributes:
        confidence: a detection scores more than this.
        previous_confidence: a track is drawn for the network from this score on.
        count: at most so many peaks a frame, best first.
    """

    confidence: float = 0.4
    previous_confidence: float = 0.5
    count: int = 100

    def __post_init__(self) -> None:
        for name in ("confidence", "previous_confidence"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"The detector's {name} must lie between 0 and 1.")
        if self.count < 1:
            raise InputError("The detector's count must be at least 1.")


class CenterTrackDetector:
    """The network, ready for any number of sequences; see ``for_sequence``.

    Args:
        model: the network; put into eval mode and moved to ``device``.
        size: (height, width) of its input, each divisible by 32.
        config: thresholds; those published for MOT17 by default.
        device: where the network runs.
        dtype: ``float32``, ``bfloat16`` or ``float16``.
        stopwatch: times ``preprocess``, ``upload``, ``forward``, ``nms`` (peaks and
            boxes).

    Raises:
        InputError: a size not divisible by 32, an unknown dtype.
    """

    def __init__(
        self,
        model: CenterTrack,
        size: tuple[int, int],
        config: CenterTrackThresholds | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self.config = config or CenterTrackThresholds()
        self.size = checked_size(size)
        self.runner = NetworkRunner(model, device, dtype, stopwatch)
        self.mean = torch.from_numpy(MEAN).view(3, 1, 1).to(self.runner.device)
        self.deviation = torch.from_numpy(DEVIATION).view(3, 1, 1).to(self.mean.device)

    def for_sequence(self, tracks: HintSource) -> "SequenceState":
        """A detector for one sequence.

        Args:
            tracks: the sequence's tracker; asked for its tracks before each frame.
        """
        return SequenceState(self, tracks)

    def normalised(self, image: NDArray[np.uint8]) -> Tensor:
        """(H, W, 3) uint8 BGR -> (1, 3, H, W) on the network's device."""
        pixels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        pixels = pixels.to(self.runner.device).float().div_(255)
        return ((pixels - self.mean) / self.deviation)[None]


class SequenceState:
    """A ``Detector`` that remembers the previous image of its sequence.

    Args:
        network: what detects.
        tracks: where the tracks of the previous image come from.
    """

    def __init__(self, network: CenterTrackDetector, tracks: HintSource) -> None:
        self._network = network
        self._tracks = tracks
        self._previous: Tensor | None = None

    def detect(self, frame: Frame) -> PointDetections:
        """Boxes and points in pixels of the frame, best first.

        The first frame is its own previous image.
        """
        network, config = self._network, self._network.config
        runner, image = network.runner, frame.image
        height, width = image.shape[:2]
        with torch.inference_mode():
            with runner.stopwatch("preprocess"):
                affine = centred((height, width), network.size)
                fitted = fit(image, affine)
            with runner.stage("upload"):
                batch = network.normalised(fitted)
                previous = batch if self._previous is None else self._previous
                heatmap = drawn_tracks(
                    self._tracks.hints(), affine, config.previous_confidence
                ).to(runner.device)
            with runner.stage("forward"), runner.autocast():
                output = runner.model(batch, previous, heatmap)
            with runner.stopwatch("nms"):
                found = decode_centertrack(output, config.count)
                kept = int((found.scores[0] > config.confidence).sum())
                boxes, scores, centres, moves = (
                    values[0, :kept].cpu().numpy() for values in found
                )
        self._previous = batch
        rows, columns = network.size
        way = centred((height, width), (rows // STRIDE, columns // STRIDE))
        points = way.to_picture(centres)
        return PointDetections(
            way.boxes_to_picture(boxes).astype(np.float32),
            scores,
            centres=points.astype(np.float32),
            displacements=(way.to_picture(centres + moves) - points).astype(np.float32),
        )


def drawn_tracks(hints: TrackHints, affine: CenterAffine, least_score: float) -> Tensor:
    """The heatmap (1, 1, H, W) of the tracks (docs/rivals.md#centertrack-inference).

    Args:
        hints: tracks in pixels of the frame.
        affine: from the frame to the network's input.
        least_score: tracks scoring less are left out.
    """
    boxes = hints.boxes[hints.scores >= least_score].reshape(-1, 4)
    clipped = torch.from_numpy(clip(move(boxes, affine), affine.size))
    sides = clipped[:, 2:] - clipped[:, :2]
    visible = (sides > 0).all(dim=1)
    clipped, sides = clipped[visible], sides[visible]
    x, y = ((clipped[:, :2] + clipped[:, 2:]) / 2).long().unbind(1)
    maps = torch.zeros(1, *affine.size)
    reach = heatmaps.radius(sides[:, 1], sides[:, 0])
    heatmaps.draw(maps, torch.zeros_like(x), x, y, reach)
    return maps[None]
