"""What is fixed about a table before its numbers are looked at."""

import collections.abc as abc
from dataclasses import dataclass, field

from cstrack_bench.verdicts.sequential import fixed_level

#: Row number -> a reason.
Reasons = abc.Mapping[int, str]


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


#: Table and profile -> its design; those that are missing have the plain one.
Designs = abc.Mapping[tuple[str, str], Design]
