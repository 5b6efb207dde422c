"""The printed numbers and the list of slips, against the paper's own arithmetic."""

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.paper.claims import load_errata, load_table

# REFERENCE 7.1, typed in a second time: a slip in either shows.
PRINTED = {
    1: (65.3, 69.5, 713),
    2: (64.8, 67.2, 616),
    3: (64.5, 68.9, 679),
    4: (66.0, 70.7, 535),
    5: (64.6, 68.7, 739),
    6: (64.9, 69.0, 717),
}


def test_table2_holds_the_printed_numbers() -> None:
    table = load_table("table2")
    measured = {
        row.number: tuple(row.claims[m.key].value for m in table.metrics)
        for row in table.rows
    }
    assert measured == PRINTED
    assert [row.mark for row in table.rows] == list("①②③④⑤⑥")
    assert table.row(4).claims["MOTA"].printed == "66.0"


def test_settings_are_as_printed() -> None:
    table = load_table("table2")
    assert table.settings == ("SR", "CR")
    assert table.row(2).cells["SR"] == ""
    assert table.row(2).cells["CR"] == "✓"
    assert table.row(4).cells["λ1"] == "0.12122"
    assert table.row(5).cells["SR"] == "w/o REN"


def test_a_claim_knows_how_precisely_it_was_printed() -> None:
    claims = load_table("table2").row(4).claims
    assert claims["MOTA"].margin == pytest.approx(0.05)
    assert claims["IDSW"].margin == pytest.approx(0.5)
    assert claims["IDF1"].name == "table2/4/IDF1"


def test_the_argued_comparisons_hold_in_print() -> None:
    """The text's own sentences: ④ beats ⑤, ⑥ and ③; ③ falls behind ①."""
    table = load_table("table2")

    def delta(first: int, second: int) -> float:
        a, b = (table.row(n).claims["MOTA"].value for n in (first, second))
        return round(a - b, 1)

    pairs = {(a.first, a.second): delta(a.first, a.second) for a in table.arguments}
    assert pairs == {(4, 5): 1.4, (4, 6): 1.1, (4, 3): 1.5, (3, 1): -0.8, (3, 2): -0.3}


def test_no_cell_of_table2_is_inconsistent_in_print() -> None:
    table = load_table("table2")
    assert not any(c.inconsistent for row in table.rows for c in row.claims.values())


def test_errata_are_complete_and_well_formed() -> None:
    errata = load_errata()
    ids = [slip.id for slip in errata]
    assert len(set(ids)) == len(ids)
    kinds = {slip.kind for slip in errata}
    assert kinds == {"print", "text", "code", "unstated", "note"}
    # Only a number that cannot be right takes its cells out of judgement.
    assert all(bool(slip.cells) == (slip.kind == "print") for slip in errata)
    for slip in errata:
        assert slip.where
        assert slip.found
        assert slip.handling


@pytest.mark.parametrize(
    ("counts", "boxes", "printed", "arithmetic"),
    [
        ((10642, 52523, 1544), 182_326, 64.4, 64.51),  # JDE on MOT16
        ((12980, 50635, 794), 182_326, 64.8, 64.67),  # TAP on MOT16
    ],
)
def test_inconsistent_mota_of_table6(
    counts: tuple[int, int, int], boxes: int, printed: float, arithmetic: float
) -> None:
    mota = 100 * (1 - sum(counts) / boxes)
    assert mota == pytest.approx(arithmetic, abs=0.005)
    assert abs(mota - printed) > 0.05
    assert any(f"{printed}" in s.printed and s.kind == "print" for s in load_errata())


def test_an_unknown_table_names_the_nearest() -> None:
    with pytest.raises(InputError, match="the nearest is 'table2'"):
        load_table("tabel2")
