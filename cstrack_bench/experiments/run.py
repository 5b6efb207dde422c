"""One run: its training, its measurement, its record."""

import dataclasses
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.experiments.evaluate_run import measure
from cstrack_bench.experiments.ledger import SCHEMA, Record, provenance
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.train_run import find_training, train_run
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.files import replacing, sha256
from cstrack_bench.systems.summary import gflops, parameters
from cstrack_bench.systems.system import SystemNetwork


@dataclass(frozen=True)
class Outcome:
    """A run and its record.

    Attributes:
        run: what was asked for.
        record: what was found or measured.
        reused: whether it had been measured before.
    """

    run: Run
    record: Record
    reused: bool


@dataclass(frozen=True)
class RenewedClassifier:
    """The identity classifier of a fine-tuning, which takes none from its start.

    Attributes:
        identities: that it tells apart, "no identity" not counted.
        start: that the classifier of the network before told apart.
        of: whose network that was.
    """

    identities: int
    start: int
    of: str

    def __str__(self) -> str:
        if self.identities == self.start:
            size = f"for {self.identities} identities, as many as {self.of} had"
        else:
            size = f"for {self.identities} identities; {self.of} had {self.start}"
        return f"the identity classifier is made anew {size}"


def renewed_classifier(
    run: Run, workspace: Workspace, summary: Record
) -> RenewedClassifier | None:
    """How a fine-tuned run's classifier differs from that of the row it starts from.

    Args:
        run: that is trained.
        workspace: where its start's training lies.
        summary: of its own training.

    Returns:
        None where it starts from no other row.
    """
    if run.start is None or run.settings.init.row is None:
        return None
    start = find_training(run.start, workspace)
    if start is None:
        return None
    before = int(start.summary["identities"])
    of = f"{run.start.table} row {run.start.row}"
    return RenewedClassifier(int(summary["identities"]), before, of)


def measure_run(run: Run, workspace: Workspace) -> Outcome:
    """Measure a run and write its record; trains first what is not trained yet."""
    trained = find_training(run, workspace) or train_run(run, workspace)
    finder = None
    if run.detector is not None:
        finder = (
            find_training(run.detector, workspace) or train_run(run.detector, workspace)
        ).model
    settings = run.settings
    test = workspace.open(settings.test_data)
    measured = measure(
        settings, trained.model, finder, test, workspace.device, run.title
    )
    weights = place_weights(run, workspace)
    data = workspace.open(settings.data).describe()
    data["input_size"] = settings.data.input_size
    if settings.measure.data is not None:
        tested = test.describe()
        data |= {key: tested[key] for key in ("dataset", "benchmark", "split", "val")}
    if settings.measure.part == "train":
        data["val"] = data["train"]
    record: Record = {
        "schema": SCHEMA,
        "run": {**_names(run), "hash": workspace.identity(run)},
        "recipe": settings.as_dict(),
        **measured,
        "model": _model(trained.model, settings.data.size, weights),
        "training": trained.summary,
        "data": data,
        "provenance": provenance(str(workspace.device)),
    }
    renewed = renewed_classifier(run, workspace, trained.summary)
    if renewed is not None:
        record["classifier"] = dataclasses.asdict(renewed)
    workspace.ledger.write(run, record)
    return Outcome(run, record, reused=False)


def find_outcome(run: Run, workspace: Workspace) -> Outcome | None:
    """The outcome of a run that was measured before, under any row; else None."""
    found = workspace.ledger.find(run, workspace.identity(run))
    if found is None:
        return None
    named = {**found, "run": {**found["run"], **_names(run)}}
    if named != found:  # an equal run of another row: this row's record too
        workspace.ledger.write(run, named)
    return Outcome(run, named, reused=True)


def _names(run: Run) -> Record:
    return {
        "table": run.table,
        "row": run.row,
        "name": run.name,
        "seed": run.seed,
        "profile": run.profile,
        "label": run.label,
    }


def _model(model: SystemNetwork, size: tuple[int, int], weights: Path) -> Record:
    relation = model.system.relation_weights(model.network)
    return {
        "parameters": parameters(model)["total"],
        "gflops": round(gflops(model, size), 3),
        "relation_weights": relation
        and [[round(x, 5) for x in pair] for pair in relation],
        "checkpoint": "last",
        "weights_sha256": sha256(weights),
    }


def place_weights(run: Run, workspace: Workspace) -> Path:
    """Have a trained run's weights beside its record too; returns that path."""
    identity = workspace.training_identity(run)
    source = workspace.ledger.training(identity, ".safetensors")
    target = workspace.ledger.path(run, ".safetensors")
    with replacing(target) as temporary:
        temporary.unlink(missing_ok=True)
        try:
            os.link(source, temporary)
        except OSError:  # a file system without links
            shutil.copyfile(source, temporary)
    return target
