"""Figs. 7 to 9: frames with trajectories, and the failures that cost most."""

import collections.abc as abc

import numpy as np

from cstrack_bench.evaluation.failures import NO_TRACK, Failure, FailureKind
from cstrack_bench.experiments.watched_tracking import WatchedSequence
from cstrack_bench.page.html_nodes import Node, figure, node
from cstrack_bench.page.lost_assignment import cost_table
from cstrack_bench.page.pictures import (
    DrawnBox,
    crop,
    draw_boxes,
    jpeg,
    region_around,
)
from cstrack_bench.report.video import Painter, Picture, colour_of
from cstrack_bench.report.words import number, signed

#: Frames of trajectories shown of each sequence.
FRAMES_SHOWN = 4
#: Failures shown.
FAILURES_SHOWN = 12
#: … of one kind, unless there are too few of the others.
MOST_OF_A_KIND = 6
# A person who moved by more heights than this is followed from picture to picture.
_FAR = 2.5
_TRUTH = (255, 255, 255)
_MISSED = (40, 40, 230)


def trajectory_frames(tracked: abc.Iterable[WatchedSequence]) -> list[Node]:
    """Frames of each sequence with boxes, ids and trails (Figs. 7 and 8)."""
    found = []
    for one in tracked:
        sequence = one.sequence
        length = len(sequence)
        shown = {
            sequence.start + round((length - 1) * (k + 1) / FRAMES_SHOWN)
            for k in range(FRAMES_SHOWN)
        }
        painter = Painter(sequence.height, round(sequence.frame_rate))
        pictures = []
        for frame in sequence:
            mine = one.table.frames == frame.index
            ids, boxes = one.table.ids[mine], one.table.boxes[mine]
            painter.follow(frame.index, ids, boxes)
            if frame.index in shown:
                drawn = painter.draw(frame.image, frame.index, ids, boxes)
                where = f"{sequence.name}, frame {frame.index + 1}"
                alt = f"{where}: {len(ids)} tracks"
                pictures.append(figure(where, jpeg(drawn, alt, 800)))
        found.append(node("h3", sequence.name))
        found.append(node("div", *pictures, class_="frames"))
    return found


def failure_gallery(
    failures: abc.Sequence[Failure], tracked: abc.Mapping[str, WatchedSequence]
) -> list[Node]:
    """The failures that cost most, each with its frames and costs (Fig. 9).

    Args:
        failures: ranked.
        tracked: sequence -> what happened in it.
    """
    counts = {
        kind: sum(failure.kind is kind for failure in failures) for kind in FailureKind
    }
    shown = chosen_failures(failures)
    listed = ", ".join(
        f"{count} {kind}{'es' if str(kind).endswith('h') else 's'}"
        for kind, count in counts.items()
    )
    intro = (
        f"{listed} were mended one at a time and the sequences scored again; shown are "
        f"the {len(shown)} whose mending brings most points of MOTA and IDF1 together, "
        f"at most {MOST_OF_A_KIND} of a kind where there are others. White and dashed: "
        "the true box, red and dashed where no track has it; in colour: tracks with "
        "their ids."
    )
    found = [node("p", intro)]
    for failure in shown:
        rank = 1 + failures.index(failure)
        found.append(_failure(rank, failure, tracked[failure.sequence]))
    return found


def chosen_failures(failures: abc.Sequence[Failure]) -> list[Failure]:
    """Those that are shown, by rank.

    Args:
        failures: ranked.
    """
    counts = dict.fromkeys(FailureKind, 0)
    first: list[Failure] = []
    others: list[Failure] = []
    for failure in failures:
        counts[failure.kind] += 1
        few = counts[failure.kind] <= MOST_OF_A_KIND
        (first if few else others).append(failure)
    chosen = first[:FAILURES_SHOWN]
    chosen += others[: FAILURES_SHOWN - len(chosen)]
    return sorted(chosen, key=failures.index)


