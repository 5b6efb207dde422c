"""Looking at results while they grow, without paying with false verdicts.

Who adds seeds until a verdict appears looks several times, and each look is a chance to
err. The looks are therefore fixed beforehand, and each has a level of its own; together
they are the level of one look, so that whatever look a verdict is given at, the chance
of a wrong one stays what it was (Bonferroni over the looks; it needs no assumption on
how the looks depend on each other, which for shared test sequences they do strongly).
"""

from cstrack_bench.verdicts.rules import LEVEL

#: Numbers of seeds at which verdicts are looked at, and each look's share of the level.
#: Few seeds decide large effects only: early looks get little, and there is none before
#: five (docs/verdicts.md).
SHARES = {5: 0.05, 7: 0.15, 10: 0.25, 15: 0.55}
ANALYSES = tuple(SHARES)


def level_at(seeds: int) -> float:
    """The level of a verdict with so many seeds of a series that is looked at.

    Args:
        seeds: that both rows have.

    Returns:
        That of the look with exactly so many seeds; 0 between looks, where no verdict
        is due.
    """
    return LEVEL * SHARES.get(seeds, 0.0)


def next_analysis(seeds: int) -> int | None:
    """How many seeds the next look has; None: the last one was had."""
    return next((count for count in ANALYSES if count > seeds), None)


def fixed_level(seeds: int) -> float:
    """The level where the number of seeds was fixed beforehand: one look."""
    return LEVEL
