"""Runs on disk: one JSON a run, with all that decided its numbers.

``<root>/<profile>/<table>/row<k>/seed<s>.json``; beside it, not committed, the weights
(``.safetensors``) and the tracks (``.tracks.zip``). Several rows may share a training:
``<root>/weights/`` holds each training once, under its hash (weights, what it cost, and
its state while it goes on).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.documents import write_document
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.records import RunRecord, read_record


@dataclass(frozen=True)
class Ledger:
    """The results below one folder.

    Attributes:
        root: the results folder.
    """

    root: Path

    def path(self, run: Run, suffix: str = ".json") -> Path:
        """Where a run's record (or, by suffix, its weights or state) lies."""
        folder = self.root / run.profile / run.table / f"row{run.row}"
        # A changed setting is another experiment: never in the profile's folder.
        if run.label == "custom":
            name = f"{run.profile}-{run.variant}"
            folder = self.root / "custom" / name / run.table / f"row{run.row}"
        return folder / f"seed{run.seed}{suffix}"

    def training(self, identity: str, suffix: str) -> Path:
        """Where a training's ``.safetensors``, ``.json`` or ``.ckpt`` lies.

        Args:
            identity: hash of the training.
            suffix: which of its files.
        """
        return self.root / "weights" / f"{identity}{suffix}"

    def find(self, run: Run, identity: str) -> RunRecord | None:
        """The record of this run, or of an equal one of another row or table."""
        located = self.locate(run, identity)
        return located and located[1]

    def locate(self, run: Run, identity: str) -> tuple[Path, RunRecord] | None:
        """As ``find``, with the path of the record."""
        own = self.path(run)
        candidates = [own] if own.is_file() else []
        candidates += [p for p in sorted(self._files()) if p != own]
        for path in candidates:
            record = read_record(path)
            if record.run.hash == identity:
                return path, record
        return None

    def write(self, run: Run, record: RunRecord) -> Path:
        """Write a run's record atomically."""
        return write_document(self.path(run), record)

    def records(self) -> list[RunRecord]:
        """Every record below the root, ordered by path."""
        return [read_record(path) for path in self.files()]

    def files(self) -> list[Path]:
        """The file of every record below the root, sorted."""
        return sorted(self._files())

    def _files(self) -> Iterator[Path]:
        yield from self.root.glob("*/*/row*/seed*.json")
        yield from self.root.glob("custom/*/*/row*/seed*.json")
