"""Looking several times costs no false verdicts, and saves seeds."""

import pytest
from verdict_rates import fixed_rates, sequential_rates

from cstrack_bench.verdicts.rules import ABOVE, BELOW, LEVEL, WITHIN
from cstrack_bench.verdicts.sequential import (
    ANALYSES,
    fixed_level,
    level_at,
    next_analysis,
)


def test_the_looks_share_one_level() -> None:
    assert sum(level_at(look) for look in ANALYSES) == pytest.approx(LEVEL)
    assert level_at(4) == level_at(16) == 0
    assert fixed_level(4) == LEVEL


def test_looks_follow_each_other() -> None:
    assert [next_analysis(n) for n in (0, 5, 6, 14, 15)] == [5, 7, 7, 15, None]


def test_wrong_directions_stay_rare() -> None:
    nothing, _ = sequential_rates(0.0, 8000)
    assert max(nothing[ABOVE], nothing[BELOW]) < 2.5
    for effect in (0.25, 0.5, 1.0):
        assert sequential_rates(effect, 2000)[0][BELOW] < 2.5
    assert sequential_rates(1.0, 4000)[0][WITHIN] < 5


def test_seeds_are_saved_where_there_is_something() -> None:
    found, used = sequential_rates(2.0, 2000)
    assert found[ABOVE] > 99
    assert used < 9 < ANALYSES[-1]
    # What it costs: some of the power of all seeds at once.
    found, used = sequential_rates(1.0, 4000)
    assert used < 14
    assert found[ABOVE] > 0.8 * fixed_rates(1.0, ANALYSES[-1], 4000)[ABOVE]
