"""One run: its training, its measurement, its record and the tracks beside it."""

from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.datasets.experiment_data import DataConfig
from cstrack_bench.experiments.evaluate_run import BoxNetwork, MeasuredRun, measure
from cstrack_bench.experiments.identity import run_components
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.records import (
    DataFacts,
    KeptTracks,
    ModelFacts,
    RunName,
    RunRecord,
    TrainingRecord,
)
from cstrack_bench.experiments.renewed_classifier import RenewedClassifier
from cstrack_bench.experiments.train_run import find_training, train_run
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.files import link_file, sha256
from cstrack_bench.formats.track_archives import TRACKS_SUFFIX, write_track_archive
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
        boxes = find_training(run.detector, workspace)
        boxes = boxes or train_run(run.detector, workspace)
        finder = BoxNetwork(run.detector.settings.system, boxes.network)
    settings = run.settings
    test = workspace.open(settings.test_data)
    found = measure(
        settings, trained.network, finder, test, workspace.device, run.title
    )
    weights = link_weights(run, workspace)
    record = RunRecord(
        **dict(found.measured),
        run=_name(run, workspace),
        recipe=settings.as_dict(),
        model=_model(trained.network, settings.data.size, weights),
        training=trained.summary,
        data=_data(run, workspace),
        provenance=provenance(str(workspace.device)),
        classifier=renewed_classifier(run, workspace, trained.summary),
        tracks=_keep_tracks(run, workspace, found),
    )
    workspace.ledger.write(run, record)
    return RunResult(run, record, reused=False)


def _keep_tracks(run: Run, workspace: Workspace, found: MeasuredRun) -> KeptTracks:
    """Write what was scored beside the record."""
    path = workspace.ledger.path(run, TRACKS_SUFFIX)
    write_track_archive(path, found.tables)
    boxes = sum(len(found.tables[name]) for name in found.measured.scores.sequences)
    return KeptTracks(file=path.name, sha256=sha256(path), boxes=boxes)


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
    located = workspace.ledger.locate(run, workspace.identity(run))
    if located is None:
        return None
    path, found = located
    changes: dict[str, object] = {"run": _name(run, workspace)}
    if found.tracks is not None:
        kept = path.with_name(found.tracks.file)
        own = workspace.ledger.path(run, TRACKS_SUFFIX)
        changes["tracks"] = found.tracks.model_copy(update={"file": own.name})
        if kept != own and kept.is_file():
            link_file(kept, own)
    named = found.model_copy(update=changes)
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
    link_file(source, target)
    return target
