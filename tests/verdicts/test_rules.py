"""Verdicts by rule, and how often they err on planted data."""

import numpy as np
import pytest
from simulated_rows import gaussian
from verdict_rates import TWIN, fixed_rates

from cstrack_bench.verdicts.rules import (
    ABOVE,
    BELOW,
    OPEN,
    WITHIN,
    Verdict,
    decide,
    direction_of,
    margin_of,
)
from cstrack_bench.verdicts.statistics import Difference, crossed_difference


def differences(*values: tuple[float, float]) -> Difference:
    """Means and errors with many degrees of freedom."""
    means, errors = (np.array(column) for column in zip(*values, strict=True))
    many = np.full(len(values), 1000.0)
    return Difference(means, errors, many, many)


@pytest.mark.parametrize(
    ("mean", "error", "code"),
    [
        (3.0, 1.0, ABOVE),
        (-3.0, 1.0, BELOW),
        (1.5, 1.0, OPEN),
        (0.0, 1.0, OPEN),  # far from certain to be small
        (0.0, 0.5, WITHIN),  # 90 %: ±0.82
        (0.4, 0.1, WITHIN),  # its sign is certain, but it is too small to matter
        (0.95, 0.1, ABOVE),  # may be as large as the margin
        (0.0, 0.0, WITHIN),
        (2.0, 0.0, ABOVE),
    ],
)
def test_codes_of_one_comparison(mean: float, error: float, code: int) -> None:
    assert decide(differences((mean, error)), [1.0]).tolist() == [code]


def test_many_comparisons_need_more() -> None:
    two = (2.2, 1.0)  # p = 2.8 %
    assert decide(differences(two), [1.0]) == [ABOVE]
    assert decide(differences(two, two, two), [1.0] * 3).tolist() == [OPEN] * 3
    certain = (9.0, 1.0)
    found = decide(differences(two, certain, certain), [1.0] * 3)
    assert found.tolist() == [ABOVE] * 3  # the last one has to pass 5 % alone


def test_a_smaller_level_needs_more() -> None:
    family = differences((2.2, 1.0), (2.2, 1.0))
    assert decide(family, [1.0] * 2, [0.06, 0.06]).tolist() == [ABOVE] * 2
    assert decide(family, [1.0] * 2, [0.06, 0.01]).tolist() == [ABOVE, OPEN]
    certain = differences((9.0, 0.1), (0.0, 0.0))
    assert decide(certain, [1.0] * 2, 0.0).tolist() == [OPEN] * 2  # between looks


def test_an_interval_of_95_percent_is_wider() -> None:
    found = differences((0.0, 0.55))  # ±0.90 in 90 %, ±1.08 in 95 %
    assert decide(found, [1.0]) == [WITHIN]
    assert decide(found, [1.0], two_sided_margin=True) == [OPEN]


@pytest.mark.parametrize(
    ("code", "printed", "verdict"),
    [
        (ABOVE, 1.4, Verdict.SAME),
        (ABOVE, 0.2, Verdict.SAME),
        (BELOW, -204, Verdict.SAME),
        (BELOW, 1.4, Verdict.OPPOSITE),
        (WITHIN, 1.4, Verdict.NEGLIGIBLE),
        (OPEN, 1.4, Verdict.UNDECIDED),
        (ABOVE, 0.0, Verdict.UNDECIDED),  # print has no direction
        (WITHIN, 0.0, Verdict.NEGLIGIBLE),
    ],
)
def test_directions(code: int, printed: float, verdict: Verdict) -> None:
    assert direction_of(code, printed) is verdict


def test_margins_were_fixed_beforehand() -> None:
    assert [margin_of(k, 60.0) for k in ("MOTA", "IDF1", "IDP")] == [1.0, 1.5, 1.5]
    assert margin_of("IDSW", 200) == pytest.approx(30.0)
    assert margin_of("FP", 200) is None


@pytest.mark.parametrize("seeds", [3, 7, 15])
def test_no_difference_gives_no_direction(seeds: int) -> None:
    found = fixed_rates(0.0, seeds, 10000)
    error = 0.45  # two standard errors
    assert found[ABOVE] + found[BELOW] < 5 + error
    assert max(found[ABOVE], found[BELOW]) < 2.5 + error
    assert found[OPEN] + found[WITHIN] > 95 - error


@pytest.mark.parametrize("effect", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("seeds", [3, 7, 15])
def test_a_wrong_direction_is_rare(effect: float, seeds: int) -> None:
    assert fixed_rates(effect, seeds, 4000)[BELOW] < 2.5


def test_two_margins_are_found_at_seven_by_thirty_two() -> None:
    assert fixed_rates(2.0, 7, 10000)[ABOVE] > 95


def test_a_difference_of_the_margin_is_not_called_negligible() -> None:
    for seeds in (3, 7, 15):
        assert fixed_rates(1.0, seeds, 10000)[WITHIN] < 5.5


@pytest.mark.parametrize("seeds", [3, 5])
def test_a_table_without_differences_gives_a_direction_in_one_of_twenty(
    seeds: int,
) -> None:
    """Twelve comparisons of six rows, which share rows as those of a table do."""
    generator = np.random.default_rng(4)
    rows = [gaussian(generator, 3000, seeds, 32, TWIN) for _ in range(6)]
    pairs = [(i, j) for i in range(6) for j in range(i)][:12]
    found = [crossed_difference((rows[i] - rows[j]) / 2**0.5) for i, j in pairs]
    family = Difference.family(found)
    codes = decide(family, np.ones(12))
    wrong = np.isin(codes, (ABOVE, BELOW)).any(axis=1)
    assert wrong.mean() < 0.05
    uncorrected = (family.p_zero() < 0.05).any(axis=1)
    assert uncorrected.mean() > 0.2
