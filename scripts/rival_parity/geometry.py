"""Radius, drawing, affine and deformable convolution."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from parity_checks import EXACT, Arrays, Check, cases, compare

from cstrack_bench import heatmaps
from cstrack_bench.center_affine import CenterAffine
from cstrack_bench.models.deformable import deform_conv2d
from rival_parity.common import DEFORMABLE, GRID

INPUTS = ("input", "offset", "mask", "weight", "bias")


def shared(path: Path) -> Iterator[Check]:
    """``center_geometry``: what both systems draw and map."""
    with np.load(path) as recorded:
        yield from _radii(path.stem, recorded)
        yield from _drawing(path.stem, recorded)
        yield from _affine(path.stem, recorded)


def _radii(name: str, recorded: Arrays) -> Iterator[Check]:
    sides = torch.from_numpy(recorded["radius_height_width"]).double()
    height, width = sides.unbind(1)
    for key in sorted(key for key in recorded if key.startswith("radius_raw")):
        overlap = float(key.partition("overlap_")[2] or heatmaps.LEAST_OVERLAP)
        ours = heatmaps.raw_radius(height.ceil(), width.ceil(), overlap)
        yield compare(f"{name} {key}", ours, recorded[key], GRID)
    used = heatmaps.radius(height, width)
    yield compare(f"{name} radius_used", used, recorded["radius_used"], EXACT)


def _drawing(name: str, recorded: Arrays) -> Iterator[Check]:
    drawn = torch.from_numpy(recorded["draw_x_y_radius_k"])
    wanted = recorded["draw_heatmap"]
    maps = torch.zeros(1, *wanted.shape)
    x, y, radii = drawn[:, :3].long().unbind(1)
    heatmaps.draw(maps, torch.zeros_like(x), x, y, radii, drawn[:, 3])
    yield compare(f"{name} draw_heatmap", maps[0], wanted, GRID)
    for key in sorted(key for key in recorded if key.startswith("kernel_")):
        radius = torch.tensor([int(key.partition("_")[2])])
        side = 2 * int(radius) + 1
        kernel = torch.zeros(1, side, side, dtype=torch.float64)
        heatmaps.draw(kernel, torch.zeros_like(radius), radius, radius, radius)
        yield compare(f"{name} {key}", kernel[0], recorded[key], GRID)


def _affine(name: str, recorded: Arrays) -> Iterator[Check]:
    ours = [
        CenterAffine((cx, cy), sx, (int(height), int(width)), rotation)
        for cx, cy, sx, _, rotation, width, height in recorded[
            "affine_cx_cy_sx_sy_rot_width_height"
        ].tolist()
    ]
    points = recorded["affine_points"]
    for key, values in (
        ("affine_matrix", [affine.matrix for affine in ours]),
        ("affine_inverse", [affine.inverse for affine in ours]),
        ("affine_points_mapped", [affine.to_map(points) for affine in ours]),
    ):
        yield compare(f"{name} {key}", np.stack(values), recorded[key], GRID)


def deformable(path: Path) -> Iterator[Check]:
    """``deformable_conv``: outputs and all five gradients."""
    with np.load(path) as recorded:
        for case in cases(recorded, "", "_output"):
            if case.endswith("_grad"):
                continue
            for dtype in (torch.float64, torch.float32):
                kind = str(dtype).removeprefix("torch.")
                name = f"{path.stem} {case} {kind}"
                given = [
                    torch.from_numpy(recorded[f"{case}_{key}"]).to(dtype)
                    for key in INPUTS
                ]
                output = deform_conv2d(*(value.requires_grad_() for value in given))
                wanted = recorded[f"{case}_output"]
                yield compare(f"{name} output", output.detach(), wanted, DEFORMABLE)
                gradient = torch.from_numpy(recorded[f"{case}_grad_output"])
                output.backward(gradient.to(dtype))
                for key, value in zip(INPUTS, given, strict=True):
                    wanted = recorded[f"{case}_grad_{key}"]
                    yield compare(
                        f"{name} gradient of {key}", value.grad, wanted, DEFORMABLE
                    )
