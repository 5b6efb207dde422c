"""What a campaign ran on."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import torch

from cstrack_bench.processor import processor_name

# Read only: nothing of a GPU is ever set from here.
QUERIES = (
    "name",
    "driver_version",
    "memory.total",
    "power.limit",
    "clocks.sm",
    "clocks.mem",
    "clocks.max.sm",
    "clocks.max.mem",
    "temperature.gpu",
)


def describe(device: torch.device) -> dict[str, Any]:
    """Hardware, driver, versions."""
    found: dict[str, Any] = {
        "device": str(device),
        "cpu": processor_name(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    if device.type == "cuda":
        about = torch.cuda.get_device_properties(device)
        found |= {
            "gpu": about.name,
            "capability": f"{about.major}.{about.minor}",
            "memory_gib": round(about.total_memory / 2**30, 1),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "nvidia_smi": clocks(),
        }
    return found


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shared_memory() -> int | None:
    """Free bytes of the memory through which readers hand on images; None: no limit."""
    folder = Path("/dev/shm")
    return shutil.disk_usage(folder).free if folder.is_dir() else None


def readers(wanted: int, batch: int, free: int | None) -> int:
    """Reader processes whose batches find room in the shared memory.

    Args:
        wanted: as many as there are cores for.
        batch: bytes of one.
        free: bytes of shared memory, or None.
    """
    if free is None:
        return wanted
    held = 5 * batch  # four read ahead (data.loading) and one in hand
    return max(0, min(wanted, free // held))


def clocks() -> dict[str, str] | None:
    """What ``nvidia-smi`` tells now; None without it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = [program, f"--query-gpu={','.join(QUERIES)}", "--format=csv,noheader"]
    try:
        done = subprocess.run(
            query, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_clocks(done.stdout) if done.returncode == 0 else None


def parse_clocks(text: str) -> dict[str, str] | None:
    """The first GPU's line of ``nvidia-smi``; None where it is another query's."""
    values = [part.strip() for part in text.partition("\n")[0].split(",")]
    if len(values) != len(QUERIES):
        return None
    return dict(zip(QUERIES, values, strict=True))


def slug(hardware: dict[str, Any]) -> str:
    """The hardware for a file's name: ``nvidia-h100-80gb-hbm3``."""
    name = hardware.get("gpu") or f"cpu-{hardware['cpu']}"
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
