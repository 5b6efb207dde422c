"""Arguments and quotations: what the text compares, and the numbers it quotes."""

import pytest

from cstrack_bench.paper.arguments import (
    Argument,
    Ordering,
    parse_arguments,
    parse_quotations,
)
from cstrack_bench.paper.claims import load_table, table_names

# Section IV, read again: every pair of our rows that a sentence compares.
ARGUED = {
    "table1": {(2, 1), (3, 2), (5, 3), (5, 1)},
    "table2": {(4, 5), (4, 6), (4, 3), (4, 1), (3, 1), (1, 5), (2, 5)},
    "table3": {*((n, 8) for n in range(1, 8)), (2, 1), (6, 2), (6, 5), (6, 7)},
    "table4": {(3, 1), (4, 3)},
    "table5": {*((8, n) for n in range(1, 6)), (8, 9), (8, 10)},
    "table6": {
        *((15, 13), (15, 14), (15, 16), (25, 22), (25, 23), (25, 24), (25, 26)),
        *((29, 27), (29, 28), (29, 30)),
    },
    "table7": {(6, 2), (6, 1), (6, 3), (6, 4)},
    "table8": {(3, 1), (3, 2)},
}


def argument(table: str, first: int, second: int) -> Argument:
    found = load_table(table).arguments
    return next(a for a in found if (a.first, a.second) == (first, second))


@pytest.mark.parametrize("name", table_names())
def test_the_pairs_are_those_of_the_text(name: str) -> None:
    pairs = [(a.first, a.second) for a in load_table(name).arguments]
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) == ARGUED[name]


@pytest.mark.parametrize("name", table_names())
def test_each_argument_has_its_sentence_its_place_and_its_columns(name: str) -> None:
    table = load_table(name)
    keys = {metric.key for metric in table.metrics}
    for found in table.arguments:
        assert found.why
        assert found.quote
        assert found.where == "abstract" or found.where.startswith("section IV-")
        assert found.metrics
        assert set(found.metrics) <= keys
        assert {*found.quoted, *found.relative} <= set(found.metrics)
        assert found.endpoints.keys() <= found.quoted.keys()
    for quotation in table.quotations:
        assert quotation.quote
        assert quotation.numbers or quotation.orderings


def test_a_quoted_number_keeps_its_sign() -> None:
    ren = argument("table1", 3, 2)
    assert ren.quoted == {"MOTA": 1.9, "IDF1": 2.4, "IDSW": -433}
    assert ren.endpoints == {"IDSW": (1798, 1365)}
    cross = argument("table2", 2, 5)
    assert cross.quoted == {"MOTA": 0.2, "IDF1": -1.5}
    assert argument("table2", 4, 1).relative == {"IDSW": -25}


def test_a_sentence_speaks_of_its_own_columns_alone() -> None:
    assert argument("table1", 5, 3).metrics == ("IDF1",)
    assert argument("table5", 8, 1).metrics == ("MOTA",)
    assert argument("table5", 8, 9).metrics == ("IDF1", "IDSW")
    assert argument("table2", 4, 5).metrics == ("MOTA", "IDF1")


def test_a_list_of_rows_is_an_argument_for_each() -> None:
    entry = {
        "first": [1, 2],
        "second": 3,
        "why": "w",
        "quote": "q",
        "where": "section X",
        "metrics": ["MOTA"],
    }
    found = list(parse_arguments([entry]))
    assert [(a.first, a.second) for a in found] == [(1, 3), (2, 3)]
    assert {a.metrics for a in found} == {("MOTA",)}


def test_the_numbers_of_an_argument_are_all_that_its_sentence_quotes() -> None:
    numbers = argument("table2", 2, 5).numbers
    assert {(n.metric, n.rows, n.printed) for n in numbers} == {
        ("MOTA", ((2, 5),), (0.2,)),
        ("IDF1", ((5, None),), (68.7,)),
        ("IDF1", ((2, None),), (67.2,)),
    }
    (share,) = argument("table2", 4, 1).numbers
    assert share.relative
    assert share.decimals == 0


def test_a_change_from_to_is_their_difference() -> None:
    entry = {
        "first": 1,
        "second": 2,
        "why": "w",
        "quote": "q",
        "where": "section X",
        "quoted": {"IDSW": [1798, 1365]},
        "relative": {"IDF1": -3},
    }
    (found,) = parse_arguments([entry])
    assert found.quoted == {"IDSW": -433}
    assert found.endpoints == {"IDSW": (1798, 1365)}
    assert found.metrics == ("IDSW", "IDF1")
    assert (found.why, found.quote, found.where) == ("w", "q", "section X")


def test_a_quotation_keeps_what_it_says() -> None:
    entry = {
        "quote": "q",
        "where": "section X",
        "numbers": [
            {"metric": "MOTA", "rows": [[2, 1], 3], "printed": [0.5, 2]},
            {"metric": "IDSW", "rows": [4], "printed": 25, "relative": True},
        ],
        "orderings": [{"metrics": ["IDF1"], "first": 4, "others": [1, 2]}],
    }
    (found,) = parse_quotations([entry])
    assert (found.quote, found.where) == ("q", "section X")
    assert found.orderings == (Ordering(("IDF1",), 4, (1, 2)),)
    points, share = found.numbers
    assert (points.metric, points.rows) == ("MOTA", ((2, 1), (3, None)))
    assert (points.printed, points.decimals, points.relative) == ((0.5, 2.0), 1, False)
    assert (share.printed, share.decimals, share.relative) == ((25.0,), 0, True)
