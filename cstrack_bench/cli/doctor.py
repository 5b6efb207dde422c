"""``cstrack doctor``: the environment, and what it lacks."""

import platform
import shutil
import sys
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from cstrack_bench.cli.options import DATA_ROOT, Data, Json, print_json
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.processor import processor_name

Facts = dict[str, Any]  # a JSON document
PACKAGES = (
    *("torch", "numpy", "scipy", "pandas", "opencv-python", "trackeval"),
    *("motmetrics", "typer", "rich", "pydantic", "pyyaml", "safetensors"),
    *("matplotlib", "gdown"),
)
# A twin reproduction with its weights and frames stays under this.
_DISK_NEEDED = 2 * 2**30


def doctor(data: Data = DATA_ROOT, json: Json = False) -> None:
    """Show versions, device, threads, libGL, disk and data; exit 1 on a fault."""
    facts = examine(data)
    if json:
        print_json(facts)
    else:
        _print(facts)
    if facts["faults"]:
        raise CstrackError("; ".join(facts["faults"]) + ".")


def examine(data: Path) -> Facts:
    """Everything that is examined.

    Args:
        data: root of the data sets.

    Returns:
        python, platform, packages (name -> version or None), device, opencv, disk,
        data (name -> what was found), and faults: sentences without their full stop.
    """
    faults: list[str] = []
    packages = {name: _version(name) for name in PACKAGES}
    faults += [
        f"{name} is not installed: pip install -e ."
        for name in PACKAGES
        if packages[name] is None
    ]
    headless = _version("opencv-python-headless")
    if headless:
        faults.append(
            "opencv-python-headless overwrites opencv-python: pip uninstall -y "
            "opencv-python-headless && pip install --force-reinstall opencv-python"
        )
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages,
        "device": _device(faults),
        "opencv": _opencv(faults),
        "disk": _disk(faults),
        "data_root": str(data),
        "data": _data(data),
        "faults": faults,
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _device(faults: list[str]) -> Facts:
    """What torch would run on."""
    try:
        torch = import_module("torch")
    except (ImportError, OSError) as error:
        faults.append(f"torch cannot be imported ({_one_line(error)})")
        return {"kind": None, "name": None, "threads": None}
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name(0) if kind == "cuda" else processor_name()
    return {"kind": kind, "name": name, "threads": torch.get_num_threads()}


def _opencv(faults: list[str]) -> Facts:
    """Whether OpenCV loads: on a bare server libGL and glib are often absent."""
    try:
        cv2 = import_module("cv2")
    except (ImportError, OSError) as error:
        reason = _one_line(error)
        faults.append(
            f"OpenCV cannot be imported ({reason}): apt install libgl1 libglib2.0-0"
        )
        return {"imports": False, "reason": reason}
    return {"imports": True, "version": cv2.__version__}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _disk(faults: list[str]) -> Facts:
    usage = shutil.disk_usage(Path.cwd())
    if usage.free < _DISK_NEEDED:
        faults.append(
            f"{usage.free / 2**30:.1f} GiB are free on the disk of {Path.cwd()}, and "
            f"a table needs up to {_DISK_NEEDED // 2**30}"
        )
    return {"free_gib": round(usage.free / 2**30, 1), "folder": str(Path.cwd())}


def _data(root: Path) -> Facts:
    """Data set -> folder and how much of what it holds; None where it is absent."""
    from cstrack_bench.datasets.dataset import DatasetAbsentError
    from cstrack_bench.datasets.dataset_registry import dataset_names, find_dataset

    found: Facts = {}
    for name in dataset_names():
        try:
            dataset = find_dataset(name)
            folder = dataset.find(root)
            found[name] = {"folder": str(folder), **dataset.inventory(folder)}
        except DatasetAbsentError:
            found[name] = None
        except InputError as error:
            # Several or broken ones are worth a word.
            found[name] = {"trouble": str(error)}
    return found


def _print(facts: Facts) -> None:
    from rich.table import Table

    from cstrack_bench.cli.wide import print_wide
    from cstrack_bench.console import out

    table = Table(show_header=False, box=None, pad_edge=False)
    device, opencv, disk = facts["device"], facts["opencv"], facts["disk"]
    table.add_row("python", f"{facts['python']} ({sys.executable})")
    table.add_row("platform", facts["platform"])
    for name, version in facts["packages"].items():
        table.add_row(name, version or "not installed")
    threads = f"{device['threads']} threads"
    table.add_row("device", f"{device['kind']}: {device['name']}, {threads}")
    loads = "loads" if opencv["imports"] else f"does not load: {opencv['reason']}"
    table.add_row("OpenCV, libGL", loads)
    table.add_row("disk", f"{disk['free_gib']} GiB free at {disk['folder']}")
    for name, row in facts["data"].items():
        table.add_row(name, _data_words(row, facts["data_root"]))
    print_wide(table)
    if not facts["faults"]:
        out.print("nothing wrong")


def _data_words(row: Facts | None, root: str) -> str:
    if row is None:
        return f"not under {root}"
    if "trouble" in row:
        return str(row["trouble"])
    what, *more = [key for key in row if key != "folder"]
    details = ", ".join(f"{row[key]} {key.replace('_', ' ')}" for key in more)
    return f"{row[what]} {what} {f'({details}) ' if details else ''}in {row['folder']}"
