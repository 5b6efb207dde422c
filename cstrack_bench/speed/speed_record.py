"""What is kept of a measurement of speed: a JSON document, and a CSV for reading."""

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import torch

from cstrack_bench.documents import Document, write_document
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.experiments.records import Provenance
from cstrack_bench.files import write_text
from cstrack_bench.speed.frame_times import DROPPED, FrameTimes, scopes
from cstrack_bench.stopwatch import percentile

SCHEMA = 1
#: CSTrack's frames a second over JDE's, as printed (Table VI): 16.4 / 18.8.
PRINTED_RATIO = round(16.4 / 18.8, 2)


class StageMs(Document):
    """Milliseconds a frame of one stage."""

    wall_p50: float
    wall_p95: float
    cpu_p50: float


class SpeedRow(Document):
    """One way to run one system.

    Attributes:
        ms: by stage, and of the scopes ``paper`` (no reading, no writing) and
            ``end_to_end``.
        to_plain: this row's time over that of the plain float32 row of the same
            system, in the paper's scope; wall and CPU.
        to_jde: frames a second over JDE's, run in the same way in the same turns.
    """

    system: str
    model: str
    inference: str
    dtype: str
    tracker: str
    boxes_per_frame: float
    ms: dict[str, StageMs]
    fps_paper_scope: float
    fps_end_to_end: float
    to_plain_wall: float | None = None
    to_plain_cpu: float | None = None
    to_jde: float | None = None
    gpu_memory_peak_mb: float | None = None


class Machine(Document):
    """What the figures were measured on, beside the provenance."""

    gpu_driver: str | None = None
    clock_mhz: float | None = None


class SpeedDocument(Document):
    """A measurement: rows of one process, taken in turns frame by frame."""

    schema_number: int = SCHEMA
    input: str
    batch: int = 1
    source: str
    weights: str
    frames: int
    dropped_first_frames: int = DROPPED
    printed_ratio_to_jde: float = PRINTED_RATIO
    machine: Machine
    provenance: Provenance
    rows: list[SpeedRow]


def speed_document(
    times: list[FrameTimes], shown_size: str, source: str, weights: str, device: str
) -> SpeedDocument:
    """Figures of a measurement that ends now.

    Args:
        times: as ``time_frames`` returns them.
        shown_size: WIDTHxHEIGHT of the input.
        source: what the frames are.
        weights: what the weights are.
        device: ``cpu`` or ``cuda:N``.
    """
    paper = scopes()["paper"]

    def beside(one: FrameTimes, other: FrameTimes | None, cpu: bool) -> float | None:
        if other is None:
            return None
        pair = (percentile(each.total(paper, cpu), 50) for each in (one, other))
        return round(next(pair) / next(pair), 3)

    def find(system: str, path: str, dtype: str) -> FrameTimes | None:
        return next(
            (
                each
                for each in times
                if each.way.system == system
                and (each.way.inference.path, each.way.inference.dtype) == (path, dtype)
            ),
            None,
        )

    rows = []
    for one in times:
        how = one.way.inference
        plain = find(one.way.system, "plain", "float32")
        jde = find("jde", how.path, how.dtype) if one.way.system != "jde" else None
        slower = beside(jde, one, cpu=False) if jde is not None else None
        rows.append(
            SpeedRow(
                system=one.way.system,
                model=one.way.model or "as the weights",
                inference=how.path,
                dtype=how.dtype,
                tracker=one.tracker,
                boxes_per_frame=round(sum(one.boxes) / len(one.boxes), 1),
                ms={
                    **{name: _ms(one, (name,)) for name in one.stages},
                    **{name: _ms(one, scope) for name, scope in scopes().items()},
                },
                fps_paper_scope=round(one.fps(paper), 2),
                fps_end_to_end=round(one.fps(scopes()["end_to_end"]), 2),
                to_plain_wall=beside(one, plain, cpu=False),
                to_plain_cpu=beside(one, plain, cpu=True),
                to_jde=slower,
                gpu_memory_peak_mb=one.peak_mb and round(one.peak_mb, 1),
            )
        )
    return SpeedDocument(
        input=shown_size,
        source=source,
        weights=weights,
        frames=len(times[0].boxes),
        machine=describe_machine(device),
        provenance=provenance(device),
        rows=rows,
    )


def _ms(times: FrameTimes, scope: tuple[str, ...]) -> StageMs:
    wall, cpu = times.total(scope), times.total(scope, cpu=True)
    return StageMs(
        wall_p50=round(percentile(wall, 50), 3),
        wall_p95=round(percentile(wall, 95), 3),
        cpu_p50=round(percentile(cpu, 50), 3),
    )


def describe_machine(device: str) -> Machine:
    """Driver and clock now; nothing is set."""
    if not device.startswith("cuda"):
        return Machine(clock_mhz=_processor_clock())
    smi = shutil.which("nvidia-smi")
    if smi is None:
        return Machine()
    number = torch.device(device).index or 0
    query = [smi, f"--id={number}", "--query-gpu=driver_version,clocks.sm"]
    try:
        done = subprocess.run(
            [*query, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        driver, clock = (part.strip() for part in done.stdout.strip().split(","))
        return Machine(gpu_driver=driver, clock_mhz=float(clock))
    except (OSError, subprocess.SubprocessError, ValueError):
        return Machine()


def _processor_clock() -> float | None:
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace")
        return float(re.findall(r"cpu MHz\s*:\s*([\d.]+)", text)[0])
    except (OSError, IndexError, ValueError):
        return None


def file_stem(document: SpeedDocument) -> str:
    """Hardware, torch, input, batch and threads, as a file is called."""
    known = document.provenance
    hardware = known.gpu or known.cpu
    parts = [hardware, f"torch{known.torch}", document.input, f"b{document.batch}"]
    if known.gpu is None:
        parts.append(f"t{known.threads}")
    words = re.sub(r"[^a-z0-9.+]+", "-", " ".join(parts).lower())
    return words.strip("-")


def write_speed(folder: Path, document: SpeedDocument) -> list[Path]:
    """Write the document and its table into a folder; returns both paths."""
    stem = file_stem(document)
    written = write_document(folder / f"{stem}.json", document)
    table = folder / f"{stem}.csv"
    write_text(table, speed_csv(document))
    return [written, table]


def speed_csv(document: SpeedDocument) -> str:
    """A row a way; milliseconds are medians unless they say p95."""
    names = list(document.rows[0].ms)
    stages = [name for name in names if name not in scopes()]
    header = ["system", "model", "inference", "dtype", "boxes"]
    header += [f"{name}_ms" for name in stages]
    for name in scopes():
        header += [f"{name}_ms_p50", f"{name}_ms_p95", f"{name}_cpu_ms"]
    header += ["fps_paper_scope", "fps_end_to_end"]
    header += ["to_plain_wall", "to_plain_cpu", "to_jde"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in document.rows:
        values: list[object] = [row.system, row.model, row.inference, row.dtype]
        values += [row.boxes_per_frame, *(row.ms[name].wall_p50 for name in stages)]
        for name in scopes():
            ms = row.ms[name]
            values += [ms.wall_p50, ms.wall_p95, ms.cpu_p50]
        values += [row.fps_paper_scope, row.fps_end_to_end]
        values += [row.to_plain_wall, row.to_plain_cpu, row.to_jde]
        writer.writerow(["" if value is None else value for value in values])
    return text.getvalue()
