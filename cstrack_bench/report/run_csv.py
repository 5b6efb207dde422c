"""Where numbers come from, as CSV: the runs of a table, and their sequences."""

import collections.abc as abc
import csv
import io

from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.report.rows import Table

_SCORES = ("MOTA", "IDF1", "IDP", "IDR", "HOTA", "DetA", "AssA")
_COUNTS = ("IDSW", "FP", "FN", "MT", "ML", "Frag", "GT")


def runs_csv(table: Table) -> str:
    """One line a run: its identity, provenance, data, size and cost."""
    return _csv(_run(record) for record in table.records)


def sequences_csv(table: Table) -> str:
    """One line a run and sequence: scores with six decimals, counts."""
    return _csv(
        {
            "row": record.run.row,
            "seed": record.run.seed,
            "sequence": name,
            **{
                f"{key}_percent": f"{scores[key]:.6f}"
                for key in _SCORES
                if key in scores
            },
            **{key: scores.get(key, "") for key in _COUNTS},
        }
        for record in table.records
        for name, scores in record.scores.sequences.items()
    )


def _csv(lines: abc.Iterable[dict[str, object]]) -> str:
    rows = list(lines)
    buffer = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _run(record: RunRecord) -> dict[str, object]:
    source, training, data = record.provenance, record.training, record.data
    tracking = sum(stage.wall_ms_p50 for stage in record.tracking.stages.values())
    mixed = [f"{part.name}: {part.images} ({part.hash})" for part in data.mix or ()]
    return {
        "row": record.run.row,
        "seed": record.run.seed,
        "run": record.run.hash,
        "code": source.migrated.code if source.migrated else source.code,
        "git": source.git[:10],
        "changed": "yes" if source.dirty else "no",
        "measured": source.time,
        "device": source.device,
        "hardware": source.gpu or source.cpu,
        "threads": source.threads,
        "torch": source.torch,
        "train_sequences": data.train.sequences,
        "train_frames": data.train.frames,
        "train_hash": data.train.hash,
        "mixed_in_images": "; ".join(mixed),
        "test_sequences": data.val.sequences,
        "test_frames": data.val.frames,
        "test_hash": data.val.hash,
        "parameters": record.model.parameters,
        "gflops": f"{record.model.gflops:.4f}",
        "weights_sha256": record.model.weights_sha256,
        "images": training.images,
        "identities": training.identities,
        "epochs": training.epochs,
        "steps": training.steps,
        "skipped_steps": training.skipped_steps,
        "training_s": f"{training.wall_s:.1f}",
        "training_cpu_s": f"{training.cpu_s:.1f}",
        **{f"last_loss_{name}": f"{x:.6f}" for name, x in training.loss.items()},
        "tracking_ms_p50": f"{tracking:.3f}",
        **{f"filtered_{name}": n for name, n in record.tracking.filtered.items()},
    }
