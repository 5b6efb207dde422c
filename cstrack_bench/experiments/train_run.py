"""One training: what it starts from, the loop, the weights it leaves."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.ledger import Record, provenance
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.files import write_text
from cstrack_bench.systems.registry import find_system
from cstrack_bench.systems.starts import start_from_file, transfer
from cstrack_bench.systems.system import SystemNetwork
from cstrack_bench.systems.weights import load_weights, read_metadata, save_weights
from cstrack_bench.training.checkpoint import Position
from cstrack_bench.training.distributed import World, join_world
from cstrack_bench.training.loop import seed_everything, train


@dataclass(frozen=True)
class Trained:
    """A network and how it came about.

    Attributes:
        model: the network with its weights, in evaluation mode, and its system.
        summary: cost, losses, hash and provenance of the training.
    """

    model: SystemNetwork
    summary: Record


def find_training(run: Run, workspace: Workspace) -> Trained | None:
    """A run's network where its training is finished, else None."""
    identity = workspace.training_identity(run)
    weights = workspace.ledger.training(identity, ".safetensors")
    about = workspace.ledger.training(identity, ".json")
    if not weights.is_file() or not about.is_file():
        return None
    if read_metadata(weights).get("training") != identity:
        raise InputError(f"{weights} holds another training; delete it.")
    return Trained(load_weights(weights), json.loads(about.read_text(encoding="utf-8")))


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
    weights, about, checkpoint = (
        workspace.ledger.training(identity, suffix)
        for suffix in (".safetensors", ".json", ".ckpt")
    )
    if fresh and world.main:
        for path in (weights, about, checkpoint):
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
    network = system.build(settings.model)
    copied = None
    if start is not None:
        # Another row hands on its re-id head too; a detector has none.
        whole = settings.init.row is not None
        copied = len(transfer(start.model.network, network, reid=whole))
    elif settings.init.weights is not None:
        model = SystemNetwork(system, network)
        copied = start_from_file(model, workspace.weights_file(run))
    dataset = system.training_images(
        workspace.open(settings.data).train,
        settings.model,
        settings.data.size,
        settings.augment,
        run.seed,
    )
    network, summary = train(
        network,
        system.make_loss(network, dataset.identities, settings.loss),
        dataset,
        settings.train,
        checkpoint,
        identity,
        run.seed,
        workspace.device,
        world,
        label=run.title,
        on_epoch=on_epoch,
    )
    if world.main:
        start_of = run.start and workspace.training_identity(run.start)
        document = {
            **dataclasses.asdict(summary),
            "hash": identity,
            "start": start_of or settings.as_dict()["init"]["weights"],
            "tensors_from_start": copied,
            "provenance": provenance(str(workspace.device)),
        }
        words = {"training": identity, "input_size": settings.data.input_size}
        save_weights(weights, settings.system, network, words)
        write_text(about, json.dumps(document, indent=1) + "\n")
        checkpoint.unlink(missing_ok=True)
    world.wait()
    # What is measured is what was written, so that the file gives the numbers again.
    trained = find_training(run, workspace)
    assert trained is not None, "just written"
    return trained
