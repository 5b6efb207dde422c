"""docs/verdicts.md says what the code does: its tables are simulated again in part."""

import re

import pytest
from verdict_rates import (
    PAGE,
    TABLES,
    coverage_cell,
    family_cell,
    fixed_cell,
    page_with,
    printed_cell,
    sequential_cell,
)

from cstrack_bench.verdicts.rules import LEAST_RECALL, MARGIN_POINTS, MARGIN_SHARES
from cstrack_bench.verdicts.sequential import ANALYSES, SHARES
from cstrack_bench.verdicts.statistics import two_seeds_agree

TEXT = PAGE.read_text(encoding="utf-8")


def row_of(name: str, *lead: str) -> list[str]:
    """The cells of a line of a table, by its first cells."""
    part = TEXT.partition(f"<!-- {name}: start -->")[2]
    part = part.partition(f"<!-- {name}: stop -->")[0]
    start = f"| {' | '.join(lead)} |"
    (line,) = [one for one in part.splitlines() if one.startswith(start)]
    return [cell.strip() for cell in line.removeprefix(start).strip("| ").split("|")]


def test_coverage_is_current() -> None:
    assert row_of("coverage", "3", "medium")[1] == coverage_cell("medium", 3, 8)
    assert row_of("coverage", "2", "large")[0] == coverage_cell("large", 2, 4)


def test_rates_are_current() -> None:
    assert row_of("rates", "0", "3") == fixed_cell("0", 3)
    assert row_of("rates", "two", "7") == fixed_cell("two", 7)
    assert row_of("family", "two", "7") == family_cell("two", 7)


def test_the_other_tables_are_current() -> None:
    assert row_of("sequential", "two") == sequential_cell("two")
    assert row_of("printed", "0", "0.4", "7") == printed_cell(0.0, 0.4, 7)


def test_the_prose_has_the_constants() -> None:
    assert f"MOTA {MARGIN_POINTS['MOTA']}" in TEXT
    assert f"{MARGIN_POINTS['IDF1']} points" in TEXT
    assert f"{100 * MARGIN_SHARES['IDSW']:.0f} %" in TEXT
    assert f"below {LEAST_RECALL}" in TEXT
    shares = [f"{two_seeds_agree(count):.2f}" for count in (8, 16, 32)]
    said = f"below {', '.join(shares[:-1])} and {shares[-1]} MS(rest)"
    assert said in TEXT.replace("\n", " ")
    looks = ", ".join(map(str, ANALYSES[:-1])) + f" and {ANALYSES[-1]} seeds"
    assert looks in TEXT
    shares = [f"{100 * share:.0f}" for share in SHARES.values()]
    assert f"{', '.join(shares[:-1])} and {shares[-1]} %" in TEXT


def test_no_wrong_number_would_pass() -> None:
    first = row_of("rates", "two", "7")[0]
    other = re.sub(r"\d$", lambda m: str((int(m[0]) + 1) % 10), first)
    assert [other, *row_of("rates", "two", "7")[1:]] != fixed_cell("two", 7)


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no markers of rates"):
        page_with("nothing", "rates", [])


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_every_cell_is_current(name: str) -> None:
    assert page_with(TEXT, name, TABLES[name]()) == TEXT
