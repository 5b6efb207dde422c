"""Fig. 6: embeddings and templates of one frame, and how sharp all frames are."""

import collections.abc as abc

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.experiments.discrimination import (
    LEAST_VISIBILITY,
    MEASURES,
    CosineMatrices,
    DescribedFrame,
    in_stretches,
    typical_frame,
)
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.page.html_nodes import Node, bullet_list, figure, node
from cstrack_bench.page.page_tables import sortable, text_cell
from cstrack_bench.page.pictures import (
    DrawnBox,
    draw_boxes,
    jpeg,
    matrix_png,
)
from cstrack_bench.report.video import colour_of
from cstrack_bench.report.words import MISSING, number, signed
from cstrack_bench.verdicts.statistics import Estimate, over_seeds

#: A difference of the mean below these does not matter, fixed before any was seen.
_MARGINS = {"matching": 0.01, "rank1": 1.0}
_PANELS = (
    ("b", "embeddings of the frame: a row a person, a column a component"),
    ("c", "cosine of embeddings within the frame"),
    ("d", "templates, from earlier frames"),
    ("e", "cosine of templates"),
    ("f", "cosine of the frame's embeddings (rows) and templates (columns)"),
)


def embedding_figures(
    frames: abc.Sequence[DescribedFrame],
    sequences: abc.Sequence[Sequence],
    names: abc.Sequence[str],
) -> list[Node]:
    """The figure of one typical frame, and the numbers of all.

    Args:
        frames: from ``describe_frames``.
        sequences: that they are of.
        names: of the networks, the one that is said to be sharper first.
    """
    first, second = names[0], names[1] if len(names) > 1 else None
    shown = typical_frame(frames, first, second)
    sequence = sequences[shown.sequence]
    found = [bullet_list(sharpness_lines(frames, sequences, names))]
    found.append(_numbers(frames, sequences, names))
    people = shown.matrices[first]
    boxes = [
        DrawnBox(box, colour_of(identity), str(row + 1))
        for row, (identity, box) in enumerate(
            zip(people.identities.tolist(), people.boxes, strict=True)
        )
    ]
    picture = draw_boxes(sequence.frame(shown.frame).image, boxes)
    where = f"{sequence.name}, frame {shown.frame + 1}"
    found.append(
        figure(
            f"**Fig. 6 a**: {where}, true boxes numbered as the rows below",
            jpeg(picture, f"{where} with {len(boxes)} numbered people"),
            note="Of the frames with most people, the one whose numbers are nearest to "
            "the mean of all frames.",
            kind="wide",
        )
    )
    for name in names:
        found.append(
            figure(
                f"**Fig. 6 b–f: {name}**, the same people",
                _panels(name, shown.matrices[name]),
                kind="wide",
            )
        )
    found.append(_scale())
    return found


def _panels(name: str, matrices: CosineMatrices) -> Node:
    # Components of a unit vector have a size of about 1 / √D.
    spread = 0.5 * np.sqrt(matrices.embeddings.shape[1])
    values: dict[str, NDArray[np.floating]] = {
        "b": matrices.embeddings * spread,
        "c": matrices.within_frame,
        "d": matrices.templates * spread,
        "e": matrices.of_templates,
        "f": matrices.matching,
    }
    return node(
        "div",
        *(
            node(
                "div",
                matrix_png(values[letter], f"{name}: {title}"),
                node("p", node("b", f"{letter} "), title),
                class_="strips" if letter in "bd" else None,
            )
            for letter, title in _PANELS
        ),
        class_="panels",
    )


def _scale() -> Node:
    return node(
        "div",
        node("div", class_="scale"),
        node(
            "div",
            *(node("span", text) for text in ("−1", "0", "cosine +1")),
            class_="scale-ends note",
        ),
        node(
            "p",
            "One scale for all matrices of both networks: red is alike, white "
            "unrelated, blue opposite. Components of embeddings (b, d) are multiplied "
            "by half the root of their number.",
            class_="note",
        ),
    )


