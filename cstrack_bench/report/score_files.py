"""Scores of an evaluation as files: CSV for a script, LaTeX for a paper."""

import csv
import io
from dataclasses import dataclass

from cstrack_bench.evaluation.scores import Evaluation

#: Scores shown of each sequence, in this order.
COLUMNS = (
    *("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDP", "IDR"),
    *("MT", "PT", "ML", "FP", "FN", "IDSW", "Frag"),
)
#: Of these more is better; of the other counts less, and PT is neither.
_MORE = frozenset({"HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDP", "IDR", "MT"})
_LATEX = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
    }
)


@dataclass(frozen=True)
class ScoreOrigin:
    """What scores are of.

    Attributes:
        tracker: its name, or that of its folder.
        dataset: such as mot17.
        subset: train, val or test.
        split: full, or a half's name.
        split_hash: of the frames.
    """

    tracker: str
    dataset: str
    subset: str
    split: str
    split_hash: str

    def __str__(self) -> str:
        return (
            f"{self.tracker} on {self.dataset} {self.subset}, split {self.split} "
            f"({self.split_hash})"
        )


def scores_csv(scores: Evaluation, origin: ScoreOrigin) -> str:
    """A line a sequence and one OVERALL, each complete in itself.

    Args:
        scores: of trackeval.
        origin: what they are of.
    """
    buffer = io.StringIO()
    lead = ("tracker", "dataset", "subset", "split", "split hash", "sequence")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*lead, *scores.overall])
    about = [
        *(origin.tracker, origin.dataset, origin.subset),
        *(origin.split, origin.split_hash),
    ]
    for name, row in [*scores.sequences.items(), ("OVERALL", scores.overall)]:
        cells = [f"{v:.6f}" if isinstance(v, float) else str(v) for v in row.values()]
        writer.writerow([*about, name, *cells])
    return buffer.getvalue()


def scores_latex(scores: Evaluation, origin: ScoreOrigin) -> str:
    """A ``table`` with rules of the package ``booktabs``.

    Percentages have one decimal, as in print.

    Args:
        scores: of trackeval.
        origin: what they are of; the caption.
    """
    heads = " & ".join(f"{name}{_arrow(name)}" for name in COLUMNS)
    lines = [
        "% Needs \\usepackage{booktabs}; overall scores come from summed counts.",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_escaped(str(origin))}.}}",
        rf"\begin{{tabular}}{{l{'r' * len(COLUMNS)}}}",
        r"\toprule",
        rf"Sequence & {heads} \\",
        r"\midrule",
    ]
    rows = list(scores.sequences.items())
    for name, row in rows:
        lines.append(_line(name, [row[key] for key in COLUMNS]))
    if len(rows) > 1:
        lines.append(r"\midrule")
        lines.append(_line("Overall", [scores.overall[key] for key in COLUMNS]))
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _line(name: str, values: list[float | int]) -> str:
    cells = [f"{v:.1f}" if isinstance(v, float) else f"{v}" for v in values]
    numbers = [f"${cell}$" if cell.startswith("-") else cell for cell in cells]
    return rf"{_escaped(name)} & {' & '.join(numbers)} \\"


def _arrow(name: str) -> str:
    if name == "PT":
        return ""
    return r"$\uparrow$" if name in _MORE else r"$\downarrow$"


def _escaped(text: str) -> str:
    return text.translate(_LATEX)
