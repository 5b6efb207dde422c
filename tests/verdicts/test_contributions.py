"""What sequences contribute: the overall score is their mean, whatever the metric."""

import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.verdicts.contributions import (
    COUNTS,
    RATIOS,
    contributions,
    counts_by_sequence,
    hota_contributions,
    score,
)
from tests.report.fakes import changed, fake_record, planted_records


def test_scores_of_summed_counts() -> None:
    #                   GT   FP FN IDSW IDTP IDFP IDFN
    counts = np.array([100.0, 10, 20, 5, 60, 30, 40])
    assert score(counts, "MOTA") == pytest.approx(65.0)
    assert score(counts, "IDF1") == pytest.approx(100 * 120 / 190)
    assert score(counts, "IDP") == pytest.approx(100 * 60 / 90)
    assert score(counts, "IDR") == pytest.approx(60.0)
    assert score(counts, "IDSW") == 5
    with pytest.raises(ValueError, match="does not follow"):
        score(counts, "MTR")


def test_blocks_of_a_sequence_are_summed() -> None:
    record = fake_record(4)
    counts = counts_by_sequence([record, fake_record(4, 1)])
    assert counts.shape == (2, 2, len(COUNTS))
    for name in ("GT", "FP", "FN", "IDSW", "IDTP"):
        assert counts[0, :, COUNTS.index(name)].sum() == record.scores.overall[name]


@pytest.mark.parametrize("metric", [*RATIOS, "IDSW", "FN"])
def test_the_mean_is_the_overall_score(metric: str) -> None:
    records = planted_records(4, 300, 3, 5, 80)
    found = contributions(counts_by_sequence(records), metric)
    assert found.shape == (3, 5)
    recorded = [record.scores.overall[metric] for record in records]
    assert found.mean(axis=1) == pytest.approx(recorded)


def test_equal_lengths_make_ratios_means() -> None:
    """Where sequences weigh the same, each contributes its own MOTA."""
    counts = counts_by_sequence(planted_records(4, 300, 1, 5, 80))
    assert contributions(counts, "MOTA")[0] == pytest.approx(score(counts, "MOTA")[0])


def test_a_long_sequence_weighs_more() -> None:
    counts = np.zeros((1, 2, len(COUNTS)))
    counts[0, :, COUNTS.index("GT")] = 100, 900
    counts[0, :, COUNTS.index("FN")] = 0, 450
    assert contributions(counts, "MOTA").mean() == pytest.approx(55.0)


def test_a_count_is_not_larger_for_a_longer_sequence() -> None:
    """Ten switches in a hundred boxes each: every sequence says the same."""
    counts = np.zeros((1, 3, len(COUNTS)))
    counts[0, :, COUNTS.index("GT")] = 100, 500, 1000
    counts[0, :, COUNTS.index("IDSW")] = 10, 50, 100
    assert contributions(counts, "IDSW")[0] == pytest.approx([160.0] * 3)


def test_hota_is_the_recorded_one_and_varies_by_sequence() -> None:
    record = planted_records(4, 300, 1, 4, 80)[0]
    sequences = {
        name: {**scores, "HOTA": 40.0 + 5 * number}
        for number, (name, scores) in enumerate(record.scores.sequences.items())
    }
    overall = {**record.scores.overall, "HOTA": 48.0}
    scores = {"overall": overall, "sequences": sequences}
    (found,) = hota_contributions([changed(record, scores=scores)])
    assert found.mean() == pytest.approx(48.0)
    assert np.ptp(found) == pytest.approx(15.0, rel=0.1)


def test_seeds_on_other_frames_are_refused() -> None:
    record = fake_record(4)
    block = record.blocks[0]
    longer = block.model_copy(update={"stop": block.stop + 1})
    records = [changed(record, blocks=[block]), changed(record, blocks=[longer])]
    with pytest.raises(InputError, match=r"row 4 .*--fresh"):
        counts_by_sequence(records)
