"""Named halves, and their hashes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cstrack_bench.datasets.splits import (
    SPLITS,
    boundary,
    split_hash,
    split_sequences,
)
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import Sequence

MOT17 = {"02": 600, "04": 1050, "05": 837, "09": 525, "10": 654, "11": 900, "13": 750}
# Training frames as counted in the three code bases' own lists.
LISTED = {
    "half/official": [300, 525, 418, 263, 327, 450, 375],
    "half/fairmot": [300, 525, 418, 262, 327, 450, 375],
    "half/bytetrack": [301, 526, 419, 263, 328, 451, 376],
}
TOTALS = {
    "half/official": (2658, 2658),
    "half/fairmot": (2657, 2659),
    "half/bytetrack": (2664, 2652),
}


def sequence(name: str, length: int) -> Sequence:
    return Sequence(name, 30.0, 64, 48, length, Path(name))


@pytest.mark.parametrize("split", sorted(LISTED))
@pytest.mark.parametrize("pattern", ["MOT17-{}-SDP", "MOT17-{}-FRCNN", "MOT16-{}"])
def test_mot_boundaries_are_the_lists_own(split: str, pattern: str) -> None:
    found = [boundary(split, pattern.format(n), MOT17[n]) for n in MOT17]
    assert found == LISTED[split]


@pytest.mark.parametrize("split", sorted(TOTALS))
def test_mot17_totals(split: str) -> None:
    whole = [sequence(f"MOT17-{n}-SDP", length) for n, length in MOT17.items()]
    train, val = split_sequences(whole, split)
    assert (sum(map(len, train)), sum(map(len, val))) == TOTALS[split]


def test_other_sequences_are_cut_in_the_middle() -> None:
    cuts = {s: boundary(s, "TUD-Campus", 71) for s in SPLITS}
    assert cuts == {
        "full": 0,
        "half/official": 36,
        "half/fairmot": 35,
        "half/bytetrack": 36,
    }
    # A shortened MOT17-04 is not the listed one.
    assert boundary("half/official", "MOT17-04-SDP", 100) == 50


@given(
    split=st.sampled_from(SPLITS[1:]),
    lengths=st.lists(st.integers(3, 2000), min_size=1, max_size=5),
)
def test_halves_cover_each_frame_once(split: str, lengths: list[int]) -> None:
    whole = [sequence(f"SYN-{i:02}", n) for i, n in enumerate(lengths)]
    train, val = split_sequences(whole, split)
    for one, first, second in zip(whole, train, val, strict=True):
        assert (first.start, second.stop) == (0, one.length)
        assert first.stop == second.start
        assert len(first) > 0
        assert len(second) > 0


def test_full_is_everything_twice() -> None:
    train, val = split_sequences([sequence("SYN-01", 60)], "full")
    assert [len(part) for part in train + val] == [60, 60]


def test_too_short_to_halve() -> None:
    with pytest.raises(InputError, match=r"SYN-01 has 1 frames.*--split full"):
        split_sequences([sequence("SYN-01", 1)], "half/fairmot")


def test_an_unknown_split_names_the_nearest() -> None:
    with pytest.raises(InputError, match="'half/official'"):
        boundary("half/oficial", "MOT17-02-SDP", 600)


def test_the_hash_knows_names_and_bounds_but_no_order_or_place() -> None:
    a, b = sequence("SYN-01", 60), sequence("SYN-02", 60)
    assert split_hash([a, b]) == split_hash([b, a])
    moved = Sequence("SYN-01", 30.0, 64, 48, 60, Path("elsewhere") / "SYN-01")
    assert split_hash([a]) == split_hash([moved])
    others = [[a], [b], [a, b], [a.part(0, 59)], [a.part(1, 60)]]
    assert len({split_hash(parts) for parts in others}) == len(others)


def test_the_hash_of_the_official_validation_half_stays() -> None:
    whole = [sequence(f"MOT17-{n}-SDP", length) for n, length in MOT17.items()]
    _, val = split_sequences(whole, "half/official")
    assert split_hash(val) == "63eba776f627"
