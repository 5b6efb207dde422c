"""What ``cstrack track`` reads, and where the rows and videos of it go."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cstrack_bench.cli.videos import web_video
from cstrack_bench.errors import InputError
from cstrack_bench.files import check_writable

if TYPE_CHECKING:
    from cstrack_bench.cli.videos import DrawingRequest
    from cstrack_bench.formats.sequences import Sequence

DEFAULT_OUTPUT = Path("tracks")


@dataclass(frozen=True)
class Job:
    """One sequence and what is written of it."""

    sequence: "Sequence"
    output: Path
    video: Path | None


def open_source(given: str) -> tuple[list["Sequence"], bool]:
    """The sequences of a source, and whether it is a data set."""
    from cstrack_bench.datasets.dataset import SUBSETS
    from cstrack_bench.formats.live_streams import is_stream, open_stream
    from cstrack_bench.formats.sequences import (
        list_sequences,
        open_sequence,
        sequence_folders,
    )

    if is_stream(given):
        return [open_stream(given)], False
    source = Path(given)
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


def plan_jobs(
    sequences: list["Sequence"],
    is_dataset: bool,
    output: Path | None,
    video: Path | None,
    web: Path | None,
) -> list[Job]:
    """Where each sequence's rows and video go; refuses what cannot be written."""
    from cstrack_bench.formats.live_streams import Stream

    if is_dataset:
        folder = DEFAULT_OUTPUT if output is None else output
        if folder.is_file() or (video is not None and video.suffix == ".mp4"):
            wrong = "--output" if folder.is_file() else "--video"
            raise InputError(f"SOURCE is a data set, so {wrong} must be a folder.")
        jobs = [
            Job(
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
        jobs = [Job(sequence, output, web_video(web, sequence) or video)]
    for job in jobs:
        check_writable(job.output)
        if job.video is not None:
            if job.video.resolve() == job.output.resolve():
                raise InputError("--output and --video are one file; name two.")
            if job.video.suffix.lower() != ".mp4":
                raise InputError(f"--video is written as .mp4, not {job.video.name!r}.")
            if isinstance(job.sequence, Stream):
                raise InputError(
                    "--video draws the frames a second time, and a stream gives them "
                    "once: record it, and track the file."
                )
            if not job.sequence.has_images:
                raise InputError(f"{job.sequence.name} has no pictures to draw on.")
            check_writable(job.video)
    return jobs


def probe_videos(jobs: Iterable[Job], drawing: "DrawingRequest | None") -> None:
    """Refuse videos that cannot be written before tracking, not after it."""
    for job in jobs:
        if job.video is not None:
            from cstrack_bench.report.video import probe_video

            sequence = job.sequence
            codec = None if drawing is None else drawing.codec
            size = sequence.width, sequence.height
            probe_video(job.video, sequence.frame_rate, *size, codec=codec)


def spare(inputs: Iterable[Path | None], jobs: Iterable[Job]) -> None:
    """Refuse to write over what is read."""
    read = {path.resolve() for path in inputs if path is not None}
    for job in jobs:
        for path in (job.output, job.video):
            if path is not None and path.resolve() in read:
                raise InputError(f"{path} would be written over; name another file.")
