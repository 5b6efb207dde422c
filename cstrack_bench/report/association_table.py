"""Trackers without appearance over one set of detections: a section and a CSV.

``results/association/<detections>.json`` is written by ``scripts/association.py``.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from cstrack_bench.documents import read_document
from cstrack_bench.evaluation.scores import Scores
from cstrack_bench.experiments.comparison_records import (
    AssociationLine,
    AssociationRecord,
)
from cstrack_bench.report.details import Grid
from cstrack_bench.report.words import MISSING

FOLDER = "association"
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


def read_associations(results_root: Path) -> list[tuple[AssociationRecord, Path]]:
    """Every such document below the results folder, with its path.

    Raises:
        InputError: a file there is not one.
    """
    what = "what scripts/association.py writes"
    return [
        (read_document(path, AssociationRecord, what, "run that again"), path)
        for path in sorted((results_root / FOLDER).glob("*.json"))
    ]


def association_csv(record: AssociationRecord) -> str:
    """One line a tracker and sequence, and one over all; scores with six decimals."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["detections", "split", "part", "tracker", "sequence", *COLUMNS])
    for part, line in _lines(record):
        scores = line.scores
        for sequence, row in {ALL: scores.overall, **scores.sequences}.items():
            start = [record.name, record.split, part, line.label, sequence]
            writer.writerow(start + [_plain(row[key]) for key in COLUMNS.values()])
    return buffer.getvalue()


def association_section(record: AssociationRecord) -> list[str]:
    """The lines of its section, up to its tables."""
    split = f"{record.split} ({record.split_hash})"
    frames = sum(stop - start for start, stop in record.sequences.values())
    machine = record.provenance
    changed = ", with uncommitted changes" if machine.dirty else ""
    return [
        f"## {record.title}",
        "",
        f"Second halves of {len(record.sequences)} sequences, split {split}, "
        f"{frames} frames; the same detections for all. Not a table of the paper. "
        f"Measured by `scripts/association.py` at {machine.git[:10]}{changed}, "
        f"{machine.time[:10]}.",
        "",
    ]


def tracker_grid(record: AssociationRecord) -> Grid:
    """Trackers over all sequences, peers in quotes below them."""
    head = ["tracker", *_SHOWN]
    rows = [[line.label, *_cells(line.scores.overall)] for line in record.trackers]
    held_out = record.leave_one_out.scores.overall
    label = "ours, thresholds from the other six sequences"
    rows.append([label, *_cells(held_out)])
    for peer in record.peers:
        quoted = [getattr(peer, key, None) for key in _SHOWN]
        cells = [MISSING if value is None else _number(value) for value in quoted]
        rows.append([f"quoted: {peer.label}", *cells])
    return head, rows


def rule_grid(record: AssociationRecord) -> Grid:
    """What single rules bring."""
    rows = [[line.label, *_cells(line.scores.overall)] for line in record.rules]
    return ["rule", *_SHOWN], rows


def sequence_grid(record: AssociationRecord) -> Grid:
    """HOTA of each tracker on each sequence."""
    names = list(record.sequences)
    rows = [
        [
            line.label,
            *(_number(line.scores.sequences[n]["HOTA"]) for n in names),
        ]
        for line in record.trackers
    ]
    return ["HOTA", *names], rows


def _lines(record: AssociationRecord) -> Iterator[tuple[str, AssociationLine]]:
    yield from (("tracker", line) for line in record.trackers)
    yield from (("rule", line) for line in record.rules)


def _cells(overall: Scores) -> Sequence[str]:
    return [_number(overall[key]) for key in _SHOWN]


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"


def _plain(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6f}"
