"""Rows of Table II at full size, through the package's own training and measuring."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.recipes import Run, load_recipe
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.experiments.run import find_result, measure_run
from cstrack_bench.experiments.train_run import find_training, train_run
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.files import replacing
from cstrack_bench.training.checkpoint import Position
from gpu_campaign.scale import Scale

TABLE = "table2"
PROFILE = "twin"
SCORES = ("MOTA", "IDF1", "HOTA", "IDSW", "FP", "FN")


def runs(scale: Scale, size: str, device: torch.device) -> list[Run]:
    """The rows of Table II at a model's size, in the campaign's order.

    Raises:
        InputError: no such size.
    """
    # bfloat16 has float32's range: no scaler, and no gradient of an untrained network
    # that overflows. What has none trains in what the loop picks.
    bf16 = device.type == "cuda" and torch.cuda.is_bf16_supported()
    overrides = scale.overrides(size, "bfloat16" if bf16 else "auto")
    return load_recipe(TABLE).runs(PROFILE, scale.rows, 1, overrides)


def finish(
    run: Run,
    workspace: Workspace,
    note: Callable[[str, dict[str, Any]], None],
) -> RunRecord:
    """A row's record: found, or trained (from its checkpoint, if any) and measured.

    Args:
        run: the row.
        workspace: data, ledger, device.
        note: called with a training's title and a point of its curve.
    """
    found = find_result(run, workspace)
    if found is not None:
        return found.record
    if run.start is not None:
        _train(run.start, workspace, note)
    _train(run, workspace, note)
    return measure_run(run, workspace).record


def _train(
    run: Run, workspace: Workspace, note: Callable[[str, dict[str, Any]], None]
) -> None:
    if find_training(run, workspace) is not None:
        return
    identity = workspace.training_identity(run)
    fresh = not workspace.ledger.training(identity, ".ckpt").exists()
    curve = Curve(run, fresh, note)
    train_run(run, workspace, on_epoch=curve)


def title(run: Run) -> str:
    """``s row 4 (SR + CR, λ learned)``; the detector: ``s detector``."""
    size = run.settings.size
    if run.table != TABLE:
        return f"{size} {run.name}"
    return f"{size} row {run.row} ({run.name})"


class Curve:
    """Turns a training's epochs into points of a curve.

    Args:
        run: whose training.
        fresh: whether it starts here; the first epoch of one that goes on is cut, so
            nobody can tell its throughput.
        note: gets the title and each point.
        clock: tells seconds.
    """

    def __init__(
        self,
        run: Run,
        fresh: bool,
        note: Callable[[str, dict[str, Any]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._title = title(run)
        self._batch = run.settings.train.batch
        self._note = note
        self._clock = clock
        self._last: tuple[int, float] | None = (0, clock()) if fresh else None

    def __call__(self, place: Position) -> None:
        """Note the epoch that just ended."""
        now = self._clock()
        rate = None
        if self._last is not None:
            images = (place.iteration - self._last[0]) * self._batch
            rate = round(images / max(now - self._last[1], 1e-9), 1)
        self._last = (place.iteration, now)
        losses = {name: round(value, 5) for name, value in place.losses.items()}
        self._note(
            self._title,
            {
                "epoch": place.epoch,
                "iteration": place.iteration,
                "images_per_s": rate,
                **losses,
            },
        )


def summary(run: Run, record: RunRecord, path: Path) -> dict[str, Any]:
    """A finished row in a few numbers.

    Args:
        run: the row.
        record: its record.
        path: of the record, relative to the campaign's folder.
    """
    overall = record.scores.overall
    return {
        "title": title(run),
        "size": run.settings.size,
        "row": run.row,
        "record": path.as_posix(),
        "scores": {name: overall[name] for name in SCORES if name in overall},
        "training_s": record.training.wall_s,
        "speed": record.speed and record.speed.model_dump(),
    }


def publish(run: Run, ledger: Ledger, results: Path) -> Path:
    """Copy a run's record beside the campaign; the path below ``results``.

    Weights stay behind: they are larger than what is to be passed on.
    """
    own = ledger.path(run)
    below = own.relative_to(ledger.root)
    with replacing(results / below) as temporary:
        shutil.copyfile(own, temporary)
    return below


def take_back(results: Path, ledger: Ledger) -> None:
    """Put records of an earlier session into a ledger that has lost them."""
    for path in sorted(results.glob("**/seed*.json")):
        target = ledger.root / path.relative_to(results)
        if not target.exists():
            with replacing(target) as temporary:
                shutil.copyfile(path, temporary)
