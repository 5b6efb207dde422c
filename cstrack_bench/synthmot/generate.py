"""SynthMOT: made-on-the-spot pedestrian sequences in MOTChallenge layout.

A specification names everything; its short hash names the folder. Annotations come
from NumPy alone and are the same wherever they are made, pictures from OpenCV.
"""

import hashlib
import json
import multiprocessing
import os
import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from cstrack_bench.components import Component
from cstrack_bench.console import progress
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import write_text
from cstrack_bench.synthmot.world import annotation_rows, build_world
from cstrack_bench.synthmot.world_config import SynthConfig

__all__ = [
    "COMPONENT",
    "SynthConfig",
    "SynthSpec",
    "annotate",
    "annotations_hash",
    "make_sequence",
    "make_synthmot",
    "sequence_seeds",
    "spec_hash",
]

# Its version is raised whenever the same specification would give other pictures or
# annotations; the folder of a data set is named after it too.
COMPONENT = Component("dataset synthmot", 4)
_DONE = "done.json"


@dataclass(frozen=True)
class SynthSpec:
    """A whole data set.

    Attributes:
        config: what each sequence is made from.
        train_sequences: sequences under train/.
        val_sequences: sequences under val/; no identity of train/ occurs in them.
        seed: of the data set; every sequence has its own seed made from it.
    """

    config: SynthConfig = field(default_factory=SynthConfig)
    train_sequences: int = 16
    val_sequences: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the counts.

        Raises:
            InputError: a negative number.
        """
        for name in ("train_sequences", "val_sequences", "seed"):
            if getattr(self, name) < 0:
                raise InputError(
                    f"SynthMOT setting {name} is {getattr(self, name)}: give 0 or more."
                )


def spec_hash(spec: SynthSpec) -> str:
    """Twelve hex digits of everything that decides the data set's content."""
    content = json.dumps(
        {"generation": COMPONENT.version, **asdict(spec)}, sort_keys=True
    )
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def sequence_seeds(spec: SynthSpec) -> dict[str, int]:
    """Sequence path relative to the data set (``train/SYN-01``) -> its seed."""
    seeds = {}
    number = 0
    for subset, count in (
        ("train", spec.train_sequences),
        ("val", spec.val_sequences),
    ):
        for index in range(count):
            number += 1
            # The subset and the index, not the running number: more training
            # sequences must not change the validation ones.
            state = np.random.SeedSequence([spec.seed, len(subset), index])
            seed = int(state.generate_state(1)[0])
            seeds[f"{subset}/SYN-{number:02d}"] = seed
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


def make_synthmot(root: Path, spec: SynthSpec, processes: int = 2) -> Path:
    """Make a data set, or what is still missing of it.

    Safe to interrupt and to run twice at once: sequences appear whole, and a marker
    tells that all of them are there.

    Args:
        root: holds data sets; this one goes to ``root / spec_hash(spec)``.
        spec: what to make.
        processes: sequences made at a time; 1 starts no other process.

    Returns:
        The data set's folder, with train/ and val/.

    Raises:
        CstrackError: the file system refused.
    """
    dataset = root / spec_hash(spec)
    if (dataset / _DONE).is_file():
        return dataset
    missing = [
        (dataset / path, seed)
        for path, seed in sequence_seeds(spec).items()
        if not (dataset / path).is_dir()
    ]
    processes = max(1, min(processes, len(missing)))
    with progress() as bar:
        task = bar.add_task("SynthMOT", total=len(missing))
        if processes == 1:
            for path, seed in missing:
                make_sequence(path.parent, path.name, spec.config, seed)
                bar.advance(task)
        else:
            # spawn: a forked child of a process with running threads may hang.
            pool = ProcessPoolExecutor(
                processes, multiprocessing.get_context("spawn"), _one_thread
            )
            try:
                jobs = [
                    pool.submit(make_sequence, p.parent, p.name, spec.config, seed)
                    for p, seed in missing
                ]
                for job in as_completed(jobs):
                    job.result()
                    bar.advance(task)
            finally:
                pool.shutdown(cancel_futures=True)
    for subset in ("train", "val"):
        (dataset / subset).mkdir(parents=True, exist_ok=True)
    marker = {"generation": COMPONENT.version, **asdict(spec)}
    write_text(dataset / _DONE, json.dumps(marker, indent=2) + "\n")
    return dataset


def _one_thread() -> None:
    """Each process paints on one core."""
    import cv2

    cv2.setNumThreads(1)
