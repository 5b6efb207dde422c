"""The assignment that lost: costs, gate and limits in the frame of a failure."""

import collections.abc as abc
import math

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.boxes import iou_matrix
from cstrack_bench.evaluation.failures import NO_TRACK, Failure, FailureKind
from cstrack_bench.experiments.watched_tracking import WatchedSequence
from cstrack_bench.page.html_nodes import Node, node
from cstrack_bench.report.words import MISSING, number
from cstrack_bench.tracking.cascade import CascadeConfig
from cstrack_bench.tracking.matching_costs import FrameCosts

#: Least IoU with which a detection is of a true box, as in CLEAR.
_OVERLAP = 0.5
_RIVALS = 2


def cost_table(failure: Failure, one: WatchedSequence) -> abc.Iterator[Node]:
    """What the tracker compared for the person in the first wrong frame.

    Args:
        failure: whose.
        one: the sequence that it is of.
    """
    costs = one.costs.get(failure.start)
    truth = _true_box(failure, one)
    if truth is None:
        return
    if costs is None or one.config is None:
        yield node("p", "This tracker keeps no costs.", class_="note")
        return
    overlaps = iou_matrix(truth[None], costs.boxes)[0]
    if not len(overlaps):
        yield node("p", "The detector found nothing in this frame.", class_="note")
        return
    best = int(overlaps.argmax())
    score = number(float(costs.scores[best]), 2)
    overlap = number(float(overlaps[best]), 2)
    if overlaps[best] < _OVERLAP:
        yield node(
            "p",
            f"The detector: no box overlaps the person by {_OVERLAP} in frame "
            f"{failure.start + 1}; the nearest one has IoU {overlap} (score {score}).",
            class_="note",
        )
        if overlaps[best] < 0.1:
            return
    else:
        yield node(
            "p",
            f"The detector found the person in frame {failure.start + 1} (score "
            f"{score}, IoU {overlap}); {_outcome(costs, best)}.",
            class_="note",
        )
    rows = _compared(failure, costs, best)
    if rows:
        yield _table(rows, costs, best, one.config)
        yield node("p", _reason(failure, costs, best, one.config), class_="note")


def _true_box(failure: Failure, one: WatchedSequence) -> NDArray[np.float64] | None:
    annotations = one.sequence.annotations()
    if annotations is None:
        return None
    own = annotations.ids == failure.identity
    rows = np.flatnonzero(own & (annotations.frames == failure.start))
    return annotations.boxes[rows[0]] if len(rows) else None


def _outcome(costs: FrameCosts, detection: int) -> str:
    taken = int(costs.taken_by[detection])
    if taken == NO_TRACK:
        return "no track took the box"
    if costs.born[detection]:
        return f"the box began track {taken}, reported from its next match on"
    return f"track {taken} took the box"


def _compared(failure: Failure, costs: FrameCosts, detection: int) -> list[int]:
    """Rows of the tracks to show: those of the failure, then the cheapest rivals."""
    wanted = [failure.before, failure.after, int(costs.taken_by[detection])]
    rows = [
        int(row) for track in wanted for row in np.flatnonzero(costs.tracks == track)
    ]
    order = costs.overlaps if costs.fused is None else costs.fused
    cheapest = np.argsort(order[:, detection], kind="stable").tolist()
    rivals = [row for row in cheapest if row not in rows][:_RIVALS]
    return [*dict.fromkeys(rows), *rivals]


def _table(
    rows: abc.Sequence[int], costs: FrameCosts, detection: int, config: CascadeConfig
) -> Node:
    head = (
        "track",
        "state",
        "1 − cosine",
        f"d² (gate {number(config.gate, 2)})",
        f"fused cost (limit {number(config.appearance_limit, 2)})",
        f"1 − IoU (limit {number(config.overlap_limit, 2)})",
        "took",
    )
    body = []
    for row in rows:
        track = int(costs.tracks[row])
        distance = float(costs.distances[row, detection])
        gated = "outside" if distance > config.gate else "inside"
        taken = np.flatnonzero(costs.taken_by == track)
        took = "nothing"
        if detection in taken.tolist():
            took = "this box"
        elif len(taken):
            took = "another box"
        cells = (
            str(track),
            "lost" if costs.lost[row] else "tracked",
            _entry(costs.cosines, row, detection),
            f"{number(distance, 1)} {gated}",
            _entry(costs.fused, row, detection),
            number(float(costs.overlaps[row, detection]), 2),
            took,
        )
        body.append(node("tr", *(node("td", cell) for cell in cells)))
    table = node(
        "table",
        node("thead", node("tr", *(node("th", title) for title in head))),
        node("tbody", *body),
    )
    return node("div", table, class_="scroll")


def _entry(values: NDArray[np.float64] | None, row: int, column: int) -> str:
    if values is None:
        return MISSING
    value = float(values[row, column])
    return "∞" if math.isinf(value) else number(value, 3)


def _reason(
    failure: Failure, costs: FrameCosts, detection: int, config: CascadeConfig
) -> str:
    """Why the track of before did not get the box, in one sentence."""
    track = failure.before
    if track == NO_TRACK:
        return "No track was on this person before."
    found = np.flatnonzero(costs.tracks == track)
    if not len(found):
        return f"Track {track} was no longer among the tracks: it had ended."
    row = int(found[0])
    taken = np.flatnonzero(costs.taken_by == track).tolist()
    if detection in taken:
        if failure.kind is FailureKind.SWITCH:
            return f"Track {track} took this box, another one overlaps the person more."
        return f"Track {track} took this box, which is too far from the true one."
    own = math.inf if costs.fused is None else float(costs.fused[row, detection])
    overlap = float(costs.overlaps[row, detection])
    parts = []
    if float(costs.distances[row, detection]) > config.gate:
        parts.append("the box lies outside its gate")
    elif own > config.appearance_limit:
        parts.append(
            f"its cost of {number(own, 3)} is above the limit of "
            f"{number(config.appearance_limit, 2)}"
        )
    else:
        parts.append(f"its cost of {number(own, 3)} was within the limit")
        parts += _cheaper(costs, detection, own)
    if costs.lost[row] and config.second_chance == "tracked":
        parts.append("a lost track has no second chance by overlap")
    elif overlap > config.overlap_limit:
        parts.append(f"1 − IoU of {number(overlap, 2)} is above that of the second one")
    if taken:
        parts.append("it took another box")
    return f"Track {track} did not get it: {', '.join(parts)}."


def _cheaper(costs: FrameCosts, detection: int, own: float) -> abc.Iterator[str]:
    """That the track which got the box had a lower cost, if it had."""
    winner = int(costs.taken_by[detection])
    found = np.flatnonzero(costs.tracks == winner)
    if costs.fused is not None and len(found):
        other = float(costs.fused[found[0], detection])
        if other < own:
            yield f"that of track {winner}, {number(other, 3)}, was lower"
