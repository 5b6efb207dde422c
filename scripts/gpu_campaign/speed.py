"""Time of a frame: network, suppression, embedding, association; batch 1."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cstrack_bench.detection.network_detector import NetworkDetector
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.experiments.evaluate_run import PAPER_SCOPE
from cstrack_bench.formats.sequences import Sequence as Video
from cstrack_bench.models.counting import gflops, parameters
from cstrack_bench.speed.planted import Planted, calibrate, candidates
from cstrack_bench.stopwatch import Stopwatch, percentile
from cstrack_bench.structures import Frame
from cstrack_bench.systems.system_registry import build_network, find_system
from cstrack_bench.tracking.tracker_registry import make_filter, make_tracker
from gpu_campaign.scale import CELLS, Scale, Timed

NOTE = (
    "Random weights, batch normalisation calibrated on the frames, denormals flushed. "
    "Every layer, the decoding and the transfers are computed; in the place of the "
    "candidates that random weights do not give stand answers made from the ground "
    "truth (each person: all anchors of three cells), so that suppression, embedding "
    "and association have a trained network's work. Frames are read beforehand and "
    "have the network's own size: preprocess resizes nothing. float32 computes without "
    "TF32, tf32 with it; float16 and bfloat16 are autocast over float32 weights."
)
CALIBRATED_ON = 4
SEED = 0


@dataclass(frozen=True)
class Clip:
    """Frames in memory with their ground truth.

    Attributes:
        frames: pictures of the network's input size.
        boxes: (N, 4) x1 y1 x2 y2 of the pedestrians of each.
        frame_rate: frames a second.
    """

    frames: list[Frame]
    boxes: list[NDArray[np.floating]]
    frame_rate: float

    @classmethod
    def read(cls, video: Video, length: int) -> "Clip":
        """The first frames of a sequence, read now."""
        annotations = video.annotations()
        assert annotations is not None, "SynthMOT has ground truth"
        people = annotations.pedestrians()
        frames = [frame for frame, _ in zip(video, range(length), strict=False)]
        for frame in frames:
            _ = frame.image
        boxes = [people.boxes[people.frames == frame.index] for frame in frames]
        return cls(frames, boxes, video.frame_rate)


def cells(scale: Scale, device: torch.device) -> Iterator[tuple[Timed, str, str]]:
    """Every network × precision × layout, those that say most first.

    The networks of a precision follow each other, so that a ratio is of neighbours in
    time.
    """
    for precision, layout in CELLS:
        if precision == "tf32" and device.type != "cuda":
            continue
        for network in scale.networks:
            yield network, precision, layout


class Bench:
    """Builds each network once and times its cells.

    Args:
        scale: sizes and counts.
        clip: frames to look at.
        device: where to compute.
    """

    def __init__(self, scale: Scale, clip: Clip, device: torch.device) -> None:
        self._scale = scale
        self._clip = clip
        self._device = device
        self._built: dict[str, tuple[Any, dict[str, Any]]] = {}

    def measure(self, timed: Timed, precision: str, layout: str) -> dict[str, Any]:
        """One cell: stages in milliseconds, frames a second, memory.

        Args:
            timed: which network.
            precision: float32, tf32, float16 or bfloat16.
            layout: contiguous or channels_last.
        """
        start = time.monotonic()
        network, facts = self._network(timed)
        names = {"contiguous": "contiguous_format"}
        layout_format = getattr(torch, names.get(layout, layout))
        cuda = self._device.type == "cuda"
        if cuda:
            torch.cuda.reset_peak_memory_stats(self._device)
        before = allow_tf32(precision == "tf32")
        try:
            network.to(self._device, memory_format=layout_format)
            watch, boxes = self._walk(network, timed, precision)
            peak = torch.cuda.max_memory_allocated(self._device) if cuda else None
        finally:
            allow_tf32(before)
            network.to("cpu")
        return {
            "network": timed.name,
            "precision": precision,
            "layout": layout,
            "batch": 1,
            "input": f"{self._scale.width}x{self._scale.height}",
            "tracker": timed.tracker,
            **facts,
            "boxes_per_frame": round(float(np.mean(boxes)), 1),
            "memory_peak_mb": None if peak is None else round(peak / 1e6),
            **summarise(watch, self._scale.dropped),
            "seconds": round(time.monotonic() - start, 2),
        }

    def _network(self, timed: Timed) -> tuple[Any, dict[str, Any]]:
        if timed.name not in self._built:
            torch.manual_seed(SEED)
            size = self._scale.size
            options = dict(timed.options)
            system = find_system(timed.system)
            config = system.make_config(timed.size, "official", size, options)
            network = build_network(system, config)
            facts = {
                "parameters": parameters(network)["total"],
                "gflops": round(gflops(network, size), 2),
            }
            step = max(1, len(self._clip.frames) // CALIBRATED_ON)
            pictures = [frame.image for frame in self._clip.frames[::step]]
            images = torch.from_numpy(np.stack(pictures)[..., ::-1].copy())
            images = images.permute(0, 3, 1, 2).to(self._device).float() / 255
            network.to(self._device)
            calibrate(network, images)
            self._built[timed.name] = (network.to("cpu"), facts)
        return self._built[timed.name]

    def _walk(
        self, network: Any, timed: Timed, precision: str
    ) -> tuple[Stopwatch, list[int]]:
        """Detect and track the clip; the time of each frame, and boxes in each."""
        found = self._candidates(network)
        planted: Any = Planted(network, found)
        watch = Stopwatch()
        detector = NetworkDetector(
            planted,
            self._scale.size,
            NmsConfig(**find_system(timed.system).settings.get("nms", {})),
            str(self._device),
            "float32" if precision == "tf32" else precision,
            watch,
        )
        tracker = make_tracker(timed.tracker, self._clip.frame_rate)
        keep = make_filter(timed.tracker)
        boxes = []
        for number, frame in enumerate(self._clip.frames):
            planted.frame = number
            detections = detector.detect(frame)
            with watch("associate"):
                keep.apply(tracker.update(detections))
            watch.next_frame()
            boxes.append(len(detections))
        return watch, boxes

    def _candidates(self, network: Any) -> list[tuple[torch.Tensor, torch.Tensor]]:
        anchors = network.anchors.double().cpu().numpy()
        found = []
        for number, boxes in enumerate(self._clip.boxes):
            rows, values = candidates(
                boxes, anchors, network.strides, self._scale.size, number
            )
            found.append(
                (
                    torch.from_numpy(rows).to(self._device),
                    torch.from_numpy(values).to(self._device),
                )
            )
        return found


def allow_tf32(allowed: bool | tuple[bool, bool]) -> tuple[bool, bool]:
    """Let products and convolutions of float32 use TF32, or not; what was before."""
    before = (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32)
    products, convolutions = (
        (allowed, allowed) if isinstance(allowed, bool) else allowed
    )
    torch.backends.cuda.matmul.allow_tf32 = products
    torch.backends.cudnn.allow_tf32 = convolutions
    return before


def summarise(watch: Stopwatch, drop: int) -> dict[str, Any]:
    """Stages, whole frames and frames a second, from the mean frame.

    The paper's scope leaves preprocessing out (docs/reference.md#speed-scope).

    Args:
        watch: that timed the frames.
        drop: first frames left out.
    """
    frames = watch.frames[drop:]
    whole = [sum(wall for wall, _ in frame.values()) for frame in frames]
    scope = [
        sum(wall for stage, (wall, _) in frame.items() if stage in PAPER_SCOPE)
        for frame in frames
    ]
    return {
        "frames": len(frames),
        "dropped_first_frames": drop,
        "stages": {
            stage: {name: round(value, 3) for name, value in times.items()}
            for stage, times in watch.summary(drop).items()
        },
        "frame_ms_p50": round(1e3 * percentile(whole, 50), 3),
        "frame_ms_p95": round(1e3 * percentile(whole, 95), 3),
        "fps": round(len(frames) / sum(whole), 2),
        "fps_paper_scope": round(len(frames) / sum(scope), 2),
    }


def add_ratios(measured: Sequence[dict[str, Any]], first: str) -> None:
    """Give each cell its speed as a multiple of a network's in the same cell.

    Args:
        measured: cells; ``ratio_to_first`` is added, None where there is no partner.
        first: name of the network that the others are compared with.
    """
    partner = {
        (cell["precision"], cell["layout"]): cell["fps_paper_scope"]
        for cell in measured
        if cell["network"] == first
    }
    for cell in measured:
        other = partner.get((cell["precision"], cell["layout"]))
        cell["ratio_to_first"] = other and round(cell["fps_paper_scope"] / other, 3)
