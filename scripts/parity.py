"""Hold this code to the outputs of the official implementation, number for number.

    python scripts/parity.py ../shared/reference/golden

Every ``official_*`` file of the folder is checked: networks (``official_*.pt`` with
their ``official_*_io.npz``; depth and width are read from the name), letterbox, NMS,
tracker and loss; and every ``fairmot_*``, ``centertrack_*``, ``center_*`` and
``deformable_*`` file (``rival_parity``). One line a check with its largest error. Exit
code 0 when all pass, 1 when one is beyond its limit or cannot be made, 2 when there is
nothing to check.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from parity_checks import EXACT, Arrays, Check, cases, compare, failure, guarded
from rival_parity import PREFIXES, check_rivals

# Limits of the folder's README; threads, layout and folding move boxes by 3e-4 px.
VALUE_LIMIT = 1e-4
PIXEL_LIMIT = 1e-3
RELATIVE_LIMIT = 1e-4

LEVELS = ("p3", "p4", "p5")
# The NMS file holds cells of a 1088×608 network at stride 8 (rows, columns).
NMS_GRID = (76, 136)
ETA = 0.02


def numbers(text: str) -> tuple[float, float] | None:
    """Depth and width in a name: ``d033_w0125`` -> (0.33, 0.125)."""
    match = re.search(r"_d(\d+)_w(\d+)(?=_|$)", text)
    if match is None:
        return None
    depth, width = (float(f"{digits[0]}.{digits[1:]}0") for digits in match.groups())
    return depth, width


def network(weights: Path, recordings: list[Path]) -> Iterator[Check]:
    """The network of one checkpoint against everything recorded from it."""
    import torch

    from cstrack_bench.checkpoints.reading import read_state_dict
    from cstrack_bench.models.official_names import infer_config
    from cstrack_bench.models.official_weights import load_official

    name = weights.stem
    scales = numbers(name)
    if scales is None:
        yield failure(name, "its name says no depth and width such as _d033_w025.")
        return
    config = replace(
        infer_config(read_state_dict(weights)), depth=scales[0], width=scales[1]
    )
    # One thread adds in one order: more move large boxes by up to 3e-4 px.
    torch.set_num_threads(1)
    # Denormals of an untrained network are many times slower than other numbers.
    torch.set_flush_denormal(True)
    model, report = load_official(weights, config)
    wrong = [*report.missing, *report.unexpected, *report.reshaped]
    if wrong:
        yield failure(f"{name} tensors", f"{len(wrong)} do not fit, first {wrong[0]}.")
    else:
        yield Check(f"{name} tensors ({len(report.matched)} matched)", 0.0, EXACT)
    if not recordings:
        yield failure(name, f"its partner {name}_io.npz is missing.")
    for path in recordings:
        with np.load(path) as recorded, torch.inference_mode():
            yield from forward(path.stem, model, recorded)


def forward(name: str, model: "object", recorded: Arrays) -> Iterator[Check]:
    """Every intermediate result of one forward pass, from the recorded image."""
    import torch

    from cstrack_bench.models.cstrack_network import CSTrack

    assert isinstance(model, CSTrack)
    image = torch.from_numpy(recorded["image"]).float()
    necks = model.neck(image)
    for level, neck, ren in zip(LEVELS, necks, model.ren, strict=True):
        detection, reid = ren(neck)
        for what, ours in (("neck", neck), ("ren_det", detection), ("ren_reid", reid)):
            key = f"{what}_{level}"
            yield compare(f"{name} {key}", ours, recorded[key], VALUE_LIMIT)
    output = model(image)
    for level, raw in zip(LEVELS, output.raw, strict=True):
        yield compare(f"{name} raw_{level}", raw, recorded[f"raw_{level}"], VALUE_LIMIT)
    yield compare(
        f"{name} embedding_map",
        output.embeddings[0],
        recorded["embedding_map"],
        VALUE_LIMIT,
    )
    ours, theirs = model.decode(output.raw).numpy(), recorded["decoded"]
    yield compare(
        f"{name} decoded cx cy w h", ours[..., :4], theirs[..., :4], PIXEL_LIMIT
    )
    yield compare(
        f"{name} decoded obj cls", ours[..., 4:], theirs[..., 4:], VALUE_LIMIT
    )
    weights = np.array(model.relation_weights())
    yield compare(f"{name} lambda", weights, recorded["lambda"], VALUE_LIMIT)


def letterbox(path: Path) -> Iterator[Check]:
    """Resizing and padding of every recorded picture."""
    from cstrack_bench.detection.letterbox import letterbox as fit

    with np.load(path) as recorded:
        for case in cases(recorded, "image_", ""):
            wanted = recorded[f"tensor_{case}"]
            ours = fit(recorded[f"image_{case}"], wanted.shape[-2:])
            name = f"{path.stem} {case}"
            yield compare(
                f"{name} pixels", ours.tensor / 255, wanted / 255, VALUE_LIMIT
            )
            yield compare(
                f"{name} ratio pad",
                np.array([ours.ratio, ours.pad_x, ours.pad_y]),
                recorded[f"ratio_pad_{case}"],
                VALUE_LIMIT,
            )


def nms(path: Path) -> Iterator[Check]:
    """The boxes kept, in their order, and the cells their embeddings come from."""
    import torch

    from cstrack_bench.detection.embeddings import cells
    from cstrack_bench.detection.nms import NmsConfig, suppress

    with np.load(path) as recorded:
        for case in cases(recorded, "pred_", ""):
            prediction = torch.from_numpy(recorded[f"pred_{case}"])
            wanted = recorded[f"kept_{case}"]
            kept, _ = suppress(prediction, NmsConfig(confidence=0.5, iou=0.6))
            name = f"{path.stem} {case}"
            yield compare(f"{name} boxes", kept[:, :4], wanted[:, :4], PIXEL_LIMIT)
            yield compare(
                f"{name} score class", kept[:, 4:], wanted[:, 4:], VALUE_LIMIT
            )
            ours = np.stack(cells(wanted[:, :4], 8, NMS_GRID))
            theirs = np.stack([recorded[f"cell_{axis}_{case}"] for axis in "xy"])
            # Ours are clamped where the official ones wrap to the far side.
            yield compare(f"{name} cells", ours, np.maximum(theirs, 0), EXACT)


def tracker(path: Path) -> Iterator[Check]:
    """Every reported track of every recorded stream."""
    from cstrack_bench.structures import Detections, TrackTable
    from cstrack_bench.tracking.cascade import CSTRACK, CascadeTracker

    with np.load(path) as recorded:
        for case in cases(recorded, "", "_counts"):
            counts = recorded[f"{case}_counts"]
            values = [
                recorded[f"{case}_{k}"] for k in ("boxes", "scores", "embeddings")
            ]
            follow = CascadeTracker(CSTRACK, float(recorded[f"{case}_frame_rate"]))
            frames = zip(
                *(np.split(value, np.cumsum(counts)[:-1]) for value in values),
                strict=True,
            )
            table = TrackTable.from_frames(
                (i, follow.update(Detections(*frame))) for i, frame in enumerate(frames)
            )
            yield from tracks(f"{path.stem} {case}", table, recorded[f"{case}_tracks"])


def tracks(name: str, table: "object", wanted: NDArray) -> Iterator[Check]:
    """A table of tracks against rows frame (from 1), id, x, y, w, h, score."""
    from cstrack_bench.boxes import xyxy_to_xywh
    from cstrack_bench.structures import TrackTable

    assert isinstance(table, TrackTable)
    wanted = wanted[np.lexsort((wanted[:, 1], wanted[:, 0]))]
    keys = np.stack((table.frames + 1, table.ids), axis=1)
    same = compare(f"{name} frames and ids", keys, wanted[:, :2], EXACT)
    yield same
    if same.passed:
        boxes = xyxy_to_xywh(table.boxes)
        yield compare(f"{name} boxes", boxes, wanted[:, 2:6], PIXEL_LIMIT)
        yield compare(f"{name} scores", table.scores, wanted[:, 6], VALUE_LIMIT)


def loss(path: Path) -> Iterator[Check]:
    """Every part of the training loss."""
    import torch

    from cstrack_bench.models.anchors import STRIDES
    from cstrack_bench.models.network_base import Output
    from cstrack_bench.training.losses import CSTrackLoss
    from cstrack_bench.training.train_config import LossConfig

    with np.load(path) as recorded:
        weight = torch.from_numpy(recorded["classifier_weight"])
        strides = torch.tensor(STRIDES, dtype=torch.float32)
        anchors = torch.from_numpy(recorded["anchors_grid"]) * strides[:, None, None]
        identities = int(recorded["n_id"])
        criterion = CSTrackLoss(
            anchors, STRIDES, weight.shape[1], identities, LossConfig()
        )
        with torch.no_grad():
            criterion.classifier.weight.copy_(weight)
        for case in cases(recorded, "", "_targets"):
            raw = [
                torch.from_numpy(recorded[f"{case}_raw_{level}"]) for level in LEVELS
            ]
            embeddings = torch.from_numpy(recorded[f"{case}_embedding_map"])
            targets = torch.from_numpy(recorded[f"{case}_targets"])
            with torch.no_grad():
                items = criterion(Output(tuple(raw), (embeddings,)), targets)
            total, box, identity, objectness = map(float, items)
            ours = np.array([box, identity, objectness])
            ours = np.append(ours, box + objectness + ETA * identity)
            name, theirs = f"{path.stem} {case}", recorded[f"{case}_items"]
            yield compare(f"{name} items", ours, theirs, RELATIVE_LIMIT, relative=True)
            yield compare(
                f"{name} total",
                np.array([total]),
                recorded[f"{case}_total"],
                RELATIVE_LIMIT,
                relative=True,
            )


KINDS: dict[str, Callable[[Path], Iterator[Check]]] = {
    "official_letterbox": letterbox,
    "official_nms": nms,
    "official_tracker": tracker,
    "official_loss": loss,
}


def check_folder(folder: Path) -> Iterator[Check]:
    """Every check that the folder's ``official_*`` files allow."""
    files = sorted(path for path in folder.glob("official_*") if path.is_file())
    networks = [path for path in files if path.suffix == ".pt"]
    recordings: dict[Path, list[Path]] = {path: [] for path in networks}
    for path in files:
        kind = next((kind for kind in KINDS if path.stem.startswith(kind)), None)
        if path in recordings:
            continue
        if path.suffix == ".npz" and path.stem.endswith("_io"):
            owner = max(
                (p for p in networks if path.stem.startswith(f"{p.stem}_")),
                key=lambda p: len(p.stem),
                default=None,
            )
            if owner is None:
                name = path.stem.removesuffix("_io")
                yield failure(path.stem, f"its partner {name}.pt is missing.")
            else:
                recordings[owner].append(path)
        elif path.suffix == ".npz" and kind is not None:
            yield from guarded(path.stem, KINDS[kind](path))
        else:
            yield failure(path.name, "no check is known for a file of this name.")
    for path, recorded in recordings.items():
        yield from guarded(path.stem, network(path, recorded))


def main() -> int:
    """Print one line a check; 0, 1 or 2 as the module's first lines say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with recorded outputs")
    folder = parser.parse_args().folder
    prefixes = ("official_", *PREFIXES)
    if not any(path.name.startswith(prefixes) for path in folder.glob("*")):
        print(
            f"error: {folder} holds no official_* file to check, nor one of "
            f"{', '.join(f'{prefix}*' for prefix in PREFIXES)}.",
            file=sys.stderr,
        )
        return 2
    total = failed = 0
    for check in chain(check_folder(folder), check_rivals(folder)):
        print(check.line(), flush=True)
        total += 1
        failed += not check.passed
    print(f"{total} checks, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