def _failure(rank: int, failure: Failure, one: WatchedSequence) -> Node:
    points = f"{signed(failure.mota, 2)} MOTA, {signed(failure.idf1, 2)} IDF1"
    title = (
        f"{rank} · {failure.kind} · {failure.sequence}, person {failure.identity}, "
        f"frames {failure.start + 1} to {failure.stop}"
    )
    return node(
        "article",
        node("h4", title),
        node("p", f"{_told(failure)}{_seen(failure, one)} Mended: {points}."),
        _shots(failure, one),
        *cost_table(failure, one),
        class_="failure",
    )


def _told(failure: Failure) -> str:
    boxes = f"{failure.boxes} box{'es' if failure.boxes > 1 else ''}"
    if failure.kind is FailureKind.SWITCH:
        return (
            f"Track {failure.before} was on this person; track {failure.after} is "
            f"from frame {failure.start + 1} on, for {boxes}."
        )
    if failure.kind is FailureKind.FRAGMENTATION:
        return (
            f"Not found for {boxes}, between track {failure.before} and track "
            f"{failure.after}."
        )
    if failure.before != NO_TRACK:
        return f"Lost by track {failure.before} for the last {boxes}."
    if failure.after != NO_TRACK:
        return f"Not found for the first {boxes}, until track {failure.after} began."
    return f"Never found, in {boxes}."


def _seen(failure: Failure, one: WatchedSequence) -> str:
    """How much of the person could be seen meanwhile, where ground truth says it."""
    truth = one.sequence.annotations()
    if failure.kind is FailureKind.SWITCH or truth is None:
        return ""
    own = (truth.ids == failure.identity) & (truth.frames >= failure.start)
    visible = truth.visibility[own & (truth.frames < failure.stop)]
    if not len(visible) or truth.visibility.min() == 1:
        return ""
    share = number(100 * float(visible.mean()), 0)
    return f" Of the person {share} % could be seen then, on average."


def shown_frames(failure: Failure) -> list[int]:
    """Before, at and after what went wrong."""
    if failure.kind is FailureKind.SWITCH:
        later = min(failure.start + 5, failure.stop - 1)
        return [failure.start - 1, failure.start, max(later, failure.start + 1)]
    middle = (failure.start + failure.stop - 1) // 2
    return [failure.start - 1, middle, failure.stop]


def _shots(failure: Failure, one: WatchedSequence) -> Node:
    sequence = one.sequence
    annotations = sequence.annotations()
    assert annotations is not None, "failures are found by ground truth"
    own = annotations.ids == failure.identity
    frames, boxes = annotations.frames[own], annotations.boxes[own]
    last = sequence.stop - 1
    shown = list(
        dict.fromkeys(
            min(max(frame, sequence.start), last) for frame in shown_frames(failure)
        )
    )
    # The frames just outside may not show the person: the nearest box stands for it.
    near = boxes[[int(np.abs(frames - frame).argmin()) for frame in shown]]
    whole = near[:, 2:].max(axis=0) - near[:, :2].min(axis=0)
    moved = whole.max() > _FAR * (near[:, 3] - near[:, 1]).max()
    regions = [
        region_around(
            near[k : k + 1] if moved else near, sequence.width, sequence.height
        )
        for k in range(len(shown))
    ]
    pictures = []
    for frame, region in zip(shown, regions, strict=True):
        picture = _drawn(failure, one, frame, boxes[frames == frame])
        alt = f"{failure.kind}, {failure.sequence} frame {frame + 1}"
        pictures.append(figure(f"frame {frame + 1}", jpeg(crop(picture, region), alt)))
    return node("div", *pictures, class_="shots")


def _drawn(
    failure: Failure, one: WatchedSequence, frame: int, truth: np.ndarray
) -> Picture:
    mine = one.table.frames == frame
    tracks = [
        DrawnBox(box, colour_of(identity), str(identity))
        for identity, box in zip(
            one.table.ids[mine].tolist(), one.table.boxes[mine], strict=True
        )
    ]
    gap = failure.kind is not FailureKind.SWITCH
    missed = gap and failure.start <= frame < failure.stop
    colour = _MISSED if missed else _TRUTH
    true = [DrawnBox(box, colour, dashed=True) for box in truth]
    return draw_boxes(one.sequence.frame(frame).image, [*tracks, *true])
