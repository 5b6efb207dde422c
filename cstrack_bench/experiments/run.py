"""One run: its training, its measurement, its record."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.datasets.experiment_data import DataConfig
from cstrack_bench.experiments.evaluate_run import BoxNetwork, measure
from cstrack_bench.experiments.identity import run_components
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.records import (
    DataFacts,
    ModelFacts,
    RenewedClassifier,
    RunName,
    RunRecord,
    TrainingRecord,
)
from cstrack_bench.experiments.train_run import find_training, train_run
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.files import replacing, sha256
from cstrack_bench.models.counting import gflops, parameters
from cstrack_bench.models.network_base import Network


@dataclass(frozen=True)
class RunResult:
    """A run and its record.

    Attributes:
        run: what was asked for.
        record: what was found or measured.
        reused: whether it had been measured before.
    """

    run: Run
    record: RunRecord
    reused: bool


def renewed_classifier(
    run: Run, workspace: Workspace, summary: TrainingRecord
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
    return RenewedClassifier(
        identities=summary.identities,
        start=start.summary.identities,
        of=f"{run.start.table} row {run.start.row}",
    )


def measure_run(run: Run, workspace: Workspace) -> RunResult:
    """Measure a run and write its record; trains first what is not trained yet."""
    trained = find_training(run, workspace) or train_run(run, workspace)
    finder = None
    if run.detector is not None:
        found = find_training(run.detector, workspace)
        found = found or train_run(run.detector, workspace)
        finder = BoxNetwork(run.detector.settings.system, found.network)
    settings = run.settings
    test = workspace.open(settings.test_data)
    measured = measure(
        settings, trained.network, finder, test, workspace.device, run.title
    )
    weights = link_weights(run, workspace)
    record = RunRecord(
        **dict(measured),
        run=_name(run, workspace),
        recipe=settings.as_dict(),
        model=_model(trained.network, settings.data.size, weights),
        training=trained.summary,
        data=_data(run, workspace),
        provenance=provenance(str(workspace.device)),
        classifier=renewed_classifier(run, workspace, trained.summary),
    )
    workspace.ledger.write(run, record)
    return RunResult(run, record, reused=False)


def _data(run: Run, workspace: Workspace) -> DataFacts:
    """What was trained on, and what was measured."""
    settings = run.settings
    facts = _described(settings.data, workspace)
    measured = facts.val
    if settings.measure.part == "train":
        measured = facts.train
    changes: dict[str, object] = {
        "val": measured,
        "input_size": settings.data.input_size,
    }
    if settings.measure.data is not None:
        tested = _described(settings.test_data, workspace)
        changes |= {
            "dataset": tested.dataset,
            "benchmark": tested.benchmark,
            "split": tested.split,
            "val": tested.val,
        }
    return facts.model_copy(update=changes)


def _described(config: DataConfig, workspace: Workspace) -> DataFacts:
    return DataFacts.model_validate(workspace.open(config).describe())


def find_result(run: Run, workspace: Workspace) -> RunResult | None:
    """The outcome of a run that was measured before, under any row; else None."""
    found = workspace.ledger.find(run, workspace.identity(run))
    if found is None:
        return None
    named = found.model_copy(update={"run": _name(run, workspace)})
    if named != found:  # an equal run of another row: this row's record too
        workspace.ledger.write(run, named)
    return RunResult(run, named, reused=True)


def _name(run: Run, workspace: Workspace) -> RunName:
    return RunName(
        table=run.table,
        row=run.row,
        name=run.name,
        seed=run.seed,
        profile=run.profile,
        label=run.label,
        hash=workspace.identity(run),
        components=run_components(run),
        paper_table=run.paper_table,
    )


def _model(network: Network, size: tuple[int, int], weights: Path) -> ModelFacts:
    learned = network.relation_weights()
    return ModelFacts(
        parameters=parameters(network)["total"],
        gflops=round(gflops(network, size), 3),
        relation_weights=learned
        and [(round(detection, 5), round(reid, 5)) for detection, reid in learned],
        checkpoint="last",
        weights_sha256=sha256(weights),
    )


def link_weights(run: Run, workspace: Workspace) -> Path:
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
