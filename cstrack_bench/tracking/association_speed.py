"""Speed of association: ``Tracker.update`` timed on pedestrians that are simulated.

The speed of whole systems is measured elsewhere, as it needs a network and pictures.
"""

import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import scipy

from cstrack_bench.errors import InputError
from cstrack_bench.structures import Detections, Tracker
from cstrack_bench.tracking.tracker_registry import make_tracker

# As the official code was measured (docs/reference.md#association-speed): picture,
# missed share, warm-up.
WIDTH, HEIGHT = 1920.0, 1080.0
MISSED = 0.1
WARM_UP = 20


@dataclass(frozen=True)
class AssociationRun:
    """Time of one frame's association.

    Attributes:
        boxes: people in the scene; 10 % of them are missed in each frame.
        embedding: width of the embeddings.
        frames: frames timed, after a warm-up of 20.
        cpu_ms_p50: median CPU milliseconds a frame, of the process.
        wall_ms_p50, wall_ms_p95: median and 95th percentile of elapsed milliseconds.
    """

    boxes: int
    embedding: int
    frames: int
    cpu_ms_p50: float
    wall_ms_p50: float
    wall_ms_p95: float

    def as_dict(self) -> dict[str, int | float]:
        """For JSON."""
        return asdict(self)


def moving_pedestrians(
    people: int, embedding: int, frames: int, seed: int = 0
) -> list[Detections]:
    """Detections of people who cross a 1920×1080 picture and turn at its edges.

    Args:
        people: how many; each is missed in 10 % of the frames.
        embedding: width of their embeddings, a direction of their own plus noise.
        frames: how many.
        seed: of everything random.
    """
    rng = np.random.default_rng(seed)
    height = rng.uniform(80, 260, people)
    size = np.stack([height * rng.uniform(0.35, 0.45, people), height], axis=1)
    position = rng.uniform([0, 0], [WIDTH, HEIGHT], (people, 2))
    step = rng.normal(0, 3, (people, 2)) * [1.0, 0.3]
    identity = rng.standard_normal((people, embedding))
    result = []
    for _ in range(frames):
        position = position + step
        outside = (position < 0) | (position > [WIDTH, HEIGHT])
        step = np.where(outside, -step, step)
        seen = np.flatnonzero(rng.random(people) >= MISSED)
        centre = position[seen] + rng.normal(0, 1, (len(seen), 2))
        boxes = np.concatenate([centre - size[seen] / 2, centre + size[seen] / 2], 1)
        vectors = identity[seen] + 0.2 * rng.standard_normal((len(seen), embedding))
        scores = rng.uniform(0.6, 0.99, len(seen))
        result.append(
            Detections(
                boxes.astype(np.float32),
                scores.astype(np.float32),
                vectors.astype(np.float32),
            )
        )
    return result


def time_association(
    boxes: int,
    embedding: int = 512,
    frames: int = 160,
    repeats: int = 3,
    advance: Callable[[], None] | None = None,
    make: Callable[[], Tracker] = lambda: make_tracker("cstrack", 30.0),
) -> AssociationRun:
    """Time ``Tracker.update`` a frame.

    Args:
        boxes: people in the scene.
        embedding: width of the embeddings.
        frames: frames timed, after a warm-up of 20 that is thrown away.
        repeats: fresh trackers over the same frames; the one with the lowest median of
            CPU time counts, as neighbours on the machine only ever add to it.
        advance: called after each repeat.
        make: what is timed.

    Raises:
        InputError: nothing to time.
    """
    for name, value in (
        ("boxes", boxes),
        ("embedding", embedding),
        ("frames", frames),
        ("repeats", repeats),
    ):
        if value < 1:
            raise InputError(f"--{name} is {value}: give at least 1.")
    scene = moving_pedestrians(boxes, embedding, WARM_UP + frames)
    runs = []
    for _ in range(repeats):
        tracker = make()
        wall, cpu = np.empty(len(scene)), np.empty(len(scene))
        for index, detections in enumerate(scene):
            cpu_start, wall_start = time.process_time(), time.perf_counter()
            tracker.update(detections)
            wall[index] = time.perf_counter() - wall_start
            cpu[index] = time.process_time() - cpu_start
        runs.append((1e3 * wall[WARM_UP:], 1e3 * cpu[WARM_UP:]))
        if advance is not None:
            advance()
    wall, cpu = min(runs, key=lambda run: float(np.median(run[1])))
    return AssociationRun(
        boxes=boxes,
        embedding=embedding,
        frames=frames,
        cpu_ms_p50=float(np.median(cpu)),
        wall_ms_p50=float(np.median(wall)),
        wall_ms_p95=float(np.percentile(wall, 95)),
    )


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    return {
        "cpu": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "threads": 1,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
