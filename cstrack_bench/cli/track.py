"""``cstrack track``: a video, a folder of frames, a sequence or a data set → tracks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cstrack_bench import console
from cstrack_bench.cli.detectors import (
    DEFAULT_SIZE,
    files,
    make_inference,
    network,
    two_stage,
)
from cstrack_bench.cli.options import Device, Json, print_json
from cstrack_bench.cli.track_remarks import Seen, pictured, say_why_nothing
from cstrack_bench.cli.trackers import ListTrackers, Tracker
from cstrack_bench.cli.videos import (
    Codec,
    ShowUnconfirmed,
    Trails,
    Web,
    draw,
    drawing_request,
    web_video,
    write_page,
)
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import check_writable
from cstrack_bench.formats.detection_forms import DetectionFormat

if TYPE_CHECKING:
    from cstrack_bench.cli.videos import DrawingRequest
    from cstrack_bench.formats.sequences import Sequence
    from cstrack_bench.stopwatch import Stopwatch
    from cstrack_bench.structures import Detector, TrackTable
    from cstrack_bench.tracking.filters import FilterConfig

DEFAULT_OUTPUT = Path("tracks")
WARM_UP_FRAMES = 5


def track(
    source: Annotated[
        Path,
        typer.Argument(help="A video, a folder of frames, a sequence or a data set."),
    ],
    weights: Annotated[
        Path | None, typer.Option(help="A network: .safetensors, official .pt, .onnx.")
    ] = None,
    detections: Annotated[
        Path | None,
        typer.Option(help="Boxes from a file instead; a folder of NAME.txt for many."),
    ] = None,
    reid: Annotated[
        Path | None,
        typer.Option(help="DeepSORT's network, to describe the boxes instead."),
    ] = None,
    tracker: Tracker = "cstrack",
    output: Annotated[
        Path | None,
        typer.Option(
            help="MOT rows go here: a file, or a folder where SOURCE is a data set; "
            "by default into tracks/."
        ),
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option(help="Draw the tracks: an .mp4, or a folder for a data set."),
    ] = None,
    trails: Trails = None,
    show_unconfirmed: ShowUnconfirmed = False,
    web: Web = None,
    codec: Codec = "auto",
    device: Device = "auto",
    size: Annotated[
        str | None,
        typer.Option(
            help="Input WIDTHxHEIGHT of the network; by default what its weights name, "
            f"else {DEFAULT_SIZE}."
        ),
    ] = None,
    conf: Annotated[
        float | None,
        typer.Option(
            help="Least score of a box; by default 0.5 (less where the tracker has use "
            "for unsure boxes), of a file all."
        ),
    ] = None,
    inference: Annotated[
        str,
        typer.Option(
            "--inference",
            help="fused (convolution and normalisation as one, embeddings at the boxes "
            "alone) or plain: the same boxes up to rounding, in more time.",
        ),
    ] = "fused",
    dtype: Annotated[
        str,
        typer.Option("--dtype", help="float32, bfloat16 or float16 (on a GPU)."),
    ] = "float32",
    serial: Annotated[
        bool,
        typer.Option(
            "--serial", help="Frame by frame, without work on the next ones meanwhile."
        ),
    ] = False,
    form: Annotated[
        DetectionFormat,
        typer.Option(
            "--format",
            help="Of --detections: MOT rows, the same with corners, a folder of YOLO "
            "text, COCO's JSON; by default guessed and said.",
        ),
    ] = DetectionFormat.AUTO,
    min_area: Annotated[
        float | None,
        typer.Option(
            help="Boxes of at most this many square pixels are not written; by default "
            "the tracker's own, mostly 100."
        ),
    ] = None,
    max_aspect: Annotated[
        float | None,
        typer.Option(
            help="Boxes of a greater width / height are not written; by default the "
            "tracker's own, from 0.6 (cstrack) to 1.6."
        ),
    ] = None,
    as_json: Json = False,
    list_trackers: ListTrackers = False,
) -> None:
    """Track people and write MOT rows; needs --weights or --detections."""
    from cstrack_bench.stopwatch import Stopwatch
    from cstrack_bench.tracking.tracker_registry import (
        confidence_options,
        find_tracker,
        make_filter,
    )

    if (weights is None) == (detections is None):
        raise InputError(
            "Give either --weights (a network finds the boxes) or --detections (a file "
            "holds them)."
        )
    # Before a network is read: a wrong name is told at once.
    if not find_tracker(tracker).uses_embeddings and reid is not None:
        raise InputError(
            f"The tracker {tracker!r} compares no appearance: leave out --reid, or "
            "choose one that does, such as deepsort."
        )
    if conf is not None and not math.isfinite(conf):
        raise InputError(f"--conf is a score, not {conf}.")
    limits = {"min_area": min_area, "max_aspect": max_aspect}
    filters = {name: limit for name, limit in limits.items() if limit is not None}
    make_filter(tracker, **filters)
    drawing = drawing_request(video, web, trails, codec, show_unconfirmed, tracker)
    how = make_inference(inference, dtype)
    sequences, is_dataset = _open(source)
    if any(o is not None for o in (video, web, weights, reid)):
        sequences = [pictured(sequence) for sequence in sequences]
    jobs = _jobs(sequences, is_dataset, output, video, web)
    _spare([source, weights, detections, reid], jobs)
    watch = Stopwatch()
    if weights is not None:
        detector_of = network(
            weights, sequences, size, conf, tracker, device, watch, how
        )
    else:
        assert detections is not None
        if size is not None:
            raise InputError("--size is the network's input and needs --weights.")
        detector_of = files(detections, sequences, conf, form)
    if reid is not None:
        detector_of = two_stage(detector_of, reid, sequences, device, watch)
    # What the detector may report may also start a track, as in the official code.
    options = {} if conf is None else confidence_options(tracker, conf)
    found = [
        _track_one(
            *(job, detector_of(job.sequence), tracker, options, filters),
            *(watch, drawing),
            overlap=not serial,
        )
        for job in jobs
    ]
    for one in found:
        if not one.boxes and one.detected:
            say_why_nothing(
                *(one.job.sequence.name, tracker, options, one.filter, one.dropped),
                *(one.detected, one.best, one.flat),
            )
    if web is not None:
        assert drawing is not None, "a page shows videos"
        write_page(web, [(one.job.sequence, one.table) for one in found], drawing)
    stages = watch.summary(drop=WARM_UP_FRAMES)
    if as_json:
        print_json(_document(tracker, found, stages))
    else:
        _print(found, stages)


@dataclass(frozen=True)
class _Job:
    """One sequence and what is written of it."""

    sequence: "Sequence"
    output: Path
    video: Path | None


@dataclass(frozen=True)
class _Found:
    """What came of one job.

    ``detected`` boxes had scores up to ``best``, and ``flat`` of them no width or
    height.
    """

    job: _Job
    frames: int
    tracks: int
    table: "TrackTable"
    dropped: dict[str, int]
    filter: "FilterConfig"
    detected: int
    best: float
    flat: int

    @property
    def boxes(self) -> int:
        """How many were written."""
        return len(self.table)


def _open(source: Path) -> tuple[list["Sequence"], bool]:
    """The sequences of a source, and whether it is a data set."""
    from cstrack_bench.datasets.dataset import SUBSETS
    from cstrack_bench.formats.sequences import (
        list_sequences,
        open_sequence,
        sequence_folders,
    )

    if not source.exists():
        raise InputError(f"No such file or folder: {source}.")
    if source.is_dir() and not any(
        (source / n).exists() for n in ("seqinfo.ini", "img1")
    ):
        subsets = [s for s in SUBSETS if (source / s).is_dir()]
        if subsets:
            return [q for s in subsets for q in list_sequences(source, s)], True
        folders = sequence_folders(source)
        if folders:
            return [open_sequence(folder) for folder in folders], True
    return [open_sequence(source)], False


def _jobs(
    sequences: list["Sequence"],
    is_dataset: bool,
    output: Path | None,
    video: Path | None,
    web: Path | None,
) -> list[_Job]:
    """Where each sequence's rows and video go; refuses what cannot be written."""
    if is_dataset:
        folder = DEFAULT_OUTPUT if output is None else output
        if folder.is_file() or (video is not None and video.suffix == ".mp4"):
            wrong = "--output" if folder.is_file() else "--video"
            raise InputError(f"SOURCE is a data set, so {wrong} must be a folder.")
        jobs = [
            _Job(
                s,
                folder / f"{s.name}.txt",
                web_video(web, s) or (video and video / f"{s.name}.mp4"),
            )
            for s in sequences
        ]
    else:
        (sequence,) = sequences
        if output is None:
            output = DEFAULT_OUTPUT / f"{sequence.name}.txt"
        jobs = [_Job(sequence, output, web_video(web, sequence) or video)]
    for job in jobs:
        check_writable(job.output)
        if job.video is not None:
            if job.video.resolve() == job.output.resolve():
                raise InputError("--output and --video are one file; name two.")
            if job.video.suffix.lower() != ".mp4":
                raise InputError(f"--video is written as .mp4, not {job.video.name!r}.")
            if not job.sequence.has_images:
                raise InputError(f"{job.sequence.name} has no pictures to draw on.")
            check_writable(job.video)
    return jobs


