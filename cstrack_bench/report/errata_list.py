"""ERRATA.md: slips and gaps of the paper."""

from cstrack_bench.paper.claims import load_errata
from cstrack_bench.report.markdown import MARKER, folded, markdown_table

_KINDS = {
    "print": "Numbers that cannot be right as printed",
    "text": "Sentences that misquote a table",
    "code": "Where the paper and the code that ran in public differ",
    "unstated": "What the paper does not say",
    "note": "What is known about reproducing it",
}
_HEAD = ("where", "printed", "found", "here")


def errata_list() -> str:
    """The page, from the errata of ``paper/``."""
    lines = [MARKER, "# Slips and gaps of the paper", ""]
    for kind, title in _KINDS.items():
        rows = [
            [slip.where, slip.printed, slip.found, slip.handling]
            for slip in load_errata()
            if slip.kind == kind
        ]
        if kind in ("print", "text"):
            lines += [f"## {title}", "", *markdown_table(_HEAD, rows), ""]
        else:
            lines += folded(title, [(_HEAD, rows)])
    return "\n".join(lines)
