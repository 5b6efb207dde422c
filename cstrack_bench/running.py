"""One run: initial weights, training, tracking, scores, record."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from cstrack_bench.console import progress
from cstrack_bench.data.experiment import ExperimentData
from cstrack_bench.data.loading import TrainingSet
from cstrack_bench.data.sequences import Sequence
from cstrack_bench.detection.files import FileDetector
from cstrack_bench.detection.network import NetworkDetector
from cstrack_bench.evaluation.blocks import blocks
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.evaluation.trackeval import evaluate
from cstrack_bench.files import sha256
from cstrack_bench.ledger import SCHEMA, Ledger, Record, code_version, provenance
from cstrack_bench.models.checkpoints import load_weights, read_metadata, save_weights
from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.summary import gflops, parameters
from cstrack_bench.pipeline import Recorder, track_sequence
from cstrack_bench.recipes import Run
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detector, TrackTable
from cstrack_bench.tracking.build import make_filter, make_tracker
from cstrack_bench.training.config import InitConfig
from cstrack_bench.training.distributed import World, join_world
from cstrack_bench.training.loop import seed_everything, train

WARM_UP_FRAMES = 5


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


def one_run(
    run: Run,
    data: ExperimentData,
    ledger: Ledger,
    device: torch.device,
    fresh: bool = False,
) -> Outcome:
    """Train and measure one run, unless that was done; go on where it stopped."""
    found = None if fresh else find_outcome(run, data, ledger)
    if found is not None:
        return found
    identity = run.identity(data.manifest_hash(), code_version())
    label = f"{run.table} row {run.row} ({run.name}) seed {run.seed}"
    model, training = train_run(run, data, ledger, device, identity, fresh)
    measured = measure(run, model, data, device, label)
    weights = ledger.path(run, ".safetensors")
    settings = run.settings
    described = data.describe()
    described["input_size"] = settings.data.input_size
    relation = model.relation_weights()
    record: Record = {
        "schema": SCHEMA,
        "run": {
            "table": run.table,
            "row": run.row,
            "name": run.name,
            "seed": run.seed,
            "profile": run.profile,
            "label": run.label,
            "hash": identity,
        },
        "recipe": settings.as_dict(),
        **measured,
        "model": {
            "parameters": parameters(model)["total"],
            "gflops": round(gflops(model, settings.data.size), 3),
            "relation_weights": relation
            and [[round(x, 5) for x in pair] for pair in relation],
            "checkpoint": "last",
            "weights_sha256": sha256(weights),
        },
        "training": training,
        "data": described,
        "provenance": provenance(str(device)),
    }
    ledger.write(run, record)
    ledger.path(run, ".ckpt").unlink(missing_ok=True)
    return Outcome(run, record, reused=False)


def find_outcome(run: Run, data: ExperimentData, ledger: Ledger) -> Outcome | None:
    """The outcome of a run that was measured before, under any row; else None."""
    identity = run.identity(data.manifest_hash(), code_version())
    found = ledger.find(run, identity)
    if found is None:
        return None
    named = _as_row(found, run)
    if named != found:  # an equal run of another row: this row's record too
        ledger.write(run, named)
    return Outcome(run, named, reused=True)


def _as_row(record: Record, run: Run) -> Record:
    """A record of an equal run, under the name of the row that asked for it."""
    named = {
        "table": run.table,
        "row": run.row,
        "name": run.name,
        "seed": run.seed,
        "profile": run.profile,
        "label": run.label,
    }
    return {**record, "run": {**record["run"], **named}}


def train_run(
    run: Run,
    data: ExperimentData,
    ledger: Ledger,
    device: torch.device,
    identity: str,
    fresh: bool = False,
) -> tuple[CSTrack, Record]:
    """Train one run's network; go on where its training was interrupted.

    Returns:
        The network and the training summary.
    """
    settings = run.settings
    weights = ledger.path(run, ".safetensors")
    checkpoint = ledger.path(run, ".ckpt")
    if fresh:
        for path in (weights, checkpoint):
            path.unlink(missing_ok=True)
    world = join_world(device, settings.train.batch)
    start = detector_weights(run, data, ledger, device, world)
    seed_everything(run.seed)
    network = CSTrack(settings.model)
    if start is not None:
        transfer(start, network)
    dataset = TrainingSet(data.train, settings.data.size, settings.augment, run.seed)
    model, summary = train(
        network,
        dataset,
        settings.train,
        settings.loss,
        checkpoint,
        identity,
        run.seed,
        device,
        world,
        label=f"{run.table} row {run.row} ({run.name}) seed {run.seed}",
    )
    if world.main:
        metadata = {
            "run": identity,
            "table": run.table,
            "row": str(run.row),
            "input_size": settings.data.input_size,
        }
        save_weights(weights, model, metadata)
    world.wait()
    world.leave()
    # What is measured is what was written, so that the file gives the numbers again.
    return load_weights(weights), dataclasses.asdict(summary)


def detector_run(run: Run) -> Run | None:
    """The training of the detector that a row starts from; None without one."""
    settings = run.settings
    if settings.init.detector_epochs == 0:
        return None
    return dataclasses.replace(
        run,
        table="detector",
        row=0,
        name="detector that the rows start from",
        settings=dataclasses.replace(
            settings,
            model=dataclasses.replace(settings.model, ren="none", reid_head="basic"),
            train=dataclasses.replace(
                settings.train, epochs=settings.init.detector_epochs
            ),
            loss=dataclasses.replace(settings.loss, identity=0.0),
            init=InitConfig(),
        ),
    )


def detector_weights(
    run: Run,
    data: ExperimentData,
    ledger: Ledger,
    device: torch.device,
    world: World,
    fresh: bool = False,
) -> CSTrack | None:
    """The detector that every row of a seed starts from; trained once (InitConfig).

    Args:
        run: one of the rows.
        data: its data.
        ledger: the detector's weights lie in it.
        device: where to compute.
        world: the processes of a distributed training.
        fresh: train it again.

    Returns:
        The detector, or None where rows start from random weights.
    """
    detector = detector_run(run)
    if detector is None:
        return None
    settings = detector.settings
    identity = detector.identity(data.manifest_hash(), code_version())
    weights = ledger.path(detector, ".safetensors")
    checkpoint = ledger.path(detector, ".ckpt")
    if fresh:
        weights.unlink(missing_ok=True)
        checkpoint.unlink(missing_ok=True)
    if weights.is_file() and read_metadata(weights).get("run") == identity:
        return load_weights(weights)
    seed_everything(run.seed)
    trained, _ = train(
        CSTrack(settings.model),
        TrainingSet(data.train, settings.data.size, settings.augment, run.seed),
        settings.train,
        settings.loss,
        checkpoint,
        identity,
        run.seed,
        device,
        world,
        label=f"{detector.name}, seed {run.seed}",
    )
    if world.main:
        save_weights(weights, trained, {"run": identity})
        checkpoint.unlink(missing_ok=True)
    world.wait()
    return load_weights(weights)


def transfer(source: CSTrack, target: CSTrack) -> list[str]:
    """Copy the tensors whose names and shapes are equal (REFERENCE 4.5).

    The re-identification head stays as it was initialised.

    Returns:
        Names of what was copied.
    """
    own = target.state_dict()
    equal = {
        name: value
        for name, value in source.state_dict().items()
        if name in own
        and own[name].shape == value.shape
        and not name.startswith("reid.")
    }
    target.load_state_dict({**own, **equal})
    return list(equal)


def measure(
    run: Run, model: CSTrack, data: ExperimentData, device: torch.device, label: str
) -> Record:
    """Track the test part and score it; an IoU-only tracker gets the same boxes."""
    settings = run.settings
    watch = Stopwatch()
    detector = NetworkDetector(
        model, settings.data.size, settings.nms, str(device), stopwatch=watch
    )
    own: list[tuple[Sequence, TrackTable]] = []
    plain: list[tuple[Sequence, TrackTable]] = []
    filtered: dict[str, int] = {}
    track = settings.track
    with progress() as display:
        task = display.add_task(f"{label}: tracking", total=len(data.val))
        for sequence in data.val:
            recorder = Recorder(detector)

            def walk(
                name: str,
                source: Detector,
                options: dict[str, Any],
                watch: Stopwatch,
                sequence: Sequence = sequence,
            ) -> tuple[TrackTable, dict[str, int]]:
                tracker = make_tracker(name, sequence.frame_rate, **options)
                keep = make_filter(track.name, **track.filter)
                table = track_sequence(sequence, source, tracker, keep, watch)
                return table, keep.dropped

            table, dropped = walk(track.name, recorder, track.options, watch)
            own.append((sequence, table))
            for reason, count in dropped.items():
                filtered[reason] = filtered.get(reason, 0) + count
            replay = FileDetector(recorder.seen)
            plain.append((sequence, walk("iou", replay, {}, Stopwatch())[0]))
            display.advance(task)
    results = to_results(own)
    scores = evaluate(results, data.benchmark)
    return {
        "scores": scores.as_dict(),
        "blocks": blocks(results, data.benchmark),
        "baselines": {"iou": evaluate(to_results(plain), data.benchmark).as_dict()},
        "tracking": {
            "frames": sum(len(s) for s, _ in own),
            "filtered": filtered,
            "dropped_first_frames": WARM_UP_FRAMES,
            "stages": {
                stage: {key: round(value, 3) for key, value in times.items()}
                for stage, times in watch.summary(drop=WARM_UP_FRAMES).items()
            },
        },
    }


def to_results(tables: Iterable[tuple[Sequence, TrackTable]]) -> list[SequenceResult]:
    """Pair what was tracked with the ground truth of the same frames."""
    results = []
    for sequence, table in tables:
        annotations = sequence.annotations()
        assert annotations is not None, f"{sequence.name} was opened with ground truth"
        results.append(
            SequenceResult(
                sequence.name, annotations, table, sequence.start, sequence.stop
            )
        )
    return results
