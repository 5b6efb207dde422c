"""Training images kept in memory: the same as decoded ones, and shared."""

import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cstrack_bench.formats.sequences import Sequence, open_sequence
from cstrack_bench.training_data.cache import FrameCache, make_cache
from cstrack_bench.training_data.loading import (
    AugmentConfig,
    EpochSampler,
    Item,
    TrainingSet,
)
from cstrack_bench.training_data.reading_ahead import load_batches

SIZE = (32, 64)
# Four frames; the third is empty, the rows are in no order.
PEOPLE = [(4, 7, 1), (1, 3, 1), (2, 3, 1), (1, 0, 1), (4, 3, 1)]
AUGMENTS = [None, AugmentConfig(), AugmentConfig(flip=1.0, scale=0.3)]


@pytest.fixture
def sequence(tmp_path: Path, make_sequence: Callable[..., Path]) -> Sequence:
    return open_sequence(make_sequence(tmp_path, "A", PEOPLE))


def equal(one: Item, other: Item) -> bool:
    same = [np.array_equal(a, b) for a, b in zip(one[:2], other[:2], strict=True)]
    return all(same) and one[2] == other[2]


@pytest.mark.parametrize("augment", AUGMENTS)
def test_a_kept_frame_gives_the_same_item_to_the_bit(
    sequence: Sequence, augment: AugmentConfig | None
) -> None:
    plain = TrainingSet([sequence], SIZE, augment, 5, cache=0)
    kept = TrainingSet([sequence], SIZE, augment, 5)
    for epoch in range(3):
        for index in range(len(plain)):
            assert equal(plain[(epoch, index)], kept[(epoch, index)])


def test_what_is_kept_needs_no_file(sequence: Sequence) -> None:
    dataset = TrainingSet([sequence], SIZE, AugmentConfig(), 0)
    before = [dataset[(0, i)] for i in range(len(dataset))]
    for file in (sequence.folder / "img1").iterdir():
        file.write_bytes(b"no picture any more")
    assert all(equal(dataset[(0, i)], before[i]) for i in range(len(dataset)))


def test_an_item_can_be_written_to_without_harm(sequence: Sequence) -> None:
    dataset = TrainingSet([sequence], SIZE, None, 0)
    first = dataset[(0, 0)][0].copy()
    dataset[(0, 0)][0][:] = 0
    assert np.array_equal(dataset[(0, 0)][0], first)


def test_what_a_worker_decoded_is_kept(sequence: Sequence) -> None:
    if multiprocessing.get_start_method() != "fork":
        pytest.skip("memory is shared with forked processes alone")
    dataset = TrainingSet([sequence], SIZE, None, 0)
    expected = TrainingSet([sequence], SIZE, None, 0, cache=0)
    batches = load_batches(dataset, EpochSampler(len(dataset), 2, 0, 0), workers=1)
    assert sum(len(batch.images) for batch in batches) == len(dataset)
    for file in (sequence.folder / "img1").iterdir():
        file.rename(file.with_suffix(".gone"))
    found = [dataset[(0, i)] for i in range(len(dataset))]
    for file in (sequence.folder / "img1").iterdir():
        file.rename(file.with_suffix(".png"))
    assert all(equal(item, expected[(0, i)]) for i, item in enumerate(found))


def test_a_set_over_the_budget_is_not_kept() -> None:
    assert make_cache(10, (4, 5), budget=10 * 4 * 5 * 3) is not None
    assert make_cache(10, (4, 5), budget=10 * 4 * 5 * 3 - 1) is None


def test_a_cache_that_travels_starts_empty() -> None:
    cache = FrameCache(2, (2, 3))
    picture = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    cache.put(1, picture, (20, 30))
    found = cache.get(1)
    assert found is not None
    assert np.array_equal(found[0], picture)
    assert found[1] == (20, 30)
    assert cache.get(0) is None
    with pytest.raises(ValueError, match="read-only"):
        found[0][:] = 0
    assert pickle.loads(pickle.dumps(cache)).get(1) is None


def test_labels_go_to_their_frames_whatever_the_order_of_rows(
    sequence: Sequence,
) -> None:
    dataset = TrainingSet([sequence], SIZE, None, 0)
    items = [dataset[(0, i)] for i in range(len(dataset))]
    assert [item[2] for item in items] == ["A frame 1", "A frame 2", "A frame 4"]
    # Numbered in the order of the file: 7, 3, 0.
    assert [item[1][:, 0].tolist() for item in items] == [[2, 3], [2], [1, 2]]
    assert dataset.identities == 4


def test_a_part_has_its_own_frames_alone(sequence: Sequence) -> None:
    dataset = TrainingSet([sequence.part(1, 4)], SIZE, None, 0)
    names = [dataset[(0, i)][2] for i in range(len(dataset))]
    assert names == ["A frame 2", "A frame 4"]
    assert dataset.identities == 3
