"""``cstrack export``: weights as an ONNX file, with its parity against torch."""

from pathlib import Path
from typing import Annotated

import typer

from cstrack_bench import console
from cstrack_bench.cli.options import Json, print_json
from cstrack_bench.errors import InputError
from cstrack_bench.files import check_writable
from cstrack_bench.input_size import format_input_size, parse_input_size


def export(
    weights: Annotated[
        Path, typer.Argument(help="A network: .safetensors, or official .pt.")
    ],
    onnx: Annotated[Path, typer.Option("--onnx", help="The file to write.")],
    size: Annotated[
        str | None,
        typer.Option(help="Input WIDTHxHEIGHT; by default what the weights name."),
    ] = None,
    dynamic: Annotated[
        bool,
        typer.Option("--dynamic", help="One graph for every size; this is its usual."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write one graph, image to boxes and embedding maps; needs the extra [export]."""
    if onnx.suffix != ".onnx":
        raise InputError(f"--onnx is written as .onnx, not {onnx.name!r}.")
    check_writable(onnx)
    chosen = None if size is None else parse_input_size(size, "--size")

    from cstrack_bench.systems.onnx_export import LIMIT, checked_network, export_onnx
    from cstrack_bench.systems.weights import load_weights

    loaded = load_weights(weights)
    network = checked_network(loaded.network, weights)
    chosen = chosen or loaded.input_size
    with console.progress() as display:
        display.add_task("exporting", total=None)
        found = export_onnx(onnx, network, loaded.system.name, chosen, dynamic)
    if as_json:
        print_json(
            {
                "written": str(onnx),
                "system": loaded.system.name,
                "input": format_input_size(chosen),
                "dynamic": dynamic,
                "limit": LIMIT,
                "parity": [
                    {
                        "input": format_input_size(one.size),
                        "boxes": one.boxes,
                        "probabilities": one.probabilities,
                        "embeddings": one.embeddings,
                    }
                    for one in found
                ],
            }
        )
        return
    for one in found:
        console.out.print(
            f"against torch at {format_input_size(one.size)} (limit {LIMIT:g}): boxes "
            f"{one.boxes:.1e} of the longer side, probabilities "
            f"{one.probabilities:.1e}, embeddings {one.embeddings:.1e}",
            markup=False,
        )
    console.out.print(f"written: {onnx}", markup=False)
