"""The printed numbers, read and named as print has them."""

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.paper.claims import (
    load_table,
    plain_name,
    table_names,
)

# docs/reference.md#printed-tables, typed in a second time: a slip in either shows.
PRINTED = {
    "table1": "64.4/55.8/1544; 68.9/60.7/1798; 70.8/63.1/1365; 69.4/69.3/1226; "
    "72.9/71.6/1121",
    "table2": "65.3/69.5/713; 64.8/67.2/616; 64.5/68.9/679; 66.0/70.7/535; "
    "64.6/68.7/739; 64.9/69.0/717",
    "table3": "64.1/66.4/723; 66.0/70.4/633; 65.4/68.4/659; 64.9/69.8/690; "
    "64.1/69.3/721; 66.0/70.7/535; 64.3/69.9/700; 63.8/61.3/1047",
    "table4": "64.4/55.8/1544; 71.3/68.6/1356; 72.9/71.6/1050; 75.6/73.3/1121",
    "table5": "21.1/35.2/966; 33.5/45.7/1002; 54.2/60.5/693; 55.0/62.3/683; "
    "64.5/69.0/713; 65.3/69.1/642; 65.2/70.3/652; 66.0/70.7/535; 66.2/68.6/701; "
    "65.8/67.2/742",
}
# MOTA, IDF1, MT, ML, FP, FN, ID Sw. of CSTrack and CSTrack-S.
PRINTED_SIX = {
    15: (75.6, 73.3, 42.8, 16.5, 9646, 33777, 1121),
    16: (73.8, 71.0, 40.1, 18.7, 9157, 37329, 1313),
    25: (74.9, 72.3, 41.5, 17.5, 23847, 114303, 3567),
    26: (72.9, 70.3, 38.7, 18.9, 23148, 125418, 4119),
    29: (66.6, 68.6, 50.4, 15.5, 25404, 144358, 3196),
    30: (64.2, 65.0, 47.4, 18.4, 21088, 160253, 3854),
}
PRINTED_EIGHT = {
    1: (97.6, 87.6, 88.3, 86.9, 871),
    2: (98.9, 95.6, 95.9, 95.3, 93),
    3: (98.9, 96.6, 97.1, 96.1, 162),
}
TABLES = ("table1", "table2", "table3", "table4", "table5")


def values(name: str, row: int) -> tuple[float, ...]:
    """Every number of a row that is a claim, in the order of print."""
    table = load_table(name)
    claims = table.row(row).claims
    return tuple(claims[m.key].value for m in table.metrics if m.key in claims)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_holds_the_printed_numbers(name: str) -> None:
    table = load_table(name)
    printed = [
        tuple(float(number) for number in row.split("/"))
        for row in PRINTED[name].split("; ")
    ]
    assert [values(name, row.number) for row in table.rows] == printed
    assert [row.mark for row in table.rows] == list("①②③④⑤⑥⑦⑧⑨⑩"[: len(printed)])
    assert table.marked


def test_tables_six_to_eight_hold_the_printed_numbers() -> None:
    assert {row: values("table6", row)[:-1] for row in PRINTED_SIX} == PRINTED_SIX
    assert {row: values("table8", row) for row in PRINTED_EIGHT} == PRINTED_EIGHT
    assert values("table7", 6) == (48.6, 51.4, 20.4, 33.5, 2366, 31933, 1475)
    assert values("table7", 2)[:2] == (33.1, 36.0)
    assert load_table("table2").row(4).claims["MOTA"].printed == "66.0"


def test_rows_without_a_number_are_counted_in_the_order_of_print() -> None:
    table = load_table("table6")
    assert not table.marked
    assert [row.number for row in table.rows] == list(range(1, 31))
    assert table.groups == ("MOT16", "MOT17", "MOT20")
    places = {row.number: (row.group, row.label) for row in table.rows}
    assert places[13] == ("MOT16", "JDE")
    assert places[23] == ("MOT17", "JDE")
    assert places[27] == ("MOT20", "JDE")
    assert places[8] == ("MOT16", "Tracktor++")
    assert places[11] == ("MOT16", "TubeTK POI")


def test_a_dash_and_a_bound_are_no_claims() -> None:
    table = load_table("table6")
    assert "IDF1" not in table.row(6).claims
    assert "FPS" not in table.row(1).claims
    assert table.row(1).cells["FPS↑"] == "<8.6"
    assert table.row(8).claims["FPS"].value == 1.8
    assert [m.key for m in table.metrics if not m.judged] == ["FPS"]


def test_rows_printed_twice_are_the_same() -> None:
    """Table II ④ is III ⑥ and V ⑧; I ① is IV ① and JDE in VI; IV ④ is CSTrack in VI."""
    assert values("table2", 4) == values("table3", 6) == values("table5", 8)
    assert values("table1", 1) == values("table4", 1)
    six = load_table("table6")
    for row, other in ((13, ("table1", 1)), (15, ("table4", 4))):
        found = tuple(six.row(row).claims[k].value for k in ("MOTA", "IDF1", "IDSW"))
        assert found == values(*other)
    # … and the one that is not: see the errata.
    assert values("table1", 5)[:2] == values("table4", 3)[:2]
    assert load_table("table1").row(5).claims["IDSW"].inconsistent is not None


@pytest.mark.parametrize("name", table_names())
def test_every_table_is_complete(name: str) -> None:
    table = load_table(name)
    numbers = [row.number for row in table.rows]
    assert numbers == list(range(1, len(numbers) + 1))
    assert set(table.ours) <= set(numbers)
    assert bool(table.others) == (set(table.ours) != set(numbers))
    assert (table.verifiable_by == "server") == bool(table.server)
    for row in table.rows:
        assert row.label
        assert set(row.claims) <= {metric.key for metric in table.metrics}
    for argument in table.arguments:
        pair = [table.row(argument.first), table.row(argument.second)]
        assert {row.number for row in pair} <= set(table.ours)
        assert pair[0].group == pair[1].group


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


def test_no_cell_of_table2_is_inconsistent_in_print() -> None:
    table = load_table("table2")
    assert not any(c.inconsistent for row in table.rows for c in row.claims.values())


@pytest.mark.parametrize(
    ("printed", "plain"),
    [
        ("*Tracktor++ [24]", "Tracktor++"),
        ("#CSTrack", "CSTrack"),
        ("POI [3]", "POI"),
        ("*TubeTK POI [23]", "TubeTK POI"),
    ],
)
def test_a_name_without_sign_and_citation(printed: str, plain: str) -> None:
    assert plain_name(printed) == plain


def test_an_unknown_table_names_the_nearest() -> None:
    with pytest.raises(InputError, match="the nearest is 'table2'"):
        load_table("tabel2")
