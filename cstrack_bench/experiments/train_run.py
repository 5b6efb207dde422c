"""One training: what it starts from, the loop, the weights it leaves."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.documents import read_document, write_document
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.identity import training_components
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.records import TrainingRecord
from cstrack_bench.experiments.shipped_trainings import find_shipped
from cstrack_bench.experiments.training_curve import TrainingCurve
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.models.network_base import Network
from cstrack_bench.systems.starts import transfer
from cstrack_bench.systems.system import TrainingOptions
from cstrack_bench.systems.system_registry import build_network, find_system
from cstrack_bench.systems.weights import load_weights, read_metadata, save_weights
from cstrack_bench.training.checkpoint import Position
from cstrack_bench.training.distributed import (
    World,
    join_world,
    lost_processes_named,
)
from cstrack_bench.training.loop import seed_everything, train
from cstrack_bench.training_data.loading import LabelledImages


@dataclass(frozen=True)
class Trained:
    """A network and how it came about.

    Attributes:
        network: with its weights, in evaluation mode.
        summary: cost, losses, hash and provenance of the training.
    """

    network: Network
    summary: TrainingRecord


def find_training(run: Run, workspace: Workspace) -> Trained | None:
    """A run's network where its training is finished, or shipped, else None."""
    identity = workspace.training_identity(run)
    weights = workspace.ledger.training(identity, ".safetensors")
    about = workspace.ledger.training(identity, ".json")
    if not weights.is_file() or not about.is_file():
        shipped = find_shipped(identity) if run.settings.init.shipped else None
        return None if shipped is None else Trained(*shipped)
    if read_metadata(weights).get("training") != identity:
        raise InputError(f"{weights} holds another training; delete it.")
    return Trained(load_weights(weights).network, _read_summary(about))


def _read_summary(file: Path) -> TrainingRecord:
    return read_document(file, TrainingRecord, "a training's record", "delete it")


def train_run(
    run: Run,
    workspace: Workspace,
    fresh: bool = False,
    on_epoch: Callable[[Position], None] | None = None,
) -> Trained:
    """Train one run's network, and what it starts from, unless that was done.

    A training that was interrupted goes on where it stopped.

    Args:
        run: whose network.
        workspace: its data, the ledger, the device.
        fresh: train it again; what it starts from is kept.
        on_epoch: called after each epoch of this training, not of what it starts from.
    """
    world = join_world(workspace.device, run.settings.train.batch)
    if world.size == 1:
        return _train(run, workspace, world, fresh, on_epoch)
    with lost_processes_named():
        trained = _train(run, workspace, world, fresh, on_epoch)
        world.leave()
    return trained


def _train(
    run: Run,
    workspace: Workspace,
    world: World,
    fresh: bool,
    on_epoch: Callable[[Position], None] | None = None,
) -> Trained:
    identity = workspace.training_identity(run)
    weights, about, checkpoint, epochs = (
        workspace.ledger.training(identity, suffix)
        for suffix in (".safetensors", ".json", ".ckpt", ".curve.json")
    )
    if fresh and world.main:
        for path in (weights, about, checkpoint, epochs):
            path.unlink(missing_ok=True)
    world.wait()
    found = find_training(run, workspace)
    if found is not None:
        return found
    settings = run.settings
    start = None
    if run.start is not None:
        start = _train(run.start, workspace, world, fresh=False)
    seed_everything(run.seed)
    system = find_system(settings.system)
    network = build_network(system, settings.model)
    copied = None
    if start is not None:
        # Another row hands on its re-id head too; a detector has none.
        whole = settings.init.row is not None
        copied = len(transfer(start.network, network, reid=whole))
    elif settings.init.weights is not None:
        copied = system.start(network, workspace.weights_file(run))
    dataset = _dataset(run, workspace)
    curve = TrainingCurve(
        epochs if world.main else None, identity, network, checkpoint.exists()
    )

    def after_epoch(position: Position) -> None:
        curve.add(position)
        if on_epoch is not None:
            on_epoch(position)

    network, summary = train(
        network,
        system.loss(network, dataset.identities, settings.loss),
        dataset,
        settings.train,
        checkpoint,
        identity,
        run.seed,
        workspace.device,
        world,
        label=run.title,
        on_epoch=after_epoch,
    )
    # Another process may have finished the same training meanwhile: its record stands,
    # for the curve of this one may lack what that one has tidied away.
    if world.main and find_training(run, workspace) is None:
        start_of = run.start and workspace.training_identity(run.start)
        record = TrainingRecord(
            **dataclasses.asdict(summary),
            hash=identity,
            start=start_of or settings.as_dict()["init"]["weights"],
            tensors_from_start=copied,
            components=training_components(run),
            curve=curve.epochs,
            provenance=provenance(str(workspace.device)),
        )
        header = {"training": identity, "input_size": settings.data.input_size}
        save_weights(weights, settings.system, network, header)
        write_document(about, record)
    if world.main:
        checkpoint.unlink(missing_ok=True)
        epochs.unlink(missing_ok=True)
    world.wait()
    # What is measured is what was written, so that the file gives the numbers again.
    trained = find_training(run, workspace)
    assert trained is not None, "just written"
    return trained


def _dataset(run: Run, workspace: Workspace) -> LabelledImages:
    settings = run.settings
    options = TrainingOptions(settings.data.size, settings.augment, run.seed)
    sources = workspace.open(settings.data).train
    system = find_system(settings.system)
    return system.training_images(sources, settings.model, options)
