"""``cstrack track``: a video, a folder of frames, a sequence or a data set → tracks."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cstrack_bench import console
from cstrack_bench.cli.detectors import (
    DEFAULT_SIZE,
    Linking,
    files,
    make_inference,
    network,
    public_boxes,
    read_network,
    two_stage,
)
from cstrack_bench.cli.options import Device, Json, print_json
from cstrack_bench.cli.track_jobs import (
    Job,
    open_source,
    plan_jobs,
    probe_videos,
    spare,
)
from cstrack_bench.cli.track_remarks import Seen, pictured, say_why_nothing
from cstrack_bench.cli.trackers import AnyTracker, ListTrackers, check_tracker
from cstrack_bench.cli.videos import (
    Codec,
    ShowUnconfirmed,
    Trails,
    Web,
    draw,
    drawing_request,
    write_page,
)
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.formats.detection_forms import DetectionFormat
from cstrack_bench.input_size import parse_input_size

if TYPE_CHECKING:
    from cstrack_bench.cli.videos import DrawingRequest
    from cstrack_bench.stopwatch import Stopwatch
    from cstrack_bench.structures import TrackTable
    from cstrack_bench.tracking.definition import PublicBoxes
    from cstrack_bench.tracking.filters import FilterConfig

DEFAULT_TRACKER = "cstrack"
WARM_UP_FRAMES = 5


def track(
    source: Annotated[
        str,
        typer.Argument(
            help="A video, a folder of frames, a sequence, a data set, or a stream: "
            "rtsp://…, http://…, webcam:0."
        ),
    ],
    weights: Annotated[
        Path | None,
        typer.Option(help="A network: .safetensors, a published checkpoint, or .onnx."),
    ] = None,
    detections: Annotated[
        Path | None,
        typer.Option(help="Boxes from a file instead; a folder of NAME.txt for many."),
    ] = None,
    reid: Annotated[
        Path | None,
        typer.Option(help="DeepSORT's network, to describe the boxes instead."),
    ] = None,
    public: Annotated[
        Path | None,
        typer.Option(
            help="Boxes of a public detector (a folder of NAME.txt for many): only "
            "these start tracks. For a tracker that has such a mode: centertrack."
        ),
    ] = None,
    tracker: AnyTracker = None,
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
            help="Least score of a box; by default the system's: 0.5, FairMOT and "
            "CenterTrack 0.4 (less where the tracker has use for unsure boxes); of a "
            "file all."
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
    from cstrack_bench.tracking.tracker_registry import confidence_options, make_filter

    if (weights is None) == (detections is None):
        raise InputError(
            "Give either --weights (a network finds the boxes) or --detections (a file "
            "holds them)."
        )
    # Before a network is read: a wrong name is told at once.
    if conf is not None and not math.isfinite(conf):
        raise InputError(f"--conf is a score, not {conf}.")
    limits = {"min_area": min_area, "max_aspect": max_aspect}
    filters = {name: limit for name, limit in limits.items() if limit is not None}
    if tracker is not None:
        check_tracker(tracker, reid, public)
    make_filter(tracker or DEFAULT_TRACKER, **filters)
    how = make_inference(inference, dtype)
    sequences, is_dataset = open_source(source)
    if any(o is not None for o in (video, web, weights, reid)):
        sequences = [pictured(sequence) for sequence in sequences]
    jobs = plan_jobs(sequences, is_dataset, output, video, web)
    spare([Path(source), weights, detections, reid, public], jobs)
    boxes = None if public is None else public_boxes(public, sequences)
    chosen = None if size is None else parse_input_size(size, "--size")
    loaded = None if weights is None else read_network(weights, sequences, conf)
    if tracker is None:
        own = None if loaded is None else loaded.system.tracker
        tracker = own or DEFAULT_TRACKER
        check_tracker(tracker, reid, public)
    drawing = drawing_request(video, web, trails, codec, show_unconfirmed, tracker)
    probe_videos(jobs, drawing)
    watch = Stopwatch()
    if weights is not None:
        linking = network(weights, loaded, chosen, conf, tracker, device, watch, how)
    else:
        assert detections is not None
        if size is not None:
            raise InputError("--size is the network's input and needs --weights.")
        linking = files(detections, sequences, conf, form)
    if reid is not None:
        linking = two_stage(linking, reid, sequences, device, watch)
    # What the detector may report may also start a track, as in the official code.
    options = {} if conf is None else confidence_options(tracker, conf)
    found = [
        _track_one(
            *(job, linking, tracker, options, filters),
            None if boxes is None else boxes[job.sequence.name],
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
class _Found:
    """What came of one job.

    ``detected`` boxes had scores up to ``best``, and ``flat`` of them no width or
    height.
    """

    job: Job
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


def _track_one(
    job: Job,
    linking: Linking,
    tracker: str,
    options: dict[str, float],
    filters: dict[str, float],
    public: "PublicBoxes | None",
    watch: "Stopwatch",
    drawing: "DrawingRequest | None",
    overlap: bool,
) -> _Found:
    """Track a sequence and write what was asked for."""
    from cstrack_bench.formats.live_streams import Stream
    from cstrack_bench.formats.mot_files import write_tracks
    from cstrack_bench.interruption import held_back
    from cstrack_bench.pipeline import Recorder, track_sequence
    from cstrack_bench.tracking.tracker_registry import (
        make_filter,
        make_public_tracker,
        make_tracker,
    )

    sequence = job.sequence
    keep = make_filter(tracker, **filters)
    stream = sequence if isinstance(sequence, Stream) else None
    # Whoever ends a stream wants the rows so far.
    with held_back(stream is not None) as interrupted:
        given = sequence if stream is None else stream.frames(interrupted)
        with console.progress() as display:
            total = len(sequence) if stream is None else None
            bar = display.add_task(f"tracking {sequence.name}", total=total)
            seen = Seen(lambda: display.advance(bar))
            if public is None:
                mot = make_tracker(tracker, sequence.frame_rate, **options)
            else:
                mot = make_public_tracker(tracker, public, **options)
            detector, mot = linking(sequence, mot)
            early = drawing is not None and drawing.unconfirmed
            # What is recorded has one step, so its frames do not overlap.
            recorder = Recorder(detector) if early else None
            table = track_sequence(
                given, recorder or detector, mot, keep, watch, overlap, seen.add
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
