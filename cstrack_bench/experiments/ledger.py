"""Runs on disk: one JSON a run, with all that decided its numbers.

``<root>/<profile>/<table>/row<k>/seed<s>.json``; beside it, not committed, the weights
(``.safetensors``). Several rows may share a training: ``<root>/weights/`` holds each
training once, under its hash (weights, what it cost, and its state while it goes on).
"""

import ast
import functools
import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.files import write_text

SCHEMA = 1
Record = dict[str, Any]
_PACKAGE = Path(__file__).resolve().parents[1]
# What a training executes, and what a measurement executes beside it; reports and the
# command line change no number.
_TRAINING = (
    "boxes.py",
    "structures.py",
    "placement.py",
    "experiments/train_run.py",
    "datasets",
    "formats",
    "synthmot",
    "training_data",
    "models",
    "training",
)
# These stand in those folders and change no number.
_BYSTANDERS = (
    "models/summary.py",
    "datasets/arrangement.py",
    "datasets/caltech.py",
    "datasets/catalogue.py",
    "datasets/crowdhuman.py",
    "training_data/loading_speed.py",
    "datasets/published.py",
)
# … and these only where their system is trained.
_OF_SYSTEM = {
    "jde": (
        "models/darknet.py",
        "models/jde.py",
        "models/jde_config.py",
        "models/jde_names.py",
        "training/jde_loss.py",
        "training/jde_targets.py",
    ),
    "deepsort": (
        "models/wide_resnet.py",
        "training_data/crop_set.py",
        "training/reid_loss.py",
    ),
}
_CODE = (
    *_TRAINING,
    "pipeline.py",
    "experiments/evaluate_run.py",
    "experiments/upper_bound.py",
    "detection",
    "tracking",
    "evaluation",
)


@dataclass(frozen=True)
class Ledger:
    """The results below one folder.

    Attributes:
        root: the results folder.
    """

    root: Path

    def path(self, run: Run, suffix: str = ".json") -> Path:
        """Where a run's record (or, by suffix, its weights or state) lies."""
        folder = self.root / run.profile / run.table / f"row{run.row}"
        # A changed setting is another experiment: never in the profile's place.
        if run.label == "custom":
            name = f"{run.profile}-{run.variant}"
            folder = self.root / "custom" / name / run.table / f"row{run.row}"
        return folder / f"seed{run.seed}{suffix}"

    def training(self, identity: str, suffix: str) -> Path:
        """Where a training's ``.safetensors``, ``.json`` or ``.ckpt`` lies.

        Args:
            identity: hash of the training.
            suffix: which of its files.
        """
        return self.root / "weights" / f"{identity}{suffix}"

    def find(self, run: Run, identity: str) -> Record | None:
        """The record of this run, or of an equal one of another row or table."""
        own = self.path(run)
        candidates = [own] if own.is_file() else []
        candidates += [p for p in sorted(self._files()) if p != own]
        for path in candidates:
            record = read_record(path)
            if record["run"]["hash"] == identity:
                return record
        return None

    def write(self, run: Run, record: Record) -> Path:
        """Write a run's record atomically."""
        path = self.path(run)
        write_text(path, json.dumps(record, indent=1, allow_nan=False) + "\n")
        return path

    def records(self) -> list[Record]:
        """Every record below the root, ordered by path."""
        return [read_record(path) for path in sorted(self._files())]

    def _files(self) -> Iterator[Path]:
        yield from self.root.glob("*/*/row*/seed*.json")
        yield from self.root.glob("custom/*/*/row*/seed*.json")


def read_record(path: Path) -> Record:
    """Read one run's record.

    Raises:
        InputError: the file is not a record of this schema.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        schema, _ = record["schema"], record["run"]["hash"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not a run's record ({type(error).__name__}); delete it."
        ) from error
    if schema != SCHEMA:
        raise InputError(
            f"{path} has schema {schema}, this program writes {SCHEMA}; delete it."
        )
    found: Record = record
    return found


@functools.cache
def code_version(trained: str | None = None) -> str:
    """Hash of the code that a run executes, blind to comments and docstrings.

    Args:
        trained: of the code alone that executes a training of this system.
    """
    skipped = set(_BYSTANDERS)
    if trained is not None:
        for system, files in _OF_SYSTEM.items():
            skipped |= set(files) if system != trained else set()
    digest = hashlib.sha256()
    for name in _CODE if trained is None else _TRAINING:
        path = _PACKAGE / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if file.relative_to(_PACKAGE).as_posix() in skipped:
                continue
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                body = getattr(node, "body", None)
                if isinstance(body, list):
                    node.body = [  # type: ignore[attr-defined]
                        s
                        for s in body
                        if not (
                            isinstance(s, ast.Expr)
                            and isinstance(s.value, ast.Constant)
                        )
                    ]
            digest.update(file.relative_to(_PACKAGE).as_posix().encode())
            digest.update(ast.dump(tree).encode())
    return digest.hexdigest()[:16]


def provenance(device: str) -> Record:
    """Where, when and with what a run was made.

    Args:
        device: ``cpu`` or ``cuda:N``.
    """
    import torch

    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", "cstrack_bench", "recipes")
    record: Record = {
        "git": commit or "unknown",
        "dirty": bool(changed) if commit else None,
        "code": code_version(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["cstrack", *map(_without_folder, sys.argv[1:])]),
        "python": platform.python_version(),
        "device": device,
        "cpu": cpu_name(),
        "threads": torch.get_num_threads(),
    }
    for package in ("torch", "numpy", "opencv-python", "trackeval", "motmetrics"):
        record[package.removesuffix("-python")] = _version(package)
    if device.startswith("cuda"):
        record["gpu"] = torch.cuda.get_device_name(torch.device(device))
        record["cuda"] = torch.version.cuda
    return record


def _version(package: str) -> str:
    """A package's version, or that of its build without windows (OpenCV on servers)."""
    for name in (package, f"{package}-headless"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "unknown"


def _without_folder(argument: str) -> str:
    """An argument as it may be published: a path by its last part alone."""
    return Path(argument).name if os.sep in argument else argument


def cpu_name() -> str:
    """The processor's model name, or its architecture where that is not told."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=_PACKAGE,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