def _spare(inputs: Iterable[Path | None], jobs: Iterable[_Job]) -> None:
    """Refuse to write over what is read."""
    read = {path.resolve() for path in inputs if path is not None}
    for job in jobs:
        for path in (job.output, job.video):
            if path is not None and path.resolve() in read:
                raise InputError(f"{path} would be written over; name another file.")


def _track_one(
    job: _Job,
    detector: "Detector",
    tracker: str,
    options: dict[str, float],
    filters: dict[str, float],
    watch: "Stopwatch",
    drawing: "DrawingRequest | None",
    overlap: bool,
) -> _Found:
    """Track a sequence and write what was asked for."""
    from cstrack_bench.formats.mot_files import write_tracks
    from cstrack_bench.pipeline import Recorder, track_sequence
    from cstrack_bench.tracking.tracker_registry import make_filter, make_tracker

    sequence = job.sequence
    keep = make_filter(tracker, **filters)
    with console.progress() as display:
        bar = display.add_task(f"tracking {sequence.name}", total=len(sequence))
        seen = Seen(lambda: display.advance(bar))
        early = drawing is not None and drawing.unconfirmed
        # What is recorded has one step, so its frames do not overlap.
        recorder = Recorder(detector) if early else None
        mot = make_tracker(tracker, sequence.frame_rate, **options)
        table = track_sequence(
            sequence, recorder or detector, mot, keep, watch, overlap, seen.add
        )
    if not seen.frames:
        raise CstrackError(f"{sequence.name} gave no frame.")
    write_tracks(job.output, table)
    if job.video is not None:
        assert drawing is not None, "a video is drawn as was asked for"
        recorded = None if recorder is None else recorder.detections
        draw(sequence, table, job.video, drawing, tracker, options, recorded)
    identities = len(set(table.ids.tolist()))
    return _Found(
        *(job, seen.frames, identities, table, dict(keep.dropped)),
        *(keep.config, seen.boxes, seen.best, seen.flat),
    )


