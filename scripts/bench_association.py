#!/usr/bin/env python
"""Association beside roboflow's trackers, in turns in one process; and a long soak.

    python scripts/bench_association.py          # needs the extra [bench]
    python scripts/bench_association.py --soak 100000 --boxes 60

Each turn runs every tracker over the same simulated people (``cstrack bench
association``), a fresh tracker a turn; medians of CPU milliseconds a frame are of the
fastest turn, as neighbours on the machine only ever add. The soak runs our trackers
over many frames and prints memory and time a frame by tenths: both must stay flat.
"""

# Threads are read once, when NumPy loads its linear algebra.
# ruff: noqa: E402

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np

from cstrack_bench.processor import processor_name
from cstrack_bench.structures import Detections
from cstrack_bench.tracking.association_speed import WARM_UP, moving_pedestrians
from cstrack_bench.tracking.tracker_registry import make_tracker

Update = Callable[[Detections], object]
PEERS = {"sort": "SORTTracker", "bytetrack": "ByteTrackTracker"}
#: Growth of memory over the second half of a soak that counts as flat, in MiB.
FLAT = 8.0


def main() -> int:
    """Print a table, or the soak; 1 where memory grows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boxes", default="20,60,150")
    parser.add_argument("--frames", type=int, default=160)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--soak", type=int, default=0, help="frames; 0 for none")
    options = parser.parse_args()
    counts = [int(count) for count in options.boxes.split(",")]
    print(f"{processor_name()}, 1 thread, numpy {np.__version__}")
    if options.soak:
        return max(soak(counts[0], options.soak, name) for name in ("cstrack", "sort"))
    try:
        import supervision
        import trackers
    except ImportError as error:
        print(f"error: {error}; pip install 'cstrack-bench[bench]'", file=sys.stderr)
        return 1

    def peer(name: str) -> Update:
        tracker = getattr(trackers, PEERS[name])()

        def update(found: Detections) -> object:
            given = supervision.Detections(xyxy=found.boxes, confidence=found.scores)
            return tracker.update(given)

        return update

    print("boxes  tracker     ours CPU ms  trackers CPU ms  ratio")
    for count in counts:
        scene = moving_pedestrians(count, 512, WARM_UP + options.frames)
        best: dict[tuple[str, str], float] = {}
        for _ in range(options.turns):
            for name in PEERS:
                for side, update in (
                    ("ours", make_tracker(name, 30.0).update),
                    ("theirs", peer(name)),
                ):
                    took = timed(update, scene)
                    key = name, side
                    best[key] = min(best.get(key, took), took)
            took = timed(make_tracker("cstrack", 30.0).update, scene)
            best["cstrack", "ours"] = min(best.get(("cstrack", "ours"), took), took)
        for name in PEERS:
            ours, theirs = best[name, "ours"], best[name, "theirs"]
            print(
                f"{count:5d}  {name:10}  {ours:11.3f}  {theirs:15.3f}  "
                f"{ours / theirs:5.2f}"
            )
        print(f"{count:5d}  cstrack     {best['cstrack', 'ours']:11.3f}  (512-d)")
    return 0


def timed(update: Update, scene: list[Detections]) -> float:
    """Median CPU milliseconds a frame, behind the warm-up."""
    spent = []
    for detections in scene:
        start = time.process_time()
        update(detections)
        spent.append(time.process_time() - start)
    return 1e3 * statistics.median(spent[WARM_UP:])


def soak(boxes: int, frames: int, name: str) -> int:
    """A tracker over many frames; 1 where memory grows in the second half."""
    tracker = make_tracker(name, 30.0)
    # Frames are made in pieces: all of them at once would be what fills memory.
    piece = 1000
    sizes = []
    for tenth in range(10):
        spent = 0.0
        for start in range(0, frames // 10, piece):
            length = min(piece, frames // 10 - start)
            seed = tenth * frames + start
            for detections in moving_pedestrians(boxes, 512, length, seed):
                begin = time.process_time()
                tracker.update(detections)
                spent += time.process_time() - begin
        sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        mean = 1e3 * spent / (frames // 10)
        print(
            f"{name}: {tenth + 1}0 %, {mean:.3f} ms a frame, peak {sizes[-1]:.0f} MiB"
        )
    return int(sizes[-1] - sizes[4] > FLAT)


if __name__ == "__main__":
    sys.exit(main())
