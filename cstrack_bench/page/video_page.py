"""A small page beside a video: it plays it, and shows identities over time."""

import collections.abc as abc
from dataclasses import dataclass
from importlib import resources

import numpy as np

from cstrack_bench.datasets.evaluation_rules import rules_by_classes
from cstrack_bench.evaluation.failures import NO_TRACK, Timeline, timelines
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.page.html_nodes import Node, document, node, raw
from cstrack_bench.report.video import colour_of
from cstrack_bench.report.video_codecs import VideoCodec, codec_line
from cstrack_bench.structures import TrackTable

# The video lies beside the page; nothing else is fetched.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; media-src 'self' file:; base-uri 'none'; form-action 'none'"
)
_ROW = 16


@dataclass(frozen=True)
class TrackedVideo:
    """A video of a tracked sequence.

    Attributes:
        sequence: what was tracked.
        table: its tracks.
        file: name of the video, beside the page.
        lines: true identities with the tracks matched; None without ground truth.
    """

    sequence: Sequence
    table: TrackTable
    file: str
    lines: abc.Sequence[Timeline] | None


def tracked_video(sequence: Sequence, table: TrackTable, file: str) -> TrackedVideo:
    """A video with the identities of its ground truth, where there is any.

    Args:
        sequence: what was tracked; table: its tracks.
        file: name of the video.
    """
    lines = None
    if sequence.annotations() is not None:
        rules = rules_by_classes([sequence])
        lines = timelines(SequenceResult.of(sequence, table), rules)
    return TrackedVideo(sequence, table, file, lines)


@dataclass(frozen=True)
class _Run:
    """Frames of one row that have one colour: first, one past the last, track."""

    start: int
    stop: int
    track: int


def video_page(videos: abc.Sequence[TrackedVideo], codec: VideoCodec) -> str:
    """The page.

    Args:
        videos: one or more.
        codec: that they were written in.
    """
    title = ", ".join(video.sequence.name for video in videos)
    page = node(
        "html",
        node(
            "head",
            node("meta", charset="utf-8"),
            node("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            node(
                "meta", name="viewport", content="width=device-width, initial-scale=1"
            ),
            node("title", f"Tracks of {title}"),
            node("link", rel="icon", href="data:,"),
            raw("style", _own_file("page.css") + _own_file("video_page.css")),
        ),
        node(
            "body",
            node("h1", f"Tracks of {title}"),
            node("p", f"The video is {codec_line(codec)}.", class_="note"),
            *(_section(video) for video in videos),
            raw("script", _own_file("video_page.js")),
        ),
        lang="en",
    )
    return document(page)


def _own_file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _section(video: TrackedVideo) -> Node:
    sequence = video.sequence
    rows = _by_track(video) if video.lines is None else _by_identity(video.lines)
    switches = sum(len(marks) for _, _, marks in rows)
    if video.lines is None:
        what = f"{len(rows)} tracks; no ground truth, so no switches are known."
    else:
        found = f"{switches} switch{'' if switches == 1 else 'es'}"
        what = (
            f"A row a person of the ground truth, {len(rows)} in all: coloured where "
            f"found, thin where missed; {found}, marked by a bar. Colours are those of "
            "the tracks in the video."
        )
    return node(
        "section",
        node("h2", sequence.name),
        node(
            "video",
            src=video.file,
            controls=True,
            muted=True,
            playsinline=True,
            preload="metadata",
        ),
        node("p", what, class_="note"),
        node(
            "div",
            *(_row(sequence, name, runs, marks) for name, runs, marks in rows),
            node("span", class_="now"),
            class_="timeline",
            data_start=sequence.start,
            data_rate=f"{sequence.frame_rate:.6f}",
            data_length=len(sequence),
        ),
    )


_Row = tuple[str, list[_Run], list[int]]


def _by_identity(lines: abc.Iterable[Timeline]) -> list[_Row]:
    """Name, runs and switches of each true identity."""
    rows = []
    for line in lines:
        runs = _runs(line.frames, line.tracks)
        marks = []
        last = NO_TRACK
        for run in runs:
            if run.track != NO_TRACK and last not in (NO_TRACK, run.track):
                marks.append(run.start)
            last = run.track if run.track != NO_TRACK else last
        rows.append((f"person {line.identity}", runs, marks))
    return rows


def _by_track(video: TrackedVideo) -> list[_Row]:
    table = video.table
    rows: list[_Row] = []
    for track in np.unique(table.ids).tolist():
        frames = table.frames[table.ids == track]
        runs = _runs(frames, np.full(len(frames), track, np.int64))
        rows.append((f"track {track}", runs, []))
    return rows


def _runs(frames: np.ndarray, tracks: np.ndarray) -> list[_Run]:
    """Neighbouring frames with one track, joined."""
    breaks = np.flatnonzero((np.diff(frames) > 1) | (np.diff(tracks) != 0)) + 1
    starts = [0, *breaks.tolist()] if len(frames) else []
    ends = [*breaks.tolist(), len(frames)]
    return [
        _Run(int(frames[a]), int(frames[b - 1]) + 1, int(tracks[a]))
        for a, b in zip(starts, ends, strict=False)
    ]


def _row(
    sequence: Sequence, name: str, runs: abc.Sequence[_Run], marks: abc.Iterable[int]
) -> Node:
    def share(frame: int) -> float:
        return 100.0 * (frame - sequence.start) / len(sequence)

    svg = node("svg", width="100%", height=_ROW, class_="strip", aria_hidden="true")
    for run in runs:
        found = run.track != NO_TRACK
        told = f"track {run.track}" if found else "missed"
        bar = node(
            "rect",
            node("title", f"{name}, {told}: frames {run.start + 1} to {run.stop}"),
            x=f"{share(run.start):.3f}%",
            width=f"{share(run.stop) - share(run.start):.3f}%",
            y=2 if found else 6,
            height=_ROW - 4 if found else 4,
        )
        blue, green, red = colour_of(run.track)
        fill = f"rgb({red} {green} {blue})" if found else "var(--line)"
        bar.set("style", f"fill: {fill}")
        svg.append(bar)
    for frame in marks:
        at = f"{share(frame):.3f}%"
        svg.append(node("line", x1=at, x2=at, y1=0, y2=_ROW, class_="switch"))
    return node(
        "div",
        node("span", name, class_="name"),
        node("span", svg, class_="plot"),
        class_="timeline-row",
    )