def _totals(found: list[_Found]) -> dict[str, Any]:
    reasons = dict.fromkeys(name for one in found for name in one.dropped)
    return {
        "frames": sum(one.frames for one in found),
        "tracks": sum(one.tracks for one in found),
        "boxes": sum(one.boxes for one in found),
        "dropped": {r: sum(one.dropped.get(r, 0) for one in found) for r in reasons},
    }


def _document(
    tracker: str, found: list[_Found], stages: dict[str, dict[str, float]]
) -> dict[str, Any]:
    return {
        "tracker": tracker,
        **_totals(found),
        "sequences": {
            one.job.sequence.name: {
                **_totals([one]),
                "output": str(one.job.output),
                "video": None if one.job.video is None else str(one.job.video),
            }
            for one in found
        },
        "stages": {
            stage: {name: round(ms, 3) for name, ms in times.items()}
            for stage, times in stages.items()
        },
        "dropped_first_frames": WARM_UP_FRAMES,
    }


def _print(found: list[_Found], stages: dict[str, dict[str, float]]) -> None:
    def line(text: str) -> None:
        console.out.print(text, markup=False, emoji=False)

    for one in found:
        line(
            f"{one.job.sequence.name}: frames {one.frames} · tracks {one.tracks} · "
            f"boxes {one.boxes}"
        )
    total = _totals(found)
    if len(found) > 1:
        line(
            f"all: frames {total['frames']} · tracks {total['tracks']} · "
            f"boxes {total['boxes']}"
        )
    dropped = " · ".join(f"{name} {n}" for name, n in total["dropped"].items())
    line(f"boxes dropped by the output filter: {dropped}")
    times = " · ".join(f"{s} {t['wall_ms_p50']:.2f}" for s, t in stages.items())
    line(f"ms a frame (p50, first {WARM_UP_FRAMES} frames left out): {times}")
    written = [p for one in found for p in (one.job.output, one.job.video) if p]
    line("written: " + " · ".join(map(str, written)))
