"""``cstrack models``: every system and size, its parameters and its cost."""

from typing import Annotated, TypedDict

import typer

from cstrack_bench import console
from cstrack_bench.cli import options
from cstrack_bench.input_size import format_input_size, parse_input_size

PARTS = ("backbone", "neck", "REN", "re-id head", "detect", "total")


def models(
    size: Annotated[
        str, typer.Option("--size", help="Input WIDTHxHEIGHT in pixels.")
    ] = "1088x608",
    json: options.Json = False,
) -> None:
    """Every system and size: parameters by part, exact GFLOPs at an input size."""
    input_size = parse_input_size(size, "--size")
    rows = _rows(input_size)
    if json:
        document = {"input_size": format_input_size(input_size), "models": rows}
        options.print_json(document)
    else:
        _print(rows, input_size)


class Row(TypedDict):
    """A size of a system; of the JSON document too."""

    size: str
    system: str
    parameters: dict[str, int]
    gflops: float
    gflops_32px_rule: float | None
    weights_mb: float
    embedding: int
    settings: dict[str, object]


def _rows(input_size: tuple[int, int]) -> list[Row]:
    from cstrack_bench.models import counting
    from cstrack_bench.systems.line_up import line_up

    rows: list[Row] = []
    with console.progress() as progress:
        for entry in progress.track(line_up(input_size), description="counting"):
            model = counting.skeleton(entry.system.network, entry.config)
            counts = counting.parameters(model)
            rows.append(
                {
                    "size": entry.size,
                    "system": entry.name,
                    "parameters": counts,
                    "gflops": round(counting.gflops(model, input_size), 3),
                    "gflops_32px_rule": round(counting.dummy_gflops(model), 1)
                    # A crop never has 32×32 pixels.
                    if entry.system.finds_boxes
                    else None,
                    "weights_mb": round(4 * counts["total"] / 1e6, 1),
                    "embedding": entry.config.embedding,
                    "settings": {"system": entry.system.name, **entry.options},
                }
            )
    return rows


def _print(rows: list[Row], input_size: tuple[int, int]) -> None:
    from rich.table import Table

    from cstrack_bench.cli.wide import print_wide

    shown = format_input_size(input_size).replace("x", "×")
    table = Table(title=f"Parameters, and GFLOPs of one {shown} image")
    table.add_column("size")
    table.add_column("system")
    for part in (*PARTS, "GFLOPs", "by 32-px rule", "weights MB"):
        table.add_column(part, justify="right")
    for i, row in enumerate(rows):
        counts = row["parameters"]
        rule = row["gflops_32px_rule"]
        last = i + 1 == len(rows) or rows[i + 1]["size"] != row["size"]
        table.add_row(
            row["size"],
            row["system"],
            *(f"{counts[part]:,}" if part in counts else "" for part in PARTS),
            f"{row['gflops']:.1f}",
            "" if rule is None else f"{rule:.1f}",
            f"{row['weights_mb']:.1f}",
            end_section=last,
        )
    print_wide(table)
    console.out.print(
        "By 32-px rule: what YOLOv5 prints, a 32×32 image × 400, REN's constant cost "
        "included; the paper's 1304 is of that kind and not reproducible as stated.\n"
        "Weights in float32, without the identity classifier that training adds. "
        "DeepSORT's network: GFLOPs of one crop of 64×128."
    )
