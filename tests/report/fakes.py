"""Fake runs: numbers nobody measured, made by a formula, for tests of the tables.

They never lie under results/, and everything in them that could be mistaken for a real
run says FAKE.
"""

import collections.abc as abc
from pathlib import Path
from typing import Any

import numpy as np

from cstrack_bench.documents import write_document
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.verdicts.plateaus import FOLDER, CurveRecord

SEQUENCES = ("FAKE-01", "FAKE-02")
BLOCKS = 5
FRAMES = 20
# How many boxes in a hundred each row misses; ④ misses least by far, ② most.
MISSED = {1: 20, 2: 24, 3: 22, 4: 10, 5: 21, 6: 21}


def fake_blocks(row: int, seed: int) -> list[dict[str, Any]]:
    """Counts of every block of every sequence."""
    generator = np.random.default_rng([row, seed])
    blocks = []
    for sequence in SEQUENCES:
        for block in range(BLOCKS):
            truth = 200 + 10 * block
            missed = truth * MISSED.get(row, row) // 100
            missed += int(generator.integers(0, 4))
            false = 5 + int(generator.integers(0, 3))
            wrong_identity = 2 * missed
            matched = truth - wrong_identity
            blocks.append(
                {
                    "sequence": sequence,
                    "start": block * FRAMES,
                    "stop": (block + 1) * FRAMES,
                    "GT": truth,
                    "TP": truth - missed,
                    "FP": false,
                    "FN": missed,
                    "IDSW": row % 3,
                    "IDTP": matched,
                    "IDFP": truth - missed + false - matched,
                    "IDFN": wrong_identity,
                }
            )
    return blocks


def _scores(blocks: abc.Sequence[dict[str, Any]]) -> dict[str, float | int]:
    total = {
        key: sum(block[key] for block in blocks)
        for key in ("GT", "TP", "FP", "FN", "IDSW", "IDTP", "IDFP", "IDFN")
    }
    wrong = total["FP"] + total["FN"] + total["IDSW"]
    both = 2 * total["IDTP"]
    return {
        **total,
        "MOTA": 100 * (1 - wrong / total["GT"]),
        "IDF1": 100 * both / (both + total["IDFP"] + total["IDFN"]),
        "IDP": 100 * total["IDTP"] / (total["IDTP"] + total["IDFP"]),
        "IDR": 100 * total["IDTP"] / (total["IDTP"] + total["IDFN"]),
        "HOTA": 50.0,
        "IDs": 10,
        "MT": 7,
        "PT": 2,
        "ML": 1,
        "Frag": 3,
    }


def fake_document(
    row: int,
    seed: int = 0,
    profile: str = "twin",
    label: str | None = None,
    table: str = "table2",
    data: str = "FAKE",
) -> dict[str, Any]:
    """One run, as its file holds it."""
    blocks = fake_blocks(row, seed)
    overall = _scores(blocks)
    weaker = {**overall, "IDF1": overall["IDF1"] - 5.0, "MOTA": overall["MOTA"] - 1.0}
    return {
        "schema": 2,
        "run": {
            "table": table,
            "row": row,
            "seed": seed,
            "profile": profile,
            "label": label or profile,
            "name": f"FAKE row {row}",
            "hash": f"fake{row}{seed}",
            "components": {"fake component": 1},
        },
        "recipe": {"size": "n", "train": {"epochs": 1}},
        "scores": {
            "overall": overall,
            "sequences": {
                name: _scores([b for b in blocks if b["sequence"] == name])
                for name in SEQUENCES
            },
        },
        "blocks": blocks,
        "baselines": {"iou": {"overall": weaker, "sequences": {}}},
        "model": {
            "parameters": 1_000_000 + row,
            "gflops": 1.5,
            "relation_weights": [[0.1, 0.3], [0.4, 0.5], [0.5, 0.6]]
            if row == 4
            else None,
            "checkpoint": "last",
            "weights_sha256": "fake",
        },
        "training": {
            "images": 400,
            "identities": 30,
            "epochs": 1,
            "steps": 50,
            "skipped_steps": 0,
            "precision": "float32",
            "loss": {"box": 1.0, "objectness": 1.0, "identity": 1.0},
            "wall_s": 120.0,
            "cpu_s": 200.0,
        },
        "tracking": {
            "frames": 2 * BLOCKS * FRAMES,
            "dropped_first_frames": 5,
            "filtered": {"area": 4, "aspect": 2},
            "stages": {
                "forward": {
                    "wall_ms_p50": 12.0,
                    "wall_ms_p95": 15.0,
                    "cpu_ms_p50": 11.0,
                }
            },
        },
        "speed": {"fps_paper_scope": 20.0 + row, "fps_end_to_end": 10.0},
        "data": {
            "dataset": data,
            "benchmark": "mot17",
            "split": "train/val",
            "train": {
                "sequences": 4,
                "names": ["FAKE-03"],
                "frames": 400,
                "hash": "fake-train",
            },
            "val": {
                "sequences": len(SEQUENCES),
                "names": list(SEQUENCES),
                "frames": 2 * BLOCKS * FRAMES,
                "hash": "fake-val" if data == "FAKE" else f"{data}-val",
            },
            "input_size": "320x192",
        },
        "provenance": {
            "git": "0123456789abcdef",
            "dirty": False,
            "code": "fake-code",
            "time": f"2000-01-{row:02}T00:00:00+00:00",
            "command": "FAKE",
            "python": "3.11",
            "torch": "0.0-fake",
            "numpy": "0.0-fake",
            "opencv": "0.0-fake",
            "trackeval": "0.0-fake",
            "motmetrics": "0.0-fake",
            "device": "cpu",
            "cpu": "FAKE CPU",
            "threads": 2,
        },
    }


