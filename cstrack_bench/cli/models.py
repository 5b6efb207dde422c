"""``cstrack models``: every system and size, its parameters and its cost."""

import re
from typing import Annotated, Any

import typer

from cstrack_bench import console
from cstrack_bench.cli import options
from cstrack_bench.errors import InputError

PARTS = ("backbone", "neck", "REN", "re-id head", "detect", "total")


def models(
    size: Annotated[
        str, typer.Option("--size", help="Input WIDTHxHEIGHT in pixels.")
    ] = "1088x608",
    json: options.Json = False,
) -> None:
    """Every system and size: parameters by part, exact GFLOPs at an input size."""
    width, height = _parse(size)
    rows = _rows(width, height)
    if json:
        options.print_json({"input_size": f"{width}x{height}", "models": rows})
    else:
        _print(rows, width, height)


def _parse(size: str) -> tuple[int, int]:
    """``1088x608`` -> (1088, 608)."""
    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", size.strip().lower())
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if any(side == 0 or side % 32 for side in sides):
        raise InputError(
            f"--size {size!r} is no input size: give WIDTHxHEIGHT in multiples of 32, "
            "for example 1088x608."
        )
    return sides


def _rows(width: int, height: int) -> list[dict[str, Any]]:
    from cstrack_bench.models import summary
    from cstrack_bench.systems.line_up import line_up

    rows = []
    with console.progress() as progress:
        lines = line_up((height, width))
        for entry in progress.track(lines, description="counting"):
            model = summary.skeleton(entry.system.network, entry.config)
            counts = summary.parameters(model)
            rows.append(
                {
                    "size": entry.size,
                    "system": entry.name,
                    "parameters": counts,
                    "gflops": round(summary.gflops(model, (height, width)), 3),
                    "gflops_32px_rule": round(summary.dummy_gflops(model), 1)
                    # A crop never has 32×32 pixels.
                    if entry.system.finds_boxes
                    else None,
                    "weights_mb": round(4 * counts["total"] / 1e6, 1),
                    "embedding": entry.config.embedding,
                    "settings": {"system": entry.system.name, **entry.options},
                }
            )
    return rows


def _print(rows: list[dict[str, Any]], width: int, height: int) -> None:
    from rich.table import Table

    from cstrack_bench.cli.wide import print_wide

    table = Table(title=f"Parameters, and GFLOPs of one {width}×{height} image")
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
