"""Options of ``cstrack track`` that draw, and what they do."""

import collections.abc as abc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench import console
from cstrack_bench.errors import InputError
from cstrack_bench.files import check_writable

if TYPE_CHECKING:
    from cstrack_bench.formats.sequences import Sequence
    from cstrack_bench.report.video_codecs import VideoCodec
    from cstrack_bench.structures import Detections, TrackTable

Trails = Annotated[
    int | None,
    typer.Option(
        "--trails",
        help="Frames that a trail in the video is long; by default about a second, 0 "
        "for none.",
        min=0,
    ),
]
ShowUnconfirmed = Annotated[
    bool,
    typer.Option(
        "--show-unconfirmed",
        help="Draw tracks also before they are reported, as four corners.",
    ),
]
Web = Annotated[
    Path | None,
    typer.Option(
        "--web",
        help="Write videos here with a page that plays them and shows identities over "
        "time.",
    ),
]
Codec = Annotated[
    str,
    typer.Option(
        "--codec",
        help="Of the video: h264, vp9 (slow), mpeg4 (fast, not for browsers); auto is "
        "the first of them that works here.",
    ),
]


@dataclass(frozen=True)
class DrawingRequest:
    """How videos are drawn.

    Attributes:
        trail: frames of a trail; None for about a second.
        codec: of the video.
        unconfirmed: whether tracks are drawn before they are reported.
    """

    trail: int | None
    codec: "VideoCodec"
    unconfirmed: bool


def drawing_request(
    video: Path | None,
    web: Path | None,
    trail: int | None,
    codec: str,
    unconfirmed: bool,
    tracker: str,
) -> DrawingRequest | None:
    """What was asked for; None without a video.

    Raises:
        InputError: options that do not go together, no such codec, or a tracker that
            cannot say what it has not confirmed.
    """
    if video is None and web is None:
        if trail is not None or unconfirmed or codec != "auto":
            raise InputError(
                "--trails, --show-unconfirmed and --codec are of a video: give --video "
                "or --web too."
            )
        return None
    if video is not None and web is not None:
        raise InputError("--web writes the videos itself: leave out --video.")
    from cstrack_bench.report.video_codecs import codec_line, pick_codec
    from cstrack_bench.tracking.tracker_registry import find_tracker

    if unconfirmed and "report_unconfirmed" not in find_tracker(tracker).options:
        raise InputError(
            f"The tracker {tracker!r} cannot say which tracks it has not confirmed: "
            "leave out --show-unconfirmed, or choose cstrack, jde or deepsort."
        )
    if web is not None:
        check_writable(web / "index.html")
    found = pick_codec(codec)
    console.err.print(f"video: {codec_line(found)}", markup=False, emoji=False)
    return DrawingRequest(trail, found, unconfirmed)


def web_video(web: Path | None, sequence: "Sequence") -> Path | None:
    """The video of a sequence beside the page; None without one."""
    return None if web is None else web / f"{sequence.name}.mp4"


def draw(
    sequence: "Sequence",
    table: "TrackTable",
    video: Path,
    request: DrawingRequest,
    tracker: str,
    options: abc.Mapping[str, float],
    seen: "dict[int, Detections] | None",
) -> None:
    """Draw the tracks of a sequence."""
    from cstrack_bench.experiments.watched_tracking import unconfirmed_tracks
    from cstrack_bench.report.video import DrawingOptions, draw_tracks

    early = None
    if request.unconfirmed and seen is not None:
        early = unconfirmed_tracks(sequence, seen, tracker, options, table)
    drawn = DrawingOptions(request.trail, request.codec, early)
    draw_tracks(sequence, table, video, sequence.frame_rate, drawn)


def write_page(
    web: Path,
    found: "abc.Sequence[tuple[Sequence, TrackTable]]",
    request: DrawingRequest,
) -> Path:
    """Write the page beside the videos; returns its path."""
    from cstrack_bench.files import write_text
    from cstrack_bench.page.video_page import tracked_video, video_page

    videos = [
        tracked_video(sequence, table, f"{sequence.name}.mp4")
        for sequence, table in found
    ]
    page = web / "index.html"
    write_text(page, video_page(videos, request.codec))
    console.err.print(f"page: {page}", markup=False, emoji=False)
    return page
