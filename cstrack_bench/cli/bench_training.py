"""``cstrack bench training``: images a second, from a batch to an epoch, by stages."""

from pathlib import Path
from typing import Annotated

import typer

from cstrack_bench.cli.options import Device, Json, Profile, Settings, print_json
from cstrack_bench.errors import InputError


def training(
    recipe: Annotated[
        str, typer.Argument(help="TABLE:ROW, whose network and schedule are timed.")
    ] = "table2:4",
    profile: Profile = "twin",
    settings: Settings = None,
    source: Annotated[
        Path | None,
        typer.Option("--source", help="A MOT sequence; else one of SynthMOT is made."),
    ] = None,
    frames: Annotated[
        int, typer.Option("--frames", help="Frames to make.", min=1)
    ] = 24,
    steps: Annotated[
        int, typer.Option("--steps", help="Batches timed by stages.", min=1)
    ] = 8,
    threads: Annotated[
        int | None, typer.Option("--threads", help="Of this process.", min=1)
    ] = None,
    device: Device = "auto",
    json_output: Json = False,
) -> None:
    """Time the training of a row: load, augment, forward, loss, backward, step."""
    from dataclasses import asdict
    from tempfile import TemporaryDirectory

    import torch

    from cstrack_bench.console import err, out
    from cstrack_bench.experiments.plan import make_plan
    from cstrack_bench.experiments.training_speed import (
        READER_STAGES,
        time_training,
    )
    from cstrack_bench.formats.sequences import list_sequences, open_sequence
    from cstrack_bench.processor import processor_name
    from cstrack_bench.synthmot.generate import SynthSpec, make_synthmot
    from cstrack_bench.synthmot.world_config import SynthConfig
    from cstrack_bench.training.distributed import pick_device

    table, _, row = recipe.partition(":")
    if not row.isdigit():
        raise InputError(f"A row is TABLE:ROW, as in table2:4, not {recipe!r}.")
    where = pick_device(device)
    if threads is not None:
        torch.set_num_threads(threads)
    plan = make_plan(table, Path("data"), profile, [int(row)], 1, settings or ())
    chosen = plan.runs[0].settings
    with TemporaryDirectory() as folder:
        if source is not None:
            sequences = [open_sequence(source)]
        else:
            spec = SynthSpec(SynthConfig(frames=frames), 1, 0, 0)
            made = make_synthmot(Path(folder), spec, processes=1)
            sequences = list_sequences(made, "train")
        speed = time_training(
            chosen, sequences, where, Path(folder) / "epoch.ckpt", steps
        )
    hardware: dict[str, str] = {
        "cpu": processor_name(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
    }
    if where.type == "cuda":
        hardware["gpu"] = torch.cuda.get_device_name(where)
    if json_output:
        print_json({"recipe": recipe, **asdict(speed), "machine": hardware})
        return
    err.print(
        f"{recipe} · {speed.system} · {speed.input_size} · batch {speed.batch} · "
        f"{speed.precision} · {speed.threads} threads · {speed.device} · "
        f"{hardware.get('gpu', hardware['cpu'])}"
    )
    out.print("stage      CPU ms  wall ms   (an image, medians)")
    for name, stage in speed.stages.items():
        side = "  reader" if name in READER_STAGES else ""
        out.print(f"{name:9}  {stage.cpu_ms:6.2f}  {stage.wall_ms:7.2f}{side}")
    out.print(
        f"step: {speed.step_images_per_second:.1f} images a second, "
        f"{speed.step_images_per_cpu_second:.1f} a second of CPU"
    )
    out.print(
        f"epoch of {speed.images} images: {speed.epoch_images_per_second:.1f} a second,"
        f" {speed.epoch_images_per_cpu_second:.1f} a second of CPU; "
        f"{speed.readers_needed} reader(s) keep it fed"
    )
