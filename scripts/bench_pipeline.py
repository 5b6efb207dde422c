#!/usr/bin/env python
"""How near tracking comes to the time of its slowest stage when stages overlap.

    python scripts/bench_pipeline.py DATA/mot16-half-res/train/MOT16-09 --models n,s

Frames are tracked one by one and with stages at once, in turns and in this process;
times are medians over the turns. The slowest stage is the longest of reading (decode,
letterbox), network (upload to embeddings) and association, as the serial turn timed
them. Weights are random, normalised on a frame of the sequence, and thresholds are set
so that some tens of boxes are found; the work of a layer does not depend on weights.

The stages need cores of their own: on a machine that others use, wall time says little.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from cstrack_bench.detection.letterbox import letterbox
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.formats.sequences import Sequence, open_sequence
from cstrack_bench.input_size import parse_input_size
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.pipeline import track_sequence
from cstrack_bench.processor import processor_name
from cstrack_bench.program import run_program
from cstrack_bench.speed.planted import calibrate
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detector, TrackTable
from cstrack_bench.systems.system import DetectionOptions, Inference
from cstrack_bench.systems.system_registry import find_system
from cstrack_bench.tracking.tracker_registry import make_filter, make_tracker

STAGES = {
    "reading": ("decode", "preprocess"),
    "network": ("upload", "forward", "nms", "embed"),
    "association": ("associate",),
}
BOXES = 30


def main() -> int:
    """Print a line a model; 1 where a result differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sequence", type=Path)
    parser.add_argument("--models", default="n,s", help="sizes of CSTrack")
    parser.add_argument("--size", default="576x320", help="of the input")
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="of the network")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    whole = open_sequence(options.sequence)
    size = parse_input_size(options.size, "--size")
    sequence = whole.part(whole.start, min(whole.stop, whole.start + options.frames))
    print(f"{processor_name()}, torch {torch.__version__}, {options.threads} threads")
    print(f"{sequence.name}, {len(sequence)} frames at {options.size}")
    same = True
    for name in options.models.split(","):
        watch = Stopwatch()
        detector = make_detector(name, sequence, size, options.device, watch)
        walls: dict[bool, list[float]] = {False: [], True: []}
        slowest: list[tuple[float, str]] = []
        tables: list[TrackTable] = []
        for _ in range(options.turns):
            for overlap in (False, True):
                watch.frames.clear()
                start = time.perf_counter()
                tables.append(tracked(sequence, detector, watch, overlap))
                walls[overlap].append(time.perf_counter() - start)
                if not overlap:
                    slowest.append(longest(watch))
        serial, overlapped = (statistics.median(walls[o]) for o in (False, True))
        alone, stage = statistics.median(t for t, _ in slowest), slowest[0][1]
        ratio = statistics.median(
            wall / bound for wall, (bound, _) in zip(walls[True], slowest, strict=True)
        )
        equal = all(identical(tables[0], table) for table in tables[1:])
        same = same and equal
        print(
            f"{name}: serial {serial:.2f} s, {stage} alone {alone:.2f} s, overlapped "
            f"{overlapped:.2f} s = {ratio:.2f} of it; {len(tables[0])} boxes, "
            f"{'bit-equal' if equal else 'DIFFERENT'}"
        )
    return 0 if same else 1


def make_detector(
    name: str, sequence: Sequence, size: tuple[int, int], device: str, watch: Stopwatch
) -> Detector:
    """The fused path of a random network that finds some tens of boxes."""
    torch.manual_seed(0)
    network = CSTrack(make_config(name))
    picture = sequence.frame(sequence.start).image
    image = torch.from_numpy(letterbox(picture, size).tensor)[None].float() / 255
    calibrate(network, image)
    with torch.inference_mode():
        scores = network.decode(network(image).raw)[0, :, 4]
    least = float(scores.sort(descending=True).values[10 * BOXES])
    nms = NmsConfig(confidence=least, score="objectness", max_boxes=BOXES)
    system = find_system("cstrack")
    assert system.make_finder is not None, "CSTrack finds boxes"
    how = DetectionOptions(size, nms, torch.device(device), watch, Inference("fused"))
    return system.make_finder(network, how)


def tracked(
    sequence: Sequence, detector: Detector, watch: Stopwatch, overlap: bool
) -> TrackTable:
    """The sequence's tracks."""
    tracker = make_tracker("cstrack", sequence.frame_rate, birth_confidence=0.0)
    keep = make_filter("cstrack", min_area=0.0, max_aspect=1000.0)
    return track_sequence(sequence, detector, tracker, keep, watch, overlap)


def longest(watch: Stopwatch) -> tuple[float, str]:
    """Seconds and name of the stage that took longest, over all frames."""
    totals = {
        group: sum(frame[s][0] for frame in watch.frames for s in stages if s in frame)
        for group, stages in STAGES.items()
    }
    return max((seconds, group) for group, seconds in totals.items())


def identical(one: TrackTable, two: TrackTable) -> bool:
    """Whether two tables hold the same bits."""
    return all(
        np.array_equal(getattr(one, name), getattr(two, name))
        for name in ("frames", "ids", "boxes", "scores")
    )


if __name__ == "__main__":
    run_program(main, "interrupted.")
