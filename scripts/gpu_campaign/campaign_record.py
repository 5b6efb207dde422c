"""``campaign.json``, field by field."""

from typing import Literal

from pydantic import Field

from cstrack_bench.documents import Document
from cstrack_bench.experiments.records import DataFacts, Speed, StageTimes

SCHEMA = 1
Plain = str | int | float | bool | None


class CampaignOptions(Document):
    """What makes a campaign; the same in all of its sessions."""

    device: str
    tiny: bool
    sizes: list[str]
    cores: int


class Hardware(Document):
    """What a session ran on; the fields from ``gpu`` on are those of CUDA."""

    device: str
    cpu: str
    cores: int
    system: str
    python: str
    torch: str
    gpu: str | None = None
    capability: str | None = None
    memory_gib: float | None = None
    cuda: str | None = None
    cudnn: int | None = None
    nvidia_smi: dict[str, str] | None = None


class Done(Document):
    """A step that was done, and the seconds it took."""

    what: str
    seconds: float


class LeftOut(Document):
    """What was not done, and why."""

    what: str
    why: str


class Failed(Document):
    """A step that broke."""

    what: str
    error: str
    reason: str


class SessionFacts(Document):
    """One sitting."""

    started: str
    minutes: float
    hardware: Hardware
    commit: str
    changed_since_commit: bool | None = None
    code: str
    did: list[Done]
    ended: str | None = None
    seconds: float | None = None


class SpeedCell(Document):
    """One network at one precision and layout: times of a frame at batch 1."""

    network: str
    precision: str
    layout: str
    batch: int
    input: str
    tracker: str
    parameters: int
    gflops: float
    boxes_per_frame: float
    memory_peak_mb: int | None = None
    frames: int
    dropped_first_frames: int
    stages: dict[str, StageTimes]
    frame_ms_p50: float
    frame_ms_p95: float
    fps: float
    fps_paper_scope: float
    seconds: float
    ratio_to_first: float | None = None


class SpeedTable(Document):
    """Cells of one machine."""

    note: str | None = None
    machine: str | None = None
    hardware: Hardware | None = None
    ratio_to: str | None = None
    cells: list[SpeedCell]
    clocks_after: dict[str, str] | None = None


class CurvePoint(Document):
    """One epoch of a training: losses before their weights, images a second."""

    epoch: int
    iteration: int
    images_per_s: float | None = None
    box: float | None = None
    objectness: float | None = None
    identity: float | None = None


class RowSummary(Document):
    """A finished row in a few numbers, and where its record lies."""

    title: str
    size: str
    row: int
    record: str
    scores: dict[str, float | int]
    training_s: float
    speed: Speed | None = None


class FileFacts(Document):
    """A file beside ``campaign.json``."""

    bytes: int
    sha256: str


class CampaignRecord(Document):
    """Everything that a campaign did, left out and failed to do."""

    schema_number: Literal[1] = Field(
        1, validation_alias="schema", serialization_alias="schema"
    )
    options: CampaignOptions
    # A scale is a dataclass of numbers and of the networks that it times.
    scale: dict[str, Plain | list[Plain] | list[dict[str, Plain | list[list[Plain]]]]]
    sessions: list[SessionFacts]
    data: DataFacts | None = None
    speed: SpeedTable
    trainings: dict[str, list[CurvePoint]]
    rows: list[RowSummary]
    left_out: list[LeftOut]
    failed: list[Failed]
    files: dict[str, FileFacts] = Field(default_factory=dict)
