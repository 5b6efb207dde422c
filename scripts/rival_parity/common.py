"""Limits, the rule of the weights, and the labels that several checks share."""

import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from parity_checks import Arrays, cases
from torch import Tensor, nn

from cstrack_bench.center_affine import centred
from cstrack_bench.models.center_names import fill
from cstrack_bench.models.dla_config import STRIDE
from cstrack_bench.training_data.centertrack_labels import (
    NONE,
    Annotated,
    PreviousPoints,
    labels,
    previous_points,
)

# Limits of the folder's README.
GRID = 1e-5
NETWORK_FLOAT64 = 1e-5
NETWORK_FLOAT32 = 2e-3
RELATIVE = 1e-6
DEFORMABLE = 1e-5
PIXELS = 1e-3
GREY_LEVELS = 2.0
END_TO_END = 5e-3

OVERRIDE = "override/"


def partner(path: Path, kind: str) -> Path:
    """The file of another kind beside this one: of the same suffix, or without."""
    words = path.stem.split("_")
    suffix = "_".join(words[2:])
    candidates = [path.with_name(f"{kind}_{suffix}.npz"), path.with_name(f"{kind}.npz")]
    found = next((c for c in candidates if c.is_file()), None)
    if found is None:
        raise KeyError(f"its partner {kind}.npz is missing")
    return found


def rule(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The values that the README gives a tensor of this name."""
    u = np.random.RandomState(zlib.crc32(name.encode())).uniform(-1.0, 1.0, shape)
    fan = np.sqrt(6 / np.prod(shape[1:]))
    if "conv_offset_mask" in name:
        values = u * (0.15 * fan if len(shape) == 4 else 1.5)
    elif len(shape) == 4:
        values = 0.25 + 0.125 * u if ".up_" in name else u * fan
    else:
        values = 1 + 0.25 * u if name.endswith("weight") else 0.1 * u
    return values.astype(np.float32)


def fill_by_rule(network: nn.Module, statistics: Arrays, overrides: Arrays) -> None:
    """Weights by the rule, running statistics and overrides as recorded."""
    tensors = {}
    for name, tensor in network.state_dict().items():
        if f"{OVERRIDE}{name}" in overrides:
            tensors[name] = torch.from_numpy(overrides[f"{OVERRIDE}{name}"])
        elif "running_" in name:
            tensors[name] = torch.from_numpy(statistics[f"bn/{name}"])
        elif name.endswith("num_batches_tracked"):
            tensors[name] = torch.zeros((), dtype=torch.long)
        else:
            tensors[name] = torch.from_numpy(rule(name, tuple(tensor.shape)))
    report = fill(network, tensors)
    assert not report.missing
    network.eval()


def fairmot_labels(recorded: Arrays, names: NDArray) -> Tensor:
    """Our targets (T, 6) of the named cases, one image each.

    ``unlabelled`` is the first case with every identity taken away.
    """
    rows = []
    for image, name in enumerate(names.tolist()):
        unlabelled = name == "unlabelled"
        case = cases(recorded, "", "_labels")[0] if unlabelled else name
        found = recorded[f"{case}_labels"][: int(recorded[f"{case}_max_objects"])]
        first = int(recorded[f"{case}_first_identity"])
        target = np.zeros((len(found), 6), np.float32)
        target[:, 0] = image
        if not unlabelled:
            # Ours count from 1, and 0 is nobody.
            target[:, 1] = np.where(found[:, 1] > -1, found[:, 1] + first + 1, 0)
        target[:, 2:] = found[:, 2:]
        rows.append(target)
    return torch.from_numpy(np.concatenate(rows))


def annotated(rows: NDArray) -> Annotated:
    """Rows category, track id, x, y, w, h, crowd."""
    boxes = rows[:, 2:6].copy()
    boxes[:, 2:] += boxes[:, :2]
    ids = rows[:, 1].astype(np.int64)
    return Annotated(ids, boxes, rows[:, 0] <= 0, rows[:, 6] > 0)


def centertrack_sample(
    recorded: Arrays, case: str
) -> tuple[NDArray[np.float32], PreviousPoints]:
    """Labels (N, 7) of a case and the points of its previous image."""
    height, width = recorded[f"{case}_height_width"].tolist()
    rows, columns = recorded[f"{case}_pre_hm"].shape[1:]
    previous = previous_points(
        annotated(recorded[f"{case}_previous_annotations"]),
        centred((height, width), (rows, columns)),
        NONE,
        np.random.default_rng(0),
    )
    found = labels(
        annotated(recorded[f"{case}_annotations"]),
        previous,
        centred((height, width), (rows // STRIDE, columns // STRIDE)),
        len(recorded[f"{case}_ind"]),
    )
    return found, previous


def centertrack_labels(recorded: Arrays, names: NDArray) -> Tensor:
    """Our targets (T, 8) of the named cases, one image each."""
    rows = []
    for image, name in enumerate(names.tolist()):
        found, _ = centertrack_sample(recorded, name)
        number = np.full((len(found), 1), image, np.float32)
        rows.append(np.concatenate([number, found], axis=1))
    return torch.from_numpy(np.concatenate(rows))
