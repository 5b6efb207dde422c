#!/usr/bin/env python
"""Trackers without appearance over one set of real detections, in one table.

    python scripts/association.py ../shared/data

The folder holds detections/mot17-yolox-x-ablation/*.txt and mot17-annotations/train/*.
Writes results/association/mot17-yolox-x-ablation.json and a .csv beside it.
"""

import argparse
import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cstrack_bench.console import progress
from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.datasets.splits import split_hash, split_sequences
from cstrack_bench.detection.file_detector import FileDetector
from cstrack_bench.documents import write_document
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.fast_scores import evaluate
from cstrack_bench.evaluation.scores import Evaluation, SequenceResult
from cstrack_bench.experiments.comparison_records import AssociationRecord
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.files import sha256, write_text
from cstrack_bench.formats.mot_files import read_detections
from cstrack_bench.formats.sequences import Sequence as Frames
from cstrack_bench.formats.sequences import list_sequences
from cstrack_bench.pipeline import track_sequence
from cstrack_bench.program import run_program
from cstrack_bench.report.association_table import association_csv
from cstrack_bench.structures import Detections
from cstrack_bench.tracking.tracker_registry import (
    find_tracker,
    make_filter,
    make_tracker,
)

ROOT = Path(__file__).resolve().parents[1]
NAME = "mot17-yolox-x-ablation"
SPLIT = "half/bytetrack"
COMMAND = "python scripts/association.py DATA"
# ByteTrack's "high", here the least score for everyone who does not use unsure boxes.
CONFIDENT = 0.6
# ByteTrack's own filter for all: area > 100, width / height <= 1.6.
FILTER = "bytetrack"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of the table.

    Attributes:
        label: what a reader sees.
        tracker: a name of ``tracking.tracker_registry``.
        options: what differs from the tracker's preset.
        least_score: detections below it never reach the tracker.
    """

    label: str
    tracker: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    least_score: float = 0.0


TRACKERS = (
    Entry("IoU-Tracker", "iou", least_score=CONFIDENT),
    Entry("SORT", "sort"),
    Entry("DeepSORT without appearance", "deepsort", {"min_confidence": CONFIDENT}),
    Entry("ByteTrack", "bytetrack"),
    Entry("steady (ours)", "steady"),
)
SHARED = {"camera_gain": 0.8}
CASCADE = {"birth_confidence": CONFIDENT}
# What single rules bring, each against the tracker that it is added to.
RULES = (
    Entry("ByteTrack − unsure boxes", "bytetrack", {"low_confidence": CONFIDENT}),
    Entry("ByteTrack − score × IoU", "bytetrack", {"fuse_scores": False}),
    Entry("ByteTrack + width as state", "bytetrack", {"state": "width"}),
    Entry("ByteTrack + shared shift", "bytetrack", SHARED),
    Entry("ByteTrack + both = steady", "steady"),
    Entry("steady, 0.6 of the shift", "steady", {"camera_gain": 0.6}),
    Entry("steady, all of the shift", "steady", {"camera_gain": 1.0}),
    Entry("CSTrack without appearance", "cstrack", CASCADE),
    Entry(
        "CSTrack without appearance + shared shift", "cstrack", {**CASCADE, **SHARED}
    ),
    Entry("SORT + 30 frames of patience", "sort", {"max_age": 30}),
    Entry("DeepSORT from score 0.3 on", "deepsort"),
)
# Every threshold of steady that is not ByteTrack's, and those that others tune.
GRID = {
    "camera_gain": (0.0, 0.4, 0.6, 0.8, 1.0),
    "state": ("aspect", "width"),
    "high_confidence": (0.5, 0.6, 0.7),
    "low_overlap_limit": (0.4, 0.5),
}
BIRTH_MARGIN = 0.1

PEERS = (
    {"label": "OC-SORT, BoxMOT", "HOTA": 66.35, "MOTA": 74.50, "IDF1": 77.95},
    {"label": "BoT-SORT, BoxMOT", "HOTA": 67.73, "MOTA": 77.61, "IDF1": 79.35},
    {"label": "ByteTrack, published", "HOTA": 67.7, "MOTA": 76.6, "IDF1": 79.3},
)

Detected = Mapping[str, Mapping[int, Detections]]


def load(folder: Path) -> tuple[list[Frames], dict[str, dict[int, Detections]]]:
    """Second halves with ground truth, and the detections of each, by name."""
    detections = folder / "detections" / NAME
    files = {path.stem: path for path in sorted(detections.glob("*.txt"))}
    if not files:
        raise InputError(f"No detections in {detections}.")
    known = list_sequences(folder / "mot17-annotations")
    whole = [sequence for sequence in known if sequence.name in files]
    if len(whole) != len(files):
        raise InputError(f"Not every file of {detections} has its ground truth.")
    _, halves = split_sequences(whole, SPLIT)
    return halves, {half.name: read_detections(files[half.name]) for half in halves}


def run(
    entry: Entry, halves: Sequence[Frames], found: Detected
) -> list[SequenceResult]:
    """Track every half, each by a fresh tracker that starts at its first frame."""
    results = []
    for half in halves:
        detector = FileDetector(found[half.name], entry.least_score)
        tracker = make_tracker(entry.tracker, half.frame_rate, **entry.options)
        table = track_sequence(half, detector, tracker, make_filter(FILTER))
        results.append(SequenceResult.of(half, table))
    return results


def record_of(entry: Entry, evaluation: Evaluation) -> dict[str, Any]:
    """One line of the document."""
    settings = find_tracker(entry.tracker).configured(entry.options)
    return {
        "label": entry.label,
        "tracker": entry.tracker,
        "options": dict(entry.options),
        "least_score": entry.least_score,
        "settings": dataclasses.asdict(settings),
        "scores": evaluation.as_dict(),
    }


def leave_one_out(halves: Sequence[Frames], found: Detected) -> dict[str, Any]:
    """Thresholds for each sequence chosen on the other six, from a grid.

    The choice goes by the mean HOTA of the six, weighted with their ground-truth boxes.
    """
    settings = [
        dict(zip(GRID, values, strict=True))
        for values in itertools.product(*GRID.values())
    ]
    tried = []
    with progress() as bar:
        for options in bar.track(settings, description="leave one sequence out"):
            birth = options["high_confidence"] + BIRTH_MARGIN
            entry = Entry("", "bytetrack", {**options, "birth_confidence": birth})
            results = run(entry, halves, found)
            tried.append((options, results, evaluate(results, MOT17).sequences))
    held_out, chosen = [], {}
    for index, half in enumerate(halves):
        others = [other.name for other in halves if other is not half]
        best = max(tried, key=lambda one: _weighted_hota(one[2], others))
        chosen[half.name] = best[0]
        held_out.append(best[1][index])
    means = [_weighted_hota(scores, scores) for _, _, scores in tried]
    return {
        "grid": {name: list(values) for name, values in GRID.items()},
        "chosen": chosen,
        "scores": evaluate(held_out, MOT17).as_dict(),
        "settings": len(settings),
        "mean_hota_of_settings": [min(means), max(means)],
    }


def _weighted_hota(scores: Mapping[str, Any], names: Iterable[str]) -> float:
    rows = [scores[name] for name in names]
    return sum(r["HOTA"] * r["GT"] for r in rows) / sum(r["GT"] for r in rows)


def document(folder: Path) -> AssociationRecord:
    """Everything that is measured, and what it was measured with."""
    halves, found = load(folder)
    lines: dict[str, list[dict[str, Any]]] = {"trackers": [], "rules": []}
    with progress() as bar:
        task = bar.add_task("tracking", total=len(TRACKERS) + len(RULES))
        for part, entries in (("trackers", TRACKERS), ("rules", RULES)):
            for entry in entries:
                evaluation = evaluate(run(entry, halves, found), MOT17)
                lines[part].append(record_of(entry, evaluation))
                bar.advance(task)
    held_out = leave_one_out(halves, found)
    detections = folder / "detections" / NAME
    content = {
        "name": NAME,
        "title": "Association without appearance on MOT17, YOLOX-X detections",
        "split": SPLIT,
        "split_hash": split_hash(halves),
        "sequences": {half.name: [half.start, half.stop] for half in halves},
        "detections_sha256": {
            h.name: sha256(detections / f"{h.name}.txt") for h in halves
        },
        "filter": dataclasses.asdict(make_filter(FILTER).config),
        **lines,
        "leave_one_out": held_out,
        "peers": list(PEERS),
        "caveats": caveats(lines, held_out),
        "provenance": provenance("cpu", COMMAND),
    }
    return AssociationRecord.model_validate(content)


def caveats(
    lines: Mapping[str, Sequence[Mapping[str, Any]]], held_out: Mapping[str, Any]
) -> list[str]:
    """What must be known before a number is quoted."""
    hota = {
        line["label"]: line["scores"]["overall"]["HOTA"]
        for part in ("trackers", "rules")
        for line in lines[part]
    }
    aside = held_out["scores"]["overall"]
    least, largest = held_out["mean_hota_of_settings"]
    return [
        "The detector was trained on CrowdHuman and the first halves of these videos; "
        "trackers start afresh at the first frame of each second half, online, one set "
        "of thresholds for all seven sequences, no interpolation.",
        "ByteTrack (0.6, 0.1, 0.7; limits 0.8, 0.5, 0.7; 30 frames; overlap weighted "
        "by score) and SORT (IoU 0.3, one frame, three hits) run with their published "
        "settings; SORT's paper gives no noise, so that is ours. IoU-Tracker, SORT "
        "and DeepSORT get the detections from 0.6 on, ByteTrack's line; nothing of "
        "theirs was tuned here.",
        "steady keeps ByteTrack's thresholds. It adds two rules: the Kalman state "
        "holds width and height (BoT-SORT's), and 0.8 of the median of what all "
        "predictions miss is added to every prediction, hidden people's too: a camera "
        "that turns moves everybody alike. It needs boxes only, no pictures.",
        "The rules and the 0.8 were found by looking at these same halves (with 0.6 "
        f"HOTA {hota['steady, 0.6 of the shift']:.2f}, with all of the shift "
        f"{hota['steady, all of the shift']:.2f}). Check: of "
        f"{held_out['settings']} settings, the best one on six sequences, applied to "
        "the seventh, each in turn: HOTA "
        f"{aside['HOTA']:.2f}, MOTA {aside['MOTA']:.2f}, IDF1 {aside['IDF1']:.2f} "
        "over all seven (the settings' mean HOTA of sequences, weighted by boxes, goes "
        f"from {least:.1f} to {largest:.1f}).",
        f"Which rule makes the difference: without unsure boxes ByteTrack has "
        f"{hota['ByteTrack − unsure boxes']:.2f} HOTA, with the shared shift "
        f"{hota['ByteTrack + shared shift']:.2f}; SORT with 30 frames of patience "
        f"instead of one {hota['SORT + 30 frames of patience']:.2f}; CSTrack's cascade "
        f"without appearance {hota['CSTrack without appearance']:.2f} (only appearance "
        "calls lost people back there) and with the shared shift "
        f"{hota['CSTrack without appearance + shared shift']:.2f}.",
        "Differences below about 0.3 HOTA hang on a handful of identities: one long "
        "track that breaks or holds moves a sequence by 2 to 4 points.",
        "Output filter as in ByteTrack's evaluation: area above 100, width at most 1.6 "
        "heights. CSTrack's 0.6 is not applied. Peers are quoted, not run: BoxMOT's "
        "figures on these very files (its BoT-SORT may use pictures), ByteTrack's as "
        "published.",
    ]


def main() -> None:
    """Run the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of detections and annotations")
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "results" / "association" / f"{NAME}.json",
        help="where the JSON goes; the .csv lies beside it",
    )
    arguments = parser.parse_args()
    record = document(arguments.data)
    write_document(arguments.output, record)
    write_text(arguments.output.with_suffix(".csv"), association_csv(record))
    for line in record.trackers:
        overall = line.scores.overall
        print(
            f"{line.label:28s} HOTA {overall['HOTA']:.2f}  MOTA "
            f"{overall['MOTA']:.2f}  IDF1 {overall['IDF1']:.2f}"
        )
    print(f"written: {arguments.output}")


if __name__ == "__main__":
    run_program(main, "interrupted.")
