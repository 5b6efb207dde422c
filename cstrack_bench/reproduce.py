"""Recipe → runs → ledger."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cstrack_bench.console import progress
from cstrack_bench.data.experiment import (
    SYNTHMOT,
    ExperimentData,
    data_is_there,
    open_data,
)
from cstrack_bench.data.loading import TrainingSet
from cstrack_bench.data.sequences import Sequence
from cstrack_bench.detection.files import FileDetector
from cstrack_bench.detection.network import NetworkDetector
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.blocks import blocks
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.evaluation.trackeval import evaluate
from cstrack_bench.files import sha256
from cstrack_bench.ledger import SCHEMA, Ledger, Record, code_version, provenance
from cstrack_bench.models.checkpoints import load_weights, save_weights
from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.summary import gflops, parameters
from cstrack_bench.pipeline import Recorder, track_sequence
from cstrack_bench.recipes import Recipe, Run, load_recipe
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detector, TrackTable
from cstrack_bench.tracking.build import make_filter, make_tracker
from cstrack_bench.training.distributed import join_world
from cstrack_bench.training.loop import seed_everything, train

WARM_UP_FRAMES = 5


@dataclass(frozen=True)
class Plan:
    """What a call is going to do.

    Attributes:
        recipe: the table.
        profile: chosen profile.
        reason: why that one.
        runs: rows × seeds.
    """

    recipe: Recipe
    profile: str
    reason: str
    runs: list[Run]


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


def choose_profile(recipe: Recipe, data_root: Path, cuda: bool) -> tuple[str, str]:
    """``paper`` where its data and a GPU are, else ``twin``; and why, in a clause."""
    data = recipe.runs("paper")[0].settings.data
    there = data_is_there(data, data_root)
    if there and cuda:
        return "paper", f"{data.dataset} and a GPU are here"
    lacking = [] if there else [f"no {data.dataset} images under {data_root}"]
    lacking += [] if cuda else ["no GPU"]
    return "twin", " and ".join(lacking) + "; --profile paper insists"


def make_plan(
    table: str,
    data_root: Path,
    profile: str | None = None,
    rows: Iterable[int] | None = None,
    seeds: int = 1,
    overrides: Iterable[str] = (),
) -> Plan:
    """Load a recipe and expand it into runs.

    Raises:
        InputError: an unknown table, profile, row or setting.
    """
    recipe = load_recipe(table)
    if profile is None:
        profile, reason = choose_profile(recipe, data_root, torch.cuda.is_available())
    else:
        reason = "asked for"
    return Plan(
        recipe, profile, reason, recipe.runs(profile, rows, seeds, tuple(overrides))
    )


def describe_plan(plan: Plan, data_root: Path, ledger: Ledger) -> dict[str, Any]:
    """What a plan would do here: runs and their state, what is missing, time, disk.

    Minutes come from equal runs measured on this processor, else from the arithmetic
    of the network at the speed of two ordinary cores (DEPENDENCIES: 210 GFLOP/s).
    """
    missing: dict[str, None] = {}
    runs = []
    disk = 0.0
    speeds = {
        record["run"]["table"] + str(record["run"]["row"]): record
        for record in ledger.records()
        if record["run"]["profile"] == plan.profile
    }
    for run in plan.runs:
        config = run.settings.data
        images = None
        state = "to measure"
        if config.dataset == SYNTHMOT:
            images = config.synth.train_sequences * config.synth.config.frames
            state = "finished" if ledger.path(run).is_file() else state
        else:
            try:
                data = open_data(config, data_root)
            except InputError as error:
                missing[str(error)] = None
                state = "data missing"
            else:
                images = sum(len(s) for s in data.train)
                identity = run.identity(data.manifest_hash(), code_version())
                state = "finished" if ledger.find(run, identity) else state
        with torch.device("meta"):
            model = CSTrack(run.settings.model)
        count = parameters(model)["total"]
        disk += count * 4 * (1 + 4) / 1e6  # weights; state of the one in training
        minutes = None
        if images is not None and state != "finished":
            work = 3 * gflops(model, config.size) * images * run.settings.train.epochs
            minutes = work / 210 / 60
            known = speeds.get(run.table + str(run.row))
            if known is not None and run.label != "custom":
                minutes = known["training"]["wall_s"] / 60
        runs.append(
            {
                "row": run.row,
                "seed": run.seed,
                "name": run.name,
                "state": state,
                "minutes": minutes,
            }
        )
    return {
        "table": plan.recipe.table,
        "profile": plan.profile,
        "reason": plan.reason,
        "runs": runs,
        "missing": list(missing),
        "minutes": sum(r["minutes"] or 0 for r in runs),
        "disk_mb": disk,
    }


def reproduce(
    plan: Plan,
    data_root: Path,
    ledger: Ledger,
    device: torch.device,
    fresh: bool = False,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Measure every run of a plan that has not been measured.

    Args:
        plan: the runs.
        data_root: folder of the data sets.
        ledger: where records are found and written.
        device: where to compute.
        fresh: measure again what is there already.
        on_outcome: called after each run.
    """
    outcomes = []
    opened: dict[Any, ExperimentData] = {}
    for run in plan.runs:
        config = run.settings.data
        if config not in opened:
            opened[config] = open_data(config, data_root)
        outcomes.append(one_run(run, opened[config], ledger, device, fresh))
        if on_outcome is not None:
            on_outcome(outcomes[-1])
    return outcomes


def one_run(
    run: Run,
    data: ExperimentData,
    ledger: Ledger,
    device: torch.device,
    fresh: bool = False,
) -> Outcome:
    """Train and measure one run, unless that was done; go on where it stopped."""
    identity = run.identity(data.manifest_hash(), code_version())
    found = None if fresh else ledger.find(run, identity)
    if found is not None:
        named = _as_row(found, run)
        if named != found:  # an equal run of another row: this row's record too
            ledger.write(run, named)
        return Outcome(run, named, reused=True)
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
    seed_everything(run.seed)
    dataset = TrainingSet(data.train, settings.data.size, settings.augment, run.seed)
    model, summary = train(
        CSTrack(settings.model),
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
