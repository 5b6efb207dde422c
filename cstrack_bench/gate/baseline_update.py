"""Writing a new baseline, with the reason in the changelog."""

import textwrap
from pathlib import Path

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import replacing
from cstrack_bench.gate.baseline_file import (
    AcceptedMove,
    Baseline,
    KnownStale,
    baseline_path,
)
from cstrack_bench.gate.cached_detections import FOLDER
from cstrack_bench.gate.cell_states import Cell, Part, State
from cstrack_bench.gate.exact_cells import TOLERANCE
from cstrack_bench.gate.metrics_gate import Gate

UNRELEASED = "## [Unreleased]"
SECTION = "### Numbers that moved"
_WIDTH = 90


def update_baseline(gate: Gate, reason: str, changelog: Path) -> Path | None:
    """Take what was found as the baseline, and say why in the changelog.

    Both files are written or neither.

    Args:
        gate: what was found.
        reason: why numbers moved.
        changelog: has a section ``[Unreleased]``.

    Returns:
        The baseline; None where it says all this already and nothing was written.

    Raises:
        InputError: no reason, a changelog without that section, or results without
            cached detections.
        CstrackError: parity fails, which no baseline can accept; or the file system
            refused.
    """
    reason = " ".join(reason.split())
    if not any(letter.isalnum() for letter in reason):
        raise InputError("--update needs --reason, a sentence that the changelog gets.")
    wrong = [cell.name for cell in gate.failing if cell.part is Part.PARITY]
    if wrong:
        raise CstrackError(
            f"Parity fails in {wrong[0]}: no baseline makes that good, so none is "
            "written."
        )
    path = baseline_path(gate.results)
    if not path.parent.is_dir():
        raise InputError(
            f"{gate.results} has no folder {FOLDER}/ with cached detections, and a "
            "baseline belongs beside them."
        )
    baseline = _baseline(gate, reason)
    before = gate.declared
    if before is not None and path.is_file():
        same = baseline.model_copy(update={"reason": before.reason})
        if same == before and gate.passed:
            return None
    text = with_reason(_read(changelog), _entry(gate, reason), changelog)
    document = baseline.model_dump_json(indent=1, by_alias=True, exclude_none=True)
    with replacing(changelog) as one, replacing(path) as other:
        one.write_text(text, encoding="utf-8")
        other.write_text(document + "\n", encoding="utf-8")
    return path


def _baseline(gate: Gate, reason: str) -> Baseline:
    before = gate.declared
    return Baseline(
        reason=reason,
        inputs=gate.inputs,
        components=gate.found.components,
        libraries=gate.found.libraries,
        association=gate.found.association,
        evaluation=gate.found.evaluation,
        accepted=[*_kept(gate), *_moves(gate.failing, reason)],
        stale=_stale(gate.cells, before.stale if before else [], reason),
    )


def _moves(cells: tuple[Cell, ...], reason: str) -> list[AcceptedMove]:
    return [
        AcceptedMove(cell=cell.name, old=cell.old, new=cell.new, reason=reason)
        for cell in cells
        if cell.part is Part.TRAINED and cell.old is not None and cell.new is not None
    ]


def _kept(gate: Gate) -> list[AcceptedMove]:
    """Earlier acceptances of numbers that the records still have."""
    now = {cell.name: cell for cell in gate.cells if cell.part is Part.TRAINED}
    return [
        move
        for move in (gate.declared.accepted if gate.declared else ())
        if (cell := now.get(move.cell)) is not None
        and not cell.fails
        and cell.new is not None
        and abs(cell.new - move.new) <= TOLERANCE
    ]


def _stale(
    cells: tuple[Cell, ...], before: list[KnownStale], reason: str
) -> list[KnownStale]:
    """Stale records in groups of the same changes; known ones keep their reason."""
    reasons = {record: entry.reason for entry in before for record in entry.records}
    groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for cell in cells:
        if cell.state in (State.STALE, State.KNOWN):
            why = reasons[cell.name] if cell.state is State.KNOWN else reason
            groups.setdefault((cell.changes, why), []).append(cell.name)
    return [
        KnownStale(records=records, changes=list(changes), reason=why)
        for (changes, why), records in groups.items()
    ]


def _entry(gate: Gate, reason: str) -> str:
    """One bullet: the reason, then what it is the reason of."""
    moved = sorted(
        {cell.path.rpartition("/")[0] for cell in gate.failing if _exact(cell)}
    )
    trained = [cell for cell in gate.failing if cell.part is Part.TRAINED]
    stale = [cell for cell in gate.failing if cell.part is Part.RECORD]
    said = [f"`{name}`" for name in moved]
    said += [f"`{cell.name}` {cell.old:.2f} → {cell.new:.2f}" for cell in trained]
    if stale:
        said.append(f"{len(stale)} records were not measured again")
    what = "; ".join(said) or "the first baseline, or one of the same numbers"
    return _wrapped(f"- {reason.rstrip('.')}. ({what}.)")


def _exact(cell: Cell) -> bool:
    return cell.part in (Part.ASSOCIATION, Part.EVALUATION)


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def with_reason(text: str, entry: str, changelog: Path) -> str:
    """A changelog with one more bullet under what is not released yet.

    Args:
        text: of the changelog.
        entry: the bullet.
        changelog: where it lies, for the message.

    Raises:
        InputError: it has no section ``[Unreleased]``.
    """
    lines = text.splitlines()
    if UNRELEASED not in lines:
        raise InputError(f"{changelog} has no section {UNRELEASED!r} for the reason.")
    start = lines.index(UNRELEASED) + 1
    end = next(
        (n for n in range(start, len(lines)) if lines[n].startswith("## ")), len(lines)
    )
    if SECTION in lines[start:end]:
        at = lines.index(SECTION, start, end) + 1
        lines[at:at] = ["", entry]
        # One empty line between the heading and the list, none within it.
        while at + 2 < len(lines) and not lines[at + 2]:
            del lines[at + 2]
        if at + 2 < len(lines) and lines[at + 2].startswith("#"):
            lines.insert(at + 2, "")
    else:
        while end > start and not lines[end - 1]:
            del lines[end - 1]
            end -= 1
        lines[end:end] = ["", SECTION, "", entry, ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _read(changelog: Path) -> str:
    try:
        return changelog.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The reason goes into {changelog}, which cannot be read; --changelog "
            "names another file."
        ) from error
