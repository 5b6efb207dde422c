"""SynthMOT: made-on-the-spot pedestrian sequences in MOTChallenge layout.

A specification names everything; a short hash of its world names the folder.
Annotations come from NumPy alone and are the same wherever they are made, pictures from
OpenCV.
"""

import collections.abc as abc
import hashlib
import json
import os
import shutil
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from cstrack_bench.components import Component
from cstrack_bench.console import progress
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import write_text
from cstrack_bench.synthmot.world import annotation_rows, build_world
from cstrack_bench.synthmot.world_config import SynthConfig
from cstrack_bench.workers import worker_pool

__all__ = [
    "COMPONENT",
    "SynthConfig",
    "SynthSpec",
    "annotate",
    "annotations_hash",
    "make_sequence",
    "make_synthmot",
    "sequence_seeds",
    "world_hash",
]

# Its version is raised whenever the same specification would give other pictures or
# annotations; the folder of a data set is named after it too.
COMPONENT = Component("dataset synthmot", 5)
#: Its subsets, each with the number from which its sequences' seeds are drawn. Settings
#: are chosen on tune, networks trained on train, verdicts given on test.
SUBSETS = {"train": 5, "tune": 3, "test": 4}
_DESCRIPTION = "world.json"


@dataclass(frozen=True)
class SynthSpec:
    """A whole data set.

    No identity of a subset occurs in another.

    Attributes:
        config: what each sequence is made from.
        train_sequences: sequences under train/.
        tune_sequences: sequences under tune/, on which settings are chosen.
        test_sequences: sequences under test/, which no choice has seen.
        seed: of the data set; every sequence has its own seed made from it.
    """

    config: SynthConfig = field(default_factory=SynthConfig)
    train_sequences: int = 16
    tune_sequences: int = 4
    test_sequences: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the counts.

        Raises:
            InputError: a negative number.
        """
        for name in (*(f"{subset}_sequences" for subset in SUBSETS), "seed"):
            if getattr(self, name) < 0:
                raise InputError(
                    f"SynthMOT setting {name} is {getattr(self, name)}: give 0 or more."
                )


def world_hash(spec: SynthSpec) -> str:
    """Twelve hex digits of everything that decides what is in a sequence.

    How many sequences there are is no part of it: a longer test adds to the folder.
    """
    content = json.dumps(_world(spec), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _world(spec: SynthSpec) -> dict[str, object]:
    return {
        "generation": COMPONENT.version,
        "config": asdict(spec.config),
        "seed": spec.seed,
    }


def sequence_seeds(
    spec: SynthSpec, subsets: abc.Iterable[str] = tuple(SUBSETS)
) -> dict[str, int]:
    """Sequence path relative to the data set (``train/SYN-train-01``) -> its seed.

    Args:
        spec: of the data set.
        subsets: keys of ``SUBSETS``.
    """
    seeds = {}
    for subset in subsets:
        for index in range(getattr(spec, f"{subset}_sequences")):
            state = np.random.SeedSequence([spec.seed, SUBSETS[subset], index])
            name = f"SYN-{subset}-{index + 1:02d}"
            seeds[f"{subset}/{name}"] = int(state.generate_state(1)[0])
    return seeds


def annotate(config: SynthConfig, seed: int) -> str:
    """The gt.txt of a sequence, without painting it.

    Rows are ``frame,id,left,top,width,height,mark,class,visibility``; pedestrians have
    mark 1 and class 1, distractors mark 0 and class 7 (static person) or 8.
    """
    rows = []
    for frame, objects in enumerate(build_world(config, seed).frames()):
        rows += annotation_rows(objects, frame, config)
    return "".join(f"{row}\n" for row in rows)


def annotations_hash(folder: Path) -> str:
    """Hex SHA-256 of every gt.txt below a folder, with their paths.

    Args:
        folder: a sequence, a subset or a whole data set.

    Raises:
        InputError: there is none.
    """
    paths = sorted(folder.rglob("gt.txt"), key=lambda p: p.relative_to(folder).parts)
    paths = [p for p in paths if not p.relative_to(folder).parts[0].startswith(".")]
    if not paths:
        raise InputError(f"No gt.txt below {folder}: name a SynthMOT folder.")
    total = hashlib.sha256()
    for path in paths:
        total.update(path.relative_to(folder).as_posix().encode() + b"\0")
        total.update(path.read_bytes())
    return total.hexdigest()


def make_sequence(folder: Path, name: str, config: SynthConfig, seed: int) -> Path:
    """Write one sequence to ``folder / name``, all of it or nothing.

    A sequence that is already there is left alone.

    Args:
        folder: holds the sequences of a subset.
        name: of the sequence.
        config: its size and knobs.
        seed: decides everything else.

    Returns:
        The sequence's folder.

    Raises:
        CstrackError: the file system refused.
    """
    target = folder / name
    if target.is_dir():
        return target
    # One level deeper than sequences lie, so that no reader takes it for one.
    wrapper = folder / f".{name}.{os.getpid()}.part"
    partial = wrapper / name
    try:
        shutil.rmtree(wrapper, ignore_errors=True)
        (partial / "img1").mkdir(parents=True)
        (partial / "gt").mkdir()
        _write(partial, name, config, seed)
        try:
            partial.rename(target)
        except OSError:
            # Another process was faster; its sequence is the same.
            if not target.is_dir():
                raise
    except OSError as error:
        reason = error.strerror or error
        raise CstrackError(f"Cannot write {target}: {reason}.") from error
    finally:
        shutil.rmtree(wrapper, ignore_errors=True)
    return target


def _write(folder: Path, name: str, config: SynthConfig, seed: int) -> None:
    # Annotations need no OpenCV, nor does a program that only names a data set.
    import cv2

    from cstrack_bench.synthmot.render import paint_frames

    rows: list[str] = []
    quality = [int(cv2.IMWRITE_JPEG_QUALITY), config.jpeg_quality]
    world = build_world(config, seed)
    for frame, (objects, image) in enumerate(paint_frames(world, seed)):
        rows += annotation_rows(objects, frame, config)
        _, data = cv2.imencode(".jpg", image, quality)
        (folder / "img1" / f"{frame + 1:06d}.jpg").write_bytes(data.tobytes())
    text = "".join(f"{row}\n" for row in rows)
    (folder / "gt" / "gt.txt").write_text(text, encoding="utf-8")
    info = {
        "name": name,
        "imDir": "img1",
        "frameRate": config.frame_rate,
        "seqLength": config.frames,
        "imWidth": config.width,
        "imHeight": config.height,
        "imExt": ".jpg",
    }
    lines = ["[Sequence]", *(f"{key}={value}" for key, value in info.items()), ""]
    (folder / "seqinfo.ini").write_text("\n".join(lines), encoding="utf-8")


def make_synthmot(
    root: Path,
    spec: SynthSpec,
    subsets: abc.Collection[str] = tuple(SUBSETS),
    processes: int = 2,
) -> Path:
    """Make a data set, or what is still missing of it.

    Safe to interrupt and to run twice at once: sequences appear whole.

    Args:
        root: holds data sets; this one goes to ``root / world_hash(spec)``.
        spec: what to make.
        subsets: of it, keys of ``SUBSETS``.
        processes: sequences made at a time; 1 starts no other process.

    Returns:
        The data set's folder, with one folder a subset.

    Raises:
        CstrackError: the file system refused.
    """
    dataset = root / world_hash(spec)
    missing = [
        (dataset / path, seed)
        for path, seed in sequence_seeds(spec, subsets).items()
        if not (dataset / path).is_dir()
    ]
    if missing:
        _make(missing, spec.config, processes)
    for subset in subsets:
        (dataset / subset).mkdir(parents=True, exist_ok=True)
    description = dataset / _DESCRIPTION
    if not description.is_file():
        write_text(description, json.dumps(_world(spec), indent=2) + "\n")
    return dataset


def _make(missing: list[tuple[Path, int]], config: SynthConfig, processes: int) -> None:
    """Make sequences, each a folder and a seed."""
    processes = max(1, min(processes, len(missing)))
    with progress() as bar:
        task = bar.add_task("SynthMOT", total=len(missing))
        if processes == 1:
            for path, seed in missing:
                make_sequence(path.parent, path.name, config, seed)
                bar.advance(task)
        else:
            with worker_pool(processes, _one_thread) as pool:
                jobs = [
                    pool.submit(make_sequence, p.parent, p.name, config, seed)
                    for p, seed in missing
                ]
                for job in as_completed(jobs):
                    job.result()
                    bar.advance(task)


def _one_thread() -> None:
    """Each process paints on one core."""
    import cv2

    cv2.setNumThreads(1)
