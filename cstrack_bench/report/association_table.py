"""Trackers without appearance over one set of detections: a section and a CSV.

``results/association/<detections>.json`` is written by ``scripts/association.py``.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cstrack_bench.errors import InputError
from cstrack_bench.report.provenance import Grid
from cstrack_bench.report.words import MISSING

FOLDER = "association"
SCHEMA = 1
# Column of the CSV -> score.
COLUMNS = {
    "HOTA_percent": "HOTA",
    "DetA_percent": "DetA",
    "AssA_percent": "AssA",
    "MOTA_percent": "MOTA",
    "IDF1_percent": "IDF1",
    "identity_switches": "IDSW",
    "false_positives": "FP",
    "misses": "FN",
    "fragmentations": "Frag",
    "ground_truth_boxes": "GT",
}
ALL = "all"
_SHOWN = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "FP", "FN")

Document = Mapping[str, Any]


def read_associations(results_root: Path) -> list[tuple[Document, Path]]:
    """Every such document below the results folder, with its path.

    Raises:
        InputError: a file there is not one.
    """
    found = []
    for path in sorted((results_root / FOLDER).glob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            sound = document["schema"] == SCHEMA and bool(document["trackers"])
        except (OSError, ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            raise InputError(
                f"{path} is not what scripts/association.py writes; run that again."
            )
        found.append((document, path))
    return found


def association_csv(document: Document) -> str:
    """One line a tracker and sequence, and one over all; scores with six decimals."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["detections", "split", "part", "tracker", "sequence", *COLUMNS])
    for part, line in _lines(document):
        scores = line["scores"]
        for sequence, row in {ALL: scores["overall"], **scores["sequences"]}.items():
            start = [document["name"], document["split"], part, line["label"], sequence]
            writer.writerow(start + [_plain(row[key]) for key in COLUMNS.values()])
    return buffer.getvalue()


def association_section(document: Document) -> list[str]:
    """The lines of its section, up to its tables."""
    split = f"{document['split']} ({document['split_hash']})"
    frames = sum(stop - start for start, stop in document["sequences"].values())
    machine = document["provenance"]
    changed = ", with uncommitted changes" if machine["dirty"] else ""
    return [
        f"## {document['title']}",
        "",
        f"Second halves of {len(document['sequences'])} sequences, split {split}, "
        f"{frames} frames; the same detections for all. Not a table of the paper. "
        f"Measured by `scripts/association.py` at {machine['git'][:10]}{changed}, "
        f"{machine['time'][:10]}.",
        "",
    ]


def tracker_grid(document: Document) -> Grid:
    """Trackers over all sequences, peers in quotes below them."""
    head = ["tracker", *_SHOWN]
    rows = [[line["label"], *_cells(line)] for line in document["trackers"]]
    held_out = document["leave_one_out"]["scores"]
    label = "ours, thresholds from the other six sequences"
    rows.append([label, *_cells({"scores": held_out})])
    for peer in document["peers"]:
        cells = [_number(peer[key]) if key in peer else MISSING for key in _SHOWN]
        rows.append([f"quoted: {peer['label']}", *cells])
    return head, rows


def rule_grid(document: Document) -> Grid:
    """What single rules bring."""
    rows = [[line["label"], *_cells(line)] for line in document["rules"]]
    return ["rule", *_SHOWN], rows


def sequence_grid(document: Document) -> Grid:
    """HOTA of each tracker on each sequence."""
    names = list(document["sequences"])
    rows = [
        [
            line["label"],
            *(_number(line["scores"]["sequences"][n]["HOTA"]) for n in names),
        ]
        for line in document["trackers"]
    ]
    return ["HOTA", *names], rows


def _lines(document: Document) -> Iterator[tuple[str, Document]]:
    for part in ("trackers", "rules"):
        for line in document[part]:
            yield part.removesuffix("s"), line


def _cells(line: Document) -> Sequence[str]:
    overall = line["scores"]["overall"]
    return [_number(overall[key]) for key in _SHOWN]


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"


def _plain(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6f}"
