"""Cells of the gate: one number, as it was, as it is, and what is said of it."""

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """Which kind of number it is."""

    ASSOCIATION = "association"
    EVALUATION = "evaluation"
    PARITY = "parity"
    TRAINED = "trained"
    RECORD = "record"


class State(StrEnum):
    """What is said of a cell; ``MOVED`` and ``STALE`` fail the gate."""

    SAME = "same"
    MOVED = "moved"
    ACCEPTED = "accepted"
    OPEN = "not told apart"
    NOT_JUDGED = "not judged"
    STALE = "stale"
    KNOWN = "known stale"


@dataclass(frozen=True)
class Cell:
    """One number, or one record that is stale.

    Attributes:
        part: which kind it is.
        name: ``cstrack/MOTA``, ``twin/table2/4/IDF1`` or the path of a record.
        state: what is said of it.
        old: of the baseline; None without one, and for a stale record.
        new: of this code or of the new records; None where it is gone.
        component: that moved, or that the number comes from.
        reason: what else moved: settings, versions, libraries; or why it passes.
        low: lower end of the 95 % interval of new − old, of trained numbers; high:
            upper end. None where there is none.
        changes: all that is otherwise about a stale record; ``reason`` has what no
            baseline knows of.
    """

    part: Part
    name: str
    state: State
    old: float | int | None = None
    new: float | int | None = None
    component: str = ""
    reason: str = ""
    low: float | None = None
    high: float | None = None
    changes: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether the gate fails because of it."""
        return self.state in (State.MOVED, State.STALE)

    @property
    def path(self) -> str:
        """``association/cstrack/MOTA``; a record is its own path."""
        if self.part in (Part.RECORD, Part.TRAINED):
            return self.name
        return f"{self.part}/{self.name}"
