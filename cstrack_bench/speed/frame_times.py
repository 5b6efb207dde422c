"""The time of a frame: every stage, of several ways to run a system, in turns."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cstrack_bench.detection.letterbox import letterbox
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.evaluate_run import PAPER_SCOPE
from cstrack_bench.formats.mot_files import write_tracks
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.models.network_base import DetectionNetwork
from cstrack_bench.speed.planted import Answers, calibrate, candidates, plant
from cstrack_bench.stopwatch import STAGES, Stopwatch, percentile
from cstrack_bench.structures import Detections, Detector, Frame, TrackTable
from cstrack_bench.systems.published_nms import published_nms
from cstrack_bench.systems.system import DetectionOptions, Inference
from cstrack_bench.systems.system_registry import build_network, find_system
from cstrack_bench.tracking.association_speed import HEIGHT, WIDTH, moving_pedestrians
from cstrack_bench.tracking.tracker_registry import make_filter, make_tracker

#: Frames at the start that no figure counts.
DROPPED = 3
SEED = 0


@dataclass(frozen=True)
class Way:
    """One way to run one system.

    Attributes:
        system: its name.
        model: name of its size; None where weights are given.
        inference: plain or fused, and the precision.
    """

    system: str
    model: str | None
    inference: Inference


@dataclass(frozen=True)
class Scene:
    """What is looked at.

    Attributes:
        sequence: with pictures.
        size: height, width of the networks' input.
        people: how many are in each frame of a network with random weights; they are
            found whatever the pictures show.
        tracker: its name; None for the system's own.
    """

    sequence: Sequence
    size: tuple[int, int]
    people: int
    tracker: str | None = None


@dataclass
class FrameTimes:
    """The times of one way, a frame an entry; the first frames are left out.

    Attributes:
        way: what was timed.
        tracker: its name.
        boxes: found in each frame.
        stages: name -> (wall, CPU) milliseconds of each frame.
        peak_mb: most memory on the GPU; None on a CPU.
    """

    way: Way
    tracker: str
    boxes: list[int] = field(default_factory=list)
    stages: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    peak_mb: float | None = None

    def total(self, scope: Iterable[str], cpu: bool = False) -> list[float]:
        """Milliseconds of each frame in some stages."""
        chosen = [times for name, times in self.stages.items() if name in set(scope)]
        return [
            sum(stage[frame][cpu] for stage in chosen)
            for frame in range(len(self.boxes))
        ]

    def fps(self, scope: Iterable[str]) -> float:
        """Frames a second, from the median frame."""
        return 1e3 / percentile(self.total(scope), 50)


class Runner:
    """One way, ready to take frames.

    Args:
        way: what is timed.
        scene: what is looked at.
        device: where the network runs.
        network: with weights; None for random ones.
    """

    def __init__(
        self,
        way: Way,
        scene: Scene,
        device: torch.device,
        network: DetectionNetwork | None = None,
    ) -> None:
        system = find_system(way.system)
        # What random weights find is planted on anchors.
        by_anchors = issubclass(system.network, DetectionNetwork)
        if system.make_finder is None or not by_anchors:
            raise InputError(
                f"The system {way.system!r} does not find boxes by anchors: time one "
                "that does, cstrack or jde."
            )
        self.way = way
        self.watch = Stopwatch()
        self.answers: Answers | None = None
        self._size = scene.size
        settings = system.settings
        if network is None:
            assert way.model is not None, "random weights have a size"
            made = build_random(way.system, way.model, scene)
            network, self.answers = made, plant(made)
        nms = published_nms(system)
        self._anchors = network.anchors.numpy().copy()
        self._strides = network.strides
        options = DetectionOptions(scene.size, nms, device, self.watch, way.inference)
        self._detector: Detector = system.make_finder(network, options)
        own = str(settings.get("track", {}).get("name", way.system))
        self.tracker = scene.tracker or own
        self._mot = make_tracker(self.tracker, scene.sequence.frame_rate)
        self._filter = make_filter(self.tracker)
        self._reported: list[tuple[int, object]] = []
        self.boxes: list[int] = []

    def take(self, frame: Frame, boxes: NDArray[np.floating]) -> Detections:
        """Decode, detect, associate.

        Args:
            frame: read afresh.
            boxes: (N, 4) in pixels of the network's input, which random weights find.
        """
        if self.answers is not None:
            self.answers.rows, self.answers.values = candidates(
                boxes, self._anchors, self._strides, self._size, SEED + frame.index
            )
        picture = frame.read

        def read() -> NDArray[np.uint8]:
            with self.watch("decode"):
                return picture()

        detections = self._detector.detect(Frame(frame.index, read))
        with self.watch("associate"):
            tracks = self._filter.apply(self._mot.update(detections))
        self.watch.next_frame()
        self._reported.append((frame.index, tracks))
        self.boxes.append(len(detections))
        return detections

    def times(self) -> FrameTimes:
        """What was timed; ``write`` is a frame's share of writing the file."""
        table = TrackTable.from_frames(self._reported)  # type: ignore[arg-type]
        with tempfile.TemporaryDirectory() as folder:
            wall, cpu = time.perf_counter(), time.process_time()
            write_tracks(Path(folder) / "tracks.txt", table)
            written = time.perf_counter() - wall, time.process_time() - cpu
        share = written[0] / len(self.boxes), written[1] / len(self.boxes)
        result = FrameTimes(self.way, self.tracker, self.boxes[DROPPED:])
        for name in STAGES:
            spent = [
                share if name == "write" else frame.get(name, (0.0, 0.0))
                for frame in self.watch.frames[DROPPED:]
            ]
            result.stages[name] = [(1e3 * w, 1e3 * c) for w, c in spent]
        return result