def fake_record(
    row: int,
    seed: int = 0,
    profile: str = "twin",
    label: str | None = None,
    table: str = "table2",
    data: str = "FAKE",
) -> RunRecord:
    """One run, as the ledger gives it."""
    document = fake_document(row, seed, profile, label, table, data)
    return RunRecord.model_validate(document)


def changed(record: RunRecord, **changes: object) -> RunRecord:
    """The same run with other values: ``data__val__hash="other"``."""
    document = record.model_dump(by_alias=True)
    for path, value in changes.items():
        *outer, last = path.split("__")
        part = document
        for key in outer:
            part = part[key]
        part[last] = value
    return RunRecord.model_validate(document)


def write_fakes(
    root: Path, records: abc.Sequence[RunRecord], folder: str | None = None
) -> None:
    """Put fake runs where the ledger would."""
    for record in records:
        run = record.run
        rows = root / (folder or run.profile) / run.table / f"row{run.row}"
        write_document(rows / f"seed{run.seed}.json", record)


def fake_records(
    rows: abc.Sequence[int] = (1, 2, 3, 4, 5, 6),
    seeds: abc.Sequence[int] = (0, 1, 2),
    profile: str = "twin",
    label: str | None = None,
) -> list[RunRecord]:
    """Runs of several rows and seeds."""
    return [fake_record(row, seed, profile, label) for row in rows for seed in seeds]


def planted_records(
    row: int,
    missed: float,
    seeds: int,
    sequences: int,
    noise: float,
    table: str = "table2",
    **changes: object,
) -> list[RunRecord]:
    """Runs with a planted level of misses: one block a sequence, noise by cell.

    Args:
        row: its number.
        missed: boxes missed of a thousand, on average.
        seeds: how many.
        sequences: how many.
        noise: standard deviation of the misses of a cell.
        table: its name.
        changes: as in ``changed``.
    """
    generator = np.random.default_rng([7, row])
    records = []
    for seed in range(seeds):
        blocks = []
        for number in range(sequences):
            lost = round(missed + noise * generator.standard_normal())
            lost = min(max(lost, 0), 1000)
            counts = {"GT": 1000, "TP": 1000 - lost, "FP": 50, "FN": lost, "IDSW": 20}
            identity = {"IDTP": 900 - lost * 9 // 10}
            identity["IDFN"] = 1000 - identity["IDTP"]
            identity["IDFP"] = 1050 - lost - identity["IDTP"]
            frames = {"sequence": f"FAKE-{number:02}", "start": 0, "stop": 60}
            blocks.append({**frames, **counts, **identity})
        by_name = {block["sequence"]: _scores([block]) for block in blocks}
        record = fake_record(row, seed, table=table)
        scores = {"overall": _scores(blocks), "sequences": by_name}
        records.append(changed(record, blocks=blocks, scores=scores, **changes))
    return records


def fake_curve(
    scores: abc.Mapping[int, float], rows: tuple[str, ...] = ("table2/4",)
) -> CurveRecord:
    """A learning curve of one seed, whose recipe has the fewest of these epochs.

    Args:
        scores: epochs -> MOTA.
        rows: the printed rows that it is of.
    """
    points = [
        {
            "epochs": epochs,
            "seed": 0,
            "run": f"fake{epochs}",
            "MOTA": score,
            "IDF1": score,
            "recall": score,
            "minutes": 1.0 * epochs,
        }
        for epochs, score in scores.items()
    ]
    return CurveRecord.model_validate(
        {
            "profile": "twin",
            "name": "FAKE",
            "rows": rows,
            "score": "MOTA",
            "epochs": min(scores),
            "sequences": 4,
            "frames": 240,
            "points": points,
            "provenance": fake_document(1)["provenance"],
        }
    )


def write_curve(
    folder: Path, scores: abc.Mapping[int, float], rows: tuple[str, ...]
) -> Path:
    """Put a fake learning curve where a profile's are; returns its path."""
    return write_document(folder / FOLDER / "fake.json", fake_curve(scores, rows))
