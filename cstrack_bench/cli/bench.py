"""`cstrack bench`: how fast a part is, with the machine it was measured on."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cstrack_bench.cli.bench_fps import fps
from cstrack_bench.cli.bench_training import training
from cstrack_bench.cli.options import Json, print_json
from cstrack_bench.cli.trackers import Tracker
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.input_size import parse_input_size

app = typer.Typer(help="Speed, measured on this machine.", no_args_is_help=True)

# Read once, when NumPy loads its linear algebra: later is too late.
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}


app.command()(training)


@app.callback()
def bench() -> None:
    """Speed, measured on this machine."""


app.command("fps")(fps)


@app.command()
def association(
    boxes: Annotated[
        str, typer.Option("--boxes", help="People in the scene, e.g. 20,60,150.")
    ] = "20,60,150",
    embedding: Annotated[
        int, typer.Option("--embedding", help="Width of the embeddings.")
    ] = 512,
    tracker: Tracker = "cstrack",
    frames: Annotated[
        int, typer.Option("--frames", help="Frames timed, after 20 of warm-up.")
    ] = 160,
    repeats: Annotated[
        int, typer.Option("--repeats", help="Runs over the scene; the fastest counts.")
    ] = 5,
    json_output: Json = False,
) -> None:
    """Time a tracker's association a frame, on one thread, without the network."""
    counts = _counts(boxes)
    if "numpy" in sys.modules and any(
        os.environ.get(name) != value for name, value in _ONE_THREAD.items()
    ):
        _again_in_a_fresh_process(
            boxes, embedding, tracker, frames, repeats, json_output
        )
        return
    os.environ.update(_ONE_THREAD)

    from cstrack_bench.console import err, out, progress
    from cstrack_bench.tracking.association_speed import machine, time_association
    from cstrack_bench.tracking.tracker_registry import make_tracker

    make = partial(make_tracker, tracker, 30.0)
    make()  # an unknown name is told before the clock starts
    runs = []
    with progress() as bar:
        for count in counts:
            task = bar.add_task(f"{count} boxes", total=repeats)
            advance = partial(bar.advance, task)
            runs.append(
                time_association(count, embedding, frames, repeats, advance, make)
            )
    hardware = machine()
    if json_output:
        timed = [run.as_dict() for run in runs]
        print_json({"tracker": tracker, "runs": timed, "machine": hardware})
        return
    err.print(
        f"tracker {tracker}, {embedding}-d embeddings, {frames} frames after 20 "
        f"dropped, fastest of {repeats} runs, 1 thread · {hardware['cpu']}"
    )
    out.print("boxes  CPU p50 ms  wall p50 ms  wall p95 ms")
    for run in runs:
        out.print(
            f"{run.boxes:5d}  {run.cpu_ms_p50:10.3f}  {run.wall_ms_p50:11.3f}  "
            f"{run.wall_ms_p95:11.3f}"
        )


@app.command()
def loading(
    size: Annotated[
        str, typer.Option("--size", help="Of the network's input, WIDTHxHEIGHT.")
    ] = "1088x608",
    models: Annotated[
        str, typer.Option("--models", help="Sizes of CSTrack to feed, e.g. s,l.")
    ] = "s,m,l",
    tflops: Annotated[
        str,
        typer.Option(
            "--tflops",
            help="What a GPU sustains, in TFLOP/s. 13.4 is the float32 peak of the "
            "paper's RTX 2080 Ti.",
        ),
    ] = "13.4,100",
    source: Annotated[
        Path | None,
        typer.Option("--source", help="A MOT sequence; else 1920x1080 is painted."),
    ] = None,
    frames: Annotated[int, typer.Option("--frames", help="Frames to paint.")] = 6,
    repeats: Annotated[
        int, typer.Option("--repeats", help="Passes over the frames.")
    ] = 5,
    json_output: Json = False,
) -> None:
    """Time decoding and augmentation of training images, a core; say who needs what."""
    from dataclasses import asdict
    from tempfile import TemporaryDirectory

    from cstrack_bench.console import err, out
    from cstrack_bench.formats.sequences import open_sequence
    from cstrack_bench.models.counting import gflops, skeleton
    from cstrack_bench.models.cstrack_config import make_config
    from cstrack_bench.models.cstrack_network import CSTrack
    from cstrack_bench.tracking.association_speed import machine
    from cstrack_bench.training_data.loading_speed import (
        loading_need,
        paint_pictures,
        time_loading,
    )

    input_size = parse_input_size(size, "--size")
    costs = {
        name.strip(): gflops(skeleton(CSTrack, make_config(name.strip())), input_size)
        for name in models.split(",")
    }
    speeds = _numbers(tflops)
    if source is not None:
        speed = time_loading(open_sequence(source), input_size, repeats)
    else:
        with TemporaryDirectory() as folder:
            painted = paint_pictures(Path(folder), frames)
            speed = time_loading(painted, input_size, repeats)
    needs = [
        (name, loading_need(speed, cost, value))
        for name, cost in costs.items()
        for value in speeds
    ]
    hardware = machine()
    if json_output:
        rows = [{"model": name, **asdict(need)} for name, need in needs]
        print_json({"size": size, **asdict(speed), "needs": rows, "machine": hardware})
        return
    err.print(
        f"{speed.images} images of {speed.picture} made ready at {size}, CPU time of "
        f"1 core · {hardware['cpu']}"
    )
    out.print(
        f"{speed.images_per_second:.1f} images a second a core: {speed.item_ms_p50:.1f}"
        f" ms each, of which decoding {speed.decode_ms_p50:.1f} ms (p50)"
    )
    out.print("model  GFLOPs  at TFLOP/s  GPU images/s  cores")
    for name, need in needs:
        out.print(
            f"{name:5}  {need.gflops:6.1f}  {need.tflops:10g}  "
            f"{need.gpu_images_per_second:12.1f}  {need.cores:5d}"
        )


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(
            f"--tflops {text!r} is no list of numbers: write it like 13.4,100."
        ) from error


def _counts(boxes: str) -> list[int]:
    try:
        return [int(part) for part in boxes.split(",")]
    except ValueError as error:
        raise InputError(
            f"--boxes {boxes!r} is no list of whole numbers: write it like 20,60,150."
        ) from error


def _again_in_a_fresh_process(
    boxes: str,
    embedding: int,
    tracker: str,
    frames: int,
    repeats: int,
    json_output: bool,
) -> None:
    command = [sys.executable, "-m", "cstrack_bench", "bench", "association"]
    command += ["--boxes", boxes, "--embedding", str(embedding)]
    command += [
        "--tracker",
        tracker,
        "--frames",
        str(frames),
        "--repeats",
        str(repeats),
    ]
    if json_output:
        command.append("--json")
    result = subprocess.run(
        command,
        env={**os.environ, **_ONE_THREAD},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        # The child's own sentence, without the prefix that will be put before it.
        sentence = result.stderr.strip().removeprefix("error: ")
        kind = InputError if result.returncode == 2 else CstrackError
        raise kind(sentence or f"The benchmark ended with {result.returncode}.")
    typer.echo(result.stderr, err=True, nl=False)
    typer.echo(result.stdout, nl=False)
