"""Intervals cover what they claim, and give none where there is too little."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cstrack_bench.errors import InputError
from cstrack_bench.report.statistics import (
    COUNTS,
    Blocks,
    follows,
    interval_of_difference,
    interval_over_time,
    over_seeds,
    score,
    stack_blocks,
)
from tests.report.fakes import changed, fake_record


def random_blocks(
    seed: int, places: int = 12, seeds: int = 1, missed: float = 20.0
) -> Blocks:
    generator = np.random.default_rng(seed)
    truth = np.full((seeds, places), 100.0)
    misses = generator.poisson(missed, (seeds, places)).astype(float)
    false, switches = np.full_like(truth, 5.0), np.full_like(truth, 1.0)
    matched = truth - misses
    counts = np.stack([truth, false, misses, switches, matched, false, misses], axis=-1)
    names = tuple(
        (f"S{i % 3}", 30 * (i // 3), 30 * (i // 3 + 1)) for i in range(places)
    )
    return Blocks(names, counts)


def test_interval_over_seeds_is_students() -> None:
    # t(2, 97.5 %) = 4.30265; sd of 1, 2, 3 is 1.
    found = over_seeds([1.0, 2.0, 3.0])
    assert found.mean == pytest.approx(2.0)
    assert found.half_width == pytest.approx(4.30265 / 3**0.5, rel=1e-5)


def test_one_seed_has_no_interval() -> None:
    assert over_seeds([70.0]).half_width is None
    assert over_seeds([70.0]).n == 1


def test_scores_of_summed_counts() -> None:
    #                   GT   FP FN IDSW IDTP IDFP IDFN
    counts = np.array([200.0, 10, 30, 4, 150, 30, 50])
    assert score(counts, "MOTA") == pytest.approx(100 * (1 - 44 / 200))
    assert score(counts, "IDF1") == pytest.approx(100 * 300 / 380)
    assert score(counts, "IDP") == pytest.approx(100 * 150 / 180)
    assert score(counts, "IDR") == pytest.approx(100 * 150 / 200)
    assert (score(counts, "IDSW"), score(counts, "FP")) == (4, 10)
    assert follows("FN")
    assert not follows("MTR")
    with pytest.raises(ValueError, match="does not follow"):
        score(counts, "MTR")


def test_the_whole_is_not_the_mean_of_ratios() -> None:
    """A long bad sequence outweighs a short good one."""
    two = np.array([[100.0, 0, 0, 0, 100, 0, 0], [900.0, 0, 450, 0, 450, 0, 450]])
    assert score(two.sum(axis=0), "MOTA") == pytest.approx(55.0)


def test_the_same_draws_every_time() -> None:
    one, two = random_blocks(1), random_blocks(2)
    assert interval_of_difference(one, two, "MOTA", [0.0]) == interval_of_difference(
        one, two, "MOTA", [0.0]
    )


@given(st.integers(0, 10_000), st.sampled_from(["MOTA", "IDF1", "IDSW"]))
def test_a_row_does_not_differ_from_itself(seed: int, metric: str) -> None:
    blocks = random_blocks(seed)
    low, high = interval_of_difference(blocks, blocks, metric, [0.0]) or (1.0, -1.0)
    assert low == high == 0


def test_interval_holds_the_value_and_shrinks_with_time() -> None:
    widths = []
    for places in (12, 120):
        blocks = random_blocks(3, places)
        value = float(score(blocks.counts.sum(axis=1), "MOTA")[0])
        low, high = interval_over_time(blocks, "MOTA") or (0.0, 0.0)
        assert low < value < high
        widths.append(high - low)
    assert widths[1] < 0.6 * widths[0]


def test_pairing_narrows_the_interval() -> None:
    """What both rows find hard in the same place cancels."""
    hard = random_blocks(4, 60, missed=20)
    shift = np.zeros(len(COUNTS))
    shift[COUNTS.index("FN")] = 2
    better = Blocks(hard.places, hard.counts - shift)
    low, high = interval_of_difference(better, hard, "MOTA", [2.0]) or (0.0, 0.0)
    assert low == pytest.approx(2.0)
    assert high == pytest.approx(2.0)


def test_noise_between_seeds_widens_the_interval() -> None:
    one, two = random_blocks(5, 120), random_blocks(6, 120)
    calm = interval_of_difference(one, two, "MOTA", [1.0, 1.0, 1.0])
    wild = interval_of_difference(one, two, "MOTA", [-3.0, 1.0, 5.0])
    assert calm is not None
    assert wild is not None
    assert wild[1] - wild[0] > 3 * (calm[1] - calm[0])


def test_coverage_is_near_what_it_says() -> None:
    """The interval of two equal rows holds zero about nineteen times in twenty."""
    hits = 0
    for seed in range(100):
        one = random_blocks(1000 + seed, 30)
        two = random_blocks(5000 + seed, 30)
        low, high = interval_of_difference(one, two, "MOTA", [0.0]) or (1.0, -1.0)
        hits += low <= 0 <= high
    assert 85 <= hits <= 100


@pytest.mark.parametrize("places", [1, 5])
def test_too_few_blocks_give_no_interval(places: int) -> None:
    few = random_blocks(7, places)
    assert interval_over_time(few, "MOTA") is None
    assert interval_of_difference(few, few, "MOTA", [0.0]) is None


def test_other_frames_are_refused() -> None:
    one = random_blocks(8)
    other = Blocks(tuple((n, a + 1, b + 1) for n, a, b in one.places), one.counts)
    with pytest.raises(InputError, match="different frames"):
        interval_of_difference(one, other, "MOTA", [0.0])


def test_seeds_on_other_frames_are_refused() -> None:
    record = fake_record(4)
    block = record.blocks[0]
    longer = block.model_copy(update={"stop": block.stop + 1})
    records = [changed(record, blocks=[block]), changed(record, blocks=[longer])]
    with pytest.raises(InputError, match=r"row 4 .*--fresh"):
        stack_blocks(records)
