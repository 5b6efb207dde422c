"""``cstrack bench fps``: milliseconds a frame by stage, and the ratio to JDE."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench.cli.options import RESULTS_ROOT, Device, Json, Results, print_json
from cstrack_bench.errors import InputError
from cstrack_bench.input_size import format_input_size, parse_input_size

if TYPE_CHECKING:
    from cstrack_bench.formats.sequences import Sequence
    from cstrack_bench.speed.frame_times import Way
    from cstrack_bench.speed.speed_record import SpeedDocument


def fps(
    system: Annotated[
        str, typer.Option("--system", help="What is timed beside JDE.")
    ] = "cstrack",
    model: Annotated[str, typer.Option("--model", help="Its size, e.g. l or s.")] = "l",
    size: Annotated[
        str, typer.Option("--size", help="Of the network's input, WIDTHxHEIGHT.")
    ] = "1088x608",
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="Time these weights on --source instead."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--source", help="A sequence or video; else 1920x1080 painted."),
    ] = None,
    inference: Annotated[
        str, typer.Option("--inference", help="Ways to run it: plain, fused.")
    ] = "plain,fused",
    dtype: Annotated[
        str,
        typer.Option("--dtype", help="Precisions, such as float32,bfloat16."),
    ] = "float32",
    boxes: Annotated[
        int, typer.Option("--boxes", help="People in a frame, for random weights.")
    ] = 60,
    frames: Annotated[
        int, typer.Option("--frames", help="Frames, the first 3 of them dropped.")
    ] = 23,
    tracker: Annotated[
        str | None, typer.Option("--tracker", help="By default the system's own.")
    ] = None,
    jde: Annotated[
        bool, typer.Option("--jde/--no-jde", help="Time JDE in the same turns.")
    ] = True,
    threads: Annotated[
        int | None, typer.Option("--threads", help="Of PyTorch on a CPU.")
    ] = None,
    device: Device = "auto",
    results: Results = RESULTS_ROOT,
    json_output: Json = False,
) -> None:
    """Time every stage of a frame; writes results/speed/."""
    input_size = parse_input_size(size, "--size")
    for name, value in (("boxes", boxes), ("frames", frames), ("threads", threads)):
        if value is not None and value < 1:
            raise InputError(f"--{name} is {value}: give at least 1.")
    if weights is not None and source is None:
        raise InputError("--weights are timed on a sequence: give --source.")

    import torch

    from cstrack_bench.console import progress
    from cstrack_bench.models.network_base import DetectionNetwork
    from cstrack_bench.speed.frame_times import Scene, time_frames
    from cstrack_bench.speed.speed_record import speed_document, write_speed
    from cstrack_bench.systems.weights import load_weights
    from cstrack_bench.training.distributed import pick_device

    if threads is not None:
        torch.set_num_threads(threads)
    # Random weights make denormals, which are many times slower than other numbers.
    torch.set_flush_denormal(True)
    chosen = pick_device(device)
    network = None
    if weights is not None:
        loaded = load_weights(weights)
        if not isinstance(loaded.network, DetectionNetwork):
            raise InputError(f"{weights} finds no boxes on anchors.")
        system, network = loaded.system.name, loaded.network
    ways = _ways(system, None if network else model, model, inference, dtype, jde)
    with _sequence(source, frames) as sequence, progress() as bar:
        task = bar.add_task("timing", total=len(sequence))
        scene = Scene(sequence, input_size, boxes, tracker)
        times = time_frames(scene, ways, chosen, network, lambda: bar.advance(task))
        shown = "painted 1920x1080" if source is None else sequence.name
    document = speed_document(
        times,
        format_input_size(input_size),
        shown,
        "random" if weights is None else weights.name,
        str(chosen),
    )
    written = write_speed(results / "speed", document)
    if json_output:
        print_json(document.plain())
        return
    _print(document, written)


def _ways(
    system: str, own: str | None, model: str, inference: str, dtype: str, jde: bool
) -> list["Way"]:
    from cstrack_bench.speed.frame_times import Way
    from cstrack_bench.systems.system import Inference
    from cstrack_bench.systems.system_registry import find_system

    sizes = {size for one in find_system("jde").arrangements for size in one.sizes}
    jde = jde and system != "jde"
    if jde and model not in sizes:
        raise InputError(f"JDE has no size {model!r}: give --no-jde.")
    found = []
    for path in inference.split(","):
        for precision in dtype.split(","):
            how = Inference.named(path.strip(), precision.strip())
            found.append(Way(system, own, how))
            if jde:
                found.append(Way("jde", model, how))
    return found


@contextmanager
def _sequence(source: Path | None, frames: int) -> Iterator["Sequence"]:
    """The frames that are timed, with pictures on disk."""
    from tempfile import TemporaryDirectory

    from cstrack_bench.formats.sequences import open_sequence
    from cstrack_bench.training_data.loading_speed import paint_pictures

    if source is not None:
        whole = open_sequence(source)
        if not whole.has_images:
            raise InputError(f"{source} has no pictures.")
        yield whole.part(whole.start, min(whole.stop, whole.start + frames))
        return
    with TemporaryDirectory() as folder:
        painted = paint_pictures(Path(folder), frames)
        assert painted.folder.is_dir()
        yield open_sequence(painted.folder)


def _print(document: "SpeedDocument", written: list[Path]) -> None:
    from rich.table import Table

    from cstrack_bench.cli.wide import print_wide
    from cstrack_bench.console import err, out
    from cstrack_bench.stopwatch import STAGES

    known = document.provenance
    hardware = known.gpu or f"{known.cpu}, {known.threads} threads"
    err.print(
        f"{document.source}, {document.frames} frames after "
        f"{document.dropped_first_frames} dropped, ways in turns · {hardware} · torch "
        f"{known.torch}",
        markup=False,
    )
    table = Table(title=f"ms a frame at {document.input}, batch 1 (wall p50)")
    for name in ("system", "way", "boxes"):
        table.add_column(name)
    for name in (*STAGES, "paper scope", "p95", "CPU", "end to end", "FPS", "/ plain"):
        table.add_column(name, justify="right")
    table.add_column("/ JDE", justify="right")
    for row in document.rows:
        ms = row.ms
        table.add_row(
            f"{row.system} {row.model}",
            f"{row.inference} {row.dtype}",
            f"{row.boxes_per_frame:g}",
            *(f"{ms[name].wall_p50:.2f}" for name in STAGES),
            f"{ms['paper'].wall_p50:.2f}",
            f"{ms['paper'].wall_p95:.2f}",
            f"{ms['paper'].cpu_p50:.2f}",
            f"{ms['end_to_end'].wall_p50:.2f}",
            f"{row.fps_paper_scope:.1f}",
            _ratio(row.to_plain_wall, row.to_plain_cpu),
            "" if row.to_jde is None else f"{row.to_jde:.2f}",
        )
    print_wide(table)
    out.print(
        "FPS in the paper's scope (upload to association), from the median frame. "
        "/ plain: time over plain float32, wall and CPU. / JDE: frames a second over "
        f"JDE's; printed {document.printed_ratio_to_jde}.",
        markup=False,
    )
    out.print("written: " + " · ".join(map(str, written)), markup=False)


def _ratio(wall: float | None, cpu: float | None) -> str:
    return "" if wall is None or cpu is None else f"{wall:.2f} {cpu:.2f}"