def time_frames(
    scene: Scene,
    ways: Iterable[Way],
    device: torch.device,
    network: DetectionNetwork | None = None,
    advance: Callable[[], None] | None = None,
) -> list[FrameTimes]:
    """Take each frame in every way before the next frame: ratios are of neighbours.

    Args:
        scene: frames, of which the first are left out of every figure.
        ways: of which those without a size have the given network.
        device: where networks run.
        network: with weights. Where it is given, random weights find what it found.
        advance: called after each frame.

    Raises:
        InputError: too few frames, or a way that cannot be run.
    """
    sequence = scene.sequence
    if len(sequence) <= DROPPED:
        raise InputError(
            f"{sequence.name} has {len(sequence)} frames, of which {DROPPED} are left "
            "out: give more."
        )
    runners = [
        Runner(way, scene, device, network if way.model is None else None)
        for way in ways
    ]
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    for frame, planted in zip(sequence, people(scene, len(sequence)), strict=False):
        boxes = planted
        for runner in runners:
            found = runner.take(sequence.frame(frame.index), boxes)
            if runner.answers is None:
                picture = sequence.frame(frame.index).image
                boxes = letterbox(picture, scene.size).to_network(found.boxes)
        if advance is not None:
            advance()
    result = [runner.times() for runner in runners]
    if device.type == "cuda":
        for times in result:
            times.peak_mb = torch.cuda.max_memory_allocated(device) / 1e6
    return result


def people(scene: Scene, frames: int) -> Iterator[NDArray[np.floating]]:
    """Boxes of people who cross the scene, in pixels of the network's input."""
    height, width = scene.size
    scale = np.array([width / WIDTH, height / HEIGHT] * 2)
    # A tenth of them is missed in each frame there.
    count = max(1, round(scene.people / 0.9))
    for detections in moving_pedestrians(count, 1, frames, SEED):
        yield detections.boxes * scale


def build_random(system: str, model: str, scene: Scene) -> DetectionNetwork:
    """A network with random weights, normalised on the scene's first picture."""
    torch.manual_seed(SEED)
    found = find_system(system)
    config = found.make_config(model, "official", scene.size, {})
    network = build_network(found, config)
    assert isinstance(network, DetectionNetwork), "it finds boxes on anchors"
    sequence = scene.sequence
    fitted = letterbox(sequence.frame(sequence.start).image, scene.size)
    calibrate(network, torch.from_numpy(fitted.tensor)[None].float() / 255)
    return network


def scopes() -> dict[str, tuple[str, ...]]:
    """Name -> stages: the paper's, which reads and writes nothing, and all of them."""
    return {"paper": PAPER_SCOPE, "end_to_end": STAGES}
