"""Records of comparisons: other trackers, servers' scores, ladders, association."""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from cstrack_bench.documents import Document, read_document
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.scores import Evaluation, Scores
from cstrack_bench.experiments.nested import Tree
from cstrack_bench.experiments.records import DataFacts, Provenance, schema_field


class OtherRecord(Document):
    """Another tracker's scores from its files (``cstrack evaluate --as``).

    Attributes:
        name: as given; dataset, subset, split, split_hash, frames: what was measured.
        files: sequence -> SHA-256 of the tracker's file.
        scores: over all sequences and of each.
        provenance: of the evaluation.
    """

    schema_number: Literal[1] = schema_field(1)
    name: str
    dataset: str
    subset: str
    split: str
    split_hash: str
    frames: int
    files: dict[str, str]
    scores: Evaluation
    provenance: Provenance


class ServerRecord(Document):
    """Scores that a benchmark's server returned (``cstrack submit import``).

    Attributes:
        name: of the tracker, as given; dataset: the benchmark, such as mot17.
        server: that scored it, such as MOTChallenge.
        submitted_by: who submitted it; submitted_on: the day, ISO 8601.
        zip_sha256: of the zip that was submitted; files, rows: in it.
        returned_sha256: of the file that the server returned; None where the scores
            were typed.
        fills: the printed rows that it is for, such as ``table1/5``; empty where its
            name says.
        scores: overall, and of each sequence if they were returned; keys as in
            ``evaluation.scores``, and MTR, MLR (percent of identities) and FPS.
        remarks: what does not add up in them.
        provenance: of the import.
        content: hash of all other fields (``sealed``).
    """

    schema_number: Literal[1] = schema_field(1)
    name: str
    dataset: str
    server: str
    submitted_by: str
    submitted_on: str
    zip_sha256: str
    files: int
    rows: int
    returned_sha256: str | None = None
    fills: list[str]
    scores: Evaluation
    remarks: list[str]
    provenance: Provenance
    content: str = ""

    def content_hash(self) -> str:
        """Hex SHA-256 of every field but ``content``."""
        fields = {k: v for k, v in self.plain().items() if k != "content"}
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()

    def sealed(self) -> "ServerRecord":
        """This record with the hash of its content, so that a later edit is seen."""
        return self.model_copy(update={"content": self.content_hash()})


class LadderRow(Document):
    """One rung: what it is made of, its scores, their differences to the first."""

    boxes: str
    embeddings: str
    association: str
    scores: Scores
    differences: Scores


class LadderSystem(Document):
    """The ladder of one run.

    Attributes:
        row, name, seed: of the run; run: its identity.
        boxes_of: name of the row whose network finds the boxes.
        rows: the rungs.
        costs: embedding, association, detection -> score -> points lost.
    """

    row: int
    name: str
    seed: int
    run: str
    boxes_of: str
    rows: list[LadderRow]
    costs: dict[str, dict[str, float]]


class LadderRecord(Document):
    """``ladder.json``: what each stage costs, for each run of a table."""

    schema_number: Literal[1] = schema_field(1)
    table: str
    profile: str
    label: str
    data: DataFacts
    systems: list[LadderSystem]
    provenance: Provenance


class AssociationLine(Document):
    """One tracker over given detections: its settings and scores."""

    label: str
    tracker: str
    # The fields are those of the tracker's own configuration.
    options: Tree
    least_score: float
    settings: Tree
    scores: Evaluation


class LeaveOneOut(Document):
    """Settings chosen on all sequences but one and applied to it, each in turn.

    Attributes:
        grid: option -> values tried; chosen: sequence -> option -> value.
        scores: over all sequences; settings: how many were tried.
        mean_hota_of_settings: least and largest.
    """

    grid: dict[str, list[Any]]
    chosen: dict[str, Tree]
    scores: Evaluation
    settings: int
    mean_hota_of_settings: tuple[float, float]


class Peer(Document):
    """Scores quoted from elsewhere, not measured here."""

    label: str
    HOTA: float | None = None
    MOTA: float | None = None
    IDF1: float | None = None
    IDSW: int | None = None


class AssociationRecord(Document):
    """Trackers without appearance over one set of detections.

    Attributes:
        name, title: of the comparison; split, split_hash: its frames.
        sequences: name -> first frame, one past the last.
        detections_sha256: sequence -> of its file.
        filter: of the output.
        trackers, rules: lines; leave_one_out: settings chosen elsewhere.
        peers: quoted; caveats: sentences; provenance: of the measurement.
    """

    schema_number: Literal[1] = schema_field(1)
    name: str
    title: str
    split: str
    split_hash: str
    sequences: dict[str, tuple[int, int]]
    detections_sha256: dict[str, str]
    filter: dict[str, float | None]
    trackers: list[AssociationLine] = Field(min_length=1)
    rules: list[AssociationLine]
    leave_one_out: LeaveOneOut
    peers: list[Peer]
    caveats: list[str]
    provenance: Provenance


def read_ladder(path: Path) -> LadderRecord:
    """Read a ladder.json.

    Raises:
        InputError: the file is none.
    """
    return read_document(path, LadderRecord, "a ladder", "delete it")


def read_server_record(path: Path) -> ServerRecord:
    """Read the scores of a server.

    Raises:
        InputError: the file is none, or was edited since it was written.
    """
    mend = "import the scores again with `cstrack submit import`"
    record = read_document(path, ServerRecord, "a record of a server's scores", mend)
    if record.content != record.content_hash():
        raise InputError(
            f"{path} was changed after its scores were imported (its content hash does "
            f"not fit); {mend}."
        )
    return record
