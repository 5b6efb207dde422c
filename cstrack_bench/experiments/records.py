"""Records of runs and trainings: what they leave on disk, field by field.

``documents`` reads and writes them; ``comparison_records`` has what compares systems. A
record of another schema number is refused, not guessed at.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from cstrack_bench.documents import Document, read_document
from cstrack_bench.evaluation.scores import Evaluation, Scores
from cstrack_bench.experiments.nested import Tree
from cstrack_bench.experiments.renewed_classifier import RenewedClassifier

#: Of a run's record; 2 has component versions in the place of a hash of the code.
SCHEMA = 2


def schema_field(number: int) -> Any:  # what pydantic's own Field returns
    """A field called ``schema`` in the file, a name that pydantic keeps for itself."""
    return Field(number, validation_alias="schema", serialization_alias="schema")


class Migration(Document):
    """That a record was given another identity without being measured again.

    Attributes:
        schema_number: of the record before.
        hash: its identity before.
        code: hash of the code that measured it, by the rule of that schema.
        evidence: what shows that old and new code give equal numbers.
    """

    schema_number: int = Field(validation_alias="schema", serialization_alias="schema")
    hash: str
    code: str
    evidence: str


class Provenance(Document):
    """Where, when and with what something was computed.

    Attributes:
        git: commit of the code; ``unknown`` outside a repository.
        dirty: whether the package or the recipes differed from it.
        code: fingerprint of all components (``fingerprints.code_fingerprint``).
        time: UTC, ISO 8601.
        command: as typed, paths by their last part.
        python: version; torch, numpy, opencv, trackeval, motmetrics likewise.
        device: ``cpu`` or ``cuda:N``.
        cpu: model of the processor.
        threads: of torch.
        gpu: its name, on CUDA; cuda: version of CUDA.
        migrated: where the identity was changed without measuring again.
    """

    git: str
    dirty: bool | None = None
    code: str
    time: str
    command: str
    python: str
    device: str
    cpu: str
    threads: int
    torch: str
    numpy: str
    opencv: str
    trackeval: str
    motmetrics: str
    gpu: str | None = None
    cuda: str | None = None
    migrated: Migration | None = None


class RunName(Document):
    """Which run it is.

    Attributes:
        table: ``table2``; row: its number; name: what the row is.
        seed: of initial weights and data order.
        profile: one of ``recipes.PROFILES``.
        label: the profile, or ``custom`` where a setting was changed.
        hash: the run's identity (``identity.run_identity``).
        components: name -> version of the code that decided the numbers.
        paper_table: the paper's table that a user's recipe extends; None in a run of
            such a table itself.
    """

    table: str
    row: int
    name: str
    seed: int
    profile: str
    label: str
    hash: str
    components: dict[str, int] = Field(default_factory=dict)
    paper_table: str | None = None


class Block(Document):
    """Counts of some frames of one sequence that add up (``evaluation.blocks``).

    Attributes:
        sequence: its name; start: first frame, 0-based; stop: one past the last.
        GT: scored ground-truth boxes; the others as in ``evaluation.scores``.
    """

    sequence: str
    start: int
    stop: int
    GT: int
    TP: int
    FP: int
    FN: int
    IDSW: int
    IDTP: int
    IDFP: int
    IDFN: int


class StageTimes(Document):
    """Milliseconds a frame of one stage: medians and a 95th percentile."""

    wall_ms_p50: float
    wall_ms_p95: float
    cpu_ms_p50: float


class Tracking(Document):
    """What tracking did.

    Attributes:
        frames: that were tracked.
        filtered: boxes that the output filter dropped, by reason.
        dropped_first_frames: that the times leave out.
        stages: stage -> its times.
    """

    frames: int
    filtered: dict[str, int]
    dropped_first_frames: int
    stages: dict[str, StageTimes]


class Speed(Document):
    """Frames a second, from the mean frame (docs/reference.md#speed-scope).

    Attributes:
        fps_paper_scope: without decoding, letterboxing and writing.
        fps_end_to_end: all stages.
    """

    fps_paper_scope: float | None = None
    fps_end_to_end: float | None = None


class ModelFacts(Document):
    """The network that was measured.

    Attributes:
        parameters: their number.
        gflops: of one input.
        relation_weights: learned λ, (detection, re-id) of P3, P4, P5; None without.
        checkpoint: ``last`` or ``best``.
        weights_sha256: of its file.
    """

    parameters: int
    gflops: float
    relation_weights: list[tuple[float, float]] | None = None
    checkpoint: str
    weights_sha256: str


class EpochFacts(Document):
    """The state of a training after one epoch.

    Attributes:
        epoch: passes over the images so far; 0 before the first.
        loss: means over that epoch, by term; empty at 0.
        relation_weights: λ of the network as it is being trained, not of its moving
            average, (detection, re-id) of P3, P4, P5; None without.
    """

    epoch: int
    loss: dict[str, float]
    relation_weights: list[tuple[float, float]] | None = None


class TrainingRecord(Document):
    """What a training was, and cost.

    Attributes:
        images: labelled images; identities: classes, "no identity" not counted.
        epochs: passes over the images.
        steps: optimiser steps taken; skipped_steps: refused by the gradient scaler.
        precision: of the forward pass.
        loss: means over the last epoch, by term.
        wall_s: seconds; cpu_s: processor seconds without the loading processes.
        hash: the training's identity; None in records of schema 1 before trainings
            had one.
        start: identity of the training, or name of the file, that it started from.
        tensors_from_start: how many were copied.
        components: name -> version of the code that decided the weights.
        curve: losses and λ after each epoch; None in records from before it was kept.
        provenance: of the training.
    """

    images: int
    identities: int
    epochs: int
    steps: int
    skipped_steps: int
    precision: str
    loss: dict[str, float]
    wall_s: float
    cpu_s: float
    hash: str | None = None
    start: str | None = None
    tensors_from_start: int | None = None
    components: dict[str, int] = Field(default_factory=dict)
    curve: list[EpochFacts] | None = None
    provenance: Provenance | None = None


class PartFacts(Document):
    """Parts of sequences.

    Attributes:
        sequences: how many; names: theirs; frames: how many.
        hash: of names and frames (``datasets.splits.split_hash``).
        images: labelled; boxes, identities: on them. None where they were not counted.
    """

    sequences: int
    names: list[str]
    frames: int
    hash: str
    images: int | None = None
    boxes: int | None = None
    identities: int | None = None


class Counts(Document):
    """Labelled images, boxes and identities."""

    images: int
    boxes: int
    identities: int


class MixFacts(Counts):
    """One part of a mix, by name, with a hash of its frames and ground truth."""

    name: str
    hash: str


class DataFacts(Document):
    """The data that was trained and measured on.

    Attributes:
        dataset: its name; benchmark: whose evaluation rules; split: its name.
        train: parts trained on; val: parts measured on.
        input_size: of the network, WIDTHxHEIGHT; None where no network was run.
        mix: further images trained on; total: of all that is trained on.
        held_out: whether no frame measured on was trained on; None where not asked.
    """

    dataset: str
    benchmark: str
    split: str
    train: PartFacts
    val: PartFacts
    input_size: str | None = None
    mix: list[MixFacts] | None = None
    total: Counts | None = None
    held_out: bool | None = None


class BoundVariant(Document):
    """Ground-truth boxes tracked on one part, the aspect filter on or off."""

    name: str
    part: Literal["train", "val"]
    filter: Literal["on", "off"]
    dropped: dict[str, int]
    scores: Scores


class RuleLoss(Document):
    """What one rule of the tracker costs over ground-truth boxes.

    Attributes:
        part: train or val; rule: its name.
        MOTA, IDF1, HOTA: points lost; boxes: missed; FP, IDSW: more of them.
    """

    part: Literal["train", "val"]
    rule: str
    MOTA: float
    IDF1: float
    HOTA: float
    boxes: int
    FP: int
    IDSW: int


class Measured(Document):
    """What measuring a trained network gives.

    Attributes:
        scores: over all sequences and of each.
        blocks: counts by stretches of frames.
        baselines: other trackers on the same detections, by name.
        tracking: frames, filtered boxes, times.
        speed: frames a second.
        variants: of ground-truth boxes (Table VIII); losses: by rule.
    """

    scores: Evaluation
    blocks: list[Block]
    baselines: dict[str, Evaluation]
    tracking: Tracking
    speed: Speed | None = None
    variants: list[BoundVariant] | None = None
    losses: list[RuleLoss] | None = None


class KeptTracks(Document):
    """The tracks that were scored, in an archive beside the record.

    It is not committed, as weights are not; without it the record is whole.

    Attributes:
        file: its name, ``seed0.tracks.zip`` (``formats.track_archives``).
        sha256: of that file.
        boxes: reported ones of the run's own tracker, over all sequences.
    """

    file: str
    sha256: str
    boxes: int


class RunRecord(Document):
    """Everything that is known of one run, ``seed<s>.json``.

    Attributes:
        run: which one, its identity and the versions of the code.
        recipe: its settings (``Settings.as_dict``).
        scores … losses: as in ``Measured``.
        model, training, data, provenance: see their classes.
        classifier: of a fine-tuning.
        tracks: where they are; None in records from before they were kept.
    """

    schema_number: Literal[2] = schema_field(2)
    run: RunName
    # Settings of user-made systems and trackers have fields that only they know.
    recipe: Tree
    scores: Evaluation
    blocks: list[Block]
    baselines: dict[str, Evaluation]
    tracking: Tracking
    speed: Speed | None = None
    variants: list[BoundVariant] | None = None
    losses: list[RuleLoss] | None = None
    model: ModelFacts
    training: TrainingRecord
    data: DataFacts
    provenance: Provenance
    classifier: RenewedClassifier | None = None
    tracks: KeptTracks | None = None


def read_record(path: Path) -> RunRecord:
    """Read one run's record.

    Raises:
        InputError: the file is not a record of this schema.
    """
    return read_document(path, RunRecord, "a run's record", "delete it")
