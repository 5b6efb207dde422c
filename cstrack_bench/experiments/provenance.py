"""Provenance: where, when and with what something was computed."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cstrack_bench.experiments.records import Provenance
from cstrack_bench.fingerprints import PACKAGE, code_fingerprint
from cstrack_bench.processor import processor_name


def provenance(device: str, command: str | None = None) -> Provenance:
    """What is true of a computation that ends now, in this process.

    Args:
        device: ``cpu`` or ``cuda:N``.
        command: that gives it again; by default the one that was typed.
    """
    import torch

    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", "cstrack_bench", "recipes")
    on_cuda = device.startswith("cuda")
    if command is None:
        command = " ".join([_program(), *map(_without_folder, sys.argv[1:])])
    return Provenance(
        git=commit or "unknown",
        dirty=bool(changed) if commit else None,
        code=code_fingerprint(),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        python=platform.python_version(),
        device=device,
        cpu=processor_name(),
        threads=torch.get_num_threads(),
        torch=str(torch.__version__),  # with the CUDA it was built for
        numpy=_version("numpy"),
        opencv=_version("opencv-python"),
        trackeval=_version("trackeval"),
        motmetrics=_version("motmetrics"),
        gpu=torch.cuda.get_device_name(torch.device(device)) if on_cuda else None,
        cuda=torch.version.cuda if on_cuda else None,
    )


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
    key, equals, value = argument.rpartition("=")
    return key + equals + (Path(value).name if os.sep in value else value)


def _program() -> str:
    """What is typed before the arguments: a script of the repository, or the verbs."""
    script = Path(sys.argv[0]).absolute()
    if script.parent == PACKAGE.parent / "scripts":
        return f"python scripts/{script.name}"
    return "cstrack"


def _git(*arguments: str) -> str:
    """What git says about the package's own repository; nothing outside one."""
    if not (PACKAGE.parent / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=PACKAGE.parent,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
