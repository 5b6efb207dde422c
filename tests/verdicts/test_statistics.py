"""Mean squares, their intervals and p-values, and that they hold what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import f_oneway, ttest_1samp
from simulated_rows import MIXTURES, SEEDS, SEQUENCES, Components, gaussian
from verdict_rates import counted_coverage, gaussian_coverage

from cstrack_bench.verdicts.statistics import (
    Difference,
    crossed_difference,
    error_of_mean,
    holm,
    mean_squares,
    over_seeds,
    predicted_difference,
)

EXAMPLE = np.array([[2.0, 0, 3, 3], [1, 1, 1, 1], [3, 2, 2, 5]])


def test_interval_over_seeds_is_students() -> None:
    # t(2, 97.5 %) = 4.30265; sd of 1, 2, 3 is 1.
    found = over_seeds([1.0, 2.0, 3.0])
    assert found.mean == pytest.approx(2.0)
    assert found.half_width == pytest.approx(4.30265 / 3**0.5, rel=1e-5)


def test_one_seed_has_no_interval() -> None:
    assert over_seeds([70.0]).half_width is None
    with pytest.raises(ValueError, match="at least one"):
        over_seeds([])
    with pytest.raises(ValueError, match="two seeds"):
        crossed_difference(np.ones((1, 4)))
    with pytest.raises(ValueError, match="two seeds"):
        crossed_difference(np.ones((4, 1)))
    with pytest.raises(ValueError, match="two seeds"):
        predicted_difference(np.ones(1), 1.0)


def test_the_example_of_the_documentation() -> None:
    found = mean_squares(EXAMPLE)
    assert (found.seed, found.sequence, found.rest) == pytest.approx((4.0, 2.0, 1.0))
    difference = crossed_difference(EXAMPLE)
    assert difference.error == pytest.approx((5 / 12) ** 0.5)
    assert difference.freedom == pytest.approx(25 / (10 + 4 / (18 / 7) + 13 / 72))
    assert difference.interval() == pytest.approx((-0.62, 4.62), abs=0.005)


def test_mean_squares_are_those_of_a_library() -> None:
    """The seeds' mean square over that within seeds is the one-way F."""
    table = np.random.default_rng(0).standard_normal((5, 8))
    found = mean_squares(table)
    within = (7 * found.sequence + 28 * found.rest) / 35
    assert found.seed / within == pytest.approx(f_oneway(*table).statistic)


def test_factors_without_effect_are_pooled() -> None:
    """Then every cell is one more draw of the same noise: Student over all cells."""
    table = np.array([[1.0, 2, 4], [2, 4, 1], [4, 1, 2]])  # a Latin square
    assert mean_squares(table).seed == pytest.approx(0)
    variance, freedom, tail = error_of_mean(mean_squares(table))
    assert variance == pytest.approx(np.var(table, ddof=1) / 9)
    assert freedom == pytest.approx(8 / (1 + 1 / 16))
    assert tail == 2


def test_a_table_without_spread_is_exact() -> None:
    for value in (0.0, 2.0):
        found = crossed_difference(np.full((3, 4), value))
        assert found.interval() == (value, value)
        assert found.p_zero() == (0.0 if value else 1.0)
        assert found.p_margin(1.0) == (1.0 if value else 0.0)


@given(
    st.floats(-5, 5, allow_subnormal=False),
    st.floats(0.1, 3),
    st.integers(2, 30),
)
def test_p_values_agree_with_intervals(mean: float, error: float, f: int) -> None:
    found = Difference(*(np.asarray(float(x)) for x in (mean, error, f, f)))
    low, high = found.interval()
    if min(abs(low), abs(high)) > 1e-9:
        assert (found.p_zero() < 0.05) == (low > 0 or high < 0)
    low, high = found.interval(0.9)
    if min(abs(low + 1), abs(high - 1)) > 1e-9:
        assert (found.p_margin(1.0) < 0.05) == (low > -1 and high < 1)