def _stretch(sequences: abc.Sequence[Sequence]) -> int:
    """Frames of about a second; of short sequences fewer, for eight stretches."""
    shortest = min(len(sequence) for sequence in sequences)
    second = round(max(sequence.frame_rate for sequence in sequences))
    return max(1, min(second, shortest // 8))


def _estimate(
    frames: abc.Sequence[DescribedFrame], values: abc.Sequence[float], length: int
) -> Estimate:
    return over_seeds(in_stretches(frames, values, length))


def _values(
    frames: abc.Iterable[DescribedFrame], name: str, measure: str
) -> list[float]:
    return [getattr(one.matrices[name].sharpness, measure) for one in frames]


def sharpness_lines(
    frames: abc.Sequence[DescribedFrame],
    sequences: abc.Sequence[Sequence],
    names: abc.Sequence[str],
) -> list[str]:
    """What was compared, and which network is sharper, in sentences.

    Args:
        frames: from ``describe_frames``.
        sequences: that they are of.
        names: of the networks.
    """
    length = _stretch(sequences)
    parts = ", ".join(f"{s.name} frames {s.start + 1} to {s.stop}" for s in sequences)
    lines = [
        f"Sharpness is the mean of a matrix's diagonal less the mean of the rest. True "
        f"boxes of people at least {100 * LEAST_VISIBILITY:.0f} % visible on {parts}: "
        f"{len(frames)} frames. Intervals are 95 % over stretches of {length} "
        f"frame{'s' if length > 1 else ''}, since neighbouring frames are nearly equal."
    ]
    if len(names) < 2:
        return lines
    first, second = names[:2]
    for measure, title in (("matching", MEASURES["matching"]), ("rank1", "rank-1")):
        found = _difference(frames, names, measure, length)
        decimals = 1 if measure == "rank1" else 3
        size = signed(found.mean, decimals)
        if found.half_width is None:
            lines.append(f"{title}: {size}, of one stretch: no verdict.")
            continue
        ends = [found.mean - found.half_width, found.mean + found.half_width]
        interval = ", ".join(signed(end, decimals) for end in ends)
        if ends[0] <= 0 <= ends[1]:
            verdict = f"{first} and {second} do not differ"
        elif abs(found.mean) < _MARGINS[measure]:
            verdict = f"{first} and {second} differ by too little to matter"
        else:
            better = first if found.mean > 0 else second
            verdict = f"**{better} is the sharper one**"
        numbers = f"{first} less {second}: {size} [{interval}]"
        lines.append(f"{title[0].upper()}{title[1:]}: {verdict} ({numbers}).")
    return lines


def _difference(
    frames: abc.Sequence[DescribedFrame],
    names: abc.Sequence[str],
    measure: str,
    length: int,
) -> Estimate:
    first, second = (_values(frames, name, measure) for name in names[:2])
    paired = [one - other for one, other in zip(first, second, strict=True)]
    return _estimate(frames, paired, length)


def _numbers(
    frames: abc.Sequence[DescribedFrame],
    sequences: abc.Sequence[Sequence],
    names: abc.Sequence[str],
) -> Node:
    """Every measure of every network, over all frames and by sequence."""
    length = _stretch(sequences)
    rows = []
    whole = [("all", list(frames))] if len(sequences) > 1 else []
    for index, sequence in enumerate(sequences):
        own = [one for one in frames if one.sequence == index]
        whole += [(sequence.name, own)] if own else []
    for where, own in whole:
        for measure, title in MEASURES.items():
            decimals = 1 if measure == "rank1" else 3
            cells = [text_cell(where), text_cell(title, "what")]
            for name in names:
                found = _estimate(own, _values(own, name, measure), length)
                text = number(found.mean, decimals)
                cells.append(_number_cell(found, decimals, text))
            if len(names) > 1:
                found = _difference(own, names, measure, length)
                text = signed(found.mean, decimals)
                cells.append(_number_cell(found, decimals, text))
            rows.append(cells)
    head = ["frames", "sharpness of", *names]
    if len(names) > 1:
        head.append(f"{names[0]} less {names[1]}")
    return sortable(head, rows, "sharpness of embeddings")


def _number_cell(found: Estimate, decimals: int, text: str) -> Node:
    half = found.half_width
    spread = MISSING if half is None else f"±{number(half, decimals)}"
    return node(
        "td",
        node("span", f"{text} ", node("small", spread), class_="ours"),
        data_value=f"{found.mean:.6f}",
        class_="number",
    )
