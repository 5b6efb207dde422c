"""What is fixed about a table before its numbers are looked at."""

import collections.abc as abc
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cstrack_bench.documents import Document, read_document
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.records import schema_field
from cstrack_bench.verdicts.plateaus import read_curves, undertrained
from cstrack_bench.verdicts.sequential import ANALYSES, fixed_level, level_at

#: Row number -> a reason.
Reasons = abc.Mapping[int, str]
#: Name of a table's design in the folder of its runs.
DESIGN_FILE = "design.json"


@dataclass(frozen=True)
class Design:
    """How verdicts of one table and profile are to be given.

    Attributes:
        undertrained: row number -> why its schedule has not reached its plateau; no
            verdict leans on such a row.
        level: seeds -> level of a verdict; ``sequential.level_at`` where seeds are
            added until there is a verdict.
    """

    undertrained: Reasons = field(default_factory=dict)
    level: abc.Callable[[int], float] = fixed_level


class DesignRecord(Document):
    """``design.json``: that seeds of a table are added until there is a verdict.

    Attributes:
        analyses: numbers of seeds at which verdicts are given
            (``sequential.ANALYSES``).
    """

    schema_number: Literal[1] = schema_field(1)
    analyses: tuple[int, ...]


def read_design(folder: Path) -> Design:
    """The design of the runs of a folder; the plain one where none is written.

    Args:
        folder: of one table under one profile; the profile's learning curves lie
            beside it.

    Raises:
        InputError: a file is not a design or a curve, or has looks at other numbers of
            seeds.
    """
    short = undertrained(read_curves(folder.parent), folder.name)
    path = folder / DESIGN_FILE
    if not path.is_file():
        return Design(undertrained=short)
    record = read_document(path, DesignRecord, "a table's design", "delete it")
    if record.analyses != ANALYSES:
        known = ", ".join(map(str, ANALYSES))
        raise InputError(
            f"{path} has looks at other seeds than {known}; delete it, and verdicts "
            "are given as for a number of seeds fixed beforehand."
        )
    return Design(undertrained=short, level=level_at)