def test_a_single_sample_is_students_test() -> None:
    values = np.array([1.0, 2.5, 0.5, 3.0])
    error = values.std(ddof=1) / 2
    three = np.asarray(3.0)
    found = Difference(values.mean(), np.asarray(error), three, three)
    assert found.p_zero() == pytest.approx(ttest_1samp(values, 0).pvalue)


def test_holm_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, never falling.
    found = holm(np.array([0.04, 0.01, 0.03, 0.02]))
    assert found == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1.0, 1.0])


def test_holm_takes_leading_axes() -> None:
    family = np.array([[0.04, 0.01], [0.5, 0.001]])
    assert holm(family)[1] == pytest.approx(holm(family[1]))


@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize("sequences", SEQUENCES)
@pytest.mark.parametrize("seeds", SEEDS)
def test_coverage(seeds: int, sequences: int, mixture: str) -> None:
    """95 % is 93–97 %, wider alone on four sequences."""
    covered = gaussian_coverage(mixture, seeds, sequences, 10000)
    error = 0.5  # two standard errors of 10000 trials
    assert covered > 93 - error
    if sequences > 4:
        assert covered < 97 + error
    else:
        assert covered < 99


@pytest.mark.parametrize(("seeds", "sequences"), [(2, 8), (3, 4), (3, 32), (7, 16)])
@pytest.mark.parametrize("mixture", MIXTURES)
def test_coverage_of_skewed_counts(seeds: int, sequences: int, mixture: str) -> None:
    for metric, covered in counted_coverage(mixture, seeds, sequences, 1500).items():
        error = 1.2  # two standard errors of 1500 trials
        assert 93 - error < covered < 99, metric
        if sequences > 4:
            assert covered < 97 + error, metric


def test_the_old_kind_of_interval_would_be_found() -> None:
    """Cells taken as independent draws, as blocks were: far too narrow."""
    parts = MIXTURES["large"]
    table = gaussian(np.random.default_rng(1), 2000, 5, 16, parts)
    error = table.reshape(2000, -1).std(axis=1, ddof=1) / 80**0.5
    covered = np.mean(np.abs(table.mean(axis=(1, 2))) < 1.99 * error)
    assert covered < 0.8


def test_prediction_holds_one_more_draw() -> None:
    generator = np.random.default_rng(2)
    values, print_ = (
        generator.standard_normal((20000, 3)),
        generator.standard_normal(20000),
    )
    low, high = predicted_difference(values, print_).interval()
    assert np.mean((low <= 0) & (high >= 0)) == pytest.approx(0.95, abs=0.005)


def test_a_prediction_by_hand() -> None:
    found = predicted_difference(np.array([[1.0, 2.0, 6.0], [4.0, 4.0, 4.0]]), 5.0)
    # Means 3 and 4; s is √7 and 0, times √(4/3).
    assert found.mean.tolist() == [-2.0, -1.0]
    assert found.error.tolist() == pytest.approx([(7 * 4 / 3) ** 0.5, 0.0])
    assert found.freedom.tolist() == [2.0, 2.0]


def test_sequences_that_are_hard_for_both_rows_cancel() -> None:
    """Pairing: the sequence's own level is in neither difference nor error."""
    hard = np.array([[10.0, -20, 30, 5]])
    one, two = EXAMPLE + hard, np.zeros((3, 4)) + hard
    found = crossed_difference(one - two)
    assert found.error == pytest.approx(crossed_difference(EXAMPLE).error)


def test_components_come_back() -> None:
    parts = Components(0.5, 0.3, 1.0)
    found = mean_squares(gaussian(np.random.default_rng(3), 20000, 4, 6, parts))
    rest = found.rest.mean()
    assert rest == pytest.approx(1.0, rel=0.02)
    assert (found.seed.mean() - rest) / 6 == pytest.approx(0.5, rel=0.03)
    assert (found.sequence.mean() - rest) / 4 == pytest.approx(0.3, rel=0.03)
