"""The gate of metrics: every number that can be held against a baseline, and is."""

import collections.abc as abc
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.records import read_record
from cstrack_bench.experiments.staleness import Change, PresentRuns
from cstrack_bench.files import check_results
from cstrack_bench.gate.baseline_file import (
    MENDING,
    Baseline,
    KnownStale,
    baseline_path,
    known_changes,
    read_baseline,
)
from cstrack_bench.gate.cached_detections import FOLDER, read_gate_inputs
from cstrack_bench.gate.cell_states import Cell, Part, State
from cstrack_bench.gate.exact_cells import exact_cells, moved_components
from cstrack_bench.gate.exact_numbers import ExactNumbers, exact_numbers
from cstrack_bench.gate.parity_cells import parity_cells
from cstrack_bench.gate.trained_cells import read_rows, trained_cells


@dataclass(frozen=True)
class Gate:
    """What a check found.

    Attributes:
        results: folder under review; against: the one it is held against.
        cells: all of them, by part.
        found: the exact numbers of this code; inputs: file -> hash, what they are of.
        declared: baseline of the results under review; None before the first one.
        components: name -> how its code moved since the baseline.
        rows: how many rows of trained runs both folders have; new: rows that are new;
            gone: rows that are there no longer.
    """

    results: Path
    against: Path
    cells: tuple[Cell, ...]
    found: ExactNumbers
    inputs: dict[str, str]
    declared: Baseline | None
    components: dict[str, str]
    rows: int
    new: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def failing(self) -> tuple[Cell, ...]:
        """The cells because of which it fails."""
        return tuple(cell for cell in self.cells if cell.fails)

    @property
    def passed(self) -> bool:
        """Whether nothing moved."""
        return not self.failing

    def count(self, part: Part, *states: State) -> int:
        """How many cells of a part are in one of some states."""
        return sum(c.part is part and c.state in states for c in self.cells)


def check_metrics(
    results: Path,
    against: Path,
    golden: Path | None = None,
    first: bool = False,
) -> Gate:
    """Compute what can be computed here and hold it, and the records, against others.

    Args:
        results: folder of results under review; its ``gate/`` has the cached
            detections and the baseline that goes with them.
        against: folder of results that it is held against; may be the same.
        golden: folder of recorded outputs for parity; None leaves parity out.
        first: whether a baseline may be missing, because it is about to be written.

    Raises:
        InputError: a folder, the cached detections or the baseline is not there, or
            is something else.
    """
    for folder in (results, against):
        check_results(folder)
    home = results if (results / FOLDER).is_dir() else against
    inputs = read_gate_inputs(home / FOLDER)
    declared = read_baseline(home)
    if declared is None and not first:
        raise InputError(f"No baseline {baseline_path(home)}: {MENDING}.")
    if declared is not None and declared.inputs != inputs.hashes and not first:
        name = next(
            name
            for name in sorted({*declared.inputs, *inputs.hashes})
            if declared.inputs.get(name) != inputs.hashes.get(name)
        )
        raise InputError(
            f"{home / FOLDER / name} is not the file that {baseline_path(home)} was "
            f"made with: {MENDING}."
        )
    found = exact_numbers(inputs)
    cells: list[Cell] = []
    components: dict[str, str] = {}
    if declared is not None:
        old = read_baseline(against) or declared
        if declared.inputs == inputs.hashes:
            cells += exact_cells(found, declared, old)
        components = moved_components(found.components, old.components)
    if golden is not None:
        cells += parity_cells(golden)
    cells += stale_cells(results, declared.stale if declared else [])
    new_rows, old_rows = read_rows(results), read_rows(against)
    cells += trained_cells(new_rows, old_rows, declared.accepted if declared else ())
    return Gate(
        results,
        against,
        tuple(cells),
        found,
        inputs.hashes,
        declared,
        components,
        len(new_rows.keys() & old_rows.keys()),
        tuple(sorted(new_rows.keys() - old_rows.keys())),
        tuple(sorted(old_rows.keys() - new_rows.keys())),
    )


def _named(changes: abc.Sequence[Change]) -> str:
    """The component that moved, else the setting."""
    first = min(changes, key=lambda change: change.kind != "component")
    return first.name if first.kind == "component" else f"setting {first.name}"


def stale_cells(results: Path, known: abc.Sequence[KnownStale]) -> tuple[Cell, ...]:
    """A cell for each record, which is stale where its run would be another today.

    Args:
        results: the folder.
        known: which may be stale, and why.
    """
    present = PresentRuns()
    cells = []
    for path in Ledger(results).files():
        name = path.relative_to(results).as_posix()
        changes = present.changes(read_record(path))
        if not changes:
            cells.append(Cell(Part.RECORD, name, State.SAME))
            continue
        accepted = known_changes(known, name)
        fresh = [change for change in changes if str(change) not in accepted]
        shown = fresh or changes
        cells.append(
            Cell(
                Part.RECORD,
                name,
                State.STALE if fresh else State.KNOWN,
                component=_named(shown),
                reason="; ".join(map(str, shown)),
                changes=tuple(map(str, changes)),
            )
        )
    return tuple(cells)
